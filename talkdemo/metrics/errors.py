"""Mouth opening, and errors against the true motion, head rotation removed: LVE, EVE, MVE, FDD, MOD, MBE."""

import numpy as np

METRES_TO_MM = 1e3


def opening(vertices: np.ndarray, upper: int, lower: int) -> np.ndarray:
    """Inner-lip gap at the middle of the mouth per frame, (T,), in the unit of `vertices` (T, V, 3).

    Measured along the face's up axis and cut at 0, so that lips pressed into each other count as closed, not as open.
    """
    return np.maximum(vertices[:, upper, 1] - vertices[:, lower, 1], 0.0)


def distance(vertices: np.ndarray, a: int, b: int) -> np.ndarray:
    """‖a − b‖₂ per frame, (T,): mouth width from the two corners, inter-ocular distance from the outer eye corners."""
    return np.linalg.norm(vertices[:, a] - vertices[:, b], axis=-1)


def pair(a: np.ndarray, b: np.ndarray, what: str, shape: str, axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64. Raises ValueError when their shapes differ or have another number of axes."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or a.ndim != axes:
        raise ValueError(f"got {what} {a.shape} and {b.shape}; wanted two arrays of one shape {shape}")
    return a, b


def distances(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """‖x − y‖₂ per frame and vertex of `mask` (indices or (V,) bool; None = all), (T, V'), in the unit given."""
    x, y = pair(predicted, truth, "vertices", "(T, V, 3)", 3)
    chosen = slice(None) if mask is None else np.asarray(mask)
    return np.linalg.norm(x[:, chosen] - y[:, chosen], axis=-1)


def lve(predicted: np.ndarray, truth: np.ndarray, vertices: np.ndarray) -> float:
    """LVE of the lip vertices; EVE of those of the eyes and the forehead: mean over frames of the largest ‖x − y‖₂, in
    **millimetres** (not squared).

    predicted, truth: (T, V, 3) metres; vertices: indices or (V,) bool.
    """
    return float(distances(predicted, truth, vertices).max(axis=1).mean() * METRES_TO_MM)


def lve_squared(predicted: np.ndarray, truth: np.ndarray, lips: np.ndarray) -> float:
    """The form of CodeTalker's script and of torchmetrics' LipVertexError: mean of max ‖x − y‖₂², in **m²**."""
    return float((distances(predicted, truth, lips) ** 2).max(axis=1).mean())


def mve(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean over frames and vertices of ‖x − y‖₂, in millimetres. predicted, truth: (T, V, 3) metres."""
    return float(distances(predicted, truth, mask).mean() * METRES_TO_MM)


def fdd(
    predicted: np.ndarray, truth: np.ndarray, template: np.ndarray, upper_face: np.ndarray, squared: bool = False
) -> tuple[float, float]:
    """Upper-face dynamics deviation: the standard deviation over time of ‖x − template‖₂, truth − prediction, per
    vertex: its mean (> 0: the prediction moves too little) and the mean of its size, in which errors of either sign add
    up. Metres.

    predicted, truth: (T, V, 3) metres; template: (V, 3), the neutral face; upper_face: indices or (V,) bool.
    squared: of ‖x − template‖₂², in **m²**, as CodeTalker's script and torchmetrics' UpperFaceDynamicsDeviation.
    """
    still = np.broadcast_to(template, np.shape(predicted))
    power = 2 if squared else 1
    generated, real = ((distances(track, still, upper_face) ** power).std(axis=0) for track in (predicted, truth))
    return float((real - generated).mean()), float(np.abs(real - generated).mean())


def mod(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Mouth opening difference: mean over frames of |predicted − truth|, both (T,) in metres, in millimetres."""
    a, b = pair(predicted, truth, "openings", "(T,)", 1)
    return float(np.abs(a - b).mean() * METRES_TO_MM)


def mbe(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean |a − b| of coefficients (T, C) over frames and the channels in `mask`, in coefficient units (0..1).

    mask: (C,) bool or indices, None = all channels. LBE is this with the lip channels as mask. Print the mask (or its
    size) beside the figure: corpora differ in the channels they have.
    """
    a, b = pair(predicted, truth, "coefficients", "(T, C)", 2)
    error = np.abs(a - b)[:, slice(None) if mask is None else np.asarray(mask)]
    if error.size == 0:
        raise ValueError("the mask leaves no channel to compare; wanted at least one")
    return float(error.mean())
