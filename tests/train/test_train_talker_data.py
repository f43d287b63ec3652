"""What is cached for training: sessions of real and synthetic voices on one frame grid."""

import json

import numpy as np
import soundfile

from talkdemo.records import SAMPLE_RATE, Motion, Speech
from talkdemo.train.talker import data as talker_data
from talkdemo.train.talker.data import Rows, make_performed


def test_rows_cut_sound_and_motion_to_the_frames_that_both_have(tmp_path):
    rows = Rows()
    motion = Motion(np.full((30, 52), 0.5, np.float32), np.zeros((30, 3), np.float32))
    rows.add(Speech(np.zeros(SAMPLE_RATE + 100, np.float32)), motion, "neutral", "Ada")  # 25 whole frames of sound
    rows.add(Speech(np.ones(2 * SAMPLE_RATE, np.float32) * 2), motion, "happy", "Bruno")  # too loud; 30 of motion
    mask = np.arange(55) < 20
    hours = rows.write(tmp_path / "a" / "motion.npz", mask)
    assert abs(hours * 3600 - 55 / 25) < 1e-9
    with np.load(tmp_path / "a" / "motion.npz") as file:
        assert file["start"].tolist() == [0, 25, 55] and len(file["samples"]) == 55 * 640 and len(file["motion"]) == 55
        assert file["samples"].max() == 32767 and np.array_equal(file["mask"], mask)
        assert file["emotion"].tolist() == ["neutral", "happy"]
    assert Rows().write(tmp_path / "b" / "motion.npz") == 0 and not (tmp_path / "b").exists()


def test_real_speakers_are_performed_from_their_aligned_phones(tmp_path, monkeypatch):
    corpus = talker_data.PERFORMED[0]
    (tmp_path / "data").mkdir()
    (tmp_path / "aligned" / corpus).mkdir(parents=True)
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    soundfile.write(tmp_path / "data" / "a.flac", 0.2 * np.sin(2 * np.pi * 150 * time), SAMPLE_RATE)
    phones = [[0.0, 0.4, "SIL", 0], [0.4, 0.9, "AA", 1], [0.9, 1.1, "P", 0], [1.1, 1.6, "AA", 1], [1.6, 2.0, "SIL", 0]]
    entry = {"utt": "a", "path": "a.flac", "voice": "speaker", "phones": phones, "split": "train"}
    held_out = entry | {"path": "absent.flac", "split": "held-out"}
    (tmp_path / "aligned" / corpus / "utterances.json").write_text(json.dumps([entry, held_out]))
    monkeypatch.setattr(talker_data, "root", lambda: tmp_path / "data")
    assert make_performed(corpus, tmp_path / "aligned", tmp_path / "out") > 0
    with np.load(tmp_path / "out" / "train" / corpus / "motion.npz") as file:
        loud = np.abs(file["samples"]).reshape(-1, 640).mean(1) > 1000
        jaw = file["motion"][:, 17].astype(float)
        assert jaw[loud].max() > 0.1  # the mouth opens on the vowels
        first = int(np.flatnonzero(loud)[0])
        closed = jaw[first + 20 : first + 30].min()  # /p/, 0.5 s after the first vowel began
        assert closed < 0.6 * jaw[loud].max()
    assert make_performed(corpus, tmp_path / "aligned", tmp_path / "out") == 0  # it is there already
