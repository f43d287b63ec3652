"""Renders two motions of one speech side by side, a caption under each.

One file holds both images, so that whoever plays it cannot get them out of step.
"""

import threading
from functools import partial
from pathlib import Path

import numpy as np

from talkdemo.face.head import FaceModel
from talkdemo.records import Motion, Progress, Speech
from talkdemo.render import motion as motion_video
from talkdemo.render.raster import Renderer

COLOURS = ((240, 115, 76), (124, 196, 245))  # of the left and the right side, on the page too
PAPER, INK = (22, 24, 29), (233, 230, 223)
CAPTION = 0.1  # height of the caption, as a fraction of the image's side


def write(
    path: Path | str,
    face: FaceModel,
    motions: tuple[Motion, Motion],
    speech: Speech,
    captions: tuple[str, str],
    *,
    character: str | None = None,
    size: int = 512,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> dict[str, float]:
    """Render left and right motion into one mp4 of 2·size × (size + caption); returns the seconds spent per stage.

    The heads fill the upper size × 2·size pixels. Raises ValueError for motions of different length and for a size that
    is odd or out of range, Stopped when `stop` is set; then nothing is left behind.
    """
    strip = caption_strip(captions, size)

    def compose(heads: list[np.ndarray]) -> np.ndarray:
        both = np.concatenate(heads, axis=1)
        both[:, size - 1 : size + 1] = PAPER
        return np.concatenate([both, strip])

    renderer = Renderer(face.drawable(character), size)  # one for both: the frames alternate
    vertices = partial(face.vertices, character=character)
    return motion_video.write(path, motions, vertices, renderer, speech, compose=compose, progress=progress, stop=stop)


def caption_strip(captions: tuple[str, str], size: int) -> np.ndarray:
    """(H, 2·size, 3) uint8: a dot in the side's colour and the caption under the middle of each image."""
    from PIL import Image, ImageDraw, ImageFont

    height = 2 * round(CAPTION * size / 2)
    image = Image.new("RGB", (2 * size, height), PAPER)
    draw = ImageDraw.Draw(image)
    for side, (text, colour) in enumerate(zip(captions, COLOURS, strict=True)):
        letters = 0.46 * height
        font = ImageFont.load_default(letters)
        dot = 0.36 * letters
        wide = draw.textlength(text, font) + 3.2 * dot
        if wide > 0.94 * size:  # a long name is written smaller instead of being cut
            letters *= 0.94 * size / wide
            font, dot = ImageFont.load_default(letters), 0.36 * letters
            wide = draw.textlength(text, font) + 3.2 * dot
        x = side * size + (size - wide) / 2
        draw.ellipse([x, height / 2 - dot, x + 2 * dot, height / 2 + dot], fill=colour)
        draw.text((x + 3.2 * dot, height / 2), text, fill=INK, font=font, anchor="lm")
    return np.asarray(image)
