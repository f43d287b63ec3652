"""Forced alignment on posteriors whose best path is known."""

import numpy as np
import pytest

from talkdemo.audio.phones import INDEX
from talkdemo.train.speech.viterbi import align, viterbi


def posterior(labels: list[str], sure: float = 0.9) -> np.ndarray:
    """(T50, 40): each frame's label with probability `sure`, the rest evenly."""
    table = np.full((len(labels), len(INDEX)), (1 - sure) / (len(INDEX) - 1))
    table[np.arange(len(labels)), [INDEX[label] for label in labels]] = sure
    return table


def test_times_are_found_and_pauses_that_are_not_there_are_skipped():
    heard = ["SIL"] * 5 + ["P"] * 4 + ["AA"] * 10 + ["M"] * 6 + ["IY"] * 8
    phones, score = align(posterior(heard), ("SIL", "P", "AA1", "SIL", "M", "IY0", "SIL"))
    assert [(p.label, round(p.start * 50), round(p.end * 50)) for p in phones] == [
        ("SIL", 0, 5), ("P", 5, 9), ("AA", 9, 19), ("M", 19, 25), ("IY", 25, 33)
    ]  # fmt: skip
    assert [p.stress for p in phones] == [0, 0, 1, 0, 0]
    assert score == pytest.approx(np.log(0.9), abs=1e-6)


def test_a_phone_that_is_not_heard_still_gets_a_frame():
    heard = ["P"] * 6 + ["IY"] * 6
    phones, _ = align(posterior(heard), ("P", "AA1", "IY0"))
    assert [p.label for p in phones] == ["P", "AA", "IY"] and phones[1].end - phones[1].start == pytest.approx(0.02)


def test_limits_hold_a_phone_in_its_word():
    heard = ["AA"] * 20
    inside = np.array([[-1.0, 0.1], [0.1, 9.0]])
    phones, _ = align(posterior(heard), ("AA1", "AA0"), inside)
    assert phones[0].end == pytest.approx(0.1, abs=0.021)


def test_viterbi_needs_a_frame_a_phone():
    with pytest.raises(ValueError, match="2 frames for 3 phones"):
        viterbi(np.zeros((2, 3)), np.zeros(3, bool))
    assert viterbi(np.zeros((2, 3)), np.array([False, True, False])).tolist() == [0, 2]
