"""Reads the frames of a video file one by one, upright and with their times (PyAV: mp4, mov, webm, mkv, gif …).

Every fault of the file is a ValueError of one sentence that names the file by its last part only: a visitor's paths are
private. Times count from where the container begins, so that a picture that begins after the sound keeps its time.
Frames are decoded in a process of its own, within limits (guard/), one or two ahead of whoever looks at them.
"""

import math
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from talkdemo.files import check_readable, default_stream, media_start, open_media, stream_title
from talkdemo.guard import process as guard

SHORTEST = 1.0  # seconds
LONGEST = 600.0
CLOSEST = 0.024  # seconds between two frames at least: up to 40 a second; of 50 or 60 every other
MIN_FPS = 8.0  # a blink lasts 0.2 s
MAX_FRAMES = int(LONGEST * 250)
MAX_PIXELS = 7680 * 4320
SIDE = 960  # pixels of the longer side at most; larger frames are scaled down
PATIENCE = 60.0, 20.0  # seconds of computing that decoding may take, and more for each second of the video
THREADS = 4  # of the decoder; each holds frames
KINDS = "a video (mp4, mov, webm, mkv …)"


class Video:
    """An open file, to be closed. Iterate for (seconds, image), the image (H, W, 3) uint8, or None where `every` so
    many seconds one is enough. `seconds` is the length the file declares; None where it does not, as a browser's
    recordings. `title` says which of several video streams is read; None where there is one. Raises Stopped once `stop`
    is set.
    """

    def __init__(
        self, path: str | Path, name: str | None = None, every: float = 0.0, stop: threading.Event | None = None
    ) -> None:
        path = Path(path)
        self.name = Path(name).name if name else path.name
        check_readable(path, self.name, KINDS)
        self._parts = guard.read("talkdemo.face.track.read:parts", path, self.name, every, stop=stop)
        opened = next(self._parts)
        self.seconds: float | None = opened["seconds"]
        self.title: str | None = opened["title"]

    def close(self) -> None:
        self._parts.close()

    def __iter__(self) -> Iterator[tuple[float, np.ndarray | None]]:
        for part in self._parts:
            yield part["at"], part["image"]


def parts(path: str, name: str, every: float) -> Iterator[dict[str, Any]]:
    """In the process of its own: declared `seconds` and `title`, then `at` and `image` of every frame."""
    from av.video.reformatter import VideoReformatter

    with open_media(path, name, KINDS) as container:
        file = _File(container, name)
        yield {"seconds": file.seconds, "title": file.title}
        reformatter = VideoReformatter()
        begin, next_look = time.process_time(), 0.0
        for seconds, frame in file:
            allowed = PATIENCE[0] + PATIENCE[1] * seconds
            if time.process_time() - begin > allowed:
                raise ValueError(f"{name} takes more than {allowed:.0f} s of computing; wanted: at most that")
            wanted = seconds >= next_look
            if wanted:
                next_look = seconds + every - 0.01
            yield {"at": seconds, "image": _upright(frame, file.stretch, reformatter) if wanted else None}


def probe(path: str, name: str, kinds: str) -> dict[str, Any]:
    """In the process of its own: the declared `seconds` (None: not declared), and whether there are moving `pictures`
    and `sound`. Decodes nothing."""
    with open_media(path, name, kinds) as container:
        return {
            "seconds": container.duration / 1e6 if container.duration else None,
            "pictures": bool(_moving(container)),
            "sound": bool(container.streams.audio),
        }


def _moving(container: Any) -> list[Any]:
    """The video streams that are no cover images."""
    return [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]


