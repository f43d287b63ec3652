"""Reads the landmarks of a face from JSON, as `talkdemo track PHOTO --landmarks` and the page write them."""

import json
from pathlib import Path

import numpy as np

from talkdemo.face.track.photo import Landmarks
from talkdemo.gcgan.crop import STEADY, check_landmarks
from talkdemo.gcgan.portrait import Portrait

MAX_BYTES = 100_000  # of a file: 68 points take 2,000
OUTSIDE = 0.5  # fractions of the image's size by which a landmark may lie beyond its edge
ELSEWHERE = 0.35  # outer eye distances between the steady points of a portrait and of landmarks said to be its own
WANTED = "JSON of width, height and 68 landmarks, as `talkdemo track PHOTO --landmarks` writes it, is wanted"
OWN = "those of the portrait itself are wanted; another face's expression is taken from its photograph"


def read(path: Path, name: str | None = None) -> Landmarks:
    """The landmarks in a file, in pixels of their own image. Raises ValueError in one sentence that names the file
    (as `name`, where its path is private)."""
    name = str(path) if name is None else name
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{name}: {path.stat().st_size} bytes given, at most {MAX_BYTES} are read; {WANTED}")
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        width, height = int(fields["width"]), int(fields["height"])
        points = np.array(fields["landmarks"], np.float64)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{name}: no landmarks could be read ({type(error).__name__}); {WANTED}") from error
    if min(width, height) < 1:
        raise ValueError(f"{name}: landmarks of an image of {width}×{height} pixels given; {WANTED}")
    try:
        check_landmarks(points)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    size = np.array([width, height])
    if (points < -OUTSIDE * size).any() or (points > (1 + OUTSIDE) * size).any():
        raise ValueError(f"{name}: landmarks far outside of the image of {width}×{height} pixels given; {WANTED}")
    return Landmarks(width, height, points.astype(np.float32))


def read_own(path: Path, portrait: Portrait, name: str | None = None) -> np.ndarray:
    """(68, 2) pixels of the portrait's image: edited landmarks of the portrait itself, given in its pixels or in those
    of the photograph it was scaled down from. Raises ValueError, as `read`, for landmarks of another image."""
    name = str(path) if name is None else name
    marks = read(path, name)
    height, width = portrait.image.shape[:2]
    sizes = {(width, height): None, portrait.photo_size or (width, height): None}
    if (marks.width, marks.height) not in sizes:
        other, own = f"{marks.width}×{marks.height}", " or ".join(f"{w}×{h}" for w, h in sizes)
        raise ValueError(f"{name}: landmarks of an image of {other} pixels given, {portrait.name} has {own}; {OWN}")
    points = (marks.points * (width / marks.width, height / marks.height)).astype(np.float32)
    steady = list(STEADY)
    across = float(np.linalg.norm(portrait.landmarks[36] - portrait.landmarks[45]))
    away = float(np.linalg.norm((points - portrait.landmarks)[steady].mean(0))) / across
    if away > ELSEWHERE:
        raise ValueError(f"{name}: landmarks {away:.1f} eye distances from the face of {portrait.name} given; {OWN}")
    return points
