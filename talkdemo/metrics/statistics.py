"""Statistics of moving faces: jaw and lips in speech, blinks, gaze, head motion.

Head rotation is low-passed at 4 Hz (zero phase) before its speed is taken, because a tracker's noise is not motion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.face.arkit import indices
from talkdemo.metrics.blink import blinks
from talkdemo.records import FPS

HEAD_HERTZ = 4.0
BLINK_DEPTH = 0.30
NOD_FRAMES = 75  # over which the spread of nodding is measured
DEGREES_AT_ONE = 32.0  # eye rotation at coefficient 1

JAW_PEAK = "jaw peak (95th pct of jawOpen in speech)"
JAW_MEAN = "jaw mean (jawOpen in speech)"
JAW_SPEED = "jaw speed in speech (mean, 1/s)"
JAW_VOWELS = "jaw on vowels / on consonants"
ROUNDING = "rounding (95th pct of mouthPucker in speech)"
SMILE = "smile (mean mouthSmile in speech)"
LOWER_LIP = "lower lip down (95th pct)"
UPPER_LIP = "upper lip up (95th pct)"
BLINK_RATE = "blinks per minute"
BLINK_LENGTH = "blink length (median full width at half height, ms)"
BLINK_INTERVAL = "blink interval (median, s)"
GAZE = "gaze spread (std of eye yaw, degrees)"
HEAD_SPEED = "head speed (mean, degrees/s)"
HEAD_PEAK = "head speed (95th pct, degrees/s)"
NOD = "head nod spread in 3 s (std, degrees)"


@dataclass(frozen=True)
class Tracks:
    """One clip's tracks and which frames are speech and vowels (None: unknown)."""

    coefficients: np.ndarray  # (T, 52)
    head: np.ndarray | None  # (T, 3)
    speech: np.ndarray  # (T,) bool
    vowels: np.ndarray | None  # (T,) bool


def angular_speed(head: np.ndarray, fps: float = FPS) -> np.ndarray:
    """(T, 3) rotation vectors → (T - 1,) degrees/s after the low-pass; needs at least 16 frames."""
    from scipy.signal import butter, filtfilt
    from scipy.spatial.transform import Rotation

    smooth = filtfilt(*butter(2, HEAD_HERTZ / (fps / 2)), head, axis=0)
    turn = Rotation.from_rotvec(smooth[:-1]).inv() * Rotation.from_rotvec(smooth[1:])
    return np.degrees(turn.magnitude()) * fps


def statistics(clips: Sequence[Tracks]) -> dict[str, float]:
    """The statistics that the clips allow, pooled."""
    return {**_mouth(clips), **_eyes(clips), **_head(clips)}


def _mouth(clips: Sequence[Tracks]) -> dict[str, float]:
    def in_speech(channel: str) -> np.ndarray:
        return np.concatenate([clip.coefficients[clip.speech][:, indices(channel)].mean(1) for clip in clips])

    jaw = in_speech("jawOpen")
    if not len(jaw):
        return {}
    jaws = [clip.coefficients[:, indices("jawOpen")[0]] for clip in clips]
    speeds = [np.abs(np.diff(track))[clip.speech[1:]] * FPS for track, clip in zip(jaws, clips, strict=True)]
    found = {
        JAW_PEAK: float(np.percentile(jaw, 95)),
        JAW_MEAN: float(jaw.mean()),
        JAW_SPEED: float(np.concatenate(speeds).mean()),
        ROUNDING: float(np.percentile(in_speech("mouthPucker"), 95)),
        SMILE: float(in_speech("mouthSmile").mean()),
        LOWER_LIP: float(np.percentile(in_speech("mouthLowerDown"), 95)),
        UPPER_LIP: float(np.percentile(in_speech("mouthUpperUp"), 95)),
    }
    known = [
        (track, clip.speech, clip.vowels) for track, clip in zip(jaws, clips, strict=True) if clip.vowels is not None
    ]
    if len(known) == len(clips):
        vowels = np.concatenate([track[vowel] for track, _, vowel in known]).mean()
        consonants = np.concatenate([track[speech & ~vowel] for track, speech, vowel in known]).mean()
        found[JAW_VOWELS] = float(vowels / consonants)
    return found


def _eyes(clips: Sequence[Tracks]) -> dict[str, float]:
    lids = [clip.coefficients[:, indices("eyeBlink")].mean(1) for clip in clips]
    if not any(lid.any() for lid in lids):
        return {}
    found = [blinks(lid, depth=BLINK_DEPTH) for lid in lids]
    outward, inward = indices("eyeLookOutLeft")[0], indices("eyeLookInLeft")[0]
    yaw = [(clip.coefficients[:, outward] - clip.coefficients[:, inward]) * DEGREES_AT_ONE for clip in clips]
    return {
        BLINK_RATE: 60 * sum(len(one.times) for one in found) / sum(one.seconds for one in found),
        BLINK_LENGTH: 1000 * _median([one.durations for one in found]),
        BLINK_INTERVAL: _median([np.diff(one.times) for one in found]),
        GAZE: float(np.mean([track.std() for track in yaw])),
    }


def _head(clips: Sequence[Tracks]) -> dict[str, float]:
    heads = [clip.head for clip in clips if clip.head is not None and len(clip.head) > 16]
    if not heads:
        return {}
    speed = np.concatenate([angular_speed(head) for head in heads])
    windows = [
        head[i : i + NOD_FRAMES, 0] for head in heads for i in range(0, len(head) - NOD_FRAMES + 1, NOD_FRAMES)
    ] or [head[:, 0] for head in heads]
    return {
        HEAD_SPEED: float(speed.mean()),
        HEAD_PEAK: float(np.percentile(speed, 95)),
        NOD: float(np.degrees(np.mean([window.std() for window in windows]))),
    }


def _median(parts: Sequence[np.ndarray]) -> float:
    values = np.concatenate(parts)
    return float(np.median(values)) if len(values) else float("nan")
