"""Expressions by name as ARKit coefficients, and a random performance of them with small head rotations.

The six emotions follow the prototypes of articulation/emotions.py, but stronger than a layer on speech may be; visemes
are those of articulation/visemes.py at a loud effort. Left and right are the person's own, as in ARKit.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from talkdemo.face.arkit import BROWS, EYES, INDEX, LIPS, NAMES, UPPER_FACE, indices

# A name without its side stands for both sides.
EXPRESSIONS: dict[str, Mapping[str, float]] = {
    "neutral": {},
    "happy": {
        "mouthSmile": 0.80, "cheekSquint": 0.60, "eyeSquint": 0.30, "mouthDimple": 0.15, "browOuterUp": 0.10,
    },
    "laugh": {
        "mouthSmile": 0.85, "jawOpen": 0.34, "cheekSquint": 0.75, "eyeSquint": 0.45, "mouthUpperUp": 0.32,
        "mouthLowerDown": 0.22, "browOuterUp": 0.15, "browInnerUp": 0.10,
    },
    "sad": {
        "mouthFrown": 0.75, "browInnerUp": 0.85, "browDown": 0.12, "mouthShrugLower": 0.40, "eyeBlink": 0.18,
        "mouthPress": 0.10, "eyeLookDown": 0.15,
    },
    "angry": {
        "browDown": 0.95, "noseSneer": 0.45, "eyeSquint": 0.30, "eyeWide": 0.20, "mouthPress": 0.40,
        "mouthFrown": 0.35, "jawForward": 0.25, "mouthShrugLower": 0.20,
    },
    "surprised": {"browInnerUp": 0.90, "browOuterUp": 0.95, "eyeWide": 0.85, "jawOpen": 0.42, "mouthFunnel": 0.18},
    "afraid": {
        "browInnerUp": 0.85, "browOuterUp": 0.35, "browDown": 0.25, "eyeWide": 0.80, "mouthStretch": 0.75,
        "mouthFrown": 0.15, "jawOpen": 0.16, "mouthLowerDown": 0.25,
    },
    "disgusted": {
        "noseSneer": 0.90, "mouthUpperUp": 0.50, "browDown": 0.60, "eyeSquint": 0.45, "cheekSquint": 0.50,
        "mouthFrown": 0.40, "mouthShrugUpper": 0.25, "mouthLowerDown": 0.10,
    },
    "aa": {"jawOpen": 0.55, "mouthLowerDown": 0.16, "mouthUpperUp": 0.08},
    "ee": {"jawOpen": 0.18, "mouthStretch": 0.50, "mouthSmile": 0.28, "mouthLowerDown": 0.32, "mouthUpperUp": 0.18},
    "oo": {"jawOpen": 0.14, "mouthPucker": 0.75, "mouthFunnel": 0.35},
    "oh": {"jawOpen": 0.38, "mouthFunnel": 0.55, "mouthPucker": 0.30, "mouthLowerDown": 0.08},
    "ff": {"jawOpen": 0.08, "mouthRollLower": 0.75, "mouthUpperUp": 0.24, "mouthDimple": 0.10, "mouthStretch": 0.10},
    "mm": {
        "jawOpen": 0.10, "mouthClose": 0.10, "mouthPress": 0.55, "mouthRollLower": 0.42, "mouthRollUpper": 0.42,
    },
    "th": {"jawOpen": 0.20, "mouthLowerDown": 0.20, "mouthUpperUp": 0.10, "tongueOut": 0.38},
    "ch": {"jawOpen": 0.12, "mouthFunnel": 0.75, "mouthPucker": 0.18, "mouthLowerDown": 0.15, "mouthUpperUp": 0.10},
    "blink": {"eyeBlink": 1.0},
    "wink_left": {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.65, "mouthSmileLeft": 0.35, "browDownLeft": 0.20},
    "wink_right": {"eyeBlinkRight": 1.0, "cheekSquintRight": 0.65, "mouthSmileRight": 0.35, "browDownRight": 0.20},
    "smile_left": {"mouthSmileLeft": 0.85, "mouthDimpleLeft": 0.25, "cheekSquintLeft": 0.45, "mouthLeft": 0.20},
    "smile_right": {"mouthSmileRight": 0.85, "mouthDimpleRight": 0.25, "cheekSquintRight": 0.45, "mouthRight": 0.20},
    "brows_up": {"browInnerUp": 0.85, "browOuterUp": 0.90, "eyeWide": 0.20},
    "frown": {"browDown": 0.95, "eyeSquint": 0.25},
    "kiss": {"mouthPucker": 1.0, "mouthFunnel": 0.15, "eyeSquint": 0.10},
    "puff": {"cheekPuff": 0.90, "mouthPress": 0.25, "mouthPucker": 0.15},
    "jaw_open": {"jawOpen": 0.90, "mouthStretch": 0.10},
    "jaw_left": {"jawLeft": 0.85, "mouthLeft": 0.40},
    "jaw_right": {"jawRight": 0.85, "mouthRight": 0.40},
    "sneer": {"noseSneer": 0.70, "mouthUpperUp": 0.55, "cheekSquint": 0.25, "mouthLowerDown": 0.15},
    "tongue": {"jawOpen": 0.34, "tongueOut": 0.90, "mouthLowerDown": 0.12},
}  # fmt: skip
SHUT = ("blink", "wink_left", "wink_right")  # eyes shut at any strength
BLENDS = 6  # random ones beside the named: upper face of one, lower face of another, and some other channels
STRENGTHS = (0.6, 1.1)
LARGEST_TURN = np.radians((2.0, 3.0, 1.5))  # of the head: down, left, towards the shoulder
STILL = 0.2  # share of images without head rotation
GAZE = 0.22  # the most that eyeLook is moved at random


@dataclass(frozen=True)
class Performance:
    """The expressions of one person, neutral first."""

    names: tuple[str, ...]  # (E,) of EXPRESSIONS; "" for a random blend
    strengths: np.ndarray  # (E,)
    coefficients: np.ndarray  # (E, 52) float32, 0..1
    head: np.ndarray  # (E, 3) float32 rotation vectors, radians


def coefficients(name: str) -> np.ndarray:
    """(52,) float32 of a named expression at strength 1."""
    if name not in EXPRESSIONS:
        raise ValueError(f"expression {name!r} is not known; wanted is one of {', '.join(EXPRESSIONS)}")
    row = np.zeros(len(NAMES), np.float32)
    for channel, value in EXPRESSIONS[name].items():
        row[indices(channel)] = value
    return row


def perform(generator: np.random.Generator, blends: int = BLENDS) -> Performance:
    """Every named expression once and `blends` random ones, each at its own strength, with small noise."""
    names = (*EXPRESSIONS, *[""] * blends)
    strengths = generator.uniform(*STRENGTHS, len(names))
    strengths[0] = 1.0
    rows = [_vary(coefficients(name) if name else _blend(generator), generator) for name in names]
    rows[0] = coefficients("neutral")
    faces = np.stack(rows) * strengths[:, None]
    for row, name in zip(faces, names, strict=True):
        if name in SHUT:
            lids = indices("eyeBlink")
            row[lids] = np.where(row[lids] > 0.5, generator.uniform(0.85, 1.0), row[lids])
        else:
            _move_gaze(row, generator)
    head = generator.uniform(-1, 1, (len(names), 3)) * LARGEST_TURN
    head[generator.random(len(names)) < STILL] = 0
    head[0] *= 0.5
    return Performance(
        names, strengths.astype(np.float32), faces.clip(0, 1).astype(np.float32), head.astype(np.float32)
    )


def _vary(row: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Vary every channel a little, and move a few others."""
    out = row * generator.normal(1.0, 0.1, len(row)).clip(0.75, 1.25)
    others = generator.choice([i for i in LIPS + BROWS if i != INDEX["tongueOut"]], 4, replace=False)
    out[others] += np.abs(generator.normal(0, 0.04, 4))
    return out


