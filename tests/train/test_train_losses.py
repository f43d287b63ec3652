"""Loss terms: nothing for a perfect prediction, what the formula says for a shift, more for lips that fail to meet."""

import numpy as np
import pytest
import torch

from talkdemo.records import Phone
from talkdemo.train.speech.data import frame_labels
from talkdemo.train.talker.losses import continuity, head_terms, motion_terms


def lips(gap: float) -> torch.Tensor:
    points = torch.zeros(1, 5, 2, 3)
    points[:, :, 0, 1] = gap
    return points


def test_a_perfect_prediction_costs_nothing():
    x = torch.randn(1, 5, 55)
    assert all(float(v) == 0 for v in motion_terms(x, x, lips(0.01), lips(0.01), (0, 1)).values())


def test_a_constant_shift_costs_its_square_and_no_velocity():
    x = torch.randn(1, 5, 55)
    terms = motion_terms(x + 0.5, x, lips(0.0), lips(0.0), (0, 1))
    assert float(terms["coefficients"]) == pytest.approx(0.25, rel=1e-4)
    assert float(terms["velocity"]) == pytest.approx(0, abs=1e-9)


def test_closure_counts_where_the_lips_should_meet_only():
    x = torch.zeros(1, 5, 55)
    missed = motion_terms(x, x, lips(0.003), lips(0.0), (0, 1))["closure"]
    wide = motion_terms(x, x, lips(0.015), lips(0.012), (0, 1))["closure"]
    assert float(missed) == pytest.approx(1.0, rel=1e-4)
    assert float(wide) < 1e-6


def test_frame_labels_follow_the_phones_and_the_tempo():
    phones = [Phone(0.0, 0.1, "SIL"), Phone(0.1, 0.14, "P"), Phone(0.14, 0.3, "AA", 1)]
    labels, stress = frame_labels(phones, 20)
    from talkdemo.audio.phones import INDEX

    assert labels.tolist() == [0] * 5 + [INDEX["P"]] * 2 + [INDEX["AA"]] * 8 + [0] * 5
    assert stress.tolist() == [0] * 7 + [1] * 8 + [0] * 5
    slow, _ = frame_labels(phones, 40, scale=2.0)
    assert np.array_equal(slow[::2], labels)


def test_the_head_s_terms_are_squares_of_its_derivatives():
    known = torch.ones(1, 5, 3)
    true = torch.randn(1, 5, 3)
    t = torch.arange(5.0)[None, :, None].expand(1, 5, 3)
    assert all(float(v) == 0 for v in head_terms(true, true, known).values())
    shifted, turned, bent = (head_terms(true + x, true, known) for x in (torch.tensor(0.5), 0.5 * t, 0.5 * t**2))
    assert [round(float(v), 5) for v in shifted.values()] == [0.25, 0, 0]
    assert [round(float(v), 5) for v in list(turned.values())[1:]] == [0.25, 0]
    assert round(float(bent["head_smoothness"]), 5) == 1.0
    unseen = head_terms(true + 1, true, torch.zeros(1, 5, 3))
    assert all(float(v) == 0 for v in unseen.values())


def test_a_jump_at_a_border_costs_and_a_beginning_does_not():
    true, previous, known = torch.randn(2, 6, 4), torch.randn(2, 5, 4), torch.ones(2, 6, 4)
    goes_on = torch.tensor([True, False])
    assert float(continuity(true, true, previous, known, goes_on)) == 0
    jump = continuity(true + 1, true, previous, known, goes_on)
    # errors 0 0 0 1 1 1: velocity 0 0 1 0 0, acceleration 0 1 −1 0, jerk 1 −2 1; half of the windows go on
    assert float(jump) == pytest.approx((1 / 5 + 2 / 4 + 6 / 3) / 3 / 2, rel=1e-5)
    assert float(continuity(true + 1, true, previous, known, ~goes_on & goes_on)) == 0
