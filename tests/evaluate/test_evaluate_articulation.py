"""Statistics of moving faces: known tracks give known numbers, and the table has a row for each."""

from __future__ import annotations

import numpy as np
import pytest

from talkdemo.evaluate import articulation
from talkdemo.face.arkit import INDEX, indices
from talkdemo.metrics import statistics as s


def test_known_tracks_give_known_numbers() -> None:
    coefficients = np.zeros((250, 52))
    for peak in (50, 120, 200):
        coefficients[peak - 2 : peak + 3, indices("eyeBlink")] = np.array([[0.3, 0.8, 1.0, 0.6, 0.3]]).T
    coefficients[:, INDEX["jawOpen"]] = np.tile([0.2, 0.4], 125)
    speech, vowels = np.ones(250, bool), np.tile([False, True], 125)
    figures = s.statistics([s.Tracks(coefficients, np.zeros((250, 3)), speech, vowels)])
    assert figures[s.BLINK_RATE] == pytest.approx(18) and 80 < figures[s.BLINK_LENGTH] < 140
    assert figures[s.BLINK_INTERVAL] == pytest.approx(3.0)
    assert figures[s.JAW_MEAN] == pytest.approx(0.3) and figures[s.JAW_VOWELS] == pytest.approx(2.0)
    assert figures[s.JAW_SPEED] == pytest.approx(0.2 * 25) and figures[s.HEAD_SPEED] == pytest.approx(0, abs=1e-9)


def test_the_table_has_a_row_for_every_statistic() -> None:
    figures = dict.fromkeys(articulation.COMPARED, 0.5)
    table = str(articulation.table(dict.fromkeys(("grid_s1", "live_link_face", "facegood"), figures), figures))
    assert len(table.splitlines()) == len(articulation.COMPARED) + 2 and "| 1.00 | grid_s1 |" in table
