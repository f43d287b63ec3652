"""The canonical crop of a face: upright, square, with the outer corners of the eyes EYES of its side apart.

It is fitted to points that expressions hardly move (corners of the eyes, nose) and, with little weight, to the corners
of the mouth. A face that looks aside is as large in it as one from the front.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

import numpy as np

from talkdemo.gcgan.frame import AVERAGE

SIDE = 128  # pixels of the crop that the model sees
EYES = 0.36  # distance between the outer corners of the eyes, fractions of the crop's side
OUTER_EYES = (36, 45)
# These points in the average face, in outer eye distances from the middle between the eyes, x right, y down: rounded
# means over photographed faces as MediaPipe detects them.
STEADY: dict[int, tuple[float, float, float]] = {  # landmark: x, y, weight
    36: (-0.500, 0.000, 1.0), 39: (-0.190, 0.020, 1.0), 42: (0.190, 0.020, 1.0), 45: (0.500, 0.000, 1.0),
    27: (0.000, -0.045, 0.5), 30: (0.000, 0.370, 0.5), 31: (-0.135, 0.478, 0.5), 35: (0.135, 0.478, 0.5),
    48: (-0.280, 0.760, 0.15), 54: (0.280, 0.760, 0.15),
}  # fmt: skip
AXIS = 0.1  # outer eye distances behind the eyes: a face turning about this line stays in the middle of the crop
REPLACED = 40.0  # grey levels of change from which a crop takes the place of its image
MARGIN = 0.08  # over which a changed crop fades into its image, fraction of the crop's side
MIDDLE = (0.5, 0.39)  # place of the middle between the eyes, fractions of the crop's side


@dataclass(frozen=True)
class Crop:
    """A similarity from the pixels of an image to those of a square crop; (0, 0) is the top left corner of both."""

    matrix: np.ndarray  # (2, 3) float64: crop = matrix[:, :2] @ image + matrix[:, 2]
    side: int = SIDE

    @classmethod
    def around(cls, points: np.ndarray, side: int = SIDE, turn: np.ndarray | None = None) -> Self:
        """The canonical crop of a face given by (68, 2) landmarks in pixels; `turn` is `Frame.upright`, by default from
        the front. ValueError for points that are no face."""
        return cls(_upright(check_landmarks(points).astype(np.float64), turn) * side, side)

    @property
    def scale(self) -> float:
        """Pixels of the crop for one pixel of the image."""
        return float(np.hypot(*self.matrix[:, 0]))

    @cached_property
    def inverse(self) -> np.ndarray:
        """(2, 3) crop → image."""
        turn = np.linalg.inv(self.matrix[:, :2])
        return np.concatenate([turn, -turn @ self.matrix[:, 2:]], axis=1)

    def at(self, side: int) -> Self:
        """The same crop with so many pixels."""
        return type(self)(self.matrix * (side / self.side), side)

    def into(self, points: np.ndarray) -> np.ndarray:
        """(…, 2) pixels of the image → of the crop."""
        return (np.asarray(points) @ self.matrix[:, :2].T + self.matrix[:, 2]).astype(np.float32)

    def back(self, points: np.ndarray) -> np.ndarray:
        """(…, 2) pixels of the crop → of the image."""
        return (np.asarray(points) @ self.inverse[:, :2].T + self.inverse[:, 2]).astype(np.float32)

    def take(self, image: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 → (side, side, 3) uint8; beyond the image's edge its last pixels are repeated."""
        import cv2

        shrink, size, moved = 1 / self.scale, (self.side, self.side), _centred(self.matrix)
        if shrink > 1.5:  # blurred first against aliasing
            low, high = self._covered(image.shape[:2])
            if (high > low).all():
                image = cv2.GaussianBlur(image[low[1] : high[1], low[0] : high[0]], (0, 0), 0.35 * shrink)
                moved[:, 2] += moved[:, :2] @ low
        return cv2.warpAffine(image, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def put(self, image: np.ndarray, crop: np.ndarray, original: np.ndarray) -> np.ndarray:
        """A copy of `image` (H, W, 3) uint8 plus the difference of `crop` to the `original` crop, both (R, R, 3), which
        fades at the crop's edges. Where the crop did not change, nor does the image; where it changed much, it takes
        the image's place, whose finest edges would stay otherwise."""
        import cv2

        (low, high), out = self._covered(image.shape[:2]), image.copy()
        if (high <= low).any():
            return out
        fade, faded = _fades(len(crop))
        change = cv2.multiply(cv2.subtract(crop, original, dtype=cv2.CV_32F), faded)
        red, green, blue = cv2.split(cv2.absdiff(crop, original))
        much = cv2.multiply(cv2.max(cv2.max(red, green), blue), fade, scale=1 / REPLACED, dtype=cv2.CV_32F)
        much = cv2.dilate(np.minimum(much, 1), np.ones((3, 3), np.uint8))
        much = cv2.multiply(cv2.GaussianBlur(much, (0, 0), 1.0), fade)
        place = cv2.multiply(crop, cv2.merge([much] * 3), dtype=cv2.CV_32F)
        back = _centred(self.at(len(crop)).inverse)  # only the part of the image that the crop covers
        back[:, 2] -= low
        there, size = out[low[1] : high[1], low[0] : high[0]], tuple(map(int, high - low))
        change, place, much = (cv2.warpAffine(x, back, size, flags=cv2.INTER_LINEAR) for x in (change, place, much))
        kept = cv2.merge([1 - much] * 3)
        added = cv2.multiply(cv2.add(there, change, dtype=cv2.CV_32F), kept)
        there[:] = cv2.add(added, place, dtype=cv2.CV_8U)
        return out

    def _covered(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """First and last pixel, x and y, of the part of an image (height, width) that the crop covers."""
        corners = self.back(self.side * np.array([(0, 0), (1, 0), (0, 1), (1, 1)]))
        low, high = np.floor(corners.min(0)) - 1, np.ceil(corners.max(0)) + 1
        return np.clip(low, 0, shape[1::-1]).astype(int), np.clip(high, 0, shape[1::-1]).astype(int)


def check_landmarks(points: np.ndarray, pupils: bool = False) -> np.ndarray:
    """The points as an array; ValueError for anything but (68, 2) finite numbers, or (70, 2) where `pupils` may be."""
    points = np.asarray(points)
    if (points.shape != (68, 2) and not (pupils and points.shape == (70, 2))) or not np.isfinite(points).all():
        raise ValueError(f"landmarks of shape {points.shape} given; 68 points of finite x and y are wanted")
    return points


def similarity(source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(…, N, 2) → (N, 2) points: the (…, 2, 3) rotation, scale and shift with the least weighted squared error."""
    weights = np.ones(source.shape[-2]) if weights is None else weights
    weights = weights / weights.sum()
    middle, goal = weights @ source, weights @ target
    a, b = source - middle[..., None, :], target - goal
    size = (a**2).sum(-1) @ weights
    if (size < 1e-9).any():
        raise ValueError("landmarks that all lie in one place given; a face is wanted")
    cosine = (a * b).sum(-1) @ weights / size
    sine = (a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]) @ weights / size
    turn = np.stack([cosine, -sine, sine, cosine], axis=-1).reshape(*cosine.shape, 2, 2)
    shift = goal - np.einsum("...ij,...j->...i", turn, middle)
    return np.concatenate([turn, shift[..., None]], axis=-1)


def steady(points: np.ndarray) -> np.ndarray:
    """(…, 68, 2) landmarks in any pixels → as fractions of the canonical crop's side, each face upright."""
    matrix = _upright(np.asarray(points, np.float64))
    moved = np.einsum("...ij,...nj->...ni", matrix[..., :2], points) + matrix[..., None, :, 2]
    return moved.astype(np.float32)


def _upright(points: np.ndarray, turn: np.ndarray | None = None) -> np.ndarray:
    """(…, 68, 2) → (…, 2, 3): similarity from a face to the canonical crop, as fractions of its side."""
    rows = list(STEADY)
    where, weights = np.array([STEADY[row][:2] for row in rows]), np.array([STEADY[row][2] for row in rows])
    if turn is not None:
        where = np.concatenate([where, AVERAGE[rows, 2:] - AXIS], axis=1) @ turn[:2].T
    return similarity(points[..., rows, :], where * EYES + np.array(MIDDLE), weights)


def edge_fade(side: int, margin: float) -> np.ndarray:
    """(side, side) float32: 1 inside, falling smoothly to 0 at the edges over `margin` of the side."""
    place = (np.arange(side) + 0.5) / side
    ramp = np.clip(np.minimum(place, 1 - place) / margin, 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    return np.outer(ramp, ramp).astype(np.float32)


@lru_cache(maxsize=8)
def _fades(side: int) -> tuple[np.ndarray, np.ndarray]:
    """The fade of a changed crop, (side, side) and (side, side, 3)."""
    fade = edge_fade(side, MARGIN)
    return fade, np.repeat(fade[..., None], 3, axis=2)


def _centred(matrix: np.ndarray) -> np.ndarray:
    """OpenCV counts pixels from the middle of the first one; we count from its corner."""
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return moved
