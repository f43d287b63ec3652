"""Scores one measured motion with every metric that its clip allows.

Each score is a pair (sum, weight), so that clips are pooled by addition: errors weigh 1 per motion, shares weigh the
number of phones or frames they were counted on. A metric that a clip does not allow is left out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from talkdemo.metrics.blink import blinks
from talkdemo.metrics.dynamics import head_speeds, variances
from talkdemo.metrics.errors import fdd, lve, lve_squared, mbe, mod, mve
from talkdemo.metrics.interval import Score, weighted
from talkdemo.metrics.openness import correlation, r_opening
from talkdemo.metrics.phones import closure, contact, rest, rest_frames, rounding
from talkdemo.metrics.sync import beat_alignment, cross_correlation, energy, head_beats, onsets
from talkdemo.records import CHANNELS, FPS, Phone, Speech

Sums = dict[str, tuple[float, float]]  # metric name → (sum, weight)
_LAG, _LAG_SHUFFLED, _VARIANCE = "correlation at lag ", "shuffled correlation at lag ", "variance of channel "


@dataclass(frozen=True)
class Regions:
    """The vertices and channels that the metrics use."""

    template: np.ndarray  # (V, 3) neutral face, metres
    lips: np.ndarray  # vertex indices
    eyes: np.ndarray  # eyes and forehead
    upper_face: np.ndarray
    tracked: Mapping[str, int]  # name → coefficient column whose correlation with the true one is reported
    lip_channels: np.ndarray  # coefficient columns
    blink_channels: np.ndarray


@dataclass(frozen=True)
class Measurement:
    """One motion, measured on a face whose head does not turn."""

    coefficients: np.ndarray  # (T, C)
    head: np.ndarray  # (T, 3) rotation vectors, radians
    vertices: np.ndarray  # (T, V, 3) metres
    gap: np.ndarray  # (T,) inner-lip gap, metres
    width: np.ndarray  # (T,) mouth width, metres
    teeth_distance: np.ndarray | None = None  # (T,) lower lip to upper teeth, metres
    teeth_contact: float = 0.0  # metres: at or below, lip and teeth touch


def add(totals: Sums, scores: Mapping[str, tuple[float, float]]) -> None:
    """Pool `scores` into `totals`, in place."""
    for name, (value, weight) in scores.items():
        old = totals.get(name, (0.0, 0.0))
        totals[name] = (old[0] + value, old[1] + weight)


def means(totals: Sums) -> dict[str, float]:
    """The pooled figures."""
    return {name: score.value for name, score in scores([totals]).items() if score.counted.any()}


def scores(clips: Sequence[Sums]) -> dict[str, Score]:
    """Every score of clips, pooled over any of them. `lag` is where the **mean** correlation of opening and loudness
    over all clips peaks, `sync` the height of that peak: short clips have several nearly equal peaks, and a mean of
    their lags would be noise."""
    names = dict.fromkeys(name for clip in clips for name in clip)
    found = {name: weighted(*_columns(clips, name)) for name in names if not name.startswith(_VARIANCE)}
    for prefix, peak, place in ((_LAG, "sync", "lag"), (_LAG_SHUFFLED, "sync_shuffled", "")):
        curve = {int(name[len(prefix) :]): found.pop(name) for name in list(found) if name.startswith(prefix)}
        if curve:
            counted = np.any([score.counted for score in curve.values()], axis=0)
            found[peak] = Score(partial(_peak, list(curve.values())), counted)
            if place:
                found[place] = Score(partial(_place, curve), counted)
    return found


def channel_variances(clips: Sequence[Sums]) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances from each clip's mean, (N, 55), and the frames they were summed over, (N,)."""
    columns = [_columns(clips, f"{_VARIANCE}{channel}") for channel in range(CHANNELS)]
    return np.stack([sums for sums, _ in columns], axis=1), columns[0][1]


def _columns(clips: Sequence[Sums], name: str) -> tuple[np.ndarray, np.ndarray]:
    sums, weights = np.array([clip.get(name, (0.0, 0.0)) for clip in clips], np.float64).reshape(-1, 2).T
    return sums, weights


def _peak(curve: Sequence[Score], clips: np.ndarray) -> np.ndarray:
    return np.max([score.pooled(clips) for score in curve], axis=0)


def _place(curve: Mapping[int, Score], clips: np.ndarray) -> np.ndarray:
    """The lag of the peak, milliseconds."""
    lags = np.array(list(curve)) / FPS * 1e3
    return lags[np.argmax([score.pooled(clips) for score in curve.values()], axis=0)]


