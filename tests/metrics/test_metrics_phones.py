"""Metrics that need timed phones: closure, r(opening), rounding, contact, on tracks whose answer is known."""

import re

import numpy as np
import pytest
import soundfile

from talkdemo.audio import phones as alphabet
from talkdemo.data.corpora import shared
from talkdemo.face import arkit
from talkdemo.metrics.baselines import loudness_jaw
from talkdemo.metrics.openness import OPENNESS, correlation, openness, r_opening
from talkdemo.metrics.phones import closure, contact, frames_of, relative_gap, rounding, window
from talkdemo.metrics.score import Sums, add, means
from talkdemo.records import Phone, Speech

# one second each: vowel, bilabial, vowel, bilabial, vowel
PHONES = tuple(Phone(i, i + 1, label) for i, label in enumerate(("AA", "B", "IY", "P", "UW")))


def judge(gap: np.ndarray) -> tuple[tuple[float, float], ...]:
    """(100 · count, of how many) of hits, false closures and hits on vowels."""
    return tuple(closure(gap, PHONES)[name] for name in ("hits", "false", "vowel_hits"))


def test_perfect_lips():
    gap = np.ones(125)
    gap[35:38] = gap[85:88] = 0  # only in the middle of B and P
    assert judge(gap) == ((200, 2), (0, 75), (0, 3))


def test_one_of_two_and_a_false_closure():
    gap = np.ones(125)
    gap[30] = 0  # B
    gap[60:75] = 0.1  # 15 of the 75 vowel frames
    assert judge(gap) == ((200, 2), (1500, 75), (100, 3))  # P's window reaches one frame into the closed vowel


def test_threshold_is_relative_to_the_95th_percentile():
    gap = np.linspace(0, 2, 125)
    assert np.percentile(relative_gap(gap), 95) == pytest.approx(1)
    assert judge(7 * gap) == judge(gap)


def test_margin_is_40_ms():
    gap = np.ones(125)
    gap[26] = 0  # in B [1, 2]: frame 26 stands for 1.06 s
    only = (Phone(1.10, 1.14, "B"),)
    assert closure(gap, only)["hits"] == (100, 1)  # 1.06 ≥ 1.10 − 0.04
    later = (Phone(1.11, 1.14, "B"),)
    assert closure(gap, later)["hits"] == (0, 1)


def test_a_mouth_always_shut_hits_everything_and_is_false_everywhere():
    assert judge(np.zeros(125)) == ((200, 2), (7500, 75), (300, 3))
    assert judge(np.full(125, 0.01)) == ((0, 2), (0, 75), (0, 3))  # always open by the same gap


def test_short_phones_get_their_nearest_frame():
    assert window(100, 1.001, 1.005).tolist() == [25]
    assert frames_of([Phone(1.001, 1.005, "B")], {"B"}, 100).sum() == 0


def test_openness_equals_a_plain_convolution():
    sigma, step = 0.080 / 2.3548, 1e-3
    fine = np.concatenate([np.full(1000, OPENNESS[p.label]) for p in PHONES])
    kernel = np.exp(-((np.arange(-300, 301) * step) ** 2) / (2 * sigma**2))
    smooth = np.convolve(fine, kernel / kernel.sum(), "same")
    assert openness(PHONES, 125) == pytest.approx(smooth[20::40], abs=0.01)


def test_openness_covers_every_phone_label():
    assert set(OPENNESS) == set(alphabet.PHONES)
    assert all(OPENNESS[label] == 0 for label in alphabet.BILABIAL)
    with pytest.raises(ValueError, match="'QQ'"):
        openness([Phone(0, 1, "QQ")], 25)


def test_r_opening():
    reference = openness(PHONES, 125)
    assert r_opening(3 * reference + 1, PHONES) == pytest.approx(1)
    assert r_opening(-reference, PHONES) == pytest.approx(-1)
    assert np.isnan(r_opening(np.ones(125), PHONES))
    with_silence = (*PHONES, Phone(5, 6, "SIL"))
    track = np.concatenate([reference, np.full(25, 50.0)])  # what happens in silence does not count
    assert r_opening(track, with_silence) > 0.99
    assert np.isnan(correlation(np.zeros(5), np.arange(5)))


def test_rounding_and_contact():
    width = np.ones(125)
    width[100:125] = 0.8  # UW is narrow
    assert rounding(width, PHONES) == (1, 1)
    assert rounding(2 - width, PHONES) == (0, 1)
    gap = np.ones(125)
    gap[27] = 0.001
    assert contact(gap, [Phone(1, 2, "F"), Phone(3, 4, "V")], 0.002) == (1, 2)


@pytest.fixture()
def ljspeech():
    """(Speech, phones) of the 16 development clips, read here so that this test needs no loader."""
    root = shared.root()
    if root is None or not (root / "ljspeech").is_dir():
        pytest.skip("no shared data folder with ljspeech here")
    clips = []
    for path in sorted((root / "ljspeech").glob("*.flac")):
        samples, _ = soundfile.read(path, dtype="float32")
        tier = path.with_suffix(".TextGrid").read_text().split('name = "phones"')[1]
        found = re.findall(r'xmin = ([\d.]+)\s+xmax = ([\d.]+)\s+text = "(.*?)"', tier)
        labels = [re.sub(r"\d", "", text).upper() for *_, text in found]
        clips.append(
            (
                Speech(samples),
                tuple(
                    Phone(float(a), float(b), label if label in OPENNESS else "SIL")
                    for (a, b, _), label in zip(found, labels, strict=True)
                ),
            )
        )
    return clips


def test_loudness_jaw_scores_what_was_published_for_it(ljspeech):
    """48 % hits, 8 % false closures, r 0.48: the calibration of threshold, margin and r on real speech."""
    column = arkit.INDEX["jawOpen"]
    totals: Sums = {}
    scores = []
    for speech, phones in ljspeech:
        gap = loudness_jaw(speech).coefficients[:, column]
        add(totals, closure(gap, phones))
        scores.append(r_opening(gap, phones))
    assert means(totals)["hits"] == pytest.approx(48, abs=5)
    assert means(totals)["false"] == pytest.approx(8, abs=2)
    assert np.mean(scores) == pytest.approx(0.48, abs=0.02)