class _File:
    """An open container's pictures. Iterate for (seconds, frame)."""

    def __init__(self, container: Any, name: str) -> None:
        self.container, self.name = container, name
        self.title: str | None = None
        self.stream = self._stream()
        self.stretch = math.sqrt(self.stream.sample_aspect_ratio or 1)  # of pixels that are not square
        self.seconds = self._declared()
        if self.seconds is not None:
            check_length(name, self.seconds)
        self.stream.thread_type = "AUTO"
        self.stream.codec_context.thread_count = min(THREADS, os.cpu_count() or 1)

    def __iter__(self) -> Iterator[tuple[float, Any]]:
        start = media_start(self.container)
        times: list[float] = []  # of the frames that are handed on
        last = -math.inf
        good = lost = 0
        for frame in self._frames():
            if frame is None:
                lost += 1
                continue
            good += 1
            if frame.width * frame.height > MAX_PIXELS:
                raise ValueError(
                    f"{self.name} has frames of {frame.width}×{frame.height}; wanted: at most 7680×4320 pixels"
                )
            rate = float(self.stream.average_rate or 25)
            seconds = (good - 1) / rate if frame.time is None else float(frame.time)
            start = min(start, seconds) if good == 1 else start
            seconds -= start
            if seconds <= last:  # damaged or repeated time stamps
                continue
            last = seconds
            if seconds > LONGEST or good > MAX_FRAMES:
                raise ValueError(f"{self.name} lasts longer than {clock(LONGEST)}; wanted: at most that")
            if times and seconds - times[-1] < CLOSEST:
                continue
            times.append(seconds)
            yield seconds, frame
        if not good:
            raise ValueError(f"{self.name} holds no frame that can be read; wanted: {KINDS}")
        length = video_length(times)
        if lost > 5 + good // 10 or (self.seconds is not None and length < 0.9 * self.seconds - 1):
            raise ValueError(
                f"{self.name} is damaged: {length:.1f} s of video can be read"
                + (f" of {self.seconds:.1f} s" if self.seconds and self.seconds > length else "")
                + "; wanted: a file that plays to its end"
            )
        check_length(self.name, length - times[0])
        apart = float(np.median(np.diff(times)))  # a pause in which no frames come does not make a slow video
        if MIN_FPS * apart > 1:
            raise ValueError(f"{self.name} has {1 / apart:.1f} frames per second; wanted: at least {MIN_FPS:g}")

    def _stream(self) -> Any:
        streams = _moving(self.container)
        if not streams:
            what = "a sound file with a cover image" if self.container.streams.video else "no video stream"
            raise ValueError(f"{self.name} has no video ({what}); wanted: {KINDS}")
        stream = default_stream(streams)
        self.title = stream_title(stream, streams)
        if stream.codec_context is None:
            raise ValueError(f"{self.name} holds a video in an unknown encoding; wanted: {KINDS}")
        if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
            size = f"{stream.codec_context.width}×{stream.codec_context.height}"
            raise ValueError(f"{self.name} has frames of {size}; wanted: at most 7680×4320 pixels")
        return stream

    def _declared(self) -> float | None:
        if self.stream.duration and self.stream.time_base:
            return float(self.stream.duration * self.stream.time_base)
        if not self.container.duration:
            return None
        matroska = "matroska" in self.container.format.name  # whose declared length counts from 0, not from the start
        return self.container.duration / 1e6 - (media_start(self.container) if matroska else 0.0)

    def _frames(self) -> Iterator[Any]:
        """Frames in the order in which they are shown; None for a packet that cannot be decoded."""
        import av

        try:
            for packet in self.container.demux(self.stream):
                try:
                    frames = packet.decode()
                except av.InvalidDataError:
                    yield None
                    continue
                yield from frames
        except (av.FFmpegError, OSError, EOFError) as error:
            raise ValueError(f"{self.name} is damaged; wanted: a file that plays to its end") from error


def video_length(times: Sequence[float]) -> float:
    """Seconds from the container's beginning to the end of the last frame, of frames at growing times (N,)."""
    return times[-1] + ((times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0)


def check_length(name: str, seconds: float) -> None:
    """Raises ValueError for less than SHORTEST or more than LONGEST seconds (a frame's length is forgiven)."""
    if seconds < SHORTEST - 0.05:
        raise ValueError(f"{name} lasts {seconds:.2f} s; wanted: at least {SHORTEST:g} s")
    if seconds > LONGEST + 1:
        raise ValueError(f"{name} lasts {clock(seconds)}; wanted: at most {clock(LONGEST)}")


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"


def _upright(frame: Any, stretch: float, reformatter: Any) -> np.ndarray:
    """(H, W, 3) uint8 with square pixels, no side longer than SIDE, as the file says that it is shown: phones record
    lying, and front cameras mirrored."""
    width, height = frame.width * stretch, frame.height / stretch
    scale = min(1.0, SIDE / max(width, height))
    size = {"width": max(2, round(width * scale)), "height": max(2, round(height * scale))}
    image = reformatter.reformat(frame, format="rgb24", threads=1, **size).to_ndarray()  # one for all: it has threads
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return image if matrix is None else _shown(image, np.frombuffer(bytes(matrix), np.int32).reshape(3, 3))


def _shown(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The image (H, W, 3) by a display matrix (3, 3), whose rows are where x, y and the origin go; quarter turns and
    mirrors only, to the nearest."""
    turn = matrix[:2, :2].astype(np.float64)
    if np.abs(turn[[0, 1], [1, 0]]).sum() > np.abs(turn[[0, 1], [0, 1]]).sum():  # x goes along y
        image, turn = image.swapaxes(0, 1), turn[::-1]
    return image[:: -1 if turn[1, 1] < 0 else 1, :: -1 if turn[0, 0] < 0 else 1]
