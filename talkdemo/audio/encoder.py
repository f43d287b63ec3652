"""The speech encoder: phonetic features of speech, aligned with the frames of motion.

A small conformer (convolution + rotary self-attention; Gulati et al. 2020) reads log-mel frames at 100 Hz, halves
them to 50 Hz and predicts, frame by frame, the phone and its stress. What it hands on (pooled to 25 fps by laying the
two 50 Hz frames side by side, so that a 40 ms closure is not averaged away) is the phone posterior and a bottleneck,
together with the clip's loudness and pitch: who speaks is largely gone, what the mouth must do is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from talkdemo import checkpoint
from talkdemo.audio.features import HOP, MEL_BANDS, MEL_RATE, LogMel, loudness_gain, normalise_loudness
from talkdemo.audio.phones import INDEX, PHONES, SILENCE
from talkdemo.audio.prosody import energy, pitch
from talkdemo.records import FPS, SAMPLES_PER_FRAME, Speech

KIND = "speech-encoder"
ENCODER_RATE = MEL_RATE // 2  # 50 Hz
# Long speech is encoded in chunks, so that memory stays flat and the first features come soon; a chunk sees CONTEXT
# before and after itself (the look-ahead).
FIRST_SECONDS, CHUNK_SECONDS, CONTEXT_SECONDS = 4.0, 12.0, 1.0


@dataclass(frozen=True)
class EncoderConfig:
    width: int = 192
    layers: int = 6
    heads: int = 4
    kernel: int = 15  # depthwise convolution, 50 Hz frames
    bottleneck: int = 64
    dropout: float = 0.1
    ctc: bool = False  # a second head whose phone sequence is read by CTC (Graves et al. 2006); not among the features

    @property
    def features(self) -> int:
        """D: numbers per frame of motion."""
        return 2 * (len(PHONES) + self.bottleneck) + 3


def rotary(x: torch.Tensor) -> torch.Tensor:
    """Rotary position embedding (Su et al. 2021) of queries or keys x (B, heads, T, d)."""
    half = x.shape[-1] // 2
    frequency = 1.0 / (10_000 ** (torch.arange(half, device=x.device, dtype=torch.float32) / half))
    angle = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32)[:, None] * frequency  # (T, d/2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class ConformerBlock(nn.Module):
    """Self-attention, gated depthwise convolution and feed-forward, each pre-normalised and residual: (B, T, width)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.norm_attention = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.norm_convolution = nn.LayerNorm(width)
        self.gate = nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv1d(width, width, config.kernel, padding=config.kernel // 2, groups=width)
        self.norm_depthwise = nn.LayerNorm(width)
        self.convolution_out = nn.Linear(width, width)
        self.norm_feed = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, frames, width = x.shape
        q, k, v = self.qkv(self.norm_attention(x)).view(batch, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(rotary(q), rotary(k), v)
        x = x + self.dropout(self.attention_out(attended.transpose(1, 2).reshape(batch, frames, width)))
        h = F.glu(self.gate(self.norm_convolution(x)), dim=-1)
        h = self.depthwise(h.transpose(1, 2)).transpose(1, 2)
        x = x + self.dropout(self.convolution_out(F.silu(self.norm_depthwise(h))))
        return x + self.dropout(self.feed(self.norm_feed(x)))


@dataclass(frozen=True)
class Phonetic:
    """The encoder's view of speech at 50 Hz."""

    logits: torch.Tensor  # (B, T50, 40) phone scores
    stress: torch.Tensor  # (B, T50) logit of primary stress
    bottleneck: torch.Tensor  # (B, T50, bottleneck)
    ctc: torch.Tensor | None = None  # (B, T50, 41) scores of the phones and, last, of CTC's blank


class SpeechEncoder(nn.Module):
    """Log-mel (B, T100, 80) → Phonetic at half the rate."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EncoderConfig()
        self.log_mel = LogMel()
        self.stem = nn.Sequential(
            nn.Conv1d(MEL_BANDS, config.width, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(config.width, config.width, 5, stride=2, padding=2),
            nn.GELU(),
        )
        self.blocks = nn.ModuleList(ConformerBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.to_bottleneck = nn.Linear(config.width, config.bottleneck)
        self.to_phones = nn.Linear(config.bottleneck, len(PHONES))
        self.to_stress = nn.Linear(config.bottleneck, 1)
        self.to_ctc = nn.Linear(config.width, len(PHONES) + 1) if config.ctc else None

    @classmethod
    def open(cls, name: str | Path = "audio-encoder") -> SpeechEncoder:
        file = checkpoint.load(name, KIND)
        encoder = cls(EncoderConfig(**file.config))
        encoder.load_state_dict(file.tensors, strict=True)
        return encoder.eval()

    def save(self, path: Path | str, provenance: Mapping[str, Any]) -> Path:
        return checkpoint.save(path, self, KIND, asdict(self.config), provenance)

    def forward(self, mel: torch.Tensor) -> Phonetic:
        x = self.stem(mel.transpose(1, 2)).transpose(1, 2)  # (B, T50, width)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        bottleneck = torch.tanh(self.to_bottleneck(x))
        ctc = None if self.to_ctc is None else self.to_ctc(x)
        return Phonetic(self.to_phones(bottleneck), self.to_stress(bottleneck)[..., 0], bottleneck, ctc)

    @torch.no_grad()
    def transcribe(self, samples: np.ndarray) -> list[str]:
        """Phones heard in samples (N,), in order, silence left out: greedy CTC. Raises ValueError without that head."""
        if self.to_ctc is None:
            raise ValueError("this speech encoder has no CTC head; one trained with EncoderConfig(ctc=True) is wanted")
        audio = torch.from_numpy(normalise_loudness(samples))[None].to(self.to_phones.weight.device)
        best = self(self.log_mel(audio)).ctc[0].argmax(-1).tolist()
        heard = [label for label, before in zip(best, [-1, *best[:-1]], strict=True) if label != before]
        return [PHONES[i] for i in heard if i < len(PHONES) and PHONES[i] != SILENCE]

    @torch.no_grad()
    def chunks(self, samples: np.ndarray, frames: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Posterior (2·t, 40) and bottleneck (2·t, b) at 50 Hz of one chunk of samples (N,) after the other, samples
        padded with silence to `frames` frames of motion. The gain is that of the whole clip, measured first."""
        length = frames * SAMPLES_PER_FRAME
        gain = loudness_gain(samples)
        device = self.to_phones.weight.device
        context = int(CONTEXT_SECONDS * MEL_RATE) * HOP
        for start, stop in chunk_borders(length):
            left, right = max(0, start - context), min(length, stop + context)
            part = samples[left:right] * np.float32(gain)
            audio = torch.from_numpy(np.pad(part, (0, right - left - len(part))).astype(np.float32))
            out = self(self.log_mel(audio[None].to(device)))
            keep = slice((start - left) // (2 * HOP), (stop - left) // (2 * HOP))
            yield out.logits[0, keep].softmax(-1), out.bottleneck[0, keep]

    def phonetic(self, samples: np.ndarray, frames: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Posterior (2·frames, 40) and bottleneck (2·frames, b) at 50 Hz: all chunks together."""
        posteriors, bottlenecks = zip(*self.chunks(samples, frames), strict=True)
        return torch.cat(posteriors), torch.cat(bottlenecks)

    def features(self, speech: Speech, frames: int | None = None) -> np.ndarray:
        """(T, D) features of speech, padded with silence or cut to `frames` (default: those that cover the speech).

        Per frame: two 50 Hz frames of [posterior, bottleneck], then loudness (speech level ≈ 1, silence ≈ 0), voicing
        (0/1) and pitch relative to the clip's median in octaves (0 where unvoiced).
        """
        return np.concatenate(list(self.stream(speech, frames)))

    def stream(self, speech: Speech, frames: int | None = None) -> Iterator[np.ndarray]:
        """`features`, piece by piece (t, D), so that long speech need not be heard to its end before it is answered.

        The pieces are those of `features`, so together they equal it. Against one look at a whole minute (measured on
        ljspeech) a posterior differs by 0.004 on average and the most likely phone in 9 % of the frames; frame accuracy
        is the same within 0.5 % for chunks of 2 to 12 s. A piece is FIRST_SECONDS, then CHUNK_SECONDS long, and looks
        CONTEXT_SECONDS ahead. Its levels (the gain, the loudness's floor and top) are those of the whole clip; its
        pitch is tracked in the piece and its surroundings, against the median of what was voiced up to there, so that a
        speech of one piece has one median.
        """
        frames = frames or speech.frames
        prosody = Prosody(speech)
        at = 0
        for posterior, bottleneck in self.chunks(speech.samples, frames):
            both = torch.cat([posterior, bottleneck], dim=-1)
            pairs = both.view(len(both) // 2, -1).cpu().numpy()  # (t, 2·(40 + b))
            table = prosody.table(at, at + len(pairs))
            at += len(pairs)
            yield np.concatenate([pairs, table], axis=1).astype(np.float32)


def chunk_borders(length: int) -> Iterator[tuple[int, int]]:
    """First and last sample of each chunk of `length` samples: one chunk for speech that fits, else a short one first
    so that what follows can begin."""
    first, chunk = (int(s * MEL_RATE) * HOP for s in (FIRST_SECONDS, CHUNK_SECONDS))
    start, stop = 0, length if length <= chunk else first
    while start < length:
        yield start, stop
        start, stop = stop, min(length, stop + chunk)


def heard(features: np.ndarray, labels: Iterable[str], config: EncoderConfig) -> np.ndarray:
    """(T,) posterior of the phones `labels` together, mean over a frame's two halves, from features (T, D)."""
    half = len(PHONES) + config.bottleneck
    columns = [INDEX[label] for label in labels]
    return 0.5 * (features[:, columns].sum(1) + features[:, [half + c for c in columns]].sum(1))


class Prosody:
    """Loudness, voicing and pitch of a speech, stretch by stretch in order."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech
        self.loudness = energy(speech)
        self.octaves: list[np.ndarray] = []  # log2 of what was voiced so far

    def table(self, start: int, stop: int) -> np.ndarray:
        """(stop − start, 3) of frames start … stop − 1: loudness, voicing, pitch relative to the median of what was
        voiced up to `stop`, in octaves; zeros beyond the speech's end."""
        last = min(stop, self.speech.frames)
        out = np.zeros((stop - start, 3), np.float32)
        if last <= start:
            return out
        context = round(CONTEXT_SECONDS * FPS)
        left, right = max(0, start - context), min(self.speech.frames, last + context)
        part = Speech(self.speech.samples[left * SAMPLES_PER_FRAME : right * SAMPLES_PER_FRAME])
        hertz = pitch(part)[start - left : last - left]
        voiced = hertz > 0
        out[: last - start, 0] = self.loudness[start:last]
        out[: last - start, 1] = voiced
        if voiced.any():
            self.octaves.append(np.log2(hertz[voiced]))
            relative = self.octaves[-1] - np.median(np.concatenate(self.octaves))
            out[: last - start, 2][voiced] = np.clip(relative, -1.5, 1.5)
        return out


def prosody_features(speech: Speech, frames: int) -> np.ndarray:
    """(T, 3): loudness, voicing, pitch relative to the clip's median in octaves, padded with silence to `frames`."""
    return Prosody(speech).table(0, frames)
