"""Renders motions of a face to video, a few seconds of vertices at a time."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from talkdemo.records import Motion, Progress, Speech
from talkdemo.render import video
from talkdemo.render.raster import Renderer

CHUNK = 250  # frames turned to vertices at a time, so that memory stays flat


def write(
    path: Path | str,
    motions: Sequence[Motion],
    vertices: Callable[[Motion], np.ndarray],
    renderer: Renderer,
    speech: Speech | None,
    *,
    compose: Callable[[list[np.ndarray]], np.ndarray] | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> dict[str, float]:
    """Render motions of equal length to one mp4 with the speech as its sound; returns the seconds per stage.

    `vertices`: a part of a motion → (T, V, 3) metres. `compose` makes a frame of the video from one image (H, W, 3) of
    each motion; not needed for one motion. `progress` gets ("render", fraction done) after each frame.

    Raises ValueError for motions of different length or frame rate, Stopped when `stop` is set; then no file is left.
    """
    first = motions[0]
    if len({(len(motion), motion.fps) for motion in motions}) > 1:
        lengths = " and ".join(str(len(motion)) for motion in motions)
        raise ValueError(f"motions of {lengths} frames given; motions of equal length and frame rate are wanted")
    seconds = {"face": 0.0, "render": 0.0}

    def poses() -> Iterator[np.ndarray]:
        """The vertices of each motion's first frame, then of each one's second …"""
        size = CHUNK // len(motions)
        for start in range(0, len(first), size):
            begin = time.perf_counter()
            chunk = [vertices(motion[start : start + size]) for motion in motions]
            seconds["face"] += time.perf_counter() - begin
            for frame in zip(*chunk, strict=True):
                yield from frame

    def frames() -> Iterator[np.ndarray]:
        images = renderer.frames(poses(), stop=stop)
        for frame in range(len(first)):
            begin, before = time.perf_counter(), seconds["face"]
            together = [next(images) for _ in motions]
            image = together[0] if compose is None else compose(together)
            seconds["render"] += time.perf_counter() - begin - (seconds["face"] - before)
            if progress is not None:
                progress("render", (frame + 1) / len(first))
            yield image

    begin = time.perf_counter()
    video.write(path, frames(), speech, first.fps, stop)
    total = time.perf_counter() - begin
    return {**seconds, "mux": total - seconds["face"] - seconds["render"]}
