"""Loaders of the real corpora: small files with known contents, and the shared data where it is present."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from scipy.spatial.transform import Rotation

from talkdemo.audio.phones import INDEX as PHONE_INDEX
from talkdemo.data.articulation.model import performances
from talkdemo.data.articulation.styles import Style
from talkdemo.data.corpora import facegood, grid, live_link, ljspeech, shared
from talkdemo.export import livelink
from talkdemo.face.arkit import INDEX, indices
from talkdemo.records import FPS, SAMPLE_RATE, Motion

needs_data = pytest.mark.skipif(shared.root() is None, reason="no shared data (../shared/data or TALKDEMO_SHARED)")


def test_root_follows_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv(shared.VARIABLE, str(tmp_path))
    assert shared.root() == tmp_path
    with pytest.raises(FileNotFoundError, match="grid_s1"):
        shared.need("grid_s1")
    monkeypatch.setenv(shared.VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(ValueError, match="absent"):
        shared.root()


def test_textgrid(tmp_path):
    path = tmp_path / "a.TextGrid"
    path.write_text(
        'File type = "ooTextFile"\nitem []:\n item [1]:\n  class = "IntervalTier"\n  name = "words"\n'
        '  intervals [1]:\n   xmin = 0.000\n   xmax = 0.5\n   text = "say ""hi"""\n'
        ' item [2]:\n  name = "phones"\n  intervals [1]:\n   xmin = 0\n   xmax = 0.25\n   text = "AH0"\n'
        '  intervals [2]:\n   xmin = 0.25\n   xmax = 0.5\n   text = ""\n'
    )
    tiers = ljspeech.read_textgrid(path)
    assert tiers["words"] == [(0.0, 0.5, 'say "hi"')]
    phones = [ljspeech.phone_of(*interval) for interval in tiers["phones"]]
    assert [(p.label, p.stress, p.end) for p in phones] == [("AH", 0, 0.25), ("SIL", 0, 0.5)]
    with pytest.raises(ValueError, match="QQ"):
        ljspeech.phone_of(0, 1, "QQ1")


def test_grid_words_become_phones():
    phones = grid.phones_of([(0.0, 0.4, "sil"), (0.4, 0.7, "blue"), (0.7, 1.0, "sp")])
    assert [p.label for p in phones] == ["SIL", "B", "L", "UW", "SIL"]
    assert phones[1].start == pytest.approx(0.4) and phones[3].end == pytest.approx(0.7) and phones[3].stress == 1
    assert len(grid.LEXICON) == 51
    assert {label.rstrip("012") for entry in grid.LEXICON.values() for label in entry.split()} <= set(PHONE_INDEX)
    with pytest.raises(ValueError, match="apple"):
        grid.phones_of([(0, 1, "apple")])


def test_grid_head_round_trip():
    turns = np.random.default_rng(0).normal(0, 0.3, (4, 5, 3))
    matrices = np.tile(np.eye(4), (4, 5, 1, 1))
    matrices[..., :3, :3] = Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix().reshape(4, 5, 3, 3)
    np.testing.assert_allclose(grid.head_of(matrices), turns, atol=1e-6)
    down = Rotation.from_rotvec([0.2, 0, 0]).apply([0, 0, 1])  # +x tips the face's forward axis down
    assert down[1] < 0


def test_resampling_reads_the_middles_of_frames():
    times = np.array([0.0, 0.5, 1.0])
    smooth = live_link.resample(times, np.stack([times, 0 * times], axis=1))
    np.testing.assert_allclose(smooth[:, 0], (np.arange(25) + 0.5) / FPS, atol=1e-6)


