"""Audio-visual synchrony: the cross-correlation of mouth opening and loudness."""

from __future__ import annotations

import numpy as np

from talkdemo.metrics.openness import correlation
from talkdemo.records import FPS

REACH = 0.480  # seconds searched to either side


def energy(samples: np.ndarray, frames: int, rate: int = 16_000, fps: float = FPS, window: float = 0.080) -> np.ndarray:
    """Root mean square of the sound around the middle of each frame, (T,). samples: (N,); window in seconds."""
    samples = np.asarray(samples, np.float64)
    half = int(window * rate / 2)
    total = np.concatenate([[0.0], np.cumsum(samples**2)])
    middle = ((np.arange(frames) + 0.5) * rate / fps).astype(int)
    low = np.clip(middle - half, 0, len(samples))
    high = np.clip(middle + half, 0, len(samples))
    return np.sqrt(np.maximum(total[high] - total[low], 0.0) / (2 * half))


def cross_correlation(
    gap: np.ndarray, loudness: np.ndarray, fps: float = FPS, reach: float = REACH
) -> tuple[np.ndarray, np.ndarray]:
    """Lags in whole frames (L,) and Pearson's r at each (L,); lag > 0: the opening comes after the loudness.

    gap, loudness: (T,). A still mouth gives nan. A track too short for ± reach seconds gives fewer lags.
    """
    gap, loudness = np.asarray(gap, np.float64), np.asarray(loudness, np.float64)
    if gap.shape != loudness.shape or gap.ndim != 1:
        raise ValueError(f"got tracks {gap.shape} and {loudness.shape}; wanted two arrays of one shape (T,)")
    most = max(0, min(round(reach * fps), len(gap) - 3))
    lags = np.arange(-most, most + 1)
    length = len(gap)
    scores = [
        correlation(gap[max(lag, 0) : length + min(lag, 0)], loudness[max(-lag, 0) : length - max(lag, 0)])
        for lag in lags.tolist()
    ]
    return lags, np.array(scores)
