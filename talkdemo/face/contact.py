"""Motion and what the speech says of the lips in, motion whose lips meet and part there out.

A sampled mouth is an average of what may be: where a /p b m/ is short its lips nearly meet, and an eye notices that
first. The speech encoder knows where lips meet (its posterior of /p b m/) and where they cannot (of vowels); here the
coefficients are moved as little as that asks for. Ours; `amount` 0 leaves the motion as it was sampled.
"""

from __future__ import annotations

import numpy as np

from talkdemo.face.arkit import INDEX, indices

# How far each channel parts the lips' middle, in units of jawOpen: measured on face.head, where 1 is 34 mm.
OPENING: dict[str, float] = {
    "jawOpen": 1.0, "mouthClose": -1.0, "mouthFunnel": 0.33, "tongueOut": 0.15, "mouthUpperUp": 0.14,
    "mouthLowerDown": 0.11,
}  # fmt: skip
FIRM = 0.009  # lips at rest touch firmly: they part only beyond this
SURE = (0.3, 0.6)  # posterior at which lips begin to be brought together (or apart), and at which they are
SHUT_JAW = 0.17  # the most that a jaw is open behind shut lips
PRESS = 0.12
APART = 0.09  # opening of a vowel at the least: 3.1 mm


def opening(coefficients: np.ndarray) -> np.ndarray:
    """(..., 52) → (...) the gap of the lips in units of jawOpen, linear and cheap; the head itself is the judge."""
    return np.maximum(_signed(coefficients), 0)


def _signed(coefficients: np.ndarray) -> np.ndarray:
    """(...) the opening; below 0 where lips press on each other."""
    total = np.full(coefficients.shape[:-1], -FIRM)
    for name, weight in OPENING.items():
        total = total + weight * coefficients[..., indices(name)].mean(axis=-1)
    return total


def sure(posterior: np.ndarray) -> np.ndarray:
    """Posterior (T,) → 0 … 1: how far to act on it."""
    return np.clip((posterior - SURE[0]) / (SURE[1] - SURE[0]), 0, 1)


def meet_and_part(coefficients: np.ndarray, bilabial: np.ndarray, vowel: np.ndarray, amount: float = 1.0) -> np.ndarray:
    """(T, 52) with lips that meet where `bilabial` (T,) is sure and part where `vowel` (T,) is: (T, 52), 0..1.

    Both are posteriors per frame. Raises ValueError where lengths differ.
    """
    if not len(coefficients) == len(bilabial) == len(vowel):
        lengths = len(bilabial), len(vowel)
        raise ValueError(f"{len(coefficients)} frames of motion, {lengths} of posteriors; the same number is wanted")
    faces = np.array(coefficients, np.float32)
    shut = amount * sure(bilabial)
    _part(faces, amount * sure(vowel) * (1 - shut))
    jaw = faces[:, INDEX["jawOpen"]]  # a view
    jaw -= shut * np.maximum(jaw - SHUT_JAW, 0)
    for name in ("mouthLowerDown", "mouthUpperUp", "mouthFunnel"):
        faces[:, indices(name)] *= ((1 - shut) ** 0.7)[:, None]
    faces[:, INDEX["mouthClose"]] += shut * (jaw - faces[:, INDEX["mouthClose"]])
    press = faces[:, indices("mouthPress")]
    faces[:, indices("mouthPress")] = np.maximum(press, PRESS * shut[:, None])
    return np.clip(faces, 0, 1)


def _part(faces: np.ndarray, apart: np.ndarray) -> None:
    """Open the lips to APART × `apart` (T,) where they are less open: first they let go, then the jaw gives way."""
    for name, factor in (("mouthClose", -1.0), ("jawOpen", 1.0)):
        column = faces[:, INDEX[name]]  # a view
        missing = np.where(apart > 0, np.maximum(APART * apart - _signed(faces), 0), 0)
        column += factor * np.minimum(missing, column if factor < 0 else 1.0)
