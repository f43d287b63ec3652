"""The real voices: what is held out, and published IPA times as phones that cover the clip."""

import itertools

import pytest

from talkdemo.data.corpora import voices
from talkdemo.data.corpora.shared import root
from talkdemo.records import Phone


def test_a_sentence_is_on_one_side_whoever_reads_it():
    texts = [f"Sentence number {'abcdefghij'[i % 10] * (i + 1)}." for i in range(400)]
    sides = [voices.split_of("kathleen", text) for text in texts]
    assert sides == [voices.split_of("nathalie", text.upper().replace(".", "!")) for text in texts]
    assert 0.02 < sides.count("held-out") / 400 < 0.12
    assert {voices.split_of("flemishguy", text) for text in texts} == {"held-out"}


def test_published_times_cover_the_clip():
    timed = [[0.1, 0.2, "m"], [0.2, 0.5, "ˈɛi"], [0.51, 0.6, "ts"], [0.8, 0.9, "ə"]]
    phones = voices.phones_of(timed, 1.0)
    labels = [p.label for p in phones]
    assert labels == ["SIL", "M", "EH", "IY", "T", "S", "SIL", "AH", "SIL"]
    assert phones[0] == Phone(0.0, 0.1, "SIL") and phones[-1].end == 1.0
    assert all(a.end == pytest.approx(b.start) for a, b in itertools.pairwise(phones))
    assert [p.end - p.start for p in phones if p.label in "TS"] == pytest.approx([0.045, 0.045])
    assert next(p for p in phones if p.start == pytest.approx(0.2)).stress == 1


@pytest.mark.skipif(root() is None or not (root() / "voices").exists(), reason="no shared data: voices/")
def test_the_first_clips_of_each_speaker():
    for speaker, language in voices.LANGUAGES.items():
        clip = next(voices.clips((speaker,)))
        assert clip.language == language and clip.identity == speaker and clip.text
        assert (clip.phones is not None) == (speaker == "nathalie")
