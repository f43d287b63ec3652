"""The shuffled control: pairs each motion with the sound of another clip, which gives the score of chance."""

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
