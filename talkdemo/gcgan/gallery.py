"""Opens the portraits of examples/faces by name: images by our own renderer, with their landmarks."""

import json
from functools import cache
from pathlib import Path

import numpy as np

from talkdemo.face.landmarks import LANDMARKS
from talkdemo.files import EXAMPLES
from talkdemo.gcgan.portrait import Portrait

FOLDER = EXAMPLES / "faces"
MARKS = "landmarks.json"


@cache
def gallery() -> dict[str, Path]:
    """Name → file, in the order in which they are shown; empty where there is none."""
    return {name: FOLDER / f"{name}.webp" for name in _known() if (FOLDER / f"{name}.webp").is_file()}


def open_gallery(name: str) -> Portrait:
    """The portrait of that name; needs no landmarker. Raises ValueError for an unknown name."""
    from PIL import Image

    if name not in gallery():
        raise ValueError(f"portrait {name!r} given; one of {', '.join(gallery()) or 'none'} is wanted")
    with Image.open(gallery()[name]) as file:
        image = np.asarray(file.convert("RGB"))
    points = np.array(_known()[name], np.float32)
    marks, pupils = points[:LANDMARKS], points[LANDMARKS:, :2]
    return Portrait(image, marks[:, :2], name, depth=marks[:, 2] if marks.shape[1] == 3 else None, pupils=pupils)


@cache
def _known() -> dict[str, list[list[float]]]:
    """Name → 68 landmarks and 2 pupils in pixels of its image; with a third number, the depth, of a head that is
    turned."""
    file = FOLDER / MARKS
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