def test_a_capture_becomes_a_clip_at_25_fps(tmp_path, monkeypatch):
    folder = tmp_path / "live_link_face"
    folder.mkdir()
    values = np.zeros((61, 52), np.float32)
    values[:, INDEX["jawOpen"]] = np.arange(61) / 60
    livelink.write(folder / "me_1.csv", Motion(values, np.zeros((61, 3), np.float32), 60), fps=60)
    monkeypatch.setenv(shared.VARIABLE, str(tmp_path))
    (clip,) = live_link.clips()
    assert (clip.identity, len(clip.motion), clip.speech.frames) == ("me", 25, 25)
    np.testing.assert_allclose(clip.motion.coefficients[:, INDEX["jawOpen"]], (np.arange(25) + 0.5) / FPS, atol=1e-4)
    assert np.flatnonzero(clip.mask).tolist() == sorted((INDEX["jawOpen"], INDEX["tongueOut"]))


def test_sound_of_another_kind_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((800, 2)), 8000)
    with pytest.raises(ValueError, match=r"a.wav has 8000 Hz, 2 channels; 16000 Hz mono is wanted"):
        shared.read_sound(tmp_path / "a.wav")


def test_facegood_translation():
    value = np.array([[0.5, 0.2, 0.4]])
    coefficients, real = facegood.translate(["mouth_stretch_c", "mouth_funnel_dl", "mouth_funnel_ur"], value)
    assert coefficients[0, INDEX["jawOpen"]] == pytest.approx(0.5)
    assert coefficients[0, INDEX["mouthFunnel"]] == pytest.approx(0.4)
    assert real.sum() == 2 and not real[INDEX["eyeBlinkLeft"]]


@needs_data
def test_grid_clips():
    clips = list(grid.clips(30))
    first = clips[0]
    assert first.motion.coefficients.shape == (75, 52) and first.speech.seconds == pytest.approx(3.0, abs=0.05)
    assert first.mask.sum() < 52 and first.mask[indices("jawOpen")].all() and not first.mask[indices("tongueOut")].any()
    assert {clip.split for clip in clips} <= {"train", "held-out"}
    heads = np.concatenate([clip.motion.head for clip in clips])
    assert np.degrees(np.abs(heads)).max() < 45


@needs_data
def test_other_clips():
    spoken = list(ljspeech.clips())
    assert len(spoken) == 16 and all(clip.split == "held-out" for clip in spoken)
    assert all(p.label in PHONE_INDEX for clip in spoken for p in clip.phones)
    captures = list(live_link.clips())
    assert len(captures) == 6 and all(len(c.motion) == c.speech.frames for c in captures)
    takes = list(facegood.clips())
    assert len(takes) == 5 and all(abs(len(c.motion) - c.speech.frames) <= 2 for c in takes)


@needs_data
def test_facegood_holds_one_take_out():
    takes = {clip.name: clip for clip in facegood.clips()}
    assert [name for name, clip in takes.items() if clip.split == "held-out"] == [facegood.HELD_OUT]
    whole, parts = takes[facegood.HELD_OUT], list(facegood.pieces())
    assert all(clip.split == "held-out" and 4 < clip.speech.seconds <= 12 for clip in parts)
    np.testing.assert_array_equal(np.concatenate([c.motion.coefficients for c in parts]), whole.motion.coefficients)
    sound = np.concatenate([c.speech.samples for c in parts])
    np.testing.assert_array_equal(sound, whole.speech.samples[: len(sound)])
    assert len(whole.speech.samples) - len(sound) < 0.2 * SAMPLE_RATE


@needs_data
def test_the_articulation_model_moves_like_the_real_speaker():
    """Its jaw on GRID's own words against the real jaw: they rise and fall together."""
    scores = []
    for clip in grid.clips(25):
        motion = next(performances(clip.speech, clip.phones, [(Style(), "neutral", np.random.default_rng(0))]))
        frames, jaw = min(len(motion), len(clip.motion)), INDEX["jawOpen"]
        tracks = (one.coefficients[:frames, jaw] for one in (motion, clip.motion))
        scores.append(np.corrcoef(*tracks)[0, 1])
    assert np.mean(scores) > 0.5
