"""The six emotions and neutral: offsets on the face and factors on its motion, layered over any style.

Offsets are ARKit coefficients at full strength, after the prototypes of Ekman & Friesen (FACS); they never close or
open the lips by themselves, because closures are enforced after them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

EMOTIONS: tuple[str, ...] = ("neutral", "happy", "sad", "angry", "surprised", "afraid", "disgusted")


@dataclass(frozen=True)
class Emotion:
    """A name without its side stands for both sides; head angles in degrees (+ down, + left, + right shoulder)."""

    offsets: Mapping[str, float]
    jaw: float = 1.0  # factors on the style
    lips: float = 1.0
    head: float = 1.0  # amplitude of sway and nods
    tempo: float = 1.0  # frequency of head motion
    brows: float = 1.0
    blinks: float = 1.0  # rate
    contact: float = 1.0  # share of gaze on the camera
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gaze_down: float = 0.0  # degrees


LAYERS: dict[str, Emotion] = {
    "neutral": Emotion({}),
    "happy": Emotion(
        {
            "mouthSmile": 0.54, "cheekSquint": 0.40, "eyeSquint": 0.16, "mouthDimple": 0.12, "mouthUpperUp": 0.05,
            "browOuterUp": 0.10, "browInnerUp": 0.08,
        },
        jaw=1.05, lips=1.1, head=1.25, tempo=1.12, brows=1.2, pose=(-1.0, 0.0, 1.0),
    ),
    "sad": Emotion(
        {
            "mouthFrown": 0.42, "browInnerUp": 0.55, "browDown": 0.10, "mouthShrugLower": 0.16, "eyeBlink": 0.12,
            "mouthPress": 0.05, "mouthRollLower": 0.04,
        },
        jaw=0.82, lips=0.85, head=0.65, tempo=0.75, brows=0.6, blinks=1.1, contact=0.85, pose=(4.5, 0.0, 1.5),
        gaze_down=4.0,
    ),
    "angry": Emotion(
        {
            "browDown": 0.68, "noseSneer": 0.26, "eyeSquint": 0.16, "eyeWide": 0.14, "mouthPress": 0.10,
            "mouthLowerDown": 0.07, "mouthUpperUp": 0.05, "mouthFrown": 0.16, "jawForward": 0.12,
            "mouthShrugLower": 0.06,
        },
        jaw=1.16, lips=1.2, head=1.3, tempo=1.2, brows=0.8, blinks=0.75, contact=1.12, pose=(2.5, 0.0, 0.0),
    ),
    "surprised": Emotion(
        {"browInnerUp": 0.76, "browOuterUp": 0.80, "eyeWide": 0.70, "jawOpen": 0.06, "mouthFunnel": 0.04},
        jaw=1.12, head=1.1, tempo=1.1, brows=1.2, blinks=0.8, contact=1.08, pose=(-3.0, 0.0, 0.0),
    ),
    "afraid": Emotion(
        {
            "browInnerUp": 0.66, "browOuterUp": 0.26, "browDown": 0.20, "eyeWide": 0.50, "mouthStretch": 0.34,
            "mouthFrown": 0.12, "jawOpen": 0.02,
        },
        jaw=0.92, lips=1.1, head=0.9, tempo=1.25, brows=0.9, blinks=1.35, contact=0.85, pose=(-1.5, 0.0, -1.0),
    ),
    "disgusted": Emotion(
        {
            "noseSneer": 0.62, "mouthUpperUp": 0.22, "browDown": 0.42, "eyeSquint": 0.24, "cheekSquint": 0.26,
            "mouthFrown": 0.22, "mouthShrugUpper": 0.16, "mouthLowerDown": 0.05,
        },
        jaw=0.9, lips=1.05, head=0.9, tempo=0.9, brows=0.7, contact=0.9, pose=(-2.0, 3.0, 1.5),
    ),
}  # fmt: skip
assert tuple(LAYERS) == EMOTIONS


def layer(emotion: str) -> Emotion:
    """The layer of an emotion. Raises ValueError for an unknown one."""
    if emotion not in LAYERS:
        raise ValueError(f"emotion {emotion!r} is not known; wanted is one of {', '.join(EMOTIONS)}")
    return LAYERS[emotion]