def against_truth(measured: Measurement, truth: Measurement, regions: Regions, mask: np.ndarray | None = None) -> Sums:
    """Errors against the true motion; `mask` (C,) bool says which channels of it are real (None = all).

    A truth without real lids was not captured in the upper face: no FDD and EVE.
    """
    lips = np.zeros(measured.coefficients.shape[1], bool)
    lips[regions.lip_channels] = True
    scores = {
        "lve": lve(measured.vertices, truth.vertices, regions.lips),
        "lve_squared": lve_squared(measured.vertices, truth.vertices, regions.lips) * 1e5,
        "mve": mve(measured.vertices, truth.vertices),
        "mod": mod(measured.gap, truth.gap),
        "mbe": mbe(measured.coefficients, truth.coefficients, mask),
        "lbe": mbe(measured.coefficients, truth.coefficients, lips if mask is None else lips & mask),
        "r_truth": correlation(measured.gap, truth.gap),
        "ba_truth": beat_alignment(head_beats(measured.head), head_beats(truth.head)),
    }
    for name, column in regions.tracked.items():
        scores[f"r_{name}"] = correlation(measured.coefficients[:, column], truth.coefficients[:, column])
    if mask is None or np.asarray(mask)[regions.blink_channels].all():
        signed, absolute = fdd(measured.vertices, truth.vertices, regions.template, regions.upper_face)
        scores["fdd"], scores["fdd_absolute"] = signed * 1e5, absolute * 1e5
        scores["eve"] = lve(measured.vertices, truth.vertices, regions.eyes)
    return finite(scores)


def against_phones(measured: Measurement, phones: Sequence[Phone]) -> Sums:
    """Closures, rounding, lip to teeth, rest and r(opening), from phones with exact times."""
    narrow, total = rounding(measured.width, phones)
    scores = closure(measured.gap, phones) | {"rounding": (100 * narrow, total)}
    if measured.teeth_distance is not None:
        touched, total = contact(measured.teeth_distance, phones, measured.teeth_contact)
        scores["labiodental"] = (100 * touched, total)
    gap, share = rest(measured.gap, rest_frames(phones, len(measured.gap)))
    return scores | finite({"r_phones": r_opening(measured.gap, phones), "rest": gap, "rest_open": 100 * share})


def against_speech(measured: Measurement, speech: Speech, lids: np.ndarray | None) -> Sums:
    """Synchrony, head beats and blinks, which need no truth and no phones. lids: (T,) closure, None = not captured."""
    scores = _by_lag(_LAG, measured.gap, speech) | head_speeds(measured.head)
    scores["ba"] = beat_alignment(head_beats(measured.head), onsets(speech.samples))
    squares, frames = variances(np.concatenate([measured.coefficients, measured.head], axis=1))
    counted = {f"{_VARIANCE}{channel}": (float(value), float(frames)) for channel, value in enumerate(squares)}
    if lids is None:
        return counted | finite(scores)
    found = blinks(lids)
    scores["blink_ms"] = found.median_duration
    counted["blinks"] = 60.0 * len(found.times), found.seconds
    if len(found.times):
        counted["blink_peak"] = (float(found.peaks.sum()), float(len(found.times)))
    return counted | finite(scores)


def shuffled(
    measured: Measurement,
    speech: Speech,
    phones: Sequence[Phone] | None,
    truth: Measurement | None,
    tracked: Mapping[str, int],
) -> Sums:
    """The synchrony scores against speech, phones and true motion of **another** clip: the level of chance."""
    common = min(len(measured.gap), speech.frames)
    scores = _by_lag(_LAG_SHUFFLED, measured.gap[:common], speech)
    scores["ba_shuffled"] = beat_alignment(head_beats(measured.head), onsets(speech.samples))
    if phones is not None:
        scores["r_phones_shuffled"] = r_opening(measured.gap[:common], phones)
    if truth is not None:
        common = min(len(measured.gap), len(truth.gap))
        scores["r_truth_shuffled"] = correlation(measured.gap[:common], truth.gap[:common])
        for name, column in tracked.items():
            pair = measured.coefficients[:common, column], truth.coefficients[:common, column]
            scores[f"r_{name}_shuffled"] = correlation(*pair)
        scores["ba_truth_shuffled"] = beat_alignment(head_beats(measured.head), head_beats(truth.head))
    return finite(scores)


def _by_lag(prefix: str, gap: np.ndarray, speech: Speech) -> dict[str, float]:
    lags, scores = cross_correlation(gap, energy(speech.samples, len(gap)))
    return {f"{prefix}{lag}": score for lag, score in zip(lags, scores, strict=True)}


def finite(scores: Mapping[str, float]) -> Sums:
    """Figures of one clip, each of weight 1; those that are nan are left out."""
    return {name: (value, 1.0) for name, value in scores.items() if not math.isnan(value)}
