"""Vertex metrics: a perfect prediction scores 0, a known shift scores what the formula says."""

import numpy as np
import pytest

from talkdemo.metrics.diversity import diversity
from talkdemo.metrics.errors import distance, fdd, lve, lve_squared, mod, mve, opening

T, V = 20, 30
LIPS = np.arange(5)
UPPER = np.arange(10, 20)


@pytest.fixture()
def track() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.01, (T, V, 3))


def test_perfect_prediction_scores_zero(track):
    template = np.zeros((V, 3))
    assert lve(track, track, LIPS) == 0
    assert lve_squared(track, track, LIPS) == 0
    assert lve(track, track, UPPER) == 0
    assert mve(track, track) == 0
    assert diversity(np.stack([track, track, track])) == 0
    assert fdd(track, track, template, UPPER) == (0, 0)


def test_lve_is_the_largest_lip_shift_in_millimetres(track):
    moved = track.copy()
    moved[:, 2, 1] += 0.003  # one lip vertex by 3 mm
    moved[:, 3, 0] += 0.001
    moved[:, 25, 0] += 1.0  # not a lip
    assert lve(moved, track, LIPS) == pytest.approx(3.0)
    assert lve_squared(moved, track, LIPS) == pytest.approx(9e-6)
    mask = np.zeros(V, bool)
    mask[LIPS] = True
    assert lve(moved, track, mask) == pytest.approx(3.0)  # indices or mask: the same


def test_lve_is_a_mean_over_frames_not_a_maximum(track):
    moved = track.copy()
    moved[: T // 2, 0, 2] += 0.004
    assert lve(moved, track, LIPS) == pytest.approx(2.0)
    assert lve_squared(moved, track, LIPS) == pytest.approx(8e-6)


def test_mve_and_eve(track):
    moved = track + np.array([0.0, 0.003, 0.004])  # 5 mm everywhere
    assert mve(moved, track) == pytest.approx(5.0)
    assert lve(moved, track, UPPER) == pytest.approx(5.0)
    moved = track.copy()
    moved[:, 0, 0] += 0.03
    assert mve(moved, track) == pytest.approx(30 / V)
    assert lve(moved, track, UPPER) == 0


def test_fdd_of_a_still_face_is_the_true_liveliness():
    template = np.zeros((V, 3))
    truth = np.zeros((T, V, 3))
    truth[: T // 2, :, 1] = 0.002  # displacement 2 mm half of the time: std 1 mm
    still = np.zeros_like(truth)
    assert fdd(still, truth, template, UPPER)[0] == pytest.approx(1e-3)
    assert fdd(truth, still, template, UPPER)[0] == pytest.approx(-1e-3)
    assert fdd(truth, still, template, UPPER)[1] == pytest.approx(1e-3)


def test_fdd_signed_values_cancel_but_absolute_ones_do_not():
    template = np.zeros((V, 3))
    truth, predicted = np.zeros((T, V, 3)), np.zeros((T, V, 3))
    truth[: T // 2, UPPER[:5], 1] = 0.002
    predicted[: T // 2, UPPER[5:], 1] = 0.002
    assert fdd(predicted, truth, template, UPPER) == pytest.approx((0, 1e-3))


def test_opening_and_mod():
    vertices = np.zeros((T, 4, 3))
    vertices[:, 0, 1] = 0.004
    vertices[0, 0, 1] = -0.001  # lips pressed into each other are closed
    gap = opening(vertices, 0, 1)
    assert gap[0] == 0 and gap[1] == pytest.approx(0.004)
    assert mod(gap, gap) == 0
    assert mod(gap + 0.001, gap) == pytest.approx(1.0)
    assert distance(vertices, 0, 1)[5] == pytest.approx(0.004)


def test_diversity_is_the_mean_over_pairs(track):
    samples = np.stack([track + np.array([x, 0, 0]) for x in (0, 0.001, 0.003)])  # pairs 1, 3, 2 mm
    assert diversity(samples) == pytest.approx(2.0)


def test_shapes_are_named_when_they_differ(track):
    with pytest.raises(ValueError, match=r"\(20, 30, 3\) and \(19, 30, 3\)"):
        lve(track, track[1:], LIPS)
    with pytest.raises(ValueError, match="at least 2"):
        diversity(track[None])
    with pytest.raises(ValueError, match="one shape"):
        mod(np.zeros(3), np.zeros(4))
