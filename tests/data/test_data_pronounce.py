"""Words as phones: each language's own sounds, the dictionary first, silences where a pause may be."""

import shutil

import pytest

from talkdemo.data.speech import pronounce


def test_a_german_r_is_a_vowel_after_a_vowel_and_uvular_before_one():
    assert pronounce.labels_of(["r", "ˈoː", "t"], "de") == ["HH", "OW1", "T"]
    assert pronounce.labels_of(["f", "ˈɛː", "ɾ", "t"], "de") == ["F", "EH1", "AH0", "T"]
    assert pronounce.labels_of(["ʃ", "t", "ɾ", "ˈɑː"], "de") == ["SH", "T", "HH", "AA1"]


def test_dutch_diphthongs_are_one_sound():
    assert pronounce.labels_of(["h", "ˈœy", "s"], "nl") == ["HH", "OY1", "S"]
    assert pronounce.labels_of(["ˈʌʊ", "t"], "nl") == ["AW1", "T"]


def test_the_dictionary_comes_before_espeak(monkeypatch):
    monkeypatch.setattr(pronounce, "dictionary", lambda: {"map": ["M", "AE", "P"]})
    monkeypatch.setattr(pronounce, "espeak", lambda text, language: [["b", "ˈɜː", "ɹ", "b"]])
    pronounce.spelled.cache_clear()
    assert pronounce.pronounced("Map, blurb!", "en") == [["M", "AE", "P"], ["B", "ER", "B"]]
    pronounce.spelled.cache_clear()


def test_a_transcript_may_pause_between_words():
    assert pronounce.transcript([["AY1"], ["AE1", "M"]]) == ("SIL", "AY1", "SIL", "AE1", "M", "SIL")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_espeak_reads_german():
    words = pronounce.pronounced("Mama kauft Brot.", "de")
    assert words[0] == ["M", "AA1", "M", "AA0"] and [w[0] for w in words] == ["M", "K", "B"]