def _blend(generator: np.random.Generator) -> np.ndarray:
    """The upper face of one expression, the lower face of one or two others, each at its own share."""
    upper, lower, third = (coefficients(name) for name in generator.choice(list(EXPRESSIONS)[1:], 3, replace=False))
    share = generator.choice([1.0, generator.random()])  # one lower face, or two mixed
    row = np.zeros(len(NAMES), np.float32)
    row[LIPS] = (share * lower + (1 - share) * third)[LIPS] * generator.uniform(0.5, 1.2)
    row[UPPER_FACE] = upper[UPPER_FACE] * generator.uniform(0.4, 1.2)
    extra = generator.choice([i for i in LIPS + BROWS if NAMES[i] not in ("tongueOut", "mouthClose")], 2, replace=False)
    row[extra] += generator.uniform(0.0, 0.35, 2)
    row[indices("mouthClose")] = np.minimum(row[indices("mouthClose")], row[INDEX["jawOpen"]])
    return row


def _move_gaze(row: np.ndarray, generator: np.random.Generator) -> None:
    """Turn both eyes a little, in place."""
    aside, up = generator.uniform(-GAZE, GAZE, 2)
    left, right = ("Out", "In") if aside > 0 else ("In", "Out")
    row[indices(f"eyeLook{left}Left", f"eyeLook{right}Right")] += abs(aside)
    row[indices("eyeLookUp" if up > 0 else "eyeLookDown")] += abs(up)


assert not {i for name in EXPRESSIONS for i in np.flatnonzero(coefficients(name))} - {*LIPS, *UPPER_FACE, *EYES}
