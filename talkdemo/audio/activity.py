"""Detects where somebody speaks, by Silero's voice activity detector, and silences loud stretches in which nobody does.

Weights (MIT, https://github.com/snakers4/silero-vad) come with the package silero-vad, as safetensors; its network is
written out here, so that ten minutes are heard at once and not in 18,750 calls, and because importing the package sets
torch to a single thread.
"""

import functools
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import nn

from talkdemo.audio.features import normalise_loudness
from talkdemo.records import SAMPLE_RATE, Speech

CHUNK, CONTEXT = 512, 64  # samples the detector hears at a time, and before
PIECE, LEAD = 60 * SAMPLE_RATE // CHUNK, 4 * SAMPLE_RATE // CHUNK  # chunks of long sound that are heard side by side
LIKELY, CERTAIN = 0.1, 0.5  # a voice is likely throughout and certain somewhere
SPOKEN = round(0.25 * SAMPLE_RATE / CHUNK)  # chunks of a voice at least; a struck chord may sound like one for less
HOLD = round(0.7 * SAMPLE_RATE / CHUNK)  # chunks to either side of a voice: breaths, closures, what fades
SHORTEST = round(1.0 * SAMPLE_RATE / CHUNK)  # chunks of a stretch without voice; a shorter one is a pause
QUIET = 10 ** (-35 / 20)  # of the voice's level: a stretch as quiet as that is silent already
SILENT = 10 ** (-65 / 20)  # of full scale, the same where there is no voice at all
WEIGHTS = "data/silero_vad_16k.safetensors"


class Silero(nn.Module):
    """Silero VAD 6 at 16 kHz: magnitudes of a short-time Fourier transform, four convolutions, an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 258, 256, stride=128, bias=False)
        self.conv1 = nn.Conv1d(129, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, 128, 3, padding=1)
        self.lstm = nn.LSTM(128, 128)
        self.final_conv = nn.Conv1d(128, 1, 1)

    def encode(self, chunks: torch.Tensor) -> torch.Tensor:
        """(B, CONTEXT + CHUNK) samples → (B, 128)."""
        real, imaginary = self.stft_conv(F.pad(chunks[:, None], (0, CONTEXT), mode="reflect")).chunk(2, dim=1)
        x = torch.hypot(real, imaginary)
        for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = convolution(x).relu()
        return x[..., 0]

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """(N,) samples → (N / CHUNK,) probabilities that somebody speaks, rounded up."""
        padded = F.pad(samples, (CONTEXT, -len(samples) % CHUNK))
        chunks = padded.unfold(0, CONTEXT + CHUNK, CHUNK)
        encoded = torch.cat([self.encode(part) for part in chunks.split(512)])  # memory flat in length
        count = len(encoded)
        if count > PIECE:  # minutes side by side, each after what comes before it
            padded = F.pad(encoded, (0, 0, LEAD, -count % PIECE))
            hidden, _ = self.lstm(padded.unfold(0, LEAD + PIECE, PIECE).permute(2, 0, 1))
            hidden = hidden[LEAD:].transpose(0, 1).reshape(-1, hidden.shape[-1])[:count]
        else:
            hidden, _ = self.lstm(encoded)
        return self.final_conv(hidden.relu().T[None])[0, 0].sigmoid()


@functools.cache
def detector() -> Silero:
    """With its weights; read once."""
    found = importlib.util.find_spec("silero_vad")
    if found is None or found.origin is None:
        raise ImportError("silero-vad is not installed; `pip install -r requirements.txt` installs it")
    stored = safetensors.torch.load_file(Path(found.origin).parent / WEIGHTS)
    cell = "lstm_cell."
    tensors = {(f"lstm.{k.removeprefix(cell)}_l0" if k.startswith(cell) else k): v for k, v in stored.items()}
    model = Silero()
    model.load_state_dict(tensors, strict=True)
    return model.eval()


@torch.no_grad()
def voice_probability(samples: np.ndarray) -> np.ndarray:
    """(N,) samples at SAMPLE_RATE → (N / CHUNK,), rounded up: how likely somebody speaks in each 32 ms, 0..1."""
    if not len(samples):
        return np.zeros(0, np.float32)
    return detector()(torch.from_numpy(normalise_loudness(samples))).numpy()


def voiced(samples: np.ndarray) -> np.ndarray:
    """(N / CHUNK,) bool, rounded up: whether a chunk belongs to somebody's speech, its short pauses included."""
    probability = voice_probability(samples)
    runs, count = ndimage.label(probability > LIKELY)
    numbers = np.arange(1, count + 1)
    certain = [bool(m >= CERTAIN) for m in ndimage.maximum(probability, runs, numbers)] if count else []
    long = np.bincount(runs)[1:] >= SPOKEN
    voice = np.isin(runs, numbers[long & np.array(certain, bool)])
    joined = ndimage.binary_dilation(voice, iterations=HOLD + SHORTEST // 2)
    return ndimage.binary_erosion(joined, iterations=SHORTEST // 2, border_value=1)


def voice_only(speech: Speech) -> Speech:
    """The speech, with the loud stretches in which nobody speaks (music, noise) faded to silence.

    Where somebody speaks, and in pauses that are quiet anyway, every sample stays as it is; most speech is returned
    itself. Its notes tell the seconds that were silenced as "unvoiced".
    """
    samples = speech.samples
    voice = voiced(samples)
    if voice.all():
        return speech
    level = np.sqrt([np.mean(np.square(samples[i : i + CHUNK])) for i in range(0, len(samples), CHUNK)])
    quiet = QUIET * np.quantile(level[voice], 0.85) if voice.any() else SILENT
    gated, seconds = None, 0.0
    for (run,) in ndimage.find_objects(ndimage.label(~voice)[0]):
        if run.stop - run.start >= SHORTEST and np.sqrt(np.mean(np.square(level[run]))) > quiet:
            gated = samples.copy() if gated is None else gated
            part = gated[run.start * CHUNK : run.stop * CHUNK]  # a view
            inside = np.arange(len(part)) / np.float32(CHUNK)
            edges = np.full((2, len(part)), np.inf, np.float32)  # distance to a neighbour that speaks
            edges[0] = inside if run.start else np.inf
            edges[1] = inside[::-1] if run.stop < len(voice) else np.inf
            part *= 1 - np.minimum(edges.min(0), 1)
            seconds += len(part) / SAMPLE_RATE
    if gated is None:
        return speech
    return replace(speech, samples=gated, notes={**speech.notes, "unvoiced": round(seconds, 2)})
