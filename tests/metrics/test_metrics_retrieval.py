"""Retrieval, tests of pairs and diversity of parts: answers known in advance."""

import numpy as np
import pytest

from talkdemo.metrics.chance import pairing, wilcoxon
from talkdemo.metrics.diversity import agreement, head_diversity
from talkdemo.metrics.retrieval import auc, explained, ranks, top
from talkdemo.metrics.sync import head_beats


def test_the_place_of_the_true_entry():
    gallery = np.eye(4)
    queries = np.array([[1, 0.2, 0, 0], [0.9, 0.5, 0, 0], [0, 0, 0, 1.0]])
    places = ranks(queries, gallery, np.array([0, 1, 2]))
    assert places.tolist() == [0, 1, 2]  # the last query ties with two others: between their places
    assert top(places, 1) == pytest.approx(1 / 3) and top(places, 2) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match=r"queries \(3, 4\)"):
        ranks(queries, gallery, np.array([0, 1]))


def test_vectors_that_are_all_one_are_chance():
    places = ranks(np.ones((8, 3)), np.ones((8, 3)), np.arange(8))
    assert np.allclose(places, 3.5) and top(places, 1) == 0
    assert auc(np.ones(5), np.ones(9)) == 0.5


def test_auc_counts_pairs():
    assert auc(np.array([3.0, 4]), np.array([1.0, 2])) == 1
    assert auc(np.array([1.0, 2]), np.array([3.0, 4])) == 0
    assert auc(np.array([1.0, 3]), np.array([2.0, 2])) == 0.5
    assert np.isnan(auc(np.zeros(0), np.ones(2)))
    draw = np.random.default_rng(0)
    same, different = draw.integers(0, 5, 30), draw.integers(0, 5, 40)  # many ties
    pairs = np.sign(same[:, None] - different) / 2 + 0.5
    assert auc(same, different) == pytest.approx(pairs.mean())


def test_variance_is_shared_out():
    rng = np.random.default_rng(0)
    style, words = rng.normal(0, 1, (30, 1, 5)), rng.normal(0, 1, (1, 20, 5))
    whole = np.broadcast_to(style, (30, 20, 5))
    assert explained(whole) == pytest.approx((1, 0)) and explained(whole * 0 + words) == pytest.approx((0, 1))
    both = explained(2 * style + words)
    assert sum(both) == pytest.approx(1) and 0.7 < both[0] < 0.9
    assert explained(rng.normal(0, 1, (30, 20, 5)))[0] < 0.1


def test_pairs_that_belong_together_are_told_from_chance():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1, (40, 40)) + rng.normal(0, 5, (40, 1)) + rng.normal(0, 5, (1, 40))
    assert pairing(scores, rng, 500) > 0.01
    assert pairing(scores + 2 * np.eye(40), rng, 500) == pytest.approx(1 / 501)
    # rows and columns that score high with everything are no sign of belonging together
    assert pairing(np.arange(30.0)[:, None] + np.arange(30.0), rng, 200) == 1
    with pytest.raises(ValueError, match=r"\(3, 2\)"):
        pairing(np.zeros((3, 2)), rng)
    assert wilcoxon(np.linspace(0.1, 1, 20)) < 1e-4 and wilcoxon(-np.linspace(0.1, 1, 20)) > 0.99
    assert wilcoxon(np.zeros(9)) == 1 and np.isnan(wilcoxon(np.zeros(0)))


def test_beats_that_stand_out_leave_a_tremor_out():
    time = np.arange(250) / 25
    nod = np.radians(4) * np.sin(2 * np.pi * 0.5 * time)
    tremor = np.radians(0.02) * np.sin(2 * np.pi * 5 * time)
    head = np.stack([nod + tremor, 0 * time, 0 * time], axis=1)
    standing, every = head_beats(head, prominence=0.25), head_beats(head)
    turning = np.arange(0.5, 10, 1.0)
    assert len(standing) == len(turning) and np.abs(standing - turning - 0.02).max() < 0.08
    assert len(every) >= len(standing) + 5
    assert len(head_beats(np.zeros((50, 3)), prominence=0.25)) == 0


def test_heads_apart_and_tracks_together():
    still = np.zeros((20, 3))
    turned = still + np.array([0, np.radians(10), 0])
    assert head_diversity([still, turned]) == pytest.approx(10)
    assert head_diversity([still, still, turned]) == pytest.approx(20 / 3)
    wave = np.sin(np.arange(100) / 5)
    assert agreement([wave, 3 * wave + 1]) == pytest.approx(1) and agreement([wave, -wave]) == pytest.approx(-1)
    assert np.isnan(agreement([wave, 0 * wave]))
    for function, shape in ((head_diversity, (1, 5, 3)), (agreement, (1, 5))):
        with pytest.raises(ValueError, match="at least 2 samples"):
            function(np.zeros(shape))
