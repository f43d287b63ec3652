"""A video in, the one person's face in every picture out: who it is is settled first, then that face is followed.

Two passes. `scout` looks at a few pictures a second for up to four faces, which tells who stays, who is largest and who
passes by. `follow` then tracks that one face in every picture, with the others covered up when there are any: MediaPipe
follows a single face from its own landmarks, but finds several anew in each picture, with five to fifteen times the
noise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from talkdemo.face.track.faces import Crowd, Track, misfit
from talkdemo.face.track.landmarker import Found, open_landmarker
from talkdemo.face.track.read import CLOSEST, Video
from talkdemo.records import Stopped

EVERY = 0.3  # seconds between pictures that the scout looks at
# MediaPipe smooths the landmarks of a single face over time, which delays lips by half a frame and lowers blinks. Told
# that a hundred times as long lies between pictures, it hardly does; the face is still followed.
SLOW_MOTION = 100.0
SETTLE = 4  # more looks at the first picture of a face: found anew, its place is only roughly known
ROOM = 1.3  # face sizes around the middle of the face that stay uncovered
BRIDGE = 2.0  # seconds between two sights by the scout over which the face's place is guessed
SCOUT_SHARE = 0.25  # of the work, for progress

Progress = Callable[[float], None]


def scout(path: str | Path, name: str, progress: Progress, stop: threading.Event | None) -> tuple[Track, bool, float]:
    """The person's track at a few looks a second, whether others are seen too, and the video's length in seconds.

    Raises ValueError: not a video, too short or long, nobody in it, several people, Stopped.
    """
    crowd, next_look, last, count = Crowd(), 0.0, 0.0, 0
    with Video(path, name) as video, open_landmarker(video=False) as see:
        for seconds, picture in video:
            _check(stop)
            last, count = seconds, count + 1
            if seconds < next_look:
                continue
            next_look = seconds + EVERY - 0.01
            crowd.add(seconds, see(picture()))
            progress(min(1.0, seconds / video.seconds) if video.seconds else 0.0)
    return crowd.person(name), len(crowd.tracks) > 1, last * count / max(count - 1, 1)


def follow(
    path: str | Path, name: str, person: Track, alone: bool, progress: Progress, stop: threading.Event | None
) -> tuple[Track, np.ndarray]:
    """The person in every picture: what was seen, and the times (N,) of all pictures."""
    seen, times, settled = Track(), [], False
    end = person.times[-1]
    with Video(path, name) as video, open_landmarker(video=True, faces=1) as see:
        for seconds, picture in video:
            _check(stop)
            times.append(seconds)
            place = None if alone else _place(person, seconds)
            if alone or place is not None:
                shown = picture() if alone else _uncovered(picture(), place)
                faces = see(shown, SLOW_MOTION * seconds)
                for k in range(0 if settled or not faces else SETTLE):
                    between = CLOSEST * (k + 1) / (SETTLE + 1)
                    faces = see(shown, SLOW_MOTION * (seconds + between)) or faces
                settled = bool(faces)
                if faces and (alone or _is(faces[0], place)):
                    seen.add(seconds, faces[0])
            progress(min(1.0, seconds / max(video.seconds or end, 1e-3)))
    return seen, np.array(times)


def _check(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise Stopped("track")


def _place(person: Track, seconds: float) -> np.ndarray | None:
    """(3,) centre and size of the person's face at a time, between two looks of the scout; None where unknown."""
    times = np.array(person.times)
    after = int(np.searchsorted(times, seconds))
    if after == 0 or after == len(times):
        near = 0 if after == 0 else -1
        return person.rows[near][61:] if abs(times[near] - seconds) <= 2 * EVERY else None
    before = times[after - 1]
    if times[after] - before > BRIDGE:
        return None
    share = (seconds - before) / (times[after] - before)
    return (1 - share) * person.rows[after - 1][61:] + share * person.rows[after][61:]


def _uncovered(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The picture, grey but for a square about the place; of the same size, so that places in it stay what they are."""
    height, width = picture.shape[:2]
    x, y, size = place
    left, right = (int(np.clip(round(x + d * ROOM * size), 0, width)) for d in (-1, 1))
    top, bottom = (int(np.clip(round(y + d * ROOM * size), 0, height)) for d in (-1, 1))
    out = np.full_like(picture, 128)
    out[top:bottom, left:right] = picture[top:bottom, left:right]
    return out


def _is(face: Found, place: np.ndarray) -> bool:
    apart, grown = misfit(face.centre, face.size, place[:2], place[2])
    return apart < 0.6 and grown < 1.7
