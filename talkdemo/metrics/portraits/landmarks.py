"""Error and displacement of 68 landmarks; how straight, monotonic and free of flicker a path of them (or images) is."""

import numpy as np

OUTER_EYES = (36, 45)
MOUTH = slice(48, 68)


def across(points: np.ndarray) -> np.ndarray:
    """(…, 68, 2) → (…): the distance between the outer corners of the eyes, the unit of what follows."""
    points = _checked(points)
    return np.linalg.norm(points[..., OUTER_EYES[0], :] - points[..., OUTER_EYES[1], :], axis=-1)


def landmark_error(read: np.ndarray, truth: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
    """(…, 68, 2) twice → (…): the mean distance of the points `rows`, in the truth's outer eye distances."""
    gap = np.linalg.norm((_checked(read) - _checked(truth))[..., rows, :], axis=-1).mean(-1)
    return gap / across(truth)


def moved(source: np.ndarray, target: np.ndarray, rows: slice = MOUTH) -> np.ndarray:
    """(…, 68, 2) twice → (…): how far the points `rows` move on average, in the source's outer eye distances."""
    return np.linalg.norm((_checked(target) - _checked(source))[..., rows, :], axis=-1).mean(-1) / across(source)


def displacement_share(read: np.ndarray, source: np.ndarray, target: np.ndarray, rows: slice = MOUTH) -> np.ndarray:
    """(…, 68, 2) → (…): Σ (read − source) · (target − source) / Σ |target − source|² over the points `rows`.

    1: the full displacement, 0: none, below 0: the opposite direction; nan where source and target are the same.
    """
    asked = (_checked(target) - _checked(source))[..., rows, :].astype(np.float64)
    achieved = (_checked(read) - source)[..., rows, :]
    size = (asked**2).sum((-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(size > 0, (achieved * asked).sum((-2, -1)) / size, np.nan)


def _checked(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points)
    if points.ndim < 2 or points.shape[-2:] != (68, 2):
        raise ValueError(f"got landmarks {points.shape}; wanted (…, 68, 2)")
    return points


def detour(path: np.ndarray) -> float:
    """(N, P, 2) → length of the path by the distance of its ends, both summed over the points; 1 for a straight one."""
    path = _path(path)
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
    path = _path(path)
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


def _path(path: np.ndarray) -> np.ndarray:
    path = np.asarray(path, np.float64)
    if path.ndim != 3 or len(path) < 3:
        raise ValueError(f"got a path {path.shape}; wanted (N, P, 2) with at least 3 steps")
    return path
