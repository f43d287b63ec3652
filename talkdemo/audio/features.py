"""Log-mel frames of loudness-normalised speech: 100 Hz, 80 bands."""

import math

import numpy as np
import torch
from torch import nn

from talkdemo.records import SAMPLE_RATE

MEL_RATE = 100  # mel frames per second
MEL_BANDS = 80
HOP = SAMPLE_RATE // MEL_RATE
WINDOW = 400  # 25 ms

_TARGET_RMS = 0.1  # −20 dBFS
_MAX_GAIN = 30.0  # silence and room noise must stay quiet: no more than 30 dB is ever added


def loudness_gain(samples: np.ndarray) -> float:
    """What brings the speech in `samples` (N,) to −20 dBFS. The level is that of the louder parts (RMS of 25 ms blocks
    at their 75th–95th percentile), so pauses do not change it; quiet rooms are not blown up."""
    blocks = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    if len(blocks) == 0:
        return 1.0
    rms = np.sqrt(np.einsum("ij,ij->i", blocks, blocks, dtype=np.float64) / WINDOW)  # no copy of long speech
    low, high = np.quantile(rms, [0.75, 0.95])
    level = float(rms[(rms >= low) & (rms <= high)].mean()) if high > 0 else 0.0
    return min(_TARGET_RMS / max(level, 1e-6), 10 ** (_MAX_GAIN / 20))


def normalise_loudness(samples: np.ndarray) -> np.ndarray:
    """`samples` (N,) with their speech at −20 dBFS."""
    return (samples * loudness_gain(samples)).astype(np.float32)


def mel_filters(bands: int = MEL_BANDS, n_fft: int = 512, low: float = 40.0, high: float = 7600.0) -> torch.Tensor:
    """(n_fft // 2 + 1, bands) triangular filters, equally spaced on the HTK mel scale, unit peak."""

    def to_mel(hz: float) -> float:
        return 2595.0 * math.log10(1.0 + hz / 700.0)

    centres = 700.0 * (10 ** (torch.linspace(to_mel(low), to_mel(high), bands + 2) / 2595.0) - 1.0)
    hz = torch.linspace(0, SAMPLE_RATE / 2, n_fft // 2 + 1)[:, None]
    left, centre, right = centres[:-2], centres[1:-1], centres[2:]
    return torch.minimum((hz - left) / (centre - left), (right - hz) / (right - centre)).clamp(min=0)


class LogMel(nn.Module):
    """(B, N) samples → (B, N // HOP, MEL_BANDS) log energies, roughly in −2..2. Frame i is centred on (i + ½)·10 ms."""

    filters: torch.Tensor
    window: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", mel_filters(), persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        pad = (512 - HOP) // 2
        padded = nn.functional.pad(samples, (pad, pad + HOP))
        spectrum = torch.stft(padded, 512, HOP, WINDOW, self.window, center=False, return_complex=True)
        power = spectrum.abs().square().transpose(1, 2)[:, : samples.shape[-1] // HOP]  # (B, frames, 257)
        return ((power @ self.filters + 1e-4).log() + 2.0) / 4.0
