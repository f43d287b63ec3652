"""Scores one measured motion with every metric that its clip allows.

Each score is a pair (sum, weight), so that clips are pooled by addition: errors weigh 1 per clip, shares weigh the
number of phones or frames they were counted on. A metric that a clip does not allow is left out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.metrics.beat import beat_alignment, head_beats, onsets
from talkdemo.metrics.blendshape import mbe
from talkdemo.metrics.blink import blinks
from talkdemo.metrics.closure import closure
from talkdemo.metrics.eve import eve
from talkdemo.metrics.fdd import fdd
from talkdemo.metrics.lve import lve, lve_squared
from talkdemo.metrics.mod import mod
from talkdemo.metrics.mve import mve
from talkdemo.metrics.openness import correlation, r_opening
from talkdemo.metrics.rest import rest_frames, rest_gap, rest_open
from talkdemo.metrics.rounding import contact, rounding
from talkdemo.metrics.sync import cross_correlation, energy
from talkdemo.records import FPS, Phone, Speech

Sums = dict[str, tuple[float, float]]  # metric name → (sum, weight)
_LAG, _LAG_SHUFFLED = "correlation at lag ", "shuffled correlation at lag "


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
class Labels:
    """Classes of phone labels."""

    bilabials: Collection[str]
    labiodentals: Collection[str]
    vowels: Collection[str]
    rounded: Collection[str]
    silence: str = "SIL"


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
    """The pooled figures. `lag` is where the **mean** correlation of opening and loudness over all clips peaks, `sync`
    the height of that peak: short clips have several nearly equal peaks, and a mean of their lags would be noise."""
    figures = {name: value / weight for name, (value, weight) in totals.items() if weight}

    def by_lag(prefix: str) -> dict[int, float]:
        return {int(name[len(prefix) :]): figures.pop(name) for name in list(figures) if name.startswith(prefix)}

    own, others = by_lag(_LAG), by_lag(_LAG_SHUFFLED)
    if own:
        figures["lag"] = max(own, key=own.__getitem__) / FPS * 1e3
        figures["sync"] = max(own.values())
    if others:
        figures["sync_shuffled"] = max(others.values())
    return figures


def against_truth(measured: Measurement, truth: Measurement, regions: Regions, mask: np.ndarray | None = None) -> Sums:
    """Errors against the true motion; `mask` (C,) bool says which channels of it are real (None = all).

    A truth without real lids was not captured in the upper face: no FDD and EVE.
    """
    captured = mask is None or bool(np.asarray(mask)[regions.blink_channels].all())
    dynamics = fdd(measured.vertices, truth.vertices, regions.template, regions.upper_face)
    lips = np.zeros(measured.coefficients.shape[1], bool)
    lips[regions.lip_channels] = True
    beats = head_beats(truth.head)
    eyes = {
        "fdd": dynamics.signed * 1e5,
        "fdd_absolute": dynamics.absolute * 1e5,
        "eve": eve(measured.vertices, truth.vertices, regions.eyes),
    }
    correlations = {
        f"r_{name}": correlation(measured.coefficients[:, column], truth.coefficients[:, column])
        for name, column in regions.tracked.items()
    }
    return _finite(
        {
            **correlations,
            "lve": lve(measured.vertices, truth.vertices, regions.lips),
            "lve_squared": lve_squared(measured.vertices, truth.vertices, regions.lips) * 1e5,
            **(eyes if captured else {}),
            "mve": mve(measured.vertices, truth.vertices),
            "mod": mod(measured.gap, truth.gap),
            "mbe": mbe(measured.coefficients, truth.coefficients, mask),
            "lbe": mbe(measured.coefficients, truth.coefficients, lips if mask is None else lips & mask),
            "r_truth": correlation(measured.gap, truth.gap),
            "ba_truth": beat_alignment(head_beats(measured.head), beats),
        }
    )


def against_phones(measured: Measurement, phones: Sequence[Phone], labels: Labels) -> Sums:
    """Closures, rounding, lip to teeth, rest and r(opening), from phones with exact times."""
    counts = closure(measured.gap, phones, bilabials=labels.bilabials, vowels=labels.vowels)
    scores: Sums = {
        "hits": (100 * counts.hits, counts.bilabials),
        "false": (100 * counts.closed_vowel_frames, counts.vowel_frames),
        "vowel_hits": (100 * counts.vowel_hits, counts.vowels),
    }
    narrow, total = rounding(measured.width, phones, rounded=labels.rounded, silence=labels.silence)
    scores["rounding"] = (100 * narrow, total)
    if measured.teeth_distance is not None:
        touched, total = contact(
            measured.teeth_distance, phones, labels=labels.labiodentals, threshold=measured.teeth_contact
        )
        scores["labiodental"] = (100 * touched, total)
    resting = rest_frames(phones, len(measured.gap), labels.silence)
    return scores | _finite(
        {
            "r_phones": r_opening(measured.gap, phones, silence=labels.silence),
            "rest": rest_gap(measured.gap, resting),
            "rest_open": 100 * rest_open(measured.gap, resting),
        }
    )


def against_speech(measured: Measurement, speech: Speech, lids: np.ndarray | None) -> Sums:
    """Synchrony, head beats and blinks, which need no truth and no phones. lids: (T,) closure, None = not captured."""
    scores = _by_lag(_LAG, measured.gap, speech)
    scores["ba"] = beat_alignment(head_beats(measured.head), onsets(speech.samples))
    if lids is None:
        return _finite(scores)
    found = blinks(lids)
    scores["blink_ms"] = found.median_duration
    counted = {"blinks": (60.0 * len(found.times), found.seconds)}
    if len(found.times):
        counted["blink_peak"] = (float(found.peaks.sum()), float(len(found.times)))
    return counted | _finite(scores)


def shuffled(
    measured: Measurement,
    speech: Speech,
    phones: Sequence[Phone] | None,
    truth: Measurement | None,
    silence: str,
    tracked: Mapping[str, int],
) -> Sums:
    """The synchrony scores against speech, phones and true motion of **another** clip: the level of chance."""
    common = min(len(measured.gap), speech.frames)
    scores = _by_lag(_LAG_SHUFFLED, measured.gap[:common], speech)
    scores["ba_shuffled"] = beat_alignment(head_beats(measured.head), onsets(speech.samples))
    if phones is not None:
        scores["r_phones_shuffled"] = r_opening(measured.gap[:common], phones, silence=silence)
    if truth is not None:
        common = min(len(measured.gap), len(truth.gap))
        scores["r_truth_shuffled"] = correlation(measured.gap[:common], truth.gap[:common])
        for name, column in tracked.items():
            pair = measured.coefficients[:common, column], truth.coefficients[:common, column]
            scores[f"r_{name}_shuffled"] = correlation(*pair)
        scores["ba_truth_shuffled"] = beat_alignment(head_beats(measured.head), head_beats(truth.head))
    return _finite(scores)


def _by_lag(prefix: str, gap: np.ndarray, speech: Speech) -> dict[str, float]:
    lags, scores = cross_correlation(gap, energy(speech.samples, len(gap)))
    return {f"{prefix}{lag}": score for lag, score in zip(lags, scores, strict=True)}


def _finite(scores: Mapping[str, float]) -> Sums:
    return {name: (value, 1.0) for name, value in scores.items() if not math.isnan(value)}
