"""Loaders of the real corpora: small files with known contents, and the shared data where it is present."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from talkdemo.audio.phones import INDEX as PHONE_INDEX
from talkdemo.data.articulation.model import articulate
from talkdemo.data.articulation.styles import Style
from talkdemo.data.corpora import facegood, grid, live_link, ljspeech, shared
from talkdemo.evaluate.teacher import ROWS, blinks, measure, sample, table
from talkdemo.face.arkit import INDEX, NAMES, indices
from talkdemo.records import FPS, SAMPLE_RATE

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


def test_live_link_reader(tmp_path):
    header = ["Timecode", "BlendshapeCount", *(n[:1].upper() + n[1:] for n in reversed(NAMES)), "HeadYaw"]
    rows = []
    for i in range(31):
        values = ["0"] * 52
        values[51 - INDEX["jawOpen"]] = str(i / 30)
        seconds = i / 30
        rows.append([f"10:00:{int(seconds):02d}:{(seconds % 1) * 60:.3f}", "61", *values, "0"])
    path = tmp_path / "take.csv"
    path.write_text("\n".join(",".join(row) for row in [header, *rows, ["10:00:02:00.0", "0"]]))
    times, values = live_link.read_capture(path)
    assert times[-1] == pytest.approx(1.0) and values.shape == (31, 52)
    smooth = live_link.resample(times, values)
    assert len(smooth) == 25
    np.testing.assert_allclose(smooth[:, INDEX["jawOpen"]], (np.arange(25) + 0.5) / FPS, atol=1e-4)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="52"):
        live_link.read_capture(path)


def test_facegood_translation():
    value = np.array([[0.5, 0.2, 0.4]])
    coefficients, real = facegood.translate(["mouth_stretch_c", "mouth_funnel_dl", "mouth_funnel_ur"], value)
    assert coefficients[0, INDEX["jawOpen"]] == pytest.approx(0.5)
    assert coefficients[0, INDEX["mouthFunnel"]] == pytest.approx(0.4)
    assert real.sum() == 2 and not real[INDEX["eyeBlinkLeft"]]


def test_blinks_are_found():
    lid = np.full(250, 0.1)
    for peak in (50, 120, 200):
        lid[peak - 2 : peak + 3] = [0.3, 0.8, 1.0, 0.6, 0.3]
    found = blinks(lid)
    assert [t for t, *_ in found] == pytest.approx([2.0, 4.8, 8.0])
    assert all(0.08 < width < 0.14 for *_, width in found)


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
def test_teacher_moves_like_the_real_speaker():
    """Jaw of the teacher on GRID's own words against the real jaw: they rise and fall together."""
    from talkdemo.audio import prosody

    scores = []
    for clip in grid.clips(25):
        frames = len(clip.motion)
        tracks = [np.pad(track, (0, 2))[:frames] for track in (prosody.energy(clip.speech), prosody.pitch(clip.speech))]
        motion = articulate(clip.phones, *tracks, Style(), "neutral", np.random.default_rng(0), frames)
        jaw = INDEX["jawOpen"]
        scores.append(np.corrcoef(motion.coefficients[:, jaw], clip.motion.coefficients[:, jaw])[0, 1])
    assert np.mean(scores) > 0.5


@needs_data
def test_statistics_table():
    clips = list(grid.clips(6))
    rows = measure([sample(clip, clip.motion, True) for clip in clips])
    text = table({"grid_s1": rows, "live_link_face": rows, "facegood": rows}, rows)
    assert len(text.splitlines()) == len(ROWS) + 2
    assert "| 1.00 | grid_s1 |" in text
