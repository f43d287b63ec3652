"""Detects blinks in a track of lid closure: times, durations, depths."""

from dataclasses import dataclass

import numpy as np

from talkdemo.records import FPS


@dataclass(frozen=True)
class Blinks:
    """`times` are the moments of deepest closure in seconds; `durations` the full widths at half depth in seconds;
    `peaks` how far the lids close then (1 = shut)."""

    times: np.ndarray  # (n,)
    durations: np.ndarray  # (n,)
    peaks: np.ndarray  # (n,)
    seconds: float  # length of the clip

    @property
    def per_minute(self) -> float:
        return 60 * len(self.times) / self.seconds

    @property
    def median_duration(self) -> float:
        """Milliseconds; nan without blinks."""
        return float(np.median(self.durations) * 1e3) if len(self.durations) else float("nan")


def blinks(closure: np.ndarray, fps: float = FPS, depth: float = 0.35) -> Blinks:
    """Find the blinks in a track of lid closure (T,) in 0..1 (mean of eyeBlinkLeft and eyeBlinkRight).

    A blink rises at least `depth` above both sides (so half-shut resting lids do not count) and is at most 0.7 s wide
    at half depth (longer is shutting the eyes).
    """
    from scipy.signal import find_peaks

    closure = np.asarray(closure, np.float64)
    padded = np.concatenate([closure[:1], closure, closure[-1:]])
    peaks, found = find_peaks(padded, prominence=depth, width=(0, 0.7 * fps), rel_height=0.5, distance=2)
    return Blinks((peaks - 0.5) / fps, found["widths"] / fps, padded[peaks], len(closure) / fps)
