"""Made pictures in, what MediaPipe reads off them out: the eye that measures was made by others.

Measured on photographs of 512² against the same shrunk to a crop of 128²: a crop enlarged to ENLARGED pixels inside a
grey border half as wide is read best (0.6 % of the outer eye distance off on average, all faces found); as small as it
is, MediaPipe is off by 1.1 %, enlarged further or without a border by up to 0.7 %.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from talkdemo.face.track.landmarker import open_landmarker
from talkdemo.face.track.photo import to_68

ENLARGED = 256  # pixels of a crop's side
BORDER = 0.5  # of that side
GREY = (128, 128, 128)


@dataclass(frozen=True)
class Read:
    """What was read off N pictures; NaN where no face was found."""

    points: np.ndarray  # (N, 68, 2) float32 pixels of the pictures
    coefficients: np.ndarray  # (N, 52) ARKit

    @property
    def found(self) -> np.ndarray:
        """(N,) bool."""
        return np.isfinite(self.points).all((1, 2))


Eye = Callable[[np.ndarray], Read]  # (N, S, S, 3) uint8


@contextlib.contextmanager
def open_eye() -> Iterator[Eye]:
    """ValueError where MediaPipe's model is missing."""
    import cv2

    with open_landmarker(video=False, faces=1) as see:

        def read(pictures: np.ndarray) -> Read:
            points = np.full((len(pictures), 68, 2), np.nan, np.float32)
            coefficients = np.full((len(pictures), 52), np.nan, np.float32)
            for k, picture in enumerate(pictures):
                side = len(picture)
                large = cv2.resize(picture, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
                edge = round(BORDER * ENLARGED)
                faces = see(cv2.copyMakeBorder(large, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=GREY))
                if faces:
                    points[k] = (to_68(faces[0]) - edge) * (side / ENLARGED)
                    coefficients[k] = faces[0].coefficients
            return Read(points, coefficients)

        yield read
