"""How straight, monotonic and free of flicker a path of landmarks or images is."""

from __future__ import annotations

import numpy as np


def detour(path: np.ndarray) -> float:
    """(N, P, 2) → length of the path by the distance of its ends, both summed over the points; 1 for a straight one."""
    path = _checked(path)
    straight = np.linalg.norm(path[-1] - path[0], axis=-1).sum()
    if straight == 0:
        raise ValueError("a path that ends where it begins was given; one that leads somewhere is wanted")
    return float(np.linalg.norm(np.diff(path, axis=0), axis=-1).sum() / straight)


def rising(values: np.ndarray) -> float:
    """(N,) → share of the steps in which it grows, 0..1."""
    steps = np.diff(np.asarray(values, np.float64))
    if not len(steps):
        raise ValueError("one value was given; at least two are wanted")
    return float((steps > 0).mean())


def bend(path: np.ndarray) -> float:
    """(N, P, 2) → its greatest second difference, by the mean length of its steps; 0 for even steps."""
    path = _checked(path)
    second = np.sqrt((np.diff(path, 2, axis=0) ** 2).sum((-2, -1)))
    first = np.sqrt((np.diff(path, axis=0) ** 2).sum((-2, -1)))
    if first.mean() == 0:
        raise ValueError("a path without motion was given; one that leads somewhere is wanted")
    return float(second.max() / first.mean())


def flicker(frames: np.ndarray) -> float:
    """(N, …) equally spaced frames → share of their change that is of high frequency: root mean square of the second
    differences by that of the first, halved. 0 for an even change, 1 for one that turns back at every frame; nan for
    frames that are all the same."""
    frames = np.asarray(frames, np.float32)
    if len(frames) < 3:
        raise ValueError(f"{len(frames)} frames were given; at least 3 are wanted")
    first = np.diff(frames, axis=0)
    size = np.sqrt(np.mean(np.square(first)))
    return float(np.sqrt(np.mean(np.square(np.diff(first, axis=0)))) / (2 * size)) if size > 0 else float("nan")


def _checked(path: np.ndarray) -> np.ndarray:
    path = np.asarray(path, np.float64)
    if path.ndim != 3 or len(path) < 3:
        raise ValueError(f"got a path {path.shape}; wanted (N, P, 2) with at least 3 steps")
    return path
