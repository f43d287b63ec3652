"""Upper-face dynamics deviation (FDD). Head rotation must be removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from talkdemo.metrics.vertices import pair


@dataclass(frozen=True)
class Dynamics:
    """Ground truth − prediction: `signed` > 0 means that the prediction moves too little. Metres (m² if squared)."""

    signed: float  # mean over vertices of (std of truth − std of prediction)
    absolute: float  # mean over vertices of |std of truth − std of prediction|: errors of either sign add up


def fdd(predicted: np.ndarray, truth: np.ndarray, template: np.ndarray, upper_face: np.ndarray) -> Dynamics:
    """Per upper-face vertex the standard deviation over time of ‖x − template‖₂; truth − prediction.

    predicted, truth: (T, V, 3) metres; template: (V, 3), the neutral face; upper_face: indices or (V,) bool.
    CodeTalker's script squares the displacement first (`fdd_squared`); here it stays in metres.
    """
    return _deviation(predicted, truth, template, upper_face, 1)


def fdd_squared(predicted: np.ndarray, truth: np.ndarray, template: np.ndarray, upper_face: np.ndarray) -> Dynamics:
    """The form of CodeTalker's script and of torchmetrics' UpperFaceDynamicsDeviation: of ‖x − template‖₂², **m²**."""
    return _deviation(predicted, truth, template, upper_face, 2)


def _deviation(
    predicted: np.ndarray, truth: np.ndarray, template: np.ndarray, upper_face: np.ndarray, power: int
) -> Dynamics:
    x, y = pair(predicted, truth, upper_face)
    neutral = np.asarray(template, np.float64)[np.asarray(upper_face)]

    def liveliness(track: np.ndarray) -> np.ndarray:
        return (np.linalg.norm(track - neutral, axis=-1) ** power).std(axis=0)  # (V',)

    difference = liveliness(y) - liveliness(x)
    return Dynamics(float(difference.mean()), float(np.abs(difference).mean()))
