"""Mean vertex error (MVE) over the whole face. Head rotation must be removed."""

from __future__ import annotations

import numpy as np

from talkdemo.metrics.vertices import METRES_TO_MM, distances


def mve(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean over frames and vertices of ‖x − y‖₂, in millimetres. predicted, truth: (T, V, 3) metres."""
    return float(distances(predicted, truth, mask).mean() * METRES_TO_MM)
