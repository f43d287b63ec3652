"""The BEAT loader on small files of our own making in BEAT's layout."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from talkdemo.data.articulation.emotions import EMOTIONS
from talkdemo.data.corpora import beat
from talkdemo.data.corpora.pieces import pieces
from talkdemo.data.corpora.table import CORPORA
from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.records import FPS

SHIPPED = [name for name in reversed(NAMES) if name != "tongueOut"]  # 51 names, in an order that is not ours
SECONDS = 2.0


def write_face(path, seconds=SECONDS, **change):
    """60 fps; jawOpen rises from 0 to 1 over the take, mouthSmileLeft is 0.25, all else 0."""
    frames = []
    for i in range(round(seconds * 60) + 1):
        weights = [0.0] * len(SHIPPED)
        weights[SHIPPED.index("jawOpen")] = i / (seconds * 60)
        weights[SHIPPED.index("mouthSmileLeft")] = 0.25
        frames.append({"weights": weights, "time": i / 60, "rotation": []})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"names": SHIPPED, "frames": frames} | change))


def write_sound(path, seconds=SECONDS, rate=16_000, channels=1):
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.stack([tone] * channels, axis=1), rate)


def write_grid(path, phones, words=(("hello", 0.3, 1.2),)):
    def tier(name, intervals):
        rows = "".join(f'   xmin = {a}\n   xmax = {b}\n   text = "{text}"\n' for text, a, b in intervals)
        return f'  class = "IntervalTier"\n  name = "{name}"\n{rows}'

    body = tier("words", words) + (tier("phones", phones) if phones is not None else "")
    path.write_text(f'File type = "ooTextFile"\nObject class = "TextGrid"\n{body}')


PHONES = [("", 0, 0.3), ("HH", 0.3, 0.4), ("AH0", 0.4, 0.6), ("L", 0.6, 0.8), ("OW1", 0.8, 1.2), ("spn", 1.2, 2.0)]


@pytest.fixture
def root(tmp_path):
    for name in ("1/1_wayne_0_9_9", "1/1_wayne_0_65_65", "2/2_scott_1_2_2"):
        write_face(tmp_path / f"{name}.json")
        write_sound(tmp_path / f"{name}.wav")
    write_grid(tmp_path / "1/1_wayne_0_9_9.TextGrid", PHONES)
    (tmp_path / "weights_config.json").write_text("{}")  # another file: passed over
    return tmp_path


def test_a_take_becomes_a_clip(root):
    first, second, third = beat.clips(root)
    assert (first.name, first.identity) == ("1_wayne_0_9_9", "beat_wayne")
    assert (first.emotion, first.split) == ("neutral", "train")
    assert (second.emotion, second.split) == ("happy", "held-out")
    assert (third.identity, third.emotion, third.language, third.phones) == ("beat_scott", "neutral", "en", None)
    assert first.motion.coefficients.shape == (SECONDS * FPS, 52) and first.speech.frames == SECONDS * FPS
    middles = (np.arange(50) + 0.5) / 50  # jawOpen is the time, read at the middle of each frame
    np.testing.assert_allclose(first.motion.coefficients[:, INDEX["jawOpen"]], middles, atol=1e-6)
    np.testing.assert_allclose(first.motion.coefficients[:, INDEX["mouthSmileLeft"]], 0.25)
    assert first.motion.coefficients[:, INDEX["mouthSmileRight"]].max() == 0 and np.abs(first.motion.head).max() == 0
    assert first.mask.sum() == 51 and not first.mask[INDEX["tongueOut"]]


def test_phones_with_stress_and_marks(root):
    first = next(beat.clips(root))
    assert [(p.label, p.stress) for p in first.phones] == [
        ("SIL", 0), ("HH", 0), ("AH", 0), ("L", 0), ("OW", 1), ("SIL", 0),
    ]  # fmt: skip
    assert first.phones[-1].end == 2.0 and first.text == "hello"
    grid = root / "1/1_wayne_0_9_9.TextGrid"
    write_grid(grid, [("<eps>", 0, 1), ("sil", 1, 2)], words=[("<eps>", 0, 1), ("", 1, 2)])
    first = next(beat.clips(root))
    assert {p.label for p in first.phones} == {"SIL"} and first.text is None
    write_grid(grid, None)
    assert next(beat.clips(root)).phones is None
    write_grid(grid, [("QQ1", 0, 2)])
    with pytest.raises(ValueError, match="1_wayne_0_9_9.*QQ1"):
        next(beat.clips(root))


def test_names_give_language_emotion_and_split():
    take = beat.Take.parse("12_zhao_2_103_110")
    assert (take.number, take.speaker, take.language, take.emotion) == (12, "zhao", "zh", "afraid")
    assert beat.Take.parse("7_sophie_1_103_103").emotion == "neutral"  # a conversation
    for number, emotion in [(64, "neutral"), (65, "happy"), (80, "angry"), (81, "sad"), (87, "disgusted")]:
        assert beat.Take.parse(f"1_wayne_0_{number}_{number}").emotion == emotion
    takes = [beat.Take.parse(f"1_wayne_0_{n}_{n}") for n in range(1, 119)]
    held_out = [take for take in takes if take.split == "held-out"]
    assert len(held_out) == 12 and {take.emotion for take in held_out} == set(EMOTIONS)
    for name in ("wayne_0_1_1", "1_wayne_9_1_1", "1_wayne_0_119_119"):
        with pytest.raises(ValueError, match=name):
            beat.Take.parse(name)


def test_speakers_and_split_are_chosen(root):
    assert [clip.name for clip in beat.clips(root, speakers=["scott"])] == ["2_scott_1_2_2"]
    assert [clip.name for clip in beat.clips(root, split="held-out")] == ["1_wayne_0_65_65"]


def test_any_rate_and_lengths_that_differ(root):
    write_sound(root / "2/2_scott_1_2_2.wav", seconds=1.5, rate=44_100, channels=2)
    (clip,) = beat.clips(root, speakers=["scott"])
    assert len(clip.speech.samples) == 24_000 and len(clip.motion) == clip.speech.frames == 38
    spectrum = np.abs(np.fft.rfft(clip.speech.samples[:16_000]))
    assert int(spectrum.argmax()) == 200 and clip.speech.samples.max() == pytest.approx(0.5, abs=0.02)
    write_face(root / "2/2_scott_1_2_2.json", seconds=1.0)
    (clip,) = beat.clips(root, speakers=["scott"])
    assert len(clip.motion) == clip.speech.frames == 25 and len(clip.speech.samples) == 16_000


def test_bad_files_say_what_is_wrong(root):
    face = root / "1/1_wayne_0_9_9.json"
    for change, words in [
        ({"names": SHIPPED[:-1]}, "51 weights a frame, 50 names"),
        ({"names": ["a"] * 51}, "0 ARKit channels"),
        ({"frames": []}, "0 frames"),
        ({"frames": [{"time": 0}]}, "names and frames"),
        ({"frames": [{"time": t, "weights": [float("nan")] * 51} for t in (0, 1)]}, "not numbers"),
        ({"frames": [{"time": 1, "weights": [0.0] * 51}] * 3}, "same time"),
    ]:
        write_face(face, **change)
        with pytest.raises(ValueError, match=words):
            next(beat.clips(root))
    face.write_text("not json")
    with pytest.raises(ValueError, match="1_wayne_0_9_9.json"):
        next(beat.clips(root))
    write_face(face)
    face.with_suffix(".wav").write_bytes(b"RIFF")
    with pytest.raises(ValueError, match="cannot be read as sound"):
        next(beat.clips(root))
    face.with_suffix(".wav").unlink()
    with pytest.raises(ValueError, match="1_wayne_0_9_9.wav is not there"):
        next(beat.clips(root))


def test_absent_data_is_one_sentence(tmp_path, monkeypatch, root):
    monkeypatch.delenv(beat.VARIABLE, raising=False)
    with pytest.raises(FileNotFoundError, match=beat.VARIABLE):
        next(CORPORA["beat"]())
    monkeypatch.setenv(beat.VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(FileNotFoundError, match="absent"):
        next(CORPORA["beat"]())
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="1_wayne_0_1_1"):
        next(beat.clips(tmp_path / "empty"))
    monkeypatch.setenv(beat.VARIABLE, str(root))
    assert next(CORPORA["beat"]()).corpus == "beat"


def test_a_long_take_is_cut_into_pieces(root):
    write_face(root / "2/2_scott_1_2_2.json", seconds=30.0)
    write_sound(root / "2/2_scott_1_2_2.wav", seconds=30.0)
    (clip,) = beat.clips(root, speakers=["scott"])
    parts = list(pieces(clip, 10.0))
    assert [len(part.motion) for part in parts] == [250, 250, 250] and parts[1].name == "2_scott_1_2_2/1"
    joined = np.concatenate([part.motion.coefficients for part in parts])
    np.testing.assert_array_equal(joined, clip.motion.coefficients)
