"""FACEGOOD: Mandarin speech with the mouth of an animation rig, translated to ARKit where possible.

Mouth and jaw only, left = right; `mask` leaves out the rest. One take of the five, HELD_OUT, is held out.
MIT, FACEGOOD-Audio2Face.
"""

from collections.abc import Iterator

import numpy as np

from talkdemo.data.corpora import pieces as cutting
from talkdemo.data.corpora.live_link import resample
from talkdemo.data.corpora.shared import need, read_sound
from talkdemo.face.arkit import NAMES, indices
from talkdemo.records import Clip, Motion, Speech

# 113 s of 495 s (23 %). The take nearest to a tenth, 1114_3_15 (49 s), is of another session, whose jaw opens twice as
# far and whose lips are never puckered, so it says little about what can be learned from the other takes.
HELD_OUT = "1114_2_04"
# ARKit channel (both sides where it has sides) → the rig controls whose largest value it takes.
CONTROLS: dict[str, tuple[str, ...]] = {
    "jawOpen": ("mouth_stretch_c",),
    "jawForward": ("jaw_thrust_c",),
    "mouthFunnel": ("mouth_funnel_dl", "mouth_funnel_dr", "mouth_funnel_ul", "mouth_funnel_ur"),
    "mouthPucker": ("mouth_pucker_l", "mouth_pucker_r"),
    "mouthSmile": ("mouth_lipCornerPull_l", "mouth_lipCornerPull_r"),
    "mouthStretch": ("mouth_lipStretch_l", "mouth_lipStretch_r"),
    "mouthRollLower": ("mouth_suck_dl", "mouth_suck_dr"),
    "mouthRollUpper": ("mouth_suck_ul", "mouth_suck_ur"),
    "mouthShrugUpper": ("mouth_chinRaise_u",),
    "mouthPress": ("mouth_press_l", "mouth_press_r"),
    "mouthLowerDown": ("mouth_lowerLipDepress_l", "mouth_lowerLipDepress_r"),
    "mouthUpperUp": ("mouth_upperLipRaise_l", "mouth_upperLipRaise_r"),
    "mouthClose": ("mouth_chew_c",),
    "mouthFrown": ("mouth_lipCornerDepress_l", "mouth_lipCornerDepress_r"),
}


def translate(control: list[str], value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rig controls (T, K) → coefficients (T, 52) and mask (52,): the channels that the take animates."""
    coefficients = np.zeros((len(value), len(NAMES)), np.float32)
    real = np.zeros(len(NAMES), bool)
    for name, sources in CONTROLS.items():
        columns = [control.index(source) for source in sources if source in control]
        if columns:
            coefficients[:, indices(name)] = value[:, columns].max(axis=1, keepdims=True)
            real[indices(name)] = True
    return np.clip(coefficients, 0, 1), real


def clips() -> Iterator[Clip]:
    """The five whole takes (49 to 113 s) in order of name; FileNotFoundError where the data is absent."""
    for path in sorted(need("facegood").glob("*.npz")):
        take = np.load(path)
        coefficients, real = translate([str(name) for name in take["control"]], take["value"])
        times = np.arange(len(coefficients)) / float(take["fps"])
        coefficients = resample(times, coefficients).astype(np.float32)
        yield Clip(
            name=path.stem,
            corpus="facegood",
            speech=Speech(read_sound(path.with_suffix(".ogg")), path.stem),
            split="held-out" if path.stem == HELD_OUT else "train",
            identity="facegood",
            language="zh",
            motion=Motion(coefficients, np.zeros((len(coefficients), 3), np.float32)),
            mask=real,
        )


def pieces(seconds: float = 10.0) -> Iterator[Clip]:
    """The held-out take in pieces of about `seconds` (see corpora/pieces.py), for evaluation."""
    for clip in clips():
        if clip.split == "held-out":
            yield from cutting.pieces(clip, seconds)
