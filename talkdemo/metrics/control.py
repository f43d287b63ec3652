"""The shuffled control: which other clip's sound to score a motion against, so that chance stands beside a score."""

from __future__ import annotations

import numpy as np


def derangement(count: int, generator: np.random.Generator) -> np.ndarray:
    """A permutation of 0 … count − 1 without fixed points, (count,): clip i is scored against the sound of clip p[i].

    A random cycle, so one is always found; needs at least 2 clips.
    """
    if count < 2:
        raise ValueError(f"a shuffled control needs at least 2 clips, got {count}")
    order = generator.permutation(count)
    shuffled = np.empty(count, int)
    shuffled[order] = np.roll(order, 1)
    return shuffled


def turned(track: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """`track` (T, …) turned in time by a random quarter to three quarters of its length: the control for one clip."""
    length = len(track)
    return np.roll(track, int(generator.integers(length // 4, max(length // 4 + 1, 3 * length // 4))), axis=0)
