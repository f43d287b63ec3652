"""Tracks a talking person in a video: ARKit-52 coefficients and head rotation at 25 frames per second.

MediaPipe's face landmarker (landmarker.py) detects; follow.py decides who is followed, filter.py processes the signal.
Frame i is the face at i / 25 seconds after the video file begins, with its sound or its picture.

Left and right: a camera stores what it sees, so the person's left eye is eyeBlinkLeft. A browser's or a phone's preview
is a mirror, but the file it records is not, so recordings of a webcam need nothing. A few programs do store the mirror
image, which a face does not show: `mirrored=True` swaps left and right, yaw and roll back.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkdemo.face.arkit import MIRROR, NAMES, indices
from talkdemo.face.track import filter as track_filter
from talkdemo.face.track.faces import Track
from talkdemo.face.track.follow import SCOUT_SHARE, follow, scout
from talkdemo.records import CHANNELS, FPS, Motion, Progress, Reference

PAUSE = 0.2  # seconds from the nearest frame of the video at which nothing is seen: it began late, or was paused
MIN_SEEN = 0.6  # fraction of frames in which the face must be detected
TURNS = np.radians((30.0, 70.0))  # confidence falls from 1 to its least over these angles away from the camera
# MediaPipe has no tongueOut; the others read less than 0.1 for a full action of our rendered heads, or (the shrugs) up
# to 0.8 at rest. They are, all but three, those that do not register in GRID's tracks either.
UNSEEN = ("tongueOut", "jawForward", "jawLeft", "jawRight", "mouthFunnel", "mouthLowerDown", "mouthUpperUp",
          "mouthDimple", "mouthStretch", "mouthFrown", "mouthShrugLower", "mouthShrugUpper", "cheekPuff", "cheekSquint",
          "noseSneer", "eyeWide")  # fmt: skip


@dataclass(frozen=True)
class Tracked:
    """A person's motion in a video."""

    name: str
    motion: Motion  # at FPS
    mask: np.ndarray  # (55,) bool: channels that the tracker really measures; head last
    confidence: np.ndarray  # (T,) 0..1; 0 where the face was not detected and the motion is interpolated
    seen: float  # fraction of the video's frames in which the face was detected
    offset: np.ndarray  # (55,) what was subtracted: coefficients of the resting face, rotation vector of the camera

    @property
    def reference(self) -> Reference:
        """From the first frame to the last in which the face was detected."""
        seen = np.flatnonzero(self.confidence > 0)
        return Reference(self.name, self.motion[seen[0] : seen[-1] + 1], self.mask)

    def figures(self) -> dict[str, object]:
        """What was seen, for a summary; seconds, and radians of the camera."""
        rest, camera = np.split(self.offset, [len(NAMES)])
        return {
            **({"stream": self.motion.meta["stream"]} if "stream" in self.motion.meta else {}),
            "frames": len(self.motion),
            "fps": self.motion.fps,
            "length": round(len(self.motion) / self.motion.fps, 3),
            "seen": round(self.seen, 4),
            "confidence": round(float(self.confidence.mean()), 4),
            "mirrored": self.motion.meta["mirrored"],
            "channels": int(self.mask[: len(NAMES)].sum()),
            "rest": {name: round(float(value), 3) for name, value in zip(NAMES, rest, strict=True) if value >= 0.05},
            "camera": [round(float(angle), 4) for angle in camera],
        }


def track(
    path: str | Path,
    *,
    name: str | None = None,
    mirrored: bool = False,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Tracked:
    """Follow the largest face that stays in a video of 1 s to 10 min.

    `name`: what to call the file; its base name when None. `mirrored`: the video shows the person as a mirror does.
    `progress` gets ("track", fraction done). Raises ValueError in one sentence, Stopped once `stop` is set.
    """
    name = Path(name or path).name

    def part(start: float, end: float) -> Callable[[float], None]:
        return lambda fraction: progress("track", start + (end - start) * fraction) if progress else None

    scouted = scout(path, name, part(0.0, SCOUT_SHARE), stop)
    face, times = follow(path, name, scouted, part(SCOUT_SHARE, 1.0), stop)
    seen = len(face.times) / len(times)
    if seen < MIN_SEEN:
        raise ValueError(
            f"{name} shows the face in {len(face.times)} of {len(times)} frames ({100 * seen:.0f} %); "
            f"wanted: at least {100 * MIN_SEEN:.0f} %"
        )
    coefficients, head, confidence, offset = _signal(face, times, scouted.seconds)
    if mirrored:
        coefficients, head = mirror(coefficients, head)
    part(0.0, 1.0)(1.0)
    meta = {"source": name, "tracker": "mediapipe face_landmarker", "seen": round(seen, 4), "mirrored": mirrored}
    if scouted.stream:
        meta["stream"] = scouted.stream
    mask = np.ones(CHANNELS, bool)
    mask[indices(*UNSEEN)] = False
    return Tracked(name, Motion(coefficients, head, FPS, meta), mask, confidence, seen, offset)


def mirror(coefficients: np.ndarray, head: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 52), (T, 3) of a person → of the person's mirror image; twice is once."""
    return coefficients[:, list(MIRROR)], head * np.array([1, -1, -1], np.float32)


def _signal(face: Track, times: np.ndarray, length: float) -> list[np.ndarray]:
    """Coefficients (T, 52), head (T, 3), confidence (T,) and offset (55,), all float32, of a tracked face."""
    from scipy.spatial.transform import Rotation

    at = np.array(face.times)
    frames = max(1, round(length * FPS))
    observed = np.stack(face.coefficients), np.stack(face.rotations)
    coefficients, rotations = track_filter.resample(at, *observed, frames)
    coefficients = track_filter.quiet(coefficients, track_filter.CHANNEL_NOISE)
    rotations = track_filter.quiet_head(rotations)
    middles = (times[1:] + times[:-1]) / 2
    grid = np.arange(frames) / FPS
    nearest = np.searchsorted(middles, grid)  # the video's frame for each of the motion's
    detected = np.isin(times, at)[nearest] & (np.abs(times[nearest] - grid) < PAUSE)
    rest, camera = track_filter.neutral(coefficients[detected]), track_filter.camera(rotations[detected])
    coefficients = track_filter.without_neutral(coefficients, rest)
    turned = np.arccos(np.clip(rotations[:, 2, 2], -1, 1))  # of the face away from the camera
    confidence = detected * np.clip((TURNS[1] - turned) / (TURNS[1] - TURNS[0]), 0.05, 1)
    head = Rotation.from_matrix(camera.T @ rotations).as_rotvec()
    offset = np.concatenate([rest, Rotation.from_matrix(camera).as_rotvec()])
    return [values.astype(np.float32) for values in (coefficients, head, confidence, offset)]
