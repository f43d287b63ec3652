"""The portrait camera of a face: what it shows, and where points in space fall on its image."""

import math
from dataclasses import dataclass

import numpy as np

from talkdemo.records import Face

FIELD_OF_VIEW = math.radians(22.0)  # vertical; about an 85 mm lens on a full-frame camera turned upright
HEAD_SHARE = 0.67  # of the image's height, from crown to chin


@dataclass(frozen=True)
class Camera:
    """A pinhole camera, y up. Pixels count from the image's top left corner, x right, y down; centres lie at .5."""

    position: tuple[float, float, float]  # metres
    target: tuple[float, float, float]  # metres, in the middle of the image
    fov: float  # vertical field of view, radians
    width: int
    height: int
    near: float = 0.1  # metres
    far: float = 5.0

    @property
    def view(self) -> np.ndarray:
        """(4, 4) world → camera (looking along −z)."""
        position, target = np.asarray(self.position, float), np.asarray(self.target, float)
        back = (position - target) / np.linalg.norm(position - target)
        right = np.cross((0.0, 1.0, 0.0), back)
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(back, right), back])
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = rotation, -rotation @ position
        return matrix

    @property
    def projection(self) -> np.ndarray:
        """(4, 4) camera → OpenGL clip space."""
        f, near, far = 1.0 / math.tan(self.fov / 2), self.near, self.far
        matrix = np.zeros((4, 4))
        matrix[0, 0], matrix[1, 1] = f * self.height / self.width, f
        matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
        matrix[3, 2] = -1.0
        return matrix

    def project(self, points: np.ndarray) -> np.ndarray:
        """(…, 3) metres → (…, 2) pixels."""
        matrix = self.projection @ self.view
        clip = np.asarray(points) @ matrix[:, :3].T + matrix[:, 3]
        x, y = clip[..., 0] / clip[..., 3], clip[..., 1] / clip[..., 3]
        return np.stack([(x + 1) * 0.5 * self.width, (1 - y) * 0.5 * self.height], axis=-1)


def portrait(face: Face, width: int = 512, height: int = 512) -> Camera:
    """The camera that shows head and upper shoulders of `face` at rest, centred between eyes and mouth.

    The eyes stand half way between crown and chin; a face without a part named "…eye…" is framed whole.
    """
    bare = [p.faces for p in face.parts if "hair" not in p.name] or [np.zeros((1, 3), int)]
    skin = face.neutral[np.unique(np.concatenate(bare))]
    everything = np.unique(np.concatenate([p.faces.ravel() for p in face.parts]))  # hair that is not worn is in no part
    eyes = [p.faces for p in face.parts if "eye" in p.name and not any(n in p.name for n in ("lash", "brow"))]
    if eyes:
        eye = face.neutral[np.unique(np.concatenate(eyes))].mean(axis=0)
        head = 2.0 * (skin[:, 1].max() - eye[1])
        x, y, z = eye[0], eye[1] - 0.19 * head, eye[2]
    else:
        low, high = skin.min(axis=0), skin.max(axis=0)
        (x, y, z), head = (low + high) / 2, (high - low)[1] * 0.7
    fit = head / HEAD_SHARE  # metres seen from top to bottom
    y = max(y, face.neutral[everything, 1].max() - 0.46 * fit)  # high hair stays in the image
    fit *= max(1.0, height / width)  # an upright image keeps the head's width
    distance = fit / (2 * math.tan(FIELD_OF_VIEW / 2))
    target = (float(x), float(y), float(z))
    return Camera((target[0], target[1], target[2] + float(distance)), target, FIELD_OF_VIEW, width, height)
