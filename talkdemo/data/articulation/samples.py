"""Samples hundreds of speaking styles, each a style with an emotion: the variety that reference clips can show.

The 24 talking identities are few; a model that follows any reference clip has to train on hundreds of styles. The
held-out split has a seed of its own and is never trained on.
"""

import functools
from dataclasses import dataclass

import numpy as np

from talkdemo.data.articulation.emotions import EMOTIONS
from talkdemo.data.articulation.styles import Style, draw

COUNTS = {"train": 1200, "held-out": 64}
SEEDS = {"train": 2310, "held-out": 434}
NEUTRAL_SHARE = 0.5


@dataclass(frozen=True)
class StyleSample:
    style: Style
    emotion: str


@functools.cache
def style_samples(split: str) -> tuple[StyleSample, ...]:
    """The samples of a split, always the same. Raises ValueError for an unknown split."""
    if split not in COUNTS:
        raise ValueError(f"split {split!r} given; one of {', '.join(COUNTS)} is wanted")
    generator = np.random.Generator(np.random.PCG64(SEEDS[split]))
    styles = draw(COUNTS[split], generator)
    others = [name for name in EMOTIONS if name != "neutral"]
    neutral = generator.random(len(styles)) < NEUTRAL_SHARE
    numbers = generator.integers(len(others), size=len(styles))
    emotions = ["neutral" if calm else others[k] for calm, k in zip(neutral, numbers, strict=True)]
    return tuple(StyleSample(style, emotion) for style, emotion in zip(styles, emotions, strict=True))
