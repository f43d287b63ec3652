"""The encoder's report card with an encoder whose every answer is known."""

from __future__ import annotations

import argparse
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from talkdemo import __main__ as command
from talkdemo.audio.phones import INDEX, PHONES
from talkdemo.evaluate import encoder as module
from talkdemo.evaluate import names
from talkdemo.records import SAMPLE_RATE, Clip, Phone, Speech

HALF = SAMPLE_RATE // 100  # half of a 50 Hz frame


class Knows:
    """Reads the phone off the sample in the middle of each frame, where `spoken` has written its index / 100."""

    to_ctc = None

    def phonetic(self, samples, frames):
        samples = np.pad(samples, (0, frames * 4 * HALF - len(samples)))
        which = np.rint(samples[HALF :: 2 * HALF] * 100).astype(int)
        return torch.eye(len(PHONES))[which], None

    def features(self, speech):
        return np.zeros((speech.frames, 1), np.float32)

    def parameters(self):
        return [torch.zeros(3)]


def spoken(phones, says=None, identity="a", **more) -> Clip:
    """A clip whose sound tells Knows that `says` is said (default: what is)."""
    samples = np.zeros(round(phones[-1].end * SAMPLE_RATE), np.float32)
    for phone in says or phones:
        samples[round(phone.start * SAMPLE_RATE) : round(phone.end * SAMPLE_RATE)] = INDEX[phone.label] / 100
    return Clip("clip", "test", Speech(samples), "held-out", identity, phones=tuple(phones), **more)


TRUTH = [Phone(0, 0.2, "SIL"), Phone(0.2, 0.4, "M"), Phone(0.4, 0.8, "AA", 1), Phone(0.8, 1.0, "SIL")]


def test_labels_stand_at_the_middles():
    labels = module.frame_labels([Phone(0.0, 0.031, "M"), Phone(0.051, 0.071, "AA")], 5)
    assert [PHONES[i] for i in labels] == ["M", "M", "SIL", "AA", "SIL"]  # middles at 10, 30, 50, 70, 90 ms


def test_perfect_hearing():
    clip = spoken(TRUTH)
    heard = module.listen(Knows(), clip.speech)
    assert heard.posterior.shape == (50, 40) and heard.phones == ("M", "AA")
    assert module.frame_accuracy([clip], [heard]) == 1.0


def test_wrong_hearing_is_counted():
    wrong = spoken(TRUTH, [Phone(0.2, 0.4, "N"), Phone(0.4, 0.6, "AA"), Phone(0.6, 0.8, "B")])
    heard = module.listen(Knows(), wrong.speech)
    assert module.frame_accuracy([wrong], [heard]) == pytest.approx(1 - 20 / 50)
    found = {row.figure: row.value for row in module.rows(Knows(), [wrong], "x")}
    assert found["phone error rate"] == "100.0 %"  # M → N, B inserted, of 2
    assert found["false among the /p b m/ decoded"] == "100.0 % of 1"
    assert found["vowel frames heard as /p b m/ (> 0.5)"] == "50.0 % of 20"


def test_transcripts_lose_stress_and_silence():
    clip = Clip("a", "test", Speech(np.zeros(1, np.float32)), "held-out", "a", transcript=("SIL", "W", "IY0", "SIL"))
    assert module.said(clip) == ["W", "IY"]
    assert module.said(spoken(TRUTH)) == ["M", "AA"]


def test_the_ctc_head_is_asked_where_there_is_one():
    encoder = Knows()
    encoder.to_ctc, encoder.transcribe = object(), lambda samples: ["M", "SIL", "M"]
    assert module.listen(encoder, spoken(TRUTH).speech).phones == ("M", "M")


def test_pitch_of_speakers():
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    clips = []
    for name, hertz in (("x", 120), ("y", 300)):
        buzz = sum(0.2 / k * np.sin(2 * np.pi * hertz * k * time) for k in (1, 2, 3))
        clips.append(Clip(name, "t", Speech(buzz.astype(np.float32)), "held-out", name))
    clips.append(Clip("z", "t", Speech(np.zeros(SAMPLE_RATE, np.float32)), "held-out", "z"))
    found = module.median_pitch(clips)
    assert found["x"] == pytest.approx(120, rel=0.03) and found["y"] == pytest.approx(300, rel=0.03) and found["z"] == 0


def test_the_table(monkeypatch, capsys):
    reader = [spoken(TRUTH, identity="ljspeech")]
    child, adult = (
        Clip(n, "speechocean762", clip.speech, "held-out", n, transcript=("SIL", "M", "AA1", "SIL"))
        for n, clip in (("kid", spoken(TRUTH)), ("man", spoken(TRUTH, [Phone(0.4, 0.8, "AA")])))
    )

    def absent(count):
        raise FileNotFoundError("no shared data")

    sets = {
        "voices": ("strangers", absent),
        "sentences": ("known", lambda count: []),
        "ljspeech": ("reader", lambda count: reader),
        "speechocean762": ("readers", lambda count: [child, adult]),
    }
    monkeypatch.setattr(module, "SETS", sets)
    monkeypatch.setattr(module, "median_pitch", lambda clips: {"kid": 290.0, "man": 110.0})
    monkeypatch.setattr(module, "SpeechEncoder", SimpleNamespace(open=lambda name: Knows()))
    assert module.run(argparse.Namespace(encoder=["audio-encoder"], clips=250, sets=list(sets))) == 0
    out, err = capsys.readouterr()
    assert "left out: no shared data" in err and "no held-out clips" in err
    for line in (
        "| frame phone accuracy | reader | 1 | 100.0 % |",
        "| /p b m/ heard at 2 % false on vowel frames | reader | 1 | 100.0 % of 1 |",
        "| vowel frames heard as /p b m/ (> 0.5) | reader | 1 | 0.0 % of 20 |",
        "| lag at phone boundaries, median | reader | 1 | 0 ms |",
        "| phone error rate | readers | 2 | 25.0 % |",
        "| phone error rate | readers, pitch ≤ 240 Hz (adults) | 1 | 50.0 % |",
        "| phone error rate | readers, the others (children) | 1 | 0.0 % |",
    ):
        assert line in out
    assert "runs of the most likely phone" in out


def test_bad_arguments_are_one_line(capsys):
    assert command.main(["evaluate", "encoder", "--clips", "0"]) == 2
    assert command.main(["evaluate", "encoder", "--encoder", "no-such-encoder"]) == 2
    err = capsys.readouterr().err
    assert "--clips" in err and "no-such-encoder" in err and len(err.splitlines()) == 2


def test_the_command_line_knows_the_sets():
    assert list(module.SETS) == names.ENCODER_SETS
