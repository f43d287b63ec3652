"""Draws and stores the images of the app's assets."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from talkdemo.files import replacing
from talkdemo.records import Face
from talkdemo.render.camera import portrait
from talkdemo.render.light import STUDIO, Studio
from talkdemo.render.raster import Renderer


def close_up(face: Face, size: int, zoom: float = 1.0, studio: Studio = STUDIO) -> Renderer:
    """Draws a face of `size` pixels with the portrait camera's field of view times `zoom`."""
    camera = portrait(face, size, size)
    return Renderer(face, size, camera=replace(camera, fov=zoom * camera.fov), studio=studio)


def reduced(image: np.ndarray, side: int) -> Image.Image:
    """(H, W, 3) uint8 as an image of side × side pixels."""
    return Image.fromarray(image).resize((side, side), Image.Resampling.LANCZOS)


def save(image: Image.Image, path: Path, quality: int) -> None:
    with replacing(path) as temporary:
        image.save(temporary, "webp", quality=quality, method=6)


def remove_others(folder: Path, names: Iterable[str], pattern: str = "*.webp") -> None:
    """Delete the files of `folder` whose name without its ending is not among `names`."""
    kept = set(names)
    for path in folder.glob(pattern):
        if path.is_file() and path.stem not in kept:
            path.unlink()
