"""Lip vertex error (LVE). Head rotation must be removed."""

from __future__ import annotations

import numpy as np

from talkdemo.metrics.vertices import METRES_TO_MM, distances


def lve(predicted: np.ndarray, truth: np.ndarray, lips: np.ndarray) -> float:
    """Mean over frames of the largest ‖x − y‖₂ over the lip vertices, in **millimetres** (not squared).

    predicted, truth: (T, V, 3) metres; lips: indices or (V,) bool.
    """
    return float(distances(predicted, truth, lips).max(axis=1).mean() * METRES_TO_MM)


def lve_squared(predicted: np.ndarray, truth: np.ndarray, lips: np.ndarray) -> float:
    """The form of CodeTalker's script and of torchmetrics' LipVertexError: mean of max ‖x − y‖₂², in **m²**."""
    return float((distances(predicted, truth, lips) ** 2).max(axis=1).mean())
