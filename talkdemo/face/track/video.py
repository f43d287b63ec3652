"""A video of a talking person in, ARKit-52 coefficients and head rotation at 25 frames a second out.

By MediaPipe's face landmarker (landmarker.py): who is followed is settled in follow.py, what is done to the
signal in filter.py. Frame i is the face at i / 25 seconds of the video.

Left and right: a camera stores what it sees, so the person's left eye is eyeBlinkLeft. A browser's or a phone's preview
is a mirror, but the file it records is not, so uploads of a webcam need nothing. A few programs do store the mirror
image, and a face does not tell: `mirrored=True` swaps left and right, yaw and roll back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkdemo.face.arkit import MIRROR, NAMES, indices
from talkdemo.face.track import filter as track_filter
from talkdemo.face.track.follow import SCOUT_SHARE, follow, scout
from talkdemo.records import FPS, Motion, Reference

LEAST_SEEN = 0.6  # share of pictures in which the face must be
SURE = np.radians((30.0, 70.0))  # a face turned less is seen whole; turned more, hardly
# MediaPipe has no tongueOut; the others answer a full action of our rendered heads with less than 0.1, or (the shrugs)
# with up to 0.8 at rest. They are, all but three, those that do not register in GRID's tracks either.
UNSEEN = ("tongueOut", "jawForward", "jawLeft", "jawRight", "mouthFunnel", "mouthLowerDown", "mouthUpperUp",
          "mouthDimple", "mouthStretch", "mouthFrown", "mouthShrugLower", "mouthShrugUpper", "cheekPuff", "cheekSquint",
          "noseSneer", "eyeWide")  # fmt: skip


@dataclass(frozen=True)
class Tracked:
    """A person's motion as a video shows it."""

    name: str
    motion: Motion  # at FPS
    mask: np.ndarray  # (55,) bool: channels that the tracker really measures; head last
    confidence: np.ndarray  # (T,) 0..1; 0 where the face was not seen and the motion is filled in
    seen: float  # share of the video's pictures in which the face was found
    offset: np.ndarray  # (55,) what was taken off: coefficients of the resting face, rotation vector of the camera
    mirrored: bool
    seconds: float  # spent

    @property
    def reference(self) -> Reference:
        """From the first frame to the last in which the face was seen."""
        there = np.flatnonzero(self.confidence > 0)
        part = slice(there[0], there[-1] + 1)
        motion = Motion(self.motion.coefficients[part], self.motion.head[part], FPS, self.motion.meta)
        return Reference(self.name, motion, self.mask)


def track(
    path: str | Path,
    *,
    name: str | None = None,
    mirrored: bool = False,
    progress: Callable[[str, float], None] | None = None,
    stop: threading.Event | None = None,
) -> Tracked:
    """Follow the largest face that stays in a video of 1 s to 10 min.

    Args:
        name: what to call the file in messages and in the result; its base name when None.
        mirrored: the video shows the person as a mirror does.
        progress: told ("track", share done); shares never fall.
        stop: when it is set, records.Stopped is raised before the next picture.

    Raises:
        ValueError: one sentence: not a readable video, too short or too long, no face, several faces of like size, a
            face that is lost too often, or the landmarker's model cannot be had.
    """
    name = Path(name or path).name
    begin = time.perf_counter()

    def told(start: float, end: float) -> Callable[[float], None]:
        return lambda share: progress("track", start + (end - start) * share) if progress else None

    person, others, length = scout(path, name, told(0.0, SCOUT_SHARE), stop)
    seen, times = follow(path, name, person, not others, told(SCOUT_SHARE, 1.0), stop)
    share = len(seen.times) / len(times)
    if share < LEAST_SEEN:
        raise ValueError(
            f"{name} shows the face in {len(seen.times)} of {len(times)} pictures ({100 * share:.0f} %); "
            f"wanted: at least {100 * LEAST_SEEN:.0f} %"
        )
    motion, confidence, offset = _signal(seen, times, length)
    coefficients, head = motion
    if mirrored:
        coefficients, head = mirror(coefficients, head)
    spent = time.perf_counter() - begin
    told(0.0, 1.0)(1.0)
    meta = {"source": name, "tracker": "mediapipe face_landmarker", "seen": round(share, 4), "mirrored": mirrored}
    mask = np.ones(len(NAMES) + 3, bool)
    mask[indices(*UNSEEN)] = False
    return Tracked(name, Motion(coefficients, head, FPS, meta), mask, confidence, share, offset, mirrored, spent)


def mirror(coefficients: np.ndarray, head: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 52), (T, 3) of a person → of the person's mirror image; twice is once."""
    return coefficients[:, list(MIRROR)], head * np.array([1, -1, -1], np.float32)


def _signal(seen, times: np.ndarray, length: float):
    """((T, 52), (T, 3)) float32, confidence (T,) and offset (55,) from what was seen of the face."""
    from scipy.spatial.transform import Rotation

    at = np.array(seen.times)
    frames = max(1, round(length * FPS))
    coefficients, rotations = track_filter.resample(at, seen.coefficients, seen.rotations, frames)
    coefficients = track_filter.quiet(coefficients, track_filter.loudest())
    rotations = track_filter.quiet_head(rotations)
    there = _there(at, times, frames)
    rest, camera = track_filter.neutral(coefficients[there]), track_filter.camera(rotations[there])
    coefficients = track_filter.without_neutral(coefficients, rest)
    turned = np.arccos(np.clip(rotations[:, 2, 2], -1, 1))  # of the face away from the camera
    confidence = there * np.clip((SURE[1] - turned) / (SURE[1] - SURE[0]), 0.05, 1)
    head = Rotation.from_matrix(camera.T @ rotations).as_rotvec()
    offset = np.concatenate([rest, Rotation.from_matrix(camera).as_rotvec()])
    motion = coefficients.astype(np.float32), head.astype(np.float32)
    return motion, confidence.astype(np.float32), offset.astype(np.float32)


def _there(at: np.ndarray, times: np.ndarray, frames: int) -> np.ndarray:
    """(frames,) bool: whether the face was seen in the picture of the video nearest to each frame."""
    middle = (times[1:] + times[:-1]) / 2
    nearest = np.searchsorted(middle, np.arange(frames) / FPS)
    return np.isin(times, at)[nearest]
