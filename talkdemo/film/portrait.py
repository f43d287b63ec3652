"""Renders a portrait that takes the expressions of a motion, with the speech as its sound.

Its head makes the small turns of the motion about the pose it has, or keeps still.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np

from talkdemo.gcgan.crop import Crop
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait
from talkdemo.gcgan.sway import Sway
from talkdemo.records import Motion, Progress, Speech
from talkdemo.render import video

SIDE = 512  # pixels of the longer side of a video at most
AROUND = 2.4  # sides of the model's crop that a video shows of an image at most: head and shoulders
CHUNK = 100  # frames whose landmarks are computed at a time


def write(
    path: Path,
    expresser: Expresser,
    portrait: Portrait,
    motion: Motion,
    speech: Speech | None = None,
    *,
    amount: float = 1.0,
    turns: bool = True,
    side: int = SIDE,
    progress: Progress | None = None,
    shown: Callable[[int, np.ndarray], None] | None = None,
    stop: threading.Event | None = None,
) -> dict[str, float]:
    """Write the mp4; returns the seconds per stage. `speech` is as long as the motion, within a frame; `turns`: the
    head follows that of the motion; `shown` is called with every frame and its number as it is made.

    Raises ValueError in one sentence, Stopped when `stop` is set; then no file is left.
    """
    begin = time.perf_counter()
    framed = crop(portrait, side)

    def report(count: int) -> None:
        if progress is not None:
            progress("portrait", count / len(motion))

    def made() -> Iterator[np.ndarray]:
        with contextlib.closing(pictures(expresser, framed, motion, amount, turns, stop)) as frames:
            for number, frame in enumerate(frames):
                if shown is not None:
                    shown(number, frame)
                yield frame

    video.write(path, made(), speech, motion.fps, stop, report)
    return {"portrait": time.perf_counter() - begin}


def pictures(
    expresser: Expresser,
    portrait: Portrait,
    motion: Motion,
    amount: float = 1.0,
    turns: bool = True,
    stop: threading.Event | None = None,
) -> Generator[np.ndarray]:
    """(H, W, 3) uint8 for every frame of the motion."""
    frames = expresser.express_all(portrait, targets(expresser, portrait, motion, amount), stop)
    if not turns:
        yield from frames
        return
    sway = Sway(portrait)
    for frame, head in zip(frames, motion.head, strict=True):
        yield sway(frame, amount * head)


def targets(expresser: Expresser, portrait: Portrait, motion: Motion, amount: float = 1.0) -> Iterator[np.ndarray]:
    """(68, 2) of the portrait for every frame of the motion, or (70, 2) with its pupils."""
    source = portrait.seen
    for begin in range(0, len(motion), CHUNK):
        part = expresser.follow(portrait, motion.coefficients[begin : begin + CHUNK])
        yield from source + np.float32(amount) * (part - source)


def crop(portrait: Portrait, side: int = SIDE) -> Portrait:
    """What a video shows of a portrait: head and shoulders, at most `side` pixels long, both sides even."""
    import cv2

    height, width = portrait.image.shape[:2]
    canonical = Crop.around(portrait.landmarks, 1, portrait.frame.upright)
    middle, reach = canonical.back(np.array([0.5, 0.5])), AROUND / 2 / canonical.scale
    low = np.maximum(np.floor(middle - reach), 0).astype(int)
    high = np.minimum(np.ceil(middle + reach), (width, height)).astype(int)
    if (high - low).min() < 2:
        raise ValueError(f"{portrait.name} shows a face that lies outside of the image; a whole face is wanted")
    shown = portrait.image[low[1] : high[1], low[0] : high[0]]
    scale = min(1.0, side / max(shown.shape[:2]))
    size = [max(2, round(n * scale) // 2 * 2) for n in shown.shape[1::-1]]  # x, y
    stretch = np.array(size) / shown.shape[1::-1]
    image = shown if (stretch == 1).all() else cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
    return portrait.within(np.ascontiguousarray(image), stretch, -low * stretch)
