"""A photograph in, a Portrait out: the picture as it is shown and the 68 landmarks of its one face."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from talkdemo.face.track.landmarker import open_landmarker
from talkdemo.face.track.photo import largest, read_photo, to_68

LONGEST = 1536  # pixels of the longer side that are kept; a face is not drawn finer than this
LEAST = 20.0  # pixels between the outer corners of the eyes: below, nothing can be read
MOST_TURN = 35.0  # degrees to the side from which half of the face is hidden
WANTED = "a photograph of one face, from the front"


@dataclass(frozen=True)
class Portrait:
    """A picture and its face."""

    picture: np.ndarray  # (H, W, 3) uint8 sRGB
    landmarks: np.ndarray  # (68, 2) float32 pixels, (0, 0) the top left corner; order: face.landmarks.LINES
    name: str = "portrait"
    photo_size: tuple[int, int] | None = None  # width, height of the photograph it was scaled down from


def open_portrait(path: str | Path, name: str | None = None) -> Portrait:
    """The photograph in a file, upright, at most LONGEST pixels long, with its one face or the clearly largest.

    Raises ValueError with one sentence: no picture, no face, several of like size, too small, turned away.
    """
    path = Path(path)
    name = Path(name or path).name
    picture, size = read_photo(path, name, LONGEST)
    return replace(find_face(picture, name), photo_size=size)


def find_face(picture: np.ndarray, name: str = "portrait") -> Portrait:
    """(H, W, 3) uint8 with its face; ValueError as `open_portrait`."""
    with open_landmarker(video=False) as detect:
        face = largest(detect(picture), name)
    points = to_68(face).astype(np.float32)
    across = float(np.linalg.norm(points[36] - points[45]))
    if across < LEAST:
        raise ValueError(f"{name} shows a face with eyes {across:.0f} pixels apart; wanted: at least {LEAST:.0f}")
    yaw = float(np.degrees(np.arcsin(np.clip(face.rotation[0, 2], -1, 1))))
    if abs(yaw) > MOST_TURN:
        raise ValueError(f"{name} shows a face turned by {abs(yaw):.0f}°; wanted: {WANTED}, at most {MOST_TURN:.0f}°")
    return Portrait(picture, points, name)
