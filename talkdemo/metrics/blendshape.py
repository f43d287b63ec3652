"""Mean absolute error of blendshape coefficients, over all channels or a mask of them (MBE, LBE)."""

from __future__ import annotations

import numpy as np


def mbe(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean |a − b| over frames and the channels in `mask`, in coefficient units (0..1).

    predicted, truth: (T, C); mask: (C,) bool or indices, None = all channels. LBE is this with the lip channels as
    mask. Print the mask (or its size) beside the figure: corpora differ in the channels they have.
    """
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if predicted.shape != truth.shape or predicted.ndim != 2:
        raise ValueError(f"got coefficients {predicted.shape} and {truth.shape}; wanted two arrays of one shape (T, C)")
    error = np.abs(predicted - truth)
    if mask is not None:
        error = error[:, np.asarray(mask)]
    if error.size == 0:
        raise ValueError("the mask leaves no channel to compare; wanted at least one")
    return float(error.mean())
