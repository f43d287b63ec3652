"""Makes lips meet and part where the speech requires it.

A sampled mouth is an average over possible mouths: on a short /p b m/ its lips only nearly meet, which viewers notice
first. The speech encoder knows where lips meet (its posterior of /p b m/) and where they cannot (that of vowels); the
coefficients are moved as little as that requires. Ours; `amount` 0 leaves the motion as it was sampled.
"""

import numpy as np

from talkdemo.face.arkit import INDEX, indices

# How far each channel parts the lips' middle, in units of jawOpen: measured on face.head, where 1 is 34 mm.
OPENING: dict[str, float] = {
    "jawOpen": 1.0, "mouthClose": -1.0, "mouthFunnel": 0.33, "tongueOut": 0.15, "mouthUpperUp": 0.14,
    "mouthLowerDown": 0.11,
}  # fmt: skip
FIRM = 0.009  # lips at rest press on each other: they part only beyond this
CONFIDENT = (0.3, 0.6)  # posterior at which lips begin to be moved, and at which they are moved fully
SHUT_JAW = 0.17  # the most that a jaw is open behind shut lips
PRESS = 0.12
APART = 0.09  # minimum opening of a vowel: 3.1 mm


def opening(coefficients: np.ndarray) -> np.ndarray:
    """(..., 52) → (...) the gap of the lips in units of jawOpen: a linear approximation of what the head shows."""
    return np.maximum(_signed_opening(coefficients), 0)


def _signed_opening(coefficients: np.ndarray) -> np.ndarray:
    """(...) the opening; below 0 where lips press on each other."""
    total = np.full(coefficients.shape[:-1], -FIRM)
    for name, weight in OPENING.items():
        total = total + weight * coefficients[..., indices(name)].mean(axis=-1)
    return total


def confidence(posterior: np.ndarray) -> np.ndarray:
    """Posterior (T,) → 0 … 1: how far to act on it."""
    return np.clip((posterior - CONFIDENT[0]) / (CONFIDENT[1] - CONFIDENT[0]), 0, 1)


def hold(shut: np.ndarray, likely: np.ndarray) -> np.ndarray:
    """`shut` (T,) with each of its peaks held for a second frame: the likelier neighbour is shut as far as the peak. A
    closure lasts 60 to 100 ms; one of 40 ms is not seen."""
    out = shut.copy()
    before, after = (np.concatenate(part) for part in (([0.0], shut[:-1]), (shut[1:], [0.0])))
    for t in np.flatnonzero((shut > 0) & (shut >= before) & (shut >= after)):
        neighbours = [n for n in (t - 1, t + 1) if 0 <= n < len(shut)]
        if neighbours:
            beside = max(neighbours, key=lambda n: likely[n])
            out[beside] = max(out[beside], shut[t])
    return out


def meet_and_part(coefficients: np.ndarray, bilabial: np.ndarray, vowel: np.ndarray, amount: float = 1.0) -> np.ndarray:
    """(T, 52) with lips that meet on `bilabial` (T,) and part on `vowel` (T,), posteriors per frame; within 0..1.

    Raises ValueError where lengths differ.
    """
    if not len(coefficients) == len(bilabial) == len(vowel):
        lengths = len(bilabial), len(vowel)
        raise ValueError(f"{len(coefficients)} frames of motion, {lengths} of posteriors; the same number is wanted")
    faces = np.array(coefficients, np.float32)
    shut = amount * hold(confidence(bilabial), bilabial - vowel)
    _part(faces, amount * confidence(vowel) * (1 - shut))
    jaw = faces[:, INDEX["jawOpen"]]  # a view
    jaw -= shut * np.maximum(jaw - SHUT_JAW, 0)
    for name in ("mouthLowerDown", "mouthUpperUp", "mouthFunnel"):
        faces[:, indices(name)] *= ((1 - shut) ** 0.7)[:, None]
    faces[:, INDEX["mouthClose"]] += shut * (jaw - faces[:, INDEX["mouthClose"]])
    press = faces[:, indices("mouthPress")]
    faces[:, indices("mouthPress")] = np.maximum(press, PRESS * shut[:, None])
    return np.clip(faces, 0, 1)


def _part(faces: np.ndarray, apart: np.ndarray) -> None:
    """Open the lips to APART × `apart` (T,) where they are less open: first by mouthClose, then by jawOpen."""
    for name, factor in (("mouthClose", -1.0), ("jawOpen", 1.0)):
        column = faces[:, INDEX[name]]  # a view
        missing = np.where(apart > 0, np.maximum(APART * apart - _signed_opening(faces), 0), 0)
        column += factor * np.minimum(missing, column if factor < 0 else 1.0)
