"""95 % bootstrap intervals over clips, paired differences and ratios, and tests of equivalence.

A score is a function of clips: drawn with replacement, they give its distribution (Efron & Tibshirani 1993, percentile
intervals). Two systems were given the same clips, so they are compared on the same draws. Equivalence is two one-sided
tests (Schuirmann 1987): the ratio of two scores lies within 1 ± margin where both p are below 0.05, which is where the
90 % interval does.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ROUNDS, LEVEL, SEED = 2000, 0.95, 0
Pooled = Callable[[np.ndarray], np.ndarray]  # numbers of clips (…, n) → the score over them (…)


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; `low` and `high` are nan where fewer than two clips count."""

    value: float
    low: float
    high: float
    n: int  # clips that count

    def apart(self, other: "Estimate") -> bool:
        """Whether the two intervals do not meet."""
        return self.low > other.high or self.high < other.low


@dataclass(frozen=True)
class Score:
    """A score that can be pooled over any of N clips."""

    pooled: Pooled
    counted: np.ndarray  # (N,) bool: the clips that say anything

    @property
    def value(self) -> float:
        return float(self.pooled(np.flatnonzero(self.counted)))

    def estimate(self) -> Estimate:
        return _estimate(self.pooled, self.counted)[0]


@dataclass(frozen=True)
class Comparison:
    """One score of two systems on the same clips. `p` is that of equivalence within 1 ± `margin`; nan: not tested."""

    difference: Estimate  # one − other
    ratio: Estimate  # one / other
    margin: float
    p: float

    @property
    def equivalent(self) -> bool:
        return self.p < 1 - LEVEL


def weighted(sums: np.ndarray, weights: np.ndarray) -> Score:
    """Σ sums / Σ weights, both (N,): a mean over whatever the weights count."""
    return Score(lambda clips: sums[clips].sum(-1) / weights[clips].sum(-1), weights > 0)


def mean_of(values: np.ndarray) -> Estimate:
    """The mean of what is known of one value a clip, (N,) with nan where it is not."""
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    return weighted(np.where(known, values, 0), known.astype(float)).estimate()


def ratio(one: Score, other: Score) -> Score:
    return Score(lambda clips: one.pooled(clips) / other.pooled(clips), one.counted | other.counted)


def compare(one: Score, other: Score, margin: float) -> Comparison:
    """Raises ValueError for a margin that is not between 0 and 1."""
    if not 0 < margin < 1:
        raise ValueError(f"an equivalence margin of {margin:g} was asked for; between 0 and 1 is wanted")
    either = one.counted | other.counted
    difference, _ = _estimate(lambda clips: one.pooled(clips) - other.pooled(clips), either)
    quotient, drawn = _estimate(ratio(one, other).pooled, either)
    return Comparison(difference, quotient, margin, _outside(drawn, margin))


def equivalence(score: Score, margin: float) -> float:
    """p of a score that is itself a ratio being 1 ± margin."""
    return _outside(_estimate(score.pooled, score.counted)[1], margin)


def _outside(ratios: np.ndarray, margin: float) -> float:
    """The larger share of drawn `ratios` beyond one end of 1 ± margin, never below 1 / (rounds + 1); nan of none."""
    if not len(ratios):
        return math.nan
    beyond = max((ratios <= 1 - margin).sum(), (ratios >= 1 + margin).sum())
    return float((beyond + 1) / (len(ratios) + 1))


def _estimate(pooled: Pooled, counted: np.ndarray) -> tuple[Estimate, np.ndarray]:
    """The estimate, and the finite values drawn: none with fewer than two clips."""
    from scipy.stats import bootstrap

    clips = np.flatnonzero(counted)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(pooled(clips)) if len(clips) else math.nan
        if len(clips) < 2:
            return Estimate(value, math.nan, math.nan, len(clips)), np.empty(0)

        def statistic(sample: np.ndarray, axis: int) -> np.ndarray:
            return pooled(np.moveaxis(sample, axis, -1))

        drawn = bootstrap(
            (clips,),
            statistic,
            vectorized=True,
            n_resamples=ROUNDS,
            method="percentile",
            rng=np.random.default_rng(SEED),
        ).bootstrap_distribution
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Estimate(value, math.nan, math.nan, len(clips)), drawn
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high), len(clips)), drawn
