"""Bootstrap intervals against known answers: coverage of a mean's, paired differences, equivalence."""

import math

import numpy as np
import pytest

from talkdemo.metrics.dynamics import head_speeds, variance_ratios, variances
from talkdemo.metrics.interval import compare, equivalence, mean_of, ratio, weighted
from talkdemo.metrics.score import channel_variances, scores


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = mean_of(values)
    reach = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean()) and found.n == 400
    assert found.low == pytest.approx(values.mean() - reach, abs=0.15 * reach)
    assert found.high == pytest.approx(values.mean() + reach, abs=0.15 * reach)


def test_nineteen_of_twenty_intervals_hold_the_truth():
    rng = np.random.default_rng(1)
    inside = [found.low <= 0 <= found.high for found in (mean_of(rng.normal(0, 1, 40)) for _ in range(200))]
    assert 0.88 < np.mean(inside) < 0.99


def test_shares_are_pooled_and_clips_that_say_nothing_do_not_count():
    hits, phones = np.array([100.0, 0, 300, 0]), np.array([1.0, 0, 3, 0])
    found = weighted(hits, phones).estimate()
    assert (found.value, found.low, found.high, found.n) == (100, 100, 100, 2)
    alone = weighted(hits[:2], phones[:2]).estimate()
    assert alone.value == 100 and math.isnan(alone.low) and alone.n == 1
    assert math.isnan(mean_of(np.array([np.nan])).value)


def test_systems_are_compared_clip_by_clip():
    """Clips differ far more than the systems do: only the paired interval shows the difference."""
    rng = np.random.default_rng(2)
    clip = rng.normal(10, 4, 30)
    one, other = (weighted(clip + rng.normal(shift, 0.1, 30), np.ones(30)) for shift in (0.5, 0))
    found = compare(one, other, 0.1)
    assert found.difference.low > 0.4 and found.difference.high < 0.6
    assert not one.estimate().apart(other.estimate())
    assert found.ratio.value == pytest.approx(1.05, abs=0.01) and found.equivalent and found.p < 0.01
    assert not compare(one, other, 0.04).equivalent
    with pytest.raises(ValueError, match="margin of 2"):
        compare(one, other, 2)


def test_equivalence_agrees_with_the_ninety_percent_interval():
    rng = np.random.default_rng(3)
    one, other = (weighted(rng.normal(1, 0.2, 25), np.ones(25)) for _ in range(2))
    drawn = ratio(one, other)
    reach = next(m / 1000 for m in range(1, 999) if equivalence(drawn, m / 1000) < 0.05)
    spread = 0.2 * math.sqrt(2 / 25)  # of the ratio of two means
    off = abs(drawn.value - 1)
    assert reach == pytest.approx(off + 1.645 * spread, rel=0.25)


def test_variance_ratios_are_known_for_scaled_motion():
    rng = np.random.default_rng(4)
    tracks = [rng.normal(0, 1, (50, 55)) + rng.normal(0, 9, 55) for _ in range(6)]
    scaled = [motion * np.r_[np.full(52, 2.0), np.full(3, 0.5)] for motion in tracks]

    def sums(motions):
        parts = [variances(motion) for motion in motions]
        return np.stack([part[0] for part in parts]), np.array([part[1] for part in parts], float)

    found = variance_ratios(sums(scaled), sums(tracks))
    assert {name: round(score.value, 6) for name, score in found.items()} == {
        "variance_upper": 4, "variance_mouth": 4, "variance_head": 0.25
    }  # fmt: skip
    still = [np.zeros((50, 55))] * 6
    assert variance_ratios(sums(tracks), sums(still)) == {} and found["variance_head"].estimate().low > 0.2


def test_head_speed_of_a_steady_turn():
    turn = np.zeros((100, 3))
    turn[:, 1] = np.radians(np.arange(100) * 0.8)  # 0.8° a frame: 20°/s
    assert head_speeds(turn) == pytest.approx({"head_speed": 20, "head_peak": 20}, rel=0.05)
    assert head_speeds(np.zeros((100, 3))) == {} and head_speeds(turn[:10]) == {}


def test_the_peak_of_the_mean_correlation_is_drawn_anew():
    clips = [{"correlation at lag 0": (0.5, 1.0), "correlation at lag 2": (height, 1.0)} for height in (0.2, 0.4, 0.9)]
    clips = [clip | {"variance of channel 0": (2.0, 10.0), "hits": (50.0, 1.0)} for clip in clips]
    found = scores(clips)
    assert set(found) == {"sync", "lag", "hits"}
    assert (found["sync"].value == 0.5 and found["lag"].value == 0) or found["sync"].value == pytest.approx(0.5)
    assert found["lag"].pooled(np.array([[0, 0, 0], [2, 2, 2]])).tolist() == [0, 80]
    assert found["sync"].pooled(np.array([2, 2])) == pytest.approx(0.9)
    squares, frames = channel_variances(clips)
    assert squares.shape == (3, 55) and frames.tolist() == [10] * 3 and squares[:, 0].tolist() == [2] * 3
