"""Mouth opening difference (MOD)."""

from __future__ import annotations

import numpy as np

from talkdemo.metrics.vertices import METRES_TO_MM


def mod(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Mean over frames of |opening(predicted) − opening(truth)|, in millimetres. Both (T,) in metres."""
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if predicted.shape != truth.shape or predicted.ndim != 1:
        raise ValueError(f"got openings {predicted.shape} and {truth.shape}; wanted two arrays of one shape (T,)")
    return float(np.abs(predicted - truth).mean() * METRES_TO_MM)
