"""Synchrony: mouth opening and sound energy per frame in, the lag at which they agree best out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from talkdemo.metrics.openness import correlation
from talkdemo.records import FPS

REACH = 0.480  # seconds searched to either side


@dataclass(frozen=True)
class Sync:
    """`lag` > 0: the mouth comes after the sound. `peak` is the correlation at that lag, `at_zero` the one at lag 0."""

    lag: float  # milliseconds, whole frames
    peak: float
    at_zero: float


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
        for lag in lags
    ]
    return lags, np.array(scores)


def sync(gap: np.ndarray, loudness: np.ndarray, fps: float = FPS, reach: float = REACH) -> Sync:
    """Lag at which opening (T,) and loudness (T,) correlate best, within ± reach seconds; nan for a still mouth."""
    lags, scores = cross_correlation(gap, loudness, fps, reach)
    if np.isnan(scores).all():
        return Sync(float("nan"), float("nan"), float("nan"))
    best = int(np.nanargmax(scores))
    return Sync(float(lags[best] / fps * 1e3), float(scores[best]), float(scores[len(lags) // 2]))
