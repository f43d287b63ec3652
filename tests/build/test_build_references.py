"""Styles of the gallery: within the trained ranges, unlike each other; their performances are repeatable."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from talkdemo.build import performances, references
from talkdemo.build.performances import Performance, perform
from talkdemo.build.reference_styles import EXAMPLES, IDENTITIES, REFERENCES, GalleryStyle, gallery_style
from talkdemo.data.articulation.emotions import EMOTIONS, LAYERS
from talkdemo.data.articulation.styles import RANGES
from talkdemo.data.speech.voices import VOICES
from talkdemo.export import npz
from talkdemo.face.arkit import INDEX
from talkdemo.face.characters import CHARACTERS
from talkdemo.face.head import FaceModel
from talkdemo.records import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME, Motion, Speech
from talkdemo.reference import FOLDER

SMILE = 0.5 * LAYERS["happy"].offsets["mouthSmile"]  # half way to a happy one's is still between what was met
ALL = (*REFERENCES, *EXAMPLES, *IDENTITIES)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_styles_are_of_what_there_is(one: GalleryStyle) -> None:
    assert one.voice in VOICES and one.emotion in EMOTIONS and one.character in CHARACTERS
    assert one.about and one.name.strip() == one.name and " " not in one.name
    for name, value in asdict(one.style).items():
        low, high = RANGES[name] if name != "smile_bias" else (0.0, SMILE)
        assert low <= value <= high, name


def test_names_and_voices_are_taken_once() -> None:
    assert len({one.name.casefold() for one in ALL}) == len(ALL)
    assert len({one.voice for one in REFERENCES}) == len(REFERENCES)


def test_styles_are_unlike_each_other() -> None:
    """The distances of all numbers, each as a share of its range, add up to 4 and more; less where emotions differ."""

    def distance(a: GalleryStyle, b: GalleryStyle) -> float:
        there, here = asdict(a.style), asdict(b.style)
        return sum(abs(there[name] - here[name]) / (high - low) for name, (low, high) in RANGES.items())

    for a, b in itertools.combinations((*REFERENCES, *EXAMPLES), 2):
        assert distance(a, b) >= (2.5 if a.emotion != b.emotion else 4), (a.name, b.name)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Six utterances of one voice: a vowel, a closure and a vowel over a hum, 2 to 7 s long."""
    folder = tmp_path / "Ada"
    folder.mkdir()
    entries = []
    for k, seconds in enumerate((2.0, 7.0, 4.0, 3.0, 4.5, 2.5)):
        times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        soundfile.write(folder / f"u{k}.flac", 0.2 * np.sin(2 * np.pi * 150 * times), SAMPLE_RATE)
        third = seconds / 3
        phones = [[i * third, (i + 1) * third, label, 0] for i, label in enumerate(("AA", "M", "AA"))]
        entries.append(
            {
                "utt": f"u{k}", "text": f"sentence {k}", "emotion": "sad" if k == 4 else "neutral", "language": "en",
                "seconds": seconds, "split": "held-out" if k in (2, 3) else "train", "phones": phones,
            }
        )  # fmt: skip
    (folder / "utterances.json").write_text(json.dumps(entries))
    return tmp_path


def test_a_performance_is_repeatable_and_covers_its_speech(corpus: Path) -> None:
    calm = gallery_style("calm", "a test", "Ada", "maya")
    first, again = (perform(calm, corpus, set()) for _ in range(2))
    assert np.array_equal(first.motion.coefficients, again.motion.coefficients)
    assert np.array_equal(first.motion.head, again.motion.head)
    assert len(first.speech.samples) == len(first.motion) * SAMPLES_PER_FRAME
    other = perform(gallery_style("other", "a test", "Ada", "maya"), corpus, set())
    assert not np.allclose(first.motion.head, other.motion.head, atol=1e-3)


def test_the_first_utterance_fits_a_preview_and_the_right_ones_are_preferred(corpus: Path) -> None:
    """Of the held-out ones u2 has the length for a preview, u3 follows, then u0 fills up; sad ones begin with u4."""
    performance = perform(gallery_style("calm", "a test", "Ada", "maya"), corpus, set())
    assert performance.text == "sentence 2 sentence 3 sentence 0"
    gap = performances.BEFORE + performances.BETWEEN
    assert abs(performance.first / FPS - (4.0 + gap)) < 1 / FPS
    sad = perform(gallery_style("low", "a test", "Ada", "maya", "sad"), corpus, set())
    assert sad.text.startswith("sentence 4")


def test_what_was_spoken_is_passed_over(corpus: Path) -> None:
    spoken = {"sentence 2", "sentence 3"}
    performance = perform(gallery_style("calm", "a test", "Ada", "maya"), corpus, spoken)
    assert not {"sentence 2", "sentence 3"} & {f"sentence {word}" for word in performance.text.split()[1::2]}
    assert "sentence 4" in spoken and performance.text.startswith("sentence 4")


def test_lips_meet_where_the_joined_phones_say(corpus: Path) -> None:
    """The M of the first utterance (4 s long, after BEFORE) is its middle third."""
    performance = perform(gallery_style("calm", "a test", "Ada", "maya"), corpus, set())
    shut = performance.motion.coefficients[:, INDEX["mouthClose"]]
    middle = round((performances.BEFORE + 2.0) * FPS)
    vowel = round((performances.BEFORE + 0.7) * FPS)
    jaw = performance.motion.coefficients[:, INDEX["jawOpen"]]
    assert shut[middle] > 0.9 * jaw[middle] and shut[vowel] < 0.5 * jaw[vowel]


def test_a_voice_without_utterances_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no utterance of Ada is there; `make corpus` speaks it"):
        perform(gallery_style("calm", "a test", "Ada", "maya"), tmp_path, set())


def test_the_corpus_is_wanted(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    before = sorted(FOLDER.iterdir())
    for folder in (tmp_path / "none", tmp_path):
        monkeypatch.setattr("sys.argv", ["references", "--corpus", str(folder)])
        with pytest.raises(SystemExit) as stopped:
            references.main()
        assert stopped.value.code == 2 and "`make corpus` speaks it" in capsys.readouterr().err
    assert sorted(FOLDER.iterdir()) == before


@pytest.mark.slow
def test_a_preview_shows_its_performance(tmp_path: Path, read_video) -> None:
    """Video and still of half a second are written, and what is written as npz comes back within half a step."""
    values = np.random.default_rng(0).random((12, 52)).astype(np.float32) * 0.3
    motion = Motion(values, np.full((12, 3), 0.1, np.float32))
    performance = Performance(Speech(np.zeros(12 * SAMPLES_PER_FRAME, np.float32)), motion, 10, "a word")
    references.write_motion(tmp_path / "a.npz", REFERENCES[0], performance)
    (back,) = npz.read(tmp_path / "a.npz")
    np.testing.assert_allclose(back.coefficients, values, atol=0.5 / references.FINENESS + 1e-6)
    assert back.meta["text"] == "a word" and back.meta["style"]["jaw_gain"] == REFERENCES[0].style.jaw_gain
    references.write_preview(FaceModel.load(), REFERENCES[0], performance, tmp_path / "a.mp4", tmp_path / "a.webp")
    frames, sound = read_video(tmp_path / "a.mp4")
    assert frames.shape == (10, references.SIDE, references.SIDE, 3) and sound is not None
