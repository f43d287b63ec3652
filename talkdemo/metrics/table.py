"""METRICS: every figure `evaluate` prints, with its function, its unit and which way is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from talkdemo.metrics.beat import beat_alignment
from talkdemo.metrics.blendshape import mbe
from talkdemo.metrics.blink import blinks
from talkdemo.metrics.closure import closure
from talkdemo.metrics.diversity import diversity
from talkdemo.metrics.eve import eve
from talkdemo.metrics.fdd import fdd
from talkdemo.metrics.lve import lve, lve_squared
from talkdemo.metrics.mod import mod
from talkdemo.metrics.mve import mve
from talkdemo.metrics.openness import correlation, r_opening
from talkdemo.metrics.rest import rest_gap, rest_open
from talkdemo.metrics.rounding import contact, rounding
from talkdemo.metrics.sync import sync


@dataclass(frozen=True)
class Metric:
    """One printed figure. `better`: "lower", "higher", "zero" (nearest 0) or "truth" (nearest the true motion's)."""

    function: Callable[..., object]
    unit: str
    better: str
    title: str
    digits: int = 2


METRICS: dict[str, Metric] = {
    "lve": Metric(lve, "mm", "lower", "LVE"),
    "lve_squared": Metric(lve_squared, "1e-5 m²", "lower", "LVE²"),
    "fdd": Metric(fdd, "1e-5 m", "zero", "FDD"),
    "fdd_absolute": Metric(fdd, "1e-5 m", "lower", "FDD abs"),
    "eve": Metric(eve, "mm", "lower", "EVE"),
    "mve": Metric(mve, "mm", "lower", "MVE", 3),
    "mod": Metric(mod, "mm", "lower", "MOD"),
    "mbe": Metric(mbe, "coefficient", "lower", "MBE", 3),
    "lbe": Metric(mbe, "coefficient", "lower", "LBE", 3),
    "hits": Metric(closure, "%", "higher", "hits", 1),
    "false": Metric(closure, "%", "lower", "false", 1),
    "vowel_hits": Metric(closure, "%", "lower", "V", 1),
    "r_phones": Metric(r_opening, "", "higher", "r(phones)"),
    "r_phones_shuffled": Metric(r_opening, "", "zero", "r shuffled"),
    "r_truth": Metric(correlation, "", "higher", "r(truth)"),
    "r_truth_shuffled": Metric(correlation, "", "zero", "r(truth) shuffled"),
    "rounding": Metric(rounding, "%", "higher", "rounding", 1),
    "labiodental": Metric(contact, "%", "higher", "f/v", 1),
    "lag": Metric(sync, "ms", "zero", "lag", 0),
    "sync": Metric(sync, "", "truth", "sync"),
    "sync_shuffled": Metric(sync, "", "zero", "sync shuffled"),
    "ba": Metric(beat_alignment, "", "higher", "BA"),
    "ba_shuffled": Metric(beat_alignment, "", "truth", "BA shuffled"),
    "ba_truth": Metric(beat_alignment, "", "higher", "BA(truth)"),
    "ba_truth_shuffled": Metric(beat_alignment, "", "truth", "BA(truth) shuffled"),
    "blinks": Metric(blinks, "per min", "truth", "blinks", 1),
    "blink_ms": Metric(blinks, "ms", "truth", "blink", 0),
    "blink_peak": Metric(blinks, "", "truth", "blink peak"),
    "rest": Metric(rest_gap, "mm", "lower", "rest gap"),
    "rest_open": Metric(rest_open, "%", "lower", "rest ≥ 1 mm", 1),
    "diversity": Metric(diversity, "mm", "truth", "diversity"),
    "r_jaw": Metric(correlation, "", "higher", "r(jawOpen)"),
    "r_jaw_pooled": Metric(correlation, "", "higher", "r(jawOpen) pooled"),
    "r_jaw_shuffled": Metric(correlation, "", "zero", "r(jawOpen) shuffled"),
    "r_pucker": Metric(correlation, "", "higher", "r(pucker)"),
    "r_pucker_pooled": Metric(correlation, "", "higher", "r(pucker) pooled"),
    "r_pucker_shuffled": Metric(correlation, "", "zero", "r(pucker) shuffled"),
}
