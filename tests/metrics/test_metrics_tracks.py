"""Metrics on tracks: coefficients, sync lag, beats, blinks, rest, the shuffled control."""

import numpy as np
import pytest

from talkdemo.metrics.blink import blinks
from talkdemo.metrics.chance import derangement
from talkdemo.metrics.errors import mbe
from talkdemo.metrics.phones import rest, rest_frames
from talkdemo.metrics.sync import SIGMA, beat_alignment, cross_correlation, energy, head_beats, onsets
from talkdemo.records import Phone


def test_mbe_counts_only_the_masked_channels():
    a, b = np.zeros((10, 52)), np.zeros((10, 52))
    b[:, 17] = 0.52
    assert mbe(a, a) == 0
    assert mbe(a, b) == pytest.approx(0.01)
    mask = np.zeros(52, bool)
    mask[17] = True
    assert mbe(a, b, mask) == pytest.approx(0.52)
    assert mbe(a, b, ~mask) == 0
    with pytest.raises(ValueError, match="at least one"):
        mbe(a, b, np.zeros(52, bool))


@pytest.mark.parametrize("shift", [-12, -3, 0, 2, 12])
def test_sync_finds_a_known_shift(shift):
    loudness = np.convolve(np.random.default_rng(1).random(300), np.ones(3) / 3, "same")
    gap = np.roll(loudness, shift)
    lags, scores = cross_correlation(gap, loudness)
    assert lags.tolist() == list(range(-12, 13)) and lags[scores.argmax()] == shift
    assert scores.max() == pytest.approx(1, abs=1e-6)


def test_sync_of_a_still_mouth_is_nan():
    assert np.isnan(cross_correlation(np.zeros(100), np.random.default_rng(0).random(100))[1]).all()


def test_energy_is_the_root_mean_square_at_the_frame():
    samples = np.zeros(16_000)
    samples[8_000:] = 0.5
    track = energy(samples, 25)
    assert track[5] == 0 and track[20] == pytest.approx(0.5)
    assert track[11] < 0.5 / np.sqrt(2) < track[13]  # the step lies in the middle of frame 12


def test_beat_alignment_follows_its_formula():
    reference = np.array([1.0, 2.0, 3.0])
    assert beat_alignment(reference, reference) == 1
    assert beat_alignment(reference + SIGMA, reference) == pytest.approx(np.exp(-0.5))
    assert beat_alignment(np.array([1.0, 2.0 + 2 * SIGMA]), reference) == pytest.approx((1 + np.exp(-2)) / 2)
    assert np.isnan(beat_alignment(np.zeros(0), reference))


def test_head_beats_of_a_nodding_head_are_its_turning_points():
    times = (np.arange(250) + 0.5) / 25
    head = np.zeros((250, 3))
    head[:, 0] = 0.1 * np.cos(2 * np.pi * times)  # turns at 0.5, 1.0, 1.5 …
    beats = head_beats(head)
    inner = beats[(beats > 0.3) & (beats < 9.7)]
    assert len(inner) == 19
    assert np.abs(inner * 2 - np.round(inner * 2)).max() / 2 < 0.03
    assert len(head_beats(np.zeros((100, 3)))) == 0


def test_onsets_of_bursts():
    samples = np.zeros(4 * 16_000)
    rng = np.random.default_rng(0)
    for start in (0.5, 1.4, 2.9):
        begin = int(start * 16_000)
        samples[begin : begin + 4_000] = 0.2 * rng.standard_normal(4_000)
    assert onsets(samples) == pytest.approx([0.5, 1.4, 2.9], abs=0.04)


def test_blinks_are_counted_and_measured():
    times = (np.arange(30 * 25) + 0.5) / 25
    closure = np.full(len(times), 0.15)  # half-shut resting lids are no blink
    for middle in (3.0, 9.5, 20.1):
        closure += 0.8 * np.exp(-((times - middle) ** 2) / (2 * 0.08**2))
    closure[600:650] = 0.95  # shutting the eyes for 2 s is no blink
    found = blinks(closure)
    assert found.times == pytest.approx([3.0, 9.5, 20.1], abs=0.03)
    assert found.per_minute == pytest.approx(6)
    assert found.median_duration == pytest.approx(80 * 2.355, abs=20)
    assert found.peaks == pytest.approx([0.95] * 3, abs=0.03)
    assert np.isnan(blinks(np.zeros(50)).median_duration)


def test_rest_gap_looks_only_where_nothing_sounds():
    phones = (Phone(0, 1, "SIL"), Phone(1, 2, "AA"), Phone(2, 3, "SIL"))
    resting = rest_frames(phones, 75)
    assert resting[:20].all() and not resting[20:55].any() and resting[55:].all()
    gap = np.full(75, 0.001)
    gap[20:55] = 0.02
    assert rest(gap, resting) == pytest.approx((1.0, 1.0))
    ajar = np.where(np.arange(75) < 10, 0.0012, 0.0004)  # 10 of the 40 resting frames
    assert rest(ajar, resting)[1] == pytest.approx(10 / 40) and rest(gap * 0, resting) == (0, 0)
    assert np.isnan(rest(gap, np.zeros(75, bool))).all()


def test_control_never_pairs_a_clip_with_itself():
    for seed in range(20):
        order = derangement(7, np.random.default_rng(seed))
        assert sorted(order) == list(range(7)) and (order != np.arange(7)).all()
    with pytest.raises(ValueError, match="at least 2"):
        derangement(1, np.random.default_rng(0))
