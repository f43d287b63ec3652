"""Opens a photograph as a portrait: its image and the 68 landmarks of its one face."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from talkdemo.face.track.landmarker import open_landmarker
from talkdemo.face.track.photo import largest, read_photo, to_68

LONGEST = 1536  # pixels of the longer side at most; a larger photograph is scaled down
MIN_EYES = 20.0  # pixels between the outer corners of the eyes: below, no expression can be seen
MAX_YAW = 35.0  # degrees from which half of the face is hidden
WANTED = "a photograph of one face, from the front"


@dataclass(frozen=True)
class Portrait:
    """An image and the face in it."""

    image: np.ndarray  # (H, W, 3) uint8 sRGB
    landmarks: np.ndarray  # (68, 2) float32 pixels, (0, 0) the top left corner; order: face.landmarks.LINES
    name: str = "portrait"
    photo_size: tuple[int, int] | None = None  # width, height of the photograph it was scaled down from


def open_portrait(path: str | Path, name: str | None = None) -> Portrait:
    """The photograph in a file, upright, at most LONGEST pixels long, with its one face or the clearly largest.

    Raises ValueError with one sentence: not an image, no face, several of like size, too small, turned away.
    """
    path = Path(path)
    name = Path(name or path).name
    image, size = read_photo(path, name, LONGEST)
    return replace(find_face(image, name), photo_size=size)


def find_face(image: np.ndarray, name: str = "portrait") -> Portrait:
    """The portrait in an image (H, W, 3) uint8; raises ValueError as `open_portrait`."""
    with open_landmarker(video=False) as detect:
        face = largest(detect, image, name)
    points = to_68(face).astype(np.float32)
    across = float(np.linalg.norm(points[36] - points[45]))
    if across < MIN_EYES:
        raise ValueError(f"{name} shows a face with eyes {across:.0f} pixels apart; wanted: at least {MIN_EYES:.0f}")
    yaw = float(np.degrees(np.arcsin(np.clip(face.rotation[0, 2], -1, 1))))
    if abs(yaw) > MAX_YAW:
        raise ValueError(f"{name} shows a face turned by {abs(yaw):.0f}°; wanted: {WANTED}, at most {MAX_YAW:.0f}°")
    return Portrait(image, points, name)
