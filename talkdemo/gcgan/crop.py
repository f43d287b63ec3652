"""68 landmarks of a face in, the similarity that brings it upright into a square crop out; and back into the photo.

The crop is canonical: the outer corners of the eyes lie EYES of its side apart. It is found from points that
expressions hardly move (corners of the eyes, nose), the corners of the mouth counting a little.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

SIDE = 128  # pixels of the crop that the model sees
EYES = 0.36  # distance between the outer corners of the eyes, shares of the crop's side
OUTER_EYES = (36, 45)
# Where those points lie in a middling face, in outer eye distances from the middle between the eyes, x right, y down:
# rounded means over photographed faces as MediaPipe sees them.
STEADY: dict[int, tuple[float, float, float]] = {  # landmark: x, y, weight
    36: (-0.500, 0.000, 1.0), 39: (-0.190, 0.020, 1.0), 42: (0.190, 0.020, 1.0), 45: (0.500, 0.000, 1.0),
    27: (0.000, -0.045, 0.5), 30: (0.000, 0.370, 0.5), 31: (-0.135, 0.478, 0.5), 35: (0.135, 0.478, 0.5),
    48: (-0.280, 0.760, 0.15), 54: (0.280, 0.760, 0.15),
}  # fmt: skip
MIDDLE = (0.5, 0.39)  # where the middle between the eyes comes to lie, shares of the crop's side


@dataclass(frozen=True)
class Crop:
    """A similarity from the pixels of a picture to those of a square crop; (0, 0) is the top left corner of both."""

    matrix: np.ndarray  # (2, 3) float64: crop = matrix[:, :2] @ picture + matrix[:, 2]
    side: int = SIDE

    @classmethod
    def around(cls, points: np.ndarray, side: int = SIDE) -> Self:
        """The canonical crop of a face given by (68, 2) landmarks in pixels. ValueError for points that are no face."""
        points = np.asarray(points, np.float64)
        check_landmarks(points)
        return cls(_upright(points) * side, side)

    @property
    def scale(self) -> float:
        """Pixels of the crop for one pixel of the picture."""
        return float(np.hypot(*self.matrix[:, 0]))

    @cached_property
    def inverse(self) -> np.ndarray:
        """(2, 3) crop → picture."""
        turn = np.linalg.inv(self.matrix[:, :2])
        return np.concatenate([turn, -turn @ self.matrix[:, 2:]], axis=1)

    def at(self, side: int) -> Self:
        """The same crop with so many pixels."""
        return type(self)(self.matrix * (side / self.side), side)

    def into(self, points: np.ndarray) -> np.ndarray:
        """(…, 2) pixels of the picture → of the crop."""
        return (np.asarray(points) @ self.matrix[:, :2].T + self.matrix[:, 2]).astype(np.float32)

    def back(self, points: np.ndarray) -> np.ndarray:
        """(…, 2) pixels of the crop → of the picture."""
        return (np.asarray(points) @ self.inverse[:, :2].T + self.inverse[:, 2]).astype(np.float32)

    def take(self, picture: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 → (side, side, 3) uint8; beyond the picture's edge its last pixels go on."""
        import cv2

        shrink = 1 / self.scale
        if shrink > 1.5:  # what is made smaller is blurred first, or it would sparkle
            picture = cv2.GaussianBlur(picture, (0, 0), 0.35 * shrink)
        size = self.side, self.side
        moved = _centred(self.matrix)
        return cv2.warpAffine(picture, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def put(self, picture: np.ndarray, crop: np.ndarray, taken: np.ndarray, margin: float = 0.08) -> np.ndarray:
        """A copy of (H, W, 3) uint8 `picture` with what `crop` changes against `taken`, both (R, R, 3) and of this
        crop, added to it; faded at the crop's edges over `margin` of its side. Where nothing changed nothing does."""
        import cv2

        change = (crop.astype(np.float32) - taken.astype(np.float32)) * edge_fade(len(crop), margin)[..., None]
        back, size = _centred(self.at(len(crop)).inverse), (picture.shape[1], picture.shape[0])
        added = cv2.warpAffine(change, back, size, flags=cv2.INTER_LINEAR)
        return np.clip(np.rint(picture + added), 0, 255).astype(np.uint8)


def check_landmarks(points: np.ndarray) -> None:
    """Raises ValueError for anything but (68, 2) finite numbers."""
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise ValueError(f"landmarks of shape {points.shape} given; 68 points of finite x and y are wanted")


def similarity(source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(…, N, 2) → (N, 2) points: the (…, 2, 3) rotation, scale and shift with the least weighted squared error."""
    weights = np.ones(source.shape[-2]) if weights is None else weights
    weights = weights / weights.sum()
    middle, goal = weights @ source, weights @ target
    a, b = source - middle[..., None, :], target - goal
    size = (a**2).sum(-1) @ weights
    if (size < 1e-9).any():
        raise ValueError("landmarks that all lie in one place were given; a face is wanted")
    cosine = (a * b).sum(-1) @ weights / size
    sine = (a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]) @ weights / size
    turn = np.stack([cosine, -sine, sine, cosine], axis=-1).reshape(*cosine.shape, 2, 2)
    shift = goal - np.einsum("...ij,...j->...i", turn, middle)
    return np.concatenate([turn, shift[..., None]], axis=-1)


def steady(points: np.ndarray) -> np.ndarray:
    """(…, 68, 2) landmarks in any pixels → in shares of the canonical crop's side, each face brought upright."""
    matrix = _upright(np.asarray(points, np.float64))
    moved = np.einsum("...ij,...nj->...ni", matrix[..., :2], points) + matrix[..., None, :, 2]
    return moved.astype(np.float32)


def _upright(points: np.ndarray) -> np.ndarray:
    """(…, 68, 2) → (…, 2, 3): what brings a face into the canonical crop, in shares of its side."""
    rows = list(STEADY)
    where, weights = np.array([STEADY[row][:2] for row in rows]), np.array([STEADY[row][2] for row in rows])
    return similarity(points[..., rows, :], where * EYES + np.array(MIDDLE), weights)


def edge_fade(side: int, margin: float) -> np.ndarray:
    """(side, side) float32: 1 inside, falling smoothly to 0 at the edges over `margin` of the side."""
    place = (np.arange(side) + 0.5) / side
    ramp = np.clip(np.minimum(place, 1 - place) / margin, 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return np.outer(ramp, ramp).astype(np.float32)


def _centred(matrix: np.ndarray) -> np.ndarray:
    """OpenCV counts pixels from the middle of the first one; we count from its corner."""
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return moved
