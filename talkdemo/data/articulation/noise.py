"""Smooth random tracks, which vary the motion without jitter."""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter


def smooth_noise(generator: np.random.Generator, frames: int, hertz: float, fps: float, columns: int = 1) -> np.ndarray:
    """(frames, columns) stationary Gaussian noise of unit variance whose spectrum falls off above `hertz`."""
    sigma = fps / (2 * np.pi * hertz)
    margin = int(4 * sigma) + 1
    white = generator.standard_normal((frames + 2 * margin, columns))
    smooth = gaussian_filter1d(white, sigma, axis=0, mode="wrap", truncate=4)
    return smooth[margin : margin + frames] * np.sqrt(2 * sigma * np.sqrt(np.pi))


def ornstein_uhlenbeck(
    generator: np.random.Generator, frames: int, seconds: float, hertz: float, fps: float, columns: int = 1
) -> np.ndarray:
    """(frames, columns) of unit variance that wander and return with time constant `seconds`, free of motion above
    `hertz` (an Ornstein-Uhlenbeck path alone is as rough as tracker noise)."""
    decay = np.exp(-1 / (seconds * fps))
    start = int(4 * seconds * fps)
    sigma = fps / (2 * np.pi * hertz)
    margin = int(4 * sigma) + 1
    white = generator.standard_normal((start + frames + margin, columns))
    path = lfilter([np.sqrt(1 - decay**2)], [1.0, -decay], white, axis=0)
    return gaussian_filter1d(path, sigma, axis=0, mode="nearest", truncate=4)[start : start + frames]
