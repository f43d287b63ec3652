"""Talking styles: the numbers by which the faces of two speakers differ while they say the same thing.

Jaw and lips have gains of their own, after Edwards et al. 2016 (JALI): one speaker drops the jaw, another works the
lips. `draw` spreads styles over the whole range of every number (Latin hypercube), so that no two look alike.
"""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Style:
    """Gains are factors around 1; angles are degrees; the default is the middle speaker."""

    # mouth
    jaw_gain: float = 1.0  # how far the jaw drops
    lip_gain: float = 1.0  # raising, lowering and stretching of the lips
    rounding: float = 1.0  # pucker and funnel
    closure_press: float = 1.0  # how hard the lips press together in /p b m/
    undershoot: float = 1.0  # reach of the dominance functions: > 1 slurs, < 1 articulates
    anticipation: float = 0.12  # seconds the lips part before speech
    loudness_response: float = 1.0  # how much effort opens the mouth
    variability: float = 1.0  # spread from phone to phone
    smile_bias: float = 0.03  # smile carried through speech, 0..1
    frown_bias: float = 0.0  # corners down, 0..1
    stretch_bias: float = 0.02
    shrug_bias: float = 0.03  # chin and upper lip pushed up
    upper_lip: float = 0.5  # share of lip raising against lip lowering
    asymmetry: float = 0.0  # -1 right side stronger … 1 left side stronger (about ± 25 %)
    jaw_side: float = 0.0  # -1 right … 1 left, slight
    # eyes and brows
    blink_rate: float = 15.0  # per minute
    blink_length: float = 1.0  # factor on the duration
    lid_droop: float = 0.03  # eyeBlink at rest
    squint: float = 0.08
    brow_activity: float = 1.0
    brow_raise: float = 0.65  # share of accents marked by a raise, the rest by a frown
    brow_bias: float = 0.0  # < 0 lowered at rest … > 0 raised
    brow_asymmetry: float = 0.0
    gaze_contact: float = 0.8  # share of time on the camera
    gaze_span: float = 1.0  # size of looks away
    gaze_side: float = 0.0  # -1 looks away to the right … 1 to the left
    # head
    head_amplitude: float = 1.0  # slow sway
    head_frequency: float = 1.0
    nod_gain: float = 1.0
    nod_share: float = 0.6  # share of accents with a nod
    head_yaw_share: float = 1.0
    head_tilt_share: float = 1.0
    base_pitch: float = 0.0  # degrees, + down
    base_yaw: float = 0.0  # degrees, + to the character's left
    base_roll: float = 0.0  # degrees, + towards the right shoulder


RANGES: dict[str, tuple[float, float]] = {
    "jaw_gain": (0.72, 1.40),
    "lip_gain": (0.65, 1.55),
    "rounding": (0.55, 1.25),
    "closure_press": (0.5, 1.7),
    "undershoot": (0.80, 1.15),
    "anticipation": (0.08, 0.18),
    "loudness_response": (0.6, 1.4),
    "variability": (0.7, 1.3),
    "smile_bias": (0.0, 0.16),
    "frown_bias": (0.0, 0.16),
    "stretch_bias": (0.0, 0.12),
    "shrug_bias": (0.0, 0.14),
    "upper_lip": (0.25, 0.8),
    "asymmetry": (-1.0, 1.0),
    "jaw_side": (-1.0, 1.0),
    "blink_rate": (8.0, 22.0),
    "blink_length": (0.85, 1.2),
    "lid_droop": (0.0, 0.14),
    "squint": (0.02, 0.28),
    "brow_activity": (0.35, 1.7),
    "brow_raise": (0.3, 0.95),
    "brow_bias": (-0.25, 0.25),
    "brow_asymmetry": (-1.0, 1.0),
    "gaze_contact": (0.7, 0.95),
    "gaze_span": (0.6, 1.4),
    "gaze_side": (-1.0, 1.0),
    "head_amplitude": (0.5, 1.6),
    "head_frequency": (0.7, 1.35),
    "nod_gain": (0.4, 1.7),
    "nod_share": (0.35, 0.85),
    "head_yaw_share": (0.5, 1.5),
    "head_tilt_share": (0.4, 1.6),
    "base_pitch": (-4.0, 4.0),
    "base_yaw": (-6.0, 6.0),
    "base_roll": (-3.5, 3.5),
}
assert set(RANGES) == {f.name for f in fields(Style)}


def draw(count: int, generator: np.random.Generator) -> list[Style]:
    """`count` styles; in every parameter each of `count` equal slices of its range is used exactly once."""
    if count < 1:
        raise ValueError(f"{count} styles were asked for; at least 1 is wanted")
    columns = {}
    for name, (low, high) in RANGES.items():
        slices = (generator.permutation(count) + generator.random(count)) / count
        columns[name] = low + (high - low) * slices
    return [Style(**{name: round(float(column[i]), 4) for name, column in columns.items()}) for i in range(count)]
