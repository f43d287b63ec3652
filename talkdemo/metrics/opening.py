"""Distances on the face over time: inner-lip gap, and between any two vertices (mouth width, inter-ocular distance)."""

from __future__ import annotations

import numpy as np


def opening(vertices: np.ndarray, upper: int, lower: int, up: int = 1) -> np.ndarray:
    """Inner-lip gap at the middle of the mouth per frame, (T,), in the unit of `vertices` (T, V, 3).

    Measured along the face's up axis and cut at 0, so that lips pressed into each other count as closed, not as open.
    """
    vertices = np.asarray(vertices)
    return np.maximum(vertices[:, upper, up] - vertices[:, lower, up], 0.0)


def distance(vertices: np.ndarray, a: int, b: int) -> np.ndarray:
    """‖a − b‖₂ per frame, (T,): mouth width from the two corners, inter-ocular distance from the outer eye corners."""
    vertices = np.asarray(vertices)
    return np.linalg.norm(vertices[:, a] - vertices[:, b], axis=-1)
