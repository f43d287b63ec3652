"""Lips at rest: how far they stay open in silence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from talkdemo.metrics.timing import frame_times
from talkdemo.metrics.vertices import METRES_TO_MM
from talkdemo.records import FPS, Phone


def rest_frames(
    phones: Sequence[Phone], frames: int, silence: str = "SIL", margin: float = 0.2, fps: float = FPS
) -> np.ndarray:
    """(T,) bool: frames in silence at least `margin` seconds away from any sound (lips need time to close and open)."""
    times = frame_times(frames, fps)
    resting = np.ones(frames, bool)
    for phone in phones:
        if phone.label != silence:
            resting &= (times < phone.start - margin) | (times > phone.end + margin)
    return resting


def rest_open(gap: np.ndarray, resting: np.ndarray, limit: float = 1e-3) -> float:
    """Share of the frames `resting` (T,) bool with an opening (T,) of at least `limit` metres; nan when none rests."""
    gap, resting = np.asarray(gap, np.float64), np.asarray(resting, bool)
    return float((gap[resting] >= limit).mean()) if resting.any() else float("nan")


def rest_gap(gap: np.ndarray, resting: np.ndarray) -> float:
    """Mean opening (T,) metres over the frames `resting` (T,) bool, in **millimetres**; nan when nothing rests."""
    gap, resting = np.asarray(gap, np.float64), np.asarray(resting, bool)
    return float(gap[resting].mean() * METRES_TO_MM) if resting.any() else float("nan")
