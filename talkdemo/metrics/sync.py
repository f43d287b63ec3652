"""Synchrony of motion and sound: mouth opening with loudness, beats of the head with onsets (beat alignment, BA)."""

import numpy as np

from talkdemo.metrics.errors import pair
from talkdemo.metrics.openness import correlation
from talkdemo.records import FPS, SAMPLE_RATE

REACH = 0.480  # seconds searched to either side
SIGMA = 3 / FPS  # seconds: 3 frames at 25 fps
PROMINENCE = 0.25  # of a minimum, in standard deviations of the head's speed


def energy(samples: np.ndarray, frames: int, fps: float = FPS, window: float = 0.080) -> np.ndarray:
    """Root mean square of the sound around the middle of each frame, (T,). samples: (N,); window in seconds."""
    samples = np.asarray(samples, np.float64)
    half = int(window * SAMPLE_RATE / 2)
    total = np.concatenate([[0.0], np.cumsum(samples**2)])
    middle = ((np.arange(frames) + 0.5) * SAMPLE_RATE / fps).astype(int)
    low = np.clip(middle - half, 0, len(samples))
    high = np.clip(middle + half, 0, len(samples))
    return np.sqrt(np.maximum(total[high] - total[low], 0.0) / (2 * half))


def cross_correlation(gap: np.ndarray, loudness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lags in whole frames (L,) and Pearson's r at each (L,); lag > 0: the opening comes after the loudness.

    gap, loudness: (T,). A still mouth gives nan. A track too short for ± REACH gives fewer lags.
    """
    gap, loudness = pair(gap, loudness, "tracks", "(T,)", 1)
    most = max(0, min(round(REACH * FPS), len(gap) - 3))
    lags = np.arange(-most, most + 1)
    length = len(gap)
    scores = [
        correlation(gap[max(lag, 0) : length + min(lag, 0)], loudness[max(-lag, 0) : length - max(lag, 0)])
        for lag in lags.tolist()
    ]
    return lags, np.array(scores)


def head_beats(head: np.ndarray, prominence: float = 0.0) -> np.ndarray:
    """Times in seconds of the head's beats: local minima of the smoothed angular speed (turning points, stops).

    head: (T, 3) rotation vectors in radians. A head that does not move has no beats. `prominence` leaves out
    minima of less prominence, in standard deviations of the speed: a tremor within a movement is no beat.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    head = np.asarray(head, np.float64)
    if len(head) < 5:
        return np.zeros(0)
    speed = np.linalg.norm(np.diff(gaussian_filter1d(head, 1.0, axis=0), axis=0), axis=1) * FPS  # rad/s, (T−1,)
    if prominence > 0:
        minima, _ = find_peaks(-speed, prominence=max(prominence * speed.std(), 1e-9))
        return (minima + 1.0) / FPS if speed.max() > 1e-4 else np.zeros(0)
    middle = speed[1:-1]
    minima = np.flatnonzero((middle < speed[:-2]) & (middle <= speed[2:]) & (speed.max() > 1e-4)) + 1
    return (minima + 1.0) / FPS  # the difference of frames t, t+1 stands at their border; frame t's middle is t + 0.5


def onsets(samples: np.ndarray) -> np.ndarray:
    """Onset times in seconds: peaks of the rise of log energy, at 100 Hz, ≥ 100 ms apart."""
    from scipy.signal import find_peaks

    frames = int(len(samples) / SAMPLE_RATE * 100)
    if frames < 10:
        return np.zeros(0)
    level = np.log10(energy(samples, frames, fps=100.0, window=0.040) + 1e-4)
    rise = np.maximum(level[5:] - level[:-5], 0.0)  # over 50 ms
    peaks, _ = find_peaks(rise, height=0.15, prominence=0.1, distance=10)
    return (peaks + 3.0) / 100.0


def beat_alignment(beats: np.ndarray, reference: np.ndarray) -> float:
    """Mean over `beats` of exp(−min Δt² / (2σ²)) to the nearest of `reference`, in seconds; nan if either is empty.

    To be reported beside the score with shuffled audio."""
    beats, reference = np.asarray(beats, np.float64), np.asarray(reference, np.float64)
    if not len(beats) or not len(reference):
        return float("nan")
    nearest = np.abs(beats[:, None] - reference[None, :]).min(axis=1)
    return float(np.exp(-(nearest**2) / (2 * SIGMA**2)).mean())
