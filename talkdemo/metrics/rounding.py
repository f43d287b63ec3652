"""Lip rounding on rounded phones, and lip-to-teeth contact on /f v/."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from talkdemo.metrics.timing import speech_frames, window
from talkdemo.records import FPS, Phone


def rounding(
    width: np.ndarray, phones: Sequence[Phone], *, rounded: Collection[str], silence: str = "SIL", fps: float = FPS
) -> tuple[int, int]:
    """(phones in `rounded` whose mean mouth width is below the clip's median over speech frames, all such phones).

    width: (T,) distance of the mouth corners in any unit. Chance is near 1/2.
    """
    width = np.asarray(width, np.float64)
    speaking = speech_frames(phones, silence, len(width), fps)
    median = np.median(width[speaking]) if speaking.any() else np.median(width)
    means = [width[window(len(width), p.start, p.end, fps)].mean() for p in phones if p.label in rounded]
    return int(sum(mean < median for mean in means)), len(means)


def contact(
    distance: np.ndarray,
    phones: Sequence[Phone],
    *,
    labels: Collection[str],
    threshold: float,
    margin: float = 0.040,
    fps: float = FPS,
) -> tuple[int, int]:
    """(phones in `labels` whose smallest distance within ± margin seconds is below `threshold`, all such phones).

    For /f v/: distance (T,) of the lower lip's edge to the upper incisors, threshold in the same unit.
    """
    distance = np.asarray(distance, np.float64)
    smallest = [
        distance[window(len(distance), p.start - margin, p.end + margin, fps)].min()
        for p in phones
        if p.label in labels
    ]
    return int(sum(value < threshold for value in smallest)), len(smallest)
