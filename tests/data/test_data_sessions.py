"""Sessions keep every utterance's phones on its sound, cover whole frames, and mix neither splits nor emotions."""

import json

import numpy as np
import pytest
import soundfile

from talkdemo.data.corpora.sessions import sessions, silent
from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME


@pytest.fixture
def corpus(tmp_path):
    """Twelve utterances of 1 s: silence with a loud stretch from 0.25 to 0.75 s that is labelled AA."""
    folder = tmp_path / "Ada"
    folder.mkdir()
    index = []
    for i in range(12):
        samples = np.zeros(SAMPLE_RATE, np.float32)
        samples[4000:12_000] = 0.5
        soundfile.write(folder / f"{i:03d}.flac", samples, SAMPLE_RATE)
        phones = [[0.0, 0.25, "SIL", 0], [0.25, 0.75, "AA", 1], [0.75, 1.0, "SIL", 0]]
        index.append({"utt": f"{i:03d}", "text": "ah", "language": "en", "emotion": ["neutral", "happy"][i % 2],
                      "seconds": 1.0, "phones": phones, "split": "held-out" if i < 2 else "train"})  # fmt: skip
    (folder / "utterances.json").write_text(json.dumps(index))
    return tmp_path


def all_sessions(corpus, split="train", hours=1.0, seed=0):
    return list(sessions(corpus, "Ada", split, 4.0, np.random.default_rng(seed), hours))


def test_phones_stay_on_their_sound(corpus):
    for session in all_sessions(corpus):
        samples = session.speech.samples
        assert len(samples) % SAMPLES_PER_FRAME == 0
        assert session.phones[0].start == 0
        assert session.phones[-1].end == pytest.approx(session.speech.seconds)
        for a, b in zip(session.phones[:-1], session.phones[1:], strict=True):
            assert a.end == pytest.approx(b.start)
        for phone in session.phones:
            if phone.label == "AA":
                stretch = samples[round(phone.start * SAMPLE_RATE) + 2 : round(phone.end * SAMPLE_RATE) - 2]
                assert stretch.min() > 0.45


def test_every_utterance_of_the_split_is_used_once(corpus):
    spoken = [p for session in all_sessions(corpus) for p in session.phones if p.label == "AA"]
    assert len(spoken) == 10
    assert len([p for s in all_sessions(corpus, "held-out") for p in s.phones if p.label == "AA"]) == 2


def test_same_generator_same_sessions(corpus):
    first, again = all_sessions(corpus), all_sessions(corpus)
    assert [s.phones for s in first] == [s.phones for s in again]
    assert [s.phones for s in first] != [s.phones for s in all_sessions(corpus, seed=1)]


def test_hours_limit_what_is_made(corpus):
    assert len(all_sessions(corpus, hours=3 / 3600)) == 1


def test_silence_is_one_silent_phone():
    session = silent("Ada", "train", np.random.default_rng(0))
    assert [p.label for p in session.phones] == ["SIL"] and np.abs(session.speech.samples).max() < 0.01
