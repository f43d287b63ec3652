"""The frame of a face: which way it looks, and its landmarks as they would be seen from the front.

MediaPipe's landmarks have a depth. Its pose matrix supposes a camera with a field of view of 63°, by which a face off
the middle of an image reads as turned, and a mouth that opens as a nod; the frame is fitted to the same points as if
seen from far away, by those that expressions hardly move. Points are pixels: x right, y down, z away from the camera.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

# The average face, in outer eye distances from the middle between the eyes: means over 142 photographed faces as
# MediaPipe reads them, left and right averaged.
AVERAGE = np.array([
    (-0.800, 0.069, 0.583), (-0.793, 0.236, 0.633), (-0.778, 0.408, 0.633), (-0.700, 0.783, 0.524),
    (-0.631, 0.932, 0.403), (-0.550, 1.037, 0.271), (-0.446, 1.128, 0.163), (-0.257, 1.241, -0.007),
    (0.000, 1.288, -0.086), (0.257, 1.241, -0.007), (0.446, 1.128, 0.163), (0.550, 1.037, 0.271),
    (0.631, 0.932, 0.403), (0.700, 0.783, 0.524), (0.778, 0.408, 0.633), (0.793, 0.236, 0.633),
    (0.800, 0.069, 0.583), (-0.661, -0.167, 0.015), (-0.593, -0.235, -0.082), (-0.485, -0.274, -0.160),
    (-0.340, -0.269, -0.229), (-0.171, -0.245, -0.265), (0.171, -0.245, -0.265), (0.340, -0.269, -0.229),
    (0.485, -0.274, -0.160), (0.593, -0.235, -0.082), (0.661, -0.167, 0.015), (0.000, -0.040, -0.255),
    (0.000, 0.123, -0.366), (0.000, 0.268, -0.496), (0.000, 0.360, -0.525), (-0.134, 0.476, -0.279),
    (-0.084, 0.511, -0.304), (0.000, 0.513, -0.323), (0.084, 0.511, -0.304), (0.134, 0.476, -0.279),
    (-0.500, 0.000, 0.000), (-0.432, -0.051, -0.080), (-0.316, -0.059, -0.101), (-0.186, 0.021, -0.062),
    (-0.303, 0.041, -0.087), (-0.417, 0.044, -0.066), (0.186, 0.021, -0.062), (0.316, -0.059, -0.101),
    (0.432, -0.051, -0.080), (0.500, 0.000, 0.000), (0.417, 0.044, -0.066), (0.303, 0.041, -0.087),
    (-0.282, 0.776, -0.110), (-0.160, 0.697, -0.275), (-0.081, 0.669, -0.316), (0.000, 0.687, -0.326),
    (0.081, 0.669, -0.316), (0.160, 0.697, -0.275), (0.282, 0.776, -0.110), (0.214, 0.826, -0.203),
    (0.082, 0.874, -0.268), (0.000, 0.880, -0.273), (-0.082, 0.874, -0.268), (-0.214, 0.826, -0.203),
    (-0.258, 0.773, -0.131), (-0.066, 0.761, -0.251), (0.000, 0.764, -0.259), (0.066, 0.761, -0.251),
    (0.258, 0.773, -0.131), (0.067, 0.764, -0.249), (0.000, 0.767, -0.258), (-0.067, 0.764, -0.249),
])  # fmt: skip
RIGID = (0, 1, 15, 16, 17, 26, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45)  # hardly moved by expressions
# Degrees by which the skin around a landmark looks aside, for the face's right half; the left one mirrors it.
ASIDE = {0: 86, 1: 85, 2: 82, 3: 78, 4: 70, 5: 58, 6: 42, 7: 20, 17: 56, 18: 45, 19: 28, 36: 52, 41: 35, 37: 35, 48: 38}
GRAZING = 92.0  # degrees from which it cannot be seen
PIVOT = (0.0, 0.55, 0.75)  # about which a head turns, base of the skull, in outer eye distances


@dataclass(frozen=True)
class Frame:
    """A face's own axes in an image: point = rotation @ own + middle."""

    rotation: np.ndarray  # (3, 3) own → image
    middle: np.ndarray  # (3,) between the outer corners of the eyes

    @classmethod
    def of(cls, points: np.ndarray) -> "Frame":
        """Of a face with landmarks (68, 3). ValueError for points that are no face."""
        points = np.asarray(points, np.float64)
        if points.shape != (68, 3) or not np.isfinite(points).all():
            raise ValueError(f"landmarks of shape {points.shape} given; 68 points of finite x, y and z are wanted")
        rows = list(RIGID)
        own, seen = AVERAGE[rows] - AVERAGE[rows].mean(0), points[rows] - points[rows].mean(0)
        if np.abs(seen).max() < 1e-6:
            raise ValueError("landmarks that all lie in one place given; a face is wanted")
        return cls(Rotation.align_vectors(seen, own)[0].as_matrix(), points[[36, 45]].mean(0))

    @property
    def angles(self) -> np.ndarray:
        """Degrees (3,): yaw (to the image's right), pitch (down) and roll (clockwise)."""
        roll, yaw, pitch = Rotation.from_matrix(self.rotation).as_euler("ZYX", degrees=True)
        return np.array([-yaw, pitch, roll])

    @property
    def upright(self) -> np.ndarray:
        """(3, 3): the rotation without its roll."""
        _, yaw, pitch = Rotation.from_matrix(self.rotation).as_euler("ZYX")
        return Rotation.from_euler("ZYX", [0, yaw, pitch]).as_matrix()

    @property
    def hidden(self) -> np.ndarray:
        """(68,) bool: landmarks that the face itself hides."""
        return np.degrees(np.arccos(np.clip(-self.rotation[2] @ _normals().T, -1, 1))) > GRAZING

    def front(self, points: np.ndarray) -> np.ndarray:
        """(…, 68, 3) in the image → the same face from the front, pixels around the middle between its eyes."""
        return (points - self.middle) @ self.rotation

    def back(self, front: np.ndarray) -> np.ndarray:
        """Inverse of `front`."""
        return front @ self.rotation.T + self.middle

    def flattened(self, moved: np.ndarray, front: np.ndarray) -> np.ndarray:
        """(…, 68, 2) in the image, other landmarks of the face with `front` (68, 3) → (…, 68, 2) from the front, as if
        they had moved at right angles to where the face looks."""
        change = (moved - self.back(front)[:, :2]) @ np.linalg.inv(self.rotation[:2, :2]).T
        return (front[:, :2] + change).astype(np.float32)

    def turned(self, heads: np.ndarray, eyes: float) -> tuple[np.ndarray, np.ndarray]:
        """Head rotations (T, 3), rotation vectors as motions have them (x to the person's left, y up, z out of the
        face), of a face with outer corners of the eyes so many pixels apart → (T, 3, 3) and (T, 3): own → image, as
        rotation and middle."""
        own = Rotation.from_rotvec(np.asarray(heads, np.float64) * (1, -1, -1)).as_matrix()  # y and z are the other way
        pivot = np.array(PIVOT) * eyes
        return self.rotation @ own, (pivot - own @ pivot) @ self.rotation.T + self.middle


