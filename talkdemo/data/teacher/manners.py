"""Manners of talking, many of them: a style and an emotion, whoever speaks. What a reference clip can show.

The 24 talking identities are few; a model that shall follow any reference clip has to meet hundreds of manners. Those
of the held-out split are drawn from other numbers and are never trained on.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from talkdemo.data.teacher.emotions import EMOTIONS
from talkdemo.data.teacher.styles import Style, draw

COUNTS = {"train": 1200, "held-out": 64}
SEEDS = {"train": 2310, "held-out": 434}
NEUTRAL_SHARE = 0.5


@dataclass(frozen=True)
class Manner:
    style: Style
    emotion: str


@functools.cache
def manners(split: str) -> tuple[Manner, ...]:
    """The manners of a split; always the same. Raises ValueError for an unknown split."""
    if split not in COUNTS:
        raise ValueError(f"split {split!r} given; one of {', '.join(COUNTS)} is wanted")
    generator = np.random.Generator(np.random.PCG64(SEEDS[split]))
    styles = draw(COUNTS[split], generator)
    others = [name for name in EMOTIONS if name != "neutral"]
    neutral = generator.random(len(styles)) < NEUTRAL_SHARE
    drawn = generator.integers(len(others), size=len(styles))
    emotions = ["neutral" if calm else others[k] for calm, k in zip(neutral, drawn, strict=True)]
    return tuple(Manner(style, emotion) for style, emotion in zip(styles, emotions, strict=True))
