"""Eye vertex error (EVE): LVE on the eye and forehead vertices. Head rotation must be removed."""

from __future__ import annotations

import numpy as np

from talkdemo.metrics.vertices import METRES_TO_MM, distances


def eve(predicted: np.ndarray, truth: np.ndarray, eyes: np.ndarray) -> float:
    """Mean over frames of the largest ‖x − y‖₂ over the eye and forehead vertices, in millimetres.

    predicted, truth: (T, V, 3) metres; eyes: indices or (V,) bool.
    """
    return float(distances(predicted, truth, eyes).max(axis=1).mean() * METRES_TO_MM)
