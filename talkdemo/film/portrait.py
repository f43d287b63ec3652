"""A Portrait and a Motion in, an mp4 out in which the portrait makes the faces of the motion, with the speech's sound.

The portrait keeps the pose of its head: only the expression moves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from talkdemo.gcgan.crop import Crop
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait
from talkdemo.records import Motion, Speech
from talkdemo.render import video

SIDE = 512  # pixels of the longer side of a film at most
AROUND = 2.4  # sides of the model's crop that a film shows of a picture at most: head and shoulders
CHUNK = 100  # frames whose landmarks are worked out at a time
Progress = Callable[[str, float], None]


def film(
    expresser: Expresser,
    portrait: Portrait,
    motion: Motion,
    path: Path,
    speech: Speech | None = None,
    *,
    amount: float = 1.0,
    side: int = SIDE,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> dict[str, float]:
    """Write the film; seconds spent per stage. `speech` is as long as the motion, within a frame.

    Raises ValueError in one sentence, Stopped when `stop` is set; nothing half-written is left.
    """
    begin = time.perf_counter()
    framed = frame(portrait, side)

    def told(count: int) -> None:
        if progress is not None:
            progress("portrait", count / len(motion))

    pictures = expresser.express_all(framed, targets(expresser, framed, motion, amount), stop)
    video.write(path, pictures, speech, motion.fps, stop, told)
    return {"portrait": time.perf_counter() - begin}


def targets(expresser: Expresser, portrait: Portrait, motion: Motion, amount: float = 1.0) -> Iterator[np.ndarray]:
    """(68, 2) of the portrait for every frame of the motion."""
    source = portrait.landmarks
    for begin in range(0, len(motion), CHUNK):
        part = expresser.follow(portrait, motion.coefficients[begin : begin + CHUNK])
        yield from source + np.float32(amount) * (part - source)


def frame(portrait: Portrait, side: int = SIDE) -> Portrait:
    """What a film shows of a portrait: head and shoulders, at most `side` pixels long, both sides even."""
    import cv2

    height, width = portrait.picture.shape[:2]
    crop = Crop.around(portrait.landmarks, 1)
    middle, reach = crop.back(np.array([0.5, 0.5])), AROUND / 2 / crop.scale
    low = np.maximum(np.floor(middle - reach), 0).astype(int)
    high = np.minimum(np.ceil(middle + reach), (width, height)).astype(int)
    if (high - low).min() < 2:
        raise ValueError(f"{portrait.name} shows a face that lies outside of the picture; a whole face is wanted")
    shown = portrait.picture[low[1] : high[1], low[0] : high[0]]
    scale = min(1.0, side / max(shown.shape[:2]))
    size = [max(2, round(n * scale) // 2 * 2) for n in shown.shape[1::-1]]  # x, y
    stretch = np.array(size) / shown.shape[1::-1]
    picture = shown if (stretch == 1).all() else cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
    points = (portrait.landmarks - low) * stretch
    return Portrait(np.ascontiguousarray(picture), points.astype(np.float32), portrait.name)
