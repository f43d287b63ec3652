"""Beat alignment (BA) of head motion with a reference, 0..1. To be reported beside the score with shuffled audio."""

from __future__ import annotations

import numpy as np

from talkdemo.metrics.sync import energy
from talkdemo.records import FPS

SIGMA = 3 / FPS  # seconds: 3 frames at 25 fps
PROMINENCE = 0.25  # of a minimum, in standard deviations of the head's speed


def head_beats(head: np.ndarray, fps: float = FPS, prominence: float = 0.0) -> np.ndarray:
    """Times in seconds of the head's beats: local minima of the smoothed angular speed (turning points, stops).

    head: (T, 3) rotation vectors in radians. A head that does not move has no beats. `prominence` leaves out
    minima of less prominence, in standard deviations of the speed: a tremor within a movement is no beat.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    head = np.asarray(head, np.float64)
    if len(head) < 5:
        return np.zeros(0)
    speed = np.linalg.norm(np.diff(gaussian_filter1d(head, 1.0, axis=0), axis=0), axis=1) * fps  # rad/s, (T−1,)
    if prominence > 0:
        minima, _ = find_peaks(-speed, prominence=max(prominence * speed.std(), 1e-9))
        return (minima + 1.0) / fps if speed.max() > 1e-4 else np.zeros(0)
    middle = speed[1:-1]
    minima = np.flatnonzero((middle < speed[:-2]) & (middle <= speed[2:]) & (speed.max() > 1e-4)) + 1
    return (minima + 1.0) / fps  # the difference of frames t, t+1 stands at their border; frame t's middle is t + 0.5


def onsets(samples: np.ndarray, rate: int = 16_000) -> np.ndarray:
    """Onset times in seconds: peaks of the rise of log energy, at 100 Hz, ≥ 100 ms apart."""
    from scipy.signal import find_peaks

    frames = int(len(samples) / rate * 100)
    if frames < 10:
        return np.zeros(0)
    level = np.log10(energy(samples, frames, rate, fps=100.0, window=0.040) + 1e-4)
    rise = np.maximum(level[5:] - level[:-5], 0.0)  # over 50 ms
    peaks, _ = find_peaks(rise, height=0.15, prominence=0.1, distance=10)
    return (peaks + 3.0) / 100.0


def beat_alignment(beats: np.ndarray, reference: np.ndarray, sigma: float = SIGMA) -> float:
    """Mean over `beats` of exp(−min Δt² / (2σ²)) to the nearest of `reference`; nan if either is empty. Seconds."""
    beats, reference = np.asarray(beats, np.float64), np.asarray(reference, np.float64)
    if not len(beats) or not len(reference):
        return float("nan")
    nearest = np.abs(beats[:, None] - reference[None, :]).min(axis=1)
    return float(np.exp(-(nearest**2) / (2 * sigma**2)).mean())
