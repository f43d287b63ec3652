"""The tone of a photograph without colours of its own: grey, sepia, or of one tint.

Its colours are a function of their lightness (Lab). A result that has other colours is brought back to them; one with
many colours has no tone, and nothing is done.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

COLOURFUL = (2.5, 5.0)  # Lab: spread of the colours about their curve below which a picture has a tone, and has none
DEGREE = 3  # of the curve
SAMPLE = 128  # pixels of the side in which it is fitted


@dataclass(frozen=True)
class Tone:
    """What a and b are at every lightness."""

    curve: np.ndarray  # (DEGREE + 1, 2) of the lightness from 0 to 1
    share: float  # how much of it holds, above 0 to 1

    @classmethod
    def of(cls, image: np.ndarray) -> Self | None:
        """Of (H, W, 3) uint8 sRGB; None for one with colours."""
        import cv2

        lab = _lab(cv2.resize(image, (SAMPLE, SAMPLE), interpolation=cv2.INTER_AREA)).reshape(-1, 3)
        basis = _powers(lab[:, 0])
        curve = np.linalg.lstsq(basis, lab[:, 1:], rcond=None)[0]
        spread = float(np.sqrt(np.mean(np.square(lab[:, 1:] - basis @ curve).sum(1))))
        low, high = COLOURFUL
        share = float(np.clip((high - spread) / (high - low), 0, 1))
        return cls(curve.astype(np.float32), share) if share > 0 else None

    def hold(self, image: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 with the colours of the tone, its lightness unchanged."""
        import cv2

        lab = _lab(image)
        toned = _powers(lab[..., 0]) @ self.curve
        lab[..., 1:] += self.share * (toned - lab[..., 1:])
        return np.rint(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB).clip(0, 1) * 255).astype(np.uint8)


def _lab(image: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def _powers(lightness: np.ndarray) -> np.ndarray:
    """(…) 0 … 100 → (…, DEGREE + 1)."""
    return (lightness[..., None] / 100) ** np.arange(DEGREE + 1, dtype=np.float32)
