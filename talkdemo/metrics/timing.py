"""Which frames of motion belong to which phones."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from talkdemo.records import FPS, Phone


def frame_times(frames: int, fps: float = FPS) -> np.ndarray:
    """Middle of each frame in seconds, (T,): frame t stands for the sound in [t, t + 1) / fps."""
    return (np.arange(frames) + 0.5) / fps


def window(frames: int, start: float, end: float, fps: float = FPS) -> np.ndarray:
    """Indices of the frames whose middle lies in [start, end]; never empty: a short phone gets its nearest frame."""
    times = frame_times(frames, fps)
    chosen = np.flatnonzero((times >= start) & (times <= end))
    return chosen if len(chosen) else np.array([int(np.argmin(np.abs(times - (start + end) / 2)))])


def frames_of(phones: Sequence[Phone], labels: Collection[str], frames: int, fps: float = FPS) -> np.ndarray:
    """(T,) bool: the frames whose middle lies in a phone with one of `labels`."""
    times = frame_times(frames, fps)
    chosen = np.zeros(frames, bool)
    for phone in phones:
        if phone.label in labels:
            chosen |= (times >= phone.start) & (times < phone.end)
    return chosen


def speech_frames(phones: Sequence[Phone], silence: str, frames: int, fps: float = FPS) -> np.ndarray:
    """(T,) bool: the frames inside a phone that is not silence."""
    return frames_of(phones, {phone.label for phone in phones} - {silence}, frames, fps)
