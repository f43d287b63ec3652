"""The metrics that `evaluate` prints: titles, units, which direction is better."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One printed figure. `better`: "lower", "higher", "zero" (nearest 0) or "truth" (nearest the true motion's)."""

    unit: str
    better: str
    title: str
    digits: int = 2

    @property
    def heading(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title


METRICS: dict[str, Metric] = {
    "lve": Metric("mm", "lower", "LVE"),
    "lve_squared": Metric("1e-5 m²", "lower", "LVE²"),
    "fdd": Metric("1e-5 m", "zero", "FDD"),
    "fdd_absolute": Metric("1e-5 m", "lower", "FDD abs"),
    "eve": Metric("mm", "lower", "EVE"),
    "mve": Metric("mm", "lower", "MVE", 3),
    "mod": Metric("mm", "lower", "MOD"),
    "mbe": Metric("coefficient", "lower", "MBE", 3),
    "lbe": Metric("coefficient", "lower", "LBE", 3),
    "hits": Metric("%", "higher", "hits", 1),
    "false": Metric("%", "lower", "false", 1),
    "vowel_hits": Metric("%", "lower", "V", 1),
    "r_phones": Metric("", "higher", "r(phones)"),
    "r_phones_shuffled": Metric("", "zero", "r shuffled"),
    "r_truth": Metric("", "higher", "r(truth)"),
    "r_truth_shuffled": Metric("", "zero", "r(truth) shuffled"),
    "rounding": Metric("%", "higher", "rounding", 1),
    "labiodental": Metric("%", "higher", "f/v", 1),
    "lag": Metric("ms", "zero", "lag", 0),
    "sync": Metric("", "truth", "sync"),
    "sync_shuffled": Metric("", "zero", "sync shuffled"),
    "ba": Metric("", "higher", "BA"),
    "ba_shuffled": Metric("", "truth", "BA shuffled"),
    "ba_truth": Metric("", "higher", "BA(truth)"),
    "ba_truth_shuffled": Metric("", "truth", "BA(truth) shuffled"),
    "blinks": Metric("per min", "truth", "blinks", 1),
    "blink_ms": Metric("ms", "truth", "blink", 0),
    "blink_peak": Metric("", "truth", "blink peak"),
    "rest": Metric("mm", "lower", "rest gap"),
    "rest_open": Metric("%", "lower", "rest ≥ 1 mm", 1),
    "head_speed": Metric("°/s", "truth", "head speed, median", 1),
    "head_peak": Metric("°/s", "truth", "head speed, 95 %", 1),
    "diversity": Metric("mm", "truth", "diversity over seeds", 3),
    "r_jaw": Metric("", "higher", "r(jawOpen)"),
    "r_jaw_shuffled": Metric("", "zero", "r(jawOpen) shuffled"),
    "r_pucker": Metric("", "higher", "r(pucker)"),
    "r_pucker_shuffled": Metric("", "zero", "r(pucker) shuffled"),
    "variance_upper": Metric("× the other's", "truth", "variance per channel, upper face"),
    "variance_mouth": Metric("× the other's", "truth", "variance per channel, mouth"),
    "variance_head": Metric("× the other's", "truth", "variance per channel, head"),
}
