"""Follows one person's face through a video, in two passes.

`scout` looks at a few frames a second for up to four faces, which shows who stays, who is largest and who passes by.
`follow` then tracks that one face in every frame, with any others masked: MediaPipe follows a single face from its own
landmarks, but detects several anew in each frame, with five to fifteen times the noise.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkdemo.face.track.faces import Crowd, Track, mismatch
from talkdemo.face.track.landmarker import Box, open_landmarker, small_face
from talkdemo.face.track.read import CLOSEST, Video, video_length
from talkdemo.records import check_stop

EVERY = 0.3  # seconds between frames that the scout looks at
# MediaPipe smooths the landmarks of a single face over time, which delays lips by half a frame and lowers blinks. With
# time stamps a hundred times as far apart it hardly does; the face is still followed.
SLOW_MOTION = 100.0
SETTLE = 4  # more looks at the first frame of a face: newly detected, its place is only roughly known
ROOM = 1.3  # face sizes around the centre of the face that are not masked
BRIDGE = 2.0  # seconds between two detections of the scout over which the face's place is interpolated
SCOUT_SHARE = 0.25  # of the work, for progress

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Scouted:
    """What a first look at a video shows."""

    person: Track  # at a few looks a second
    alone: bool  # no other face is in the video
    seconds: float  # from the container's beginning to the end of the last frame
    stream: str | None  # which of several video streams was read


def scout(path: str | Path, name: str, progress: Progress, stop: threading.Event | None) -> Scouted:
    """Who is followed, by a few looks a second.

    Raises ValueError: not a video, too short or long, no face, several people; Stopped.
    """
    crowd = Crowd()
    times: list[float] = []
    empty: list[np.ndarray] = []  # some images without a face
    with closing(Video(path, name, EVERY, stop)) as video, open_landmarker(video=False) as detect:
        for seconds, image in video:
            check_stop(stop)
            times.append(seconds)
            if image is None:
                continue
            crowd.add(seconds, faces := detect(image), image)
            if not faces and crowd.frames.bit_count() == 1:  # the 1st, 2nd, 4th, 8th …
                empty = [*empty[-2:], image]
            progress(min(1.0, seconds / video.seconds) if video.seconds else 0.0)
        if not crowd.tracks and (sizes := [size for one in empty if (size := small_face(detect, one))]):
            height, width = empty[0].shape[:2]
            raise ValueError(
                f"{name} shows a face of only {max(sizes):.0f} pixels in {width}×{height}; crop the video to it"
            )
    person = crowd.person(name)
    alone = len(crowd.tracks) == 1 and person.times == crowd.tracks[0].times
    return Scouted(person, alone, video_length(times), video.title)


def follow(
    path: str | Path, name: str, scouted: Scouted, progress: Progress, stop: threading.Event | None
) -> tuple[Track, np.ndarray]:
    """The person's track over every frame, and the times (N,) of all frames."""
    person, alone = scouted.person, scouted.alone
    track, times, settled = Track(), [], False
    end = person.times[-1]
    with closing(Video(path, name, stop=stop)) as video, open_landmarker(video=True, faces=1) as detect:
        for seconds, image in video:
            check_stop(stop)
            times.append(seconds)
            box = None if alone else _box(person, seconds)
            if image is not None and (alone or box is not None):
                visible = image if box is None else _masked(image, box)
                faces = detect(visible, SLOW_MOTION * seconds)
                for k in range(0 if settled or not faces else SETTLE):
                    between = CLOSEST * (k + 1) / (SETTLE + 1)
                    faces = detect(visible, SLOW_MOTION * (seconds + between)) or faces
                settled = bool(faces)
                if faces and (box is None or _same(faces[0].box, box)):
                    track.add(seconds, faces[0])
            progress(min(1.0, seconds / max(video.seconds or end, 1e-3)))
    return track, np.array(times)


def _box(person: Track, seconds: float) -> Box | None:
    """Where the person's face is at a time, interpolated between detections of the scout; None where unknown."""
    times = np.array(person.times)
    after = int(np.searchsorted(times, seconds))
    if after == 0 or after == len(times):
        near = 0 if after == 0 else -1
        return person.boxes[near] if abs(times[near] - seconds) <= 2 * EVERY else None
    before = times[after - 1]
    if times[after] - before > BRIDGE:
        return None
    t = (seconds - before) / (times[after] - before)
    a, b = person.boxes[after - 1], person.boxes[after]
    return Box((1 - t) * a.x + t * b.x, (1 - t) * a.y + t * b.y, (1 - t) * a.size + t * b.size)


def _masked(image: np.ndarray, box: Box) -> np.ndarray:
    """The image, grey but for a square around the box."""
    height, width = image.shape[:2]
    reach = ROOM * box.size
    left, right = (int(np.clip(round(box.x + d * reach), 0, width)) for d in (-1, 1))
    top, bottom = (int(np.clip(round(box.y + d * reach), 0, height)) for d in (-1, 1))
    masked = np.full_like(image, 128)
    masked[top:bottom, left:right] = image[top:bottom, left:right]
    return masked


def _same(box: Box, other: Box) -> bool:
    distance, growth = mismatch(box, other)
    return distance < 0.6 and growth < 1.7
