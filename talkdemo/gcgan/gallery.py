"""A name in, a ready Portrait out: the people of examples/faces, pictures by our own renderer with their landmarks."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from talkdemo.files import EXAMPLES
from talkdemo.gcgan.portrait import Portrait

FOLDER = EXAMPLES / "faces"  # of a checkout; a package installed alone has no gallery
LANDMARKS = "landmarks.json"


@cache
def gallery() -> dict[str, Path]:
    """Name → picture, in the order in which they were drawn; empty where there is none."""
    return {name: FOLDER / f"{name}.webp" for name in _known() if (FOLDER / f"{name}.webp").is_file()}


def open_gallery(name: str) -> Portrait:
    """The portrait of that name; needs no landmarker. ValueError for a name that is not there."""
    from PIL import Image

    if name not in gallery():
        raise ValueError(f"portrait {name!r} given; one of {', '.join(gallery()) or 'none'} is wanted")
    with Image.open(gallery()[name]) as image:
        picture = np.asarray(image.convert("RGB"))
    return Portrait(picture, np.array(_known()[name], np.float32), name)


@cache
def _known() -> dict[str, list[list[float]]]:
    """Name → 68 points in pixels of its picture."""
    file = FOLDER / LANDMARKS
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
