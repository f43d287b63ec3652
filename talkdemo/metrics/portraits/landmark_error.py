"""Landmark error and landmark displacement of edited portraits, from 68 points."""

from __future__ import annotations

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
