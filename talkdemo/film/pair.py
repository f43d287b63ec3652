"""Two motions and their speech in, one mp4 out: both heads side by side, a caption under each.

One file holds both pictures, so that whoever plays it cannot get them out of step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from talkdemo.compare.comparison import Progress
from talkdemo.face.characters import CHARACTERS
from talkdemo.face.head import FaceModel
from talkdemo.records import Motion, Speech, Stopped
from talkdemo.render import video
from talkdemo.render.raster import Renderer

COLOURS = ((240, 115, 76), (124, 196, 245))  # of the left and the right side, on the page too
PAPER, INK = (22, 24, 29), (233, 230, 223)
CAPTION = 0.1  # height of the caption, as a share of the picture's side
CHUNK = 100  # frames of each side turned to vertices at a time


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
    left, right = motions
    if (len(left), left.fps) != (len(right), right.fps):
        raise ValueError(f"got motions of {len(left)} and {len(right)} frames; wanted two of one length")
    character = character or next(iter(CHARACTERS))
    renderer = Renderer(face.drawable(character), size)  # one for both: the frames alternate
    clock = {"face": 0.0, "render": 0.0}

    def poses() -> Iterator[np.ndarray]:
        for start in range(0, len(left), CHUNK):
            begin = time.perf_counter()
            part = slice(start, start + CHUNK)
            pair = [_vertices(face, motion, part, character) for motion in motions]
            clock["face"] += time.perf_counter() - begin
            for both in zip(*pair, strict=True):
                yield from both

    def pictures() -> Iterator[np.ndarray]:
        strip = caption_strip(captions, size)
        frames = renderer.frames(poses(), stop=stop)
        for frame in range(len(left)):
            if stop is not None and stop.is_set():
                raise Stopped
            begin, posing = time.perf_counter(), clock["face"]
            heads = np.concatenate([next(frames), next(frames)], axis=1)
            heads[:, size - 1 : size + 1] = PAPER
            clock["render"] += time.perf_counter() - begin - (clock["face"] - posing)
            if progress:
                progress("render", (frame + 1) / len(left))
            yield np.concatenate([heads, strip])

    begin = time.perf_counter()
    video.write(path, pictures(), speech, fps=left.fps, stop=stop)
    total = time.perf_counter() - begin
    return {**clock, "mux": total - clock["face"] - clock["render"]}


def caption_strip(captions: tuple[str, str], size: int) -> np.ndarray:
    """(H, 2·size, 3) uint8: a dot in the side's colour and the caption under the middle of each picture."""
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


def _vertices(face: FaceModel, motion: Motion, part: slice, character: str) -> np.ndarray:
    with torch.no_grad():
        coefficients, head = torch.as_tensor(motion.coefficients[part]), torch.as_tensor(motion.head[part])
        return face(coefficients, head, character).numpy()
