"""How much a motion moves: variance per channel, speed of the head. Where the number of sampling steps shows."""

from collections.abc import Mapping, Sequence

import numpy as np

from talkdemo.face import arkit
from talkdemo.metrics.interval import Score
from talkdemo.metrics.statistics import angular_speed
from talkdemo.records import CHANNELS, COEFFICIENTS

STILL = 1e-6  # variance of a channel that does not move
HEAD_SPEEDS = {"head_speed": 50, "head_peak": 95}  # percentiles
GROUPS: Mapping[str, Sequence[int]] = {  # of the tracks (T, 55)
    "variance_upper": arkit.UPPER_FACE,
    "variance_mouth": arkit.LIPS,
    "variance_head": range(COEFFICIENTS, CHANNELS),
}


def variances(tracks: np.ndarray) -> tuple[np.ndarray, int]:
    """(T, 55) → the squared distances from the clip's own mean, summed (55,), and T."""
    return np.square(tracks - tracks.mean(0)).sum(0), len(tracks)


def head_speeds(head: np.ndarray) -> dict[str, float]:
    """Percentiles of the speed in degrees/s of a head (T, 3); nothing of one that is too short or does not turn."""
    if len(head) <= 16 or not np.ptp(head, axis=0).any():
        return {}
    speed = angular_speed(head)
    return {name: float(np.percentile(speed, place)) for name, place in HEAD_SPEEDS.items()}


def variance_ratios(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> dict[str, Score]:
    """Sums (N, 55) and frames (N,) of two systems → for each of GROUPS the geometric mean, over the channels that move
    in the other, of the ratio of their variances."""
    (sums, frames), (reference, reference_frames) = one, other
    whole = reference.sum(0) / max(1, reference_frames.sum())
    found = {}
    for name, group in GROUPS.items():
        moving = [channel for channel in group if whole[channel] > STILL]
        if moving:
            found[name] = _geometric(sums[:, moving], frames, reference[:, moving], reference_frames)
    return found


def _geometric(a: np.ndarray, frames: np.ndarray, b: np.ndarray, reference_frames: np.ndarray) -> Score:
    def pooled(clips: np.ndarray) -> np.ndarray:
        own = a[clips].sum(-2) / frames[clips].sum(-1)[..., None]
        reference = b[clips].sum(-2) / reference_frames[clips].sum(-1)[..., None]
        return np.exp(np.log(own / reference).mean(-1))

    return Score(pooled, (frames > 0) & (reference_frames > 0))
