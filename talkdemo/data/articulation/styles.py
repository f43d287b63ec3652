"""Talking styles: the numbers by which the faces of two speakers differ while they say the same thing.

Jaw and lips have gains of their own, after Edwards et al. 2016 (JALI): one speaker drops the jaw, another works the
lips. `draw` spreads styles over the whole range of every number (Latin hypercube), so that no two look alike.
"""

from dataclasses import dataclass, field, fields

import numpy as np


def _number(middle: float, low: float, high: float) -> float:
    """A field: the middle speaker's number, and the range of all speakers."""
    return field(default=middle, metadata={"range": (low, high)})


@dataclass(frozen=True)
class Style:
    """Gains are factors around 1; angles are degrees; the default is the middle speaker."""

    # mouth
    jaw_gain: float = _number(1.0, 0.72, 1.40)  # how far the jaw drops
    lip_gain: float = _number(1.0, 0.65, 1.55)  # raising, lowering and stretching of the lips
    rounding: float = _number(1.0, 0.55, 1.25)  # pucker and funnel
    closure_press: float = _number(1.0, 0.5, 1.7)  # how hard the lips press together in /p b m/
    undershoot: float = _number(1.0, 0.80, 1.15)  # reach of the dominance functions: > 1 slurs, < 1 articulates
    anticipation: float = _number(0.12, 0.08, 0.18)  # seconds the lips part before speech
    loudness_response: float = _number(1.0, 0.6, 1.4)  # how much effort opens the mouth
    variability: float = _number(1.0, 0.7, 1.3)  # spread from phone to phone
    smile_bias: float = _number(0.03, 0.0, 0.16)  # smile carried through speech, 0..1
    frown_bias: float = _number(0.0, 0.0, 0.16)  # corners down, 0..1
    stretch_bias: float = _number(0.02, 0.0, 0.12)
    shrug_bias: float = _number(0.03, 0.0, 0.14)  # chin and upper lip pushed up
    upper_lip: float = _number(0.5, 0.25, 0.8)  # share of lip raising against lip lowering
    asymmetry: float = _number(0.0, -1.0, 1.0)  # -1 right side stronger … 1 left side stronger (about ± 25 %)
    jaw_side: float = _number(0.0, -1.0, 1.0)  # -1 right … 1 left, slight
    # eyes and brows
    blink_rate: float = _number(15.0, 8.0, 22.0)  # per minute
    blink_length: float = _number(1.0, 0.85, 1.2)  # factor on the duration
    lid_droop: float = _number(0.03, 0.0, 0.14)  # eyeBlink at rest
    squint: float = _number(0.08, 0.02, 0.28)
    brow_activity: float = _number(1.0, 0.35, 1.7)
    brow_raise: float = _number(0.65, 0.3, 0.95)  # share of accents marked by a raise, the rest by a frown
    brow_bias: float = _number(0.0, -0.25, 0.25)  # < 0 lowered at rest … > 0 raised
    brow_asymmetry: float = _number(0.0, -1.0, 1.0)
    gaze_contact: float = _number(0.8, 0.7, 0.95)  # share of time on the camera
    gaze_span: float = _number(1.0, 0.6, 1.4)  # size of looks away
    gaze_side: float = _number(0.0, -1.0, 1.0)  # -1 looks away to the right … 1 to the left
    # head
    head_amplitude: float = _number(1.0, 0.5, 1.6)  # slow sway
    head_frequency: float = _number(1.0, 0.7, 1.35)
    nod_gain: float = _number(1.0, 0.4, 1.7)
    nod_share: float = _number(0.6, 0.35, 0.85)  # share of accents with a nod
    head_yaw_share: float = _number(1.0, 0.5, 1.5)
    head_tilt_share: float = _number(1.0, 0.4, 1.6)
    base_pitch: float = _number(0.0, -4.0, 4.0)  # degrees, + down
    base_yaw: float = _number(0.0, -6.0, 6.0)  # degrees, + to the character's left
    base_roll: float = _number(0.0, -3.5, 3.5)  # degrees, + towards the right shoulder


RANGES: dict[str, tuple[float, float]] = {number.name: number.metadata["range"] for number in fields(Style)}


def draw(count: int, generator: np.random.Generator) -> list[Style]:
    """`count` styles; in every parameter each of `count` equal slices of its range is used exactly once."""
    if count < 1:
        raise ValueError(f"{count} styles were asked for; at least 1 is wanted")
    columns = {}
    for name, (low, high) in RANGES.items():
        slices = (generator.permutation(count) + generator.random(count)) / count
        columns[name] = low + (high - low) * slices
    return [Style(**{name: round(float(column[i]), 4) for name, column in columns.items()}) for i in range(count)]