def frontal(points: np.ndarray) -> np.ndarray:
    """(68, 2 or 3) of any face → (68, 2) float32: the same from the front."""
    points = lifted(points)
    return Frame.of(points).front(points)[:, :2].astype(np.float32)


def lifted(points: np.ndarray, depth: np.ndarray | None = None) -> np.ndarray:
    """Landmarks (68, 2) with their depths (68,), by default those of the average face that looks that way → (68, 3)."""
    points = np.asarray(points, np.float64)
    if points.shape == (68, 3):
        return points
    if depth is None:
        depth = _average_depth(points)
    return np.concatenate([points, np.asarray(depth, np.float64)[:, None]], axis=1)


def _average_depth(points: np.ndarray) -> np.ndarray:
    """By the scaled rotation of the average face that comes nearest to (68, 2) points (weak perspective)."""
    rows = list(RIGID)
    own, seen = AVERAGE[rows] - AVERAGE[rows].mean(0), points[rows] - points[rows].mean(0)
    axes = np.linalg.lstsq(own, seen, rcond=None)[0].T  # (2, 3)
    left, size, right = np.linalg.svd(axes, full_matrices=False)
    two = left @ right
    rotation = np.stack([*two, np.cross(*two)])
    return size.mean() * AVERAGE @ rotation[2]


def _normals() -> np.ndarray:
    """(68, 3) which way the skin looks at each landmark, in the face's own axes."""
    from talkdemo.face.landmarks import MIRROR

    aside = np.zeros(68)
    for row, angle in ASIDE.items():
        aside[row], aside[MIRROR[row]] = -angle, angle
    return np.stack([np.sin(np.radians(aside)), np.zeros(68), -np.cos(np.radians(aside))], axis=1)
