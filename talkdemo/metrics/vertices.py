"""Vertex distances between two motions, with the shape checks that all vertex metrics share."""

from __future__ import annotations

import numpy as np

METRES_TO_MM = 1e3


def pair(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Both tracks (T, V, 3) as float64, cut to the vertices in `mask` (indices or (V,) bool; None = all).

    Raises ValueError when the two shapes differ or are not (T, V, 3).
    """
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if predicted.shape != truth.shape or predicted.ndim != 3 or predicted.shape[-1] != 3:
        raise ValueError(f"got vertices {predicted.shape} and {truth.shape}; wanted two arrays of one shape (T, V, 3)")
    if mask is None:
        return predicted, truth
    mask = np.asarray(mask)
    return predicted[:, mask], truth[:, mask]


def distances(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """‖x − y‖₂ per frame and vertex, (T, V'), in the unit given."""
    x, y = pair(predicted, truth, mask)
    return np.linalg.norm(x - y, axis=-1)
