"""Scores of hearing on posteriors whose every answer is known."""

import numpy as np
import pytest

from talkdemo.audio.phones import INDEX, PHONES
from talkdemo.evaluate import hearing
from talkdemo.records import Phone

TRUTH = (Phone(0, 0.2, "SIL"), Phone(0.2, 0.4, "M"), Phone(0.4, 1.4, "AA", 1), Phone(1.4, 1.6, "P"))


def exact(phones=TRUTH, shift: int = 0) -> np.ndarray:
    """One-hot posteriors of phones, `shift` 50 Hz frames late."""
    labels = hearing.frame_labels(phones, round(phones[-1].end * 50))
    return np.eye(len(PHONES))[np.roll(labels, shift)]


def test_the_right_posteriors_are_heard_whole():
    found = hearing.recall([TRUTH], [exact()])
    assert found.within == 1 and found.frames == 1 and found.count == 2 and found.threshold == 0


def test_the_threshold_lets_two_in_a_hundred_vowel_frames_pass():
    rng = np.random.default_rng(0)
    posterior = np.zeros((5000, 40))
    posterior[:, INDEX["B"]] = rng.random(5000)
    phones = (Phone(0, 90, "AA"), Phone(90, 100, "B"))
    found = hearing.recall([phones], [posterior])
    assert found.threshold == pytest.approx(0.98, abs=0.005) and found.frames == pytest.approx(0.02, abs=0.02)


def test_vowel_frames_near_a_bilabial_may_be_left_out():
    posterior = exact()
    posterior[20:22, INDEX["M"]] = 0.9  # the M lasts 40 ms longer than its label
    assert hearing.recall([TRUTH], [posterior]).threshold == pytest.approx(0.9, abs=0.05)
    assert hearing.recall([TRUTH], [posterior], apart=0.04).threshold == 0


@pytest.mark.parametrize(
    ("wanted", "given", "count"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("", "ab", 2), ("kitten", "sitting", 3), ("abcd", "acbd", 2)],
)
def test_pairs_are_the_fewest_edits(wanted, given, count):
    found = hearing.pairs(list(wanted), list(given))
    assert sum(a != b for a, b in found) == count
    assert "".join(a for a, _ in found if a) == wanted and "".join(b for _, b in found if b) == given


def test_a_bilabial_for_another_is_no_false_report():
    assert hearing.false_reports([("P", "B"), ("N", "M"), (None, "P"), ("AA", "AA"), ("B", None)]) == (3, 2)


def test_stretches_that_nobody_said_are_false():
    assert hearing.false_runs(TRUTH, exact()) == (2, 0)
    assert hearing.false_runs(TRUTH[:1] + TRUTH[2:], exact()) == (2, 1)
    assert hearing.false_runs(TRUTH, np.zeros((80, 40))) == (0, 0)


@pytest.mark.parametrize("shift", [-2, 0, 3])
def test_crossings_say_how_late_it_is(shift):
    assert np.median(hearing.crossings(TRUTH, exact(shift=shift))) == pytest.approx(0.02 * shift, abs=1e-6)
