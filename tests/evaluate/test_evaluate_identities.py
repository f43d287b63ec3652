"""Matching and style on libraries and motions made here: known accuracies, confusions, no own voice."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from talkdemo.__main__ import main
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.data.speech.voices import IDENTITY_VOICES
from talkdemo.evaluate import cache
from talkdemo.evaluate import identities as ei
from talkdemo.evaluate import performances as ep
from talkdemo.metrics.style_classifier import DYNAMICS, StyleClassifier, style_features
from talkdemo.records import Clip, Motion, Phone, Speech


def matches(*pairs: tuple[str, str]) -> list[ei.Match]:
    return [ei.Match(true, tuple(ranked)) for true, ranked in pairs]


def test_top_k_and_confusions():
    some = matches(("a", "abcd"), ("a", "bacd"), ("b", "acdb"), ("a", "bcad"))
    assert ei.top(some, 1) == 0.25 and ei.top(some, 3) == 0.75
    assert ei.confused(some) == "b ×2, a ×1"
    sentence, emotions = ei.emotion_table(matches(("sad", ["sad"]), ("sad", ["happy"])))
    text = f"{ei.identity_table(some)}\n{sentence}\n{emotions}"
    assert "| all | 4 | 25.0 | 75.0 | – |" in text and "| a | 3 | 33.3 | 100.0 | b ×2 |" in text
    assert "| b | 1 | 0.0 | 0.0 | a ×1 |" in text
    assert (
        "top-1 50.0 % of 2" in text and "'sad' would reach 100.0 %" in text and "| sad | 2 | 50.0 | happy ×1 |" in text
    )


def test_every_clip_is_heard_by_the_library():
    class Library:
        def match(self, voice):
            assert voice.shape[1] == 83
            return {"Ada": 0.7, "Omar": 0.3}

        def match_emotion(self, voice):
            return {"happy": 1.0}

    speech = Speech(np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32))
    clips = [Clip("1", "made", speech, "held-out", name, "happy") for name in ("Ada", "Omar")]
    who, mood = ei.match(Library(), clips)
    assert ei.top(who, 1) == 0.5 and ei.top(who, 2) == 1 and ei.top(mood, 1) == 1


def utterance(name: str, seconds: float = 4.0) -> Clip:
    rng = np.random.default_rng(list(name.encode()))
    labels = ["SIL", "B", "AA", "T", "UW", "M", "EH", "S", "P", "IY", "SIL"]
    cuts = np.linspace(0, seconds, len(labels) + 1)
    phones = tuple(Phone(float(a), float(b), label) for a, b, label in zip(cuts, cuts[1:], labels, strict=False))
    samples = rng.normal(0, 0.1, int(seconds * 16_000)).astype(np.float32)
    return Clip(f"{name}/1", "synthetic", Speech(samples, name), "held-out", name, "happy", phones=phones)


def test_nobody_is_asked_for_with_their_own_voice():
    sessions = [utterance(name) for name in IDENTITY_VOICES]
    clips = ei.crossed(sessions, 3)
    assert Counter(clip.identity for clip in clips) == dict.fromkeys(IDENTITY_VOICES, 3)
    assert all(clip.speech.name != clip.identity for clip in clips)
    assert len({(clip.identity, clip.speech.name) for clip in clips}) == len(clips)


def test_a_session_is_long_enough_and_neutral(monkeypatch):
    loaded = lambda voices, split: iter([utterance(voices[0])] * 9)  # noqa: E731
    monkeypatch.setitem(ep.CORPORA, "synthetic", loaded)
    clip = ep.session("Ada", "train", 10)
    assert 12 <= clip.speech.seconds < 14.5 and clip.emotion == "neutral" and clip.identity == "Ada"
    monkeypatch.setitem(ep.CORPORA, "synthetic", lambda voices, split: iter([]))
    with pytest.raises(ValueError, match="no train utterance of Ada"):
        ep.session("Ada", "train", 10)


def test_the_articulation_models_styles_are_told_apart(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "CACHE", tmp_path)
    names = IDENTITY_VOICES[:3]
    long = {split: lambda voices, split=split: iter([utterance(voices[0])] * 4) for split in ("train", "held-out")}
    monkeypatch.setitem(ep.CORPORA, "synthetic", lambda voices, split: long[split](voices))
    classifier, dynamics = ei.fit_classifiers(12, names)
    assert (
        np.array_equal(classifier.means, ei.fit_classifiers(12, names)[0].means) and len(list(tmp_path.iterdir())) == 3
    )
    assert set(names) <= set(IDENTITIES) and classifier.names == names
    heard = [replace(ep.session(name, "held-out", 12)) for name in names]
    clips = ei.crossed(heard, 2)
    motions = [next(ei.performed(clip, [clip.identity], 1)) for clip in clips]
    takes, asked = np.stack([style_features(motion) for motion in motions]), [clip.identity for clip in clips]
    share, wrong = ei.classified(takes, asked, classifier)
    assert share == 1 and not wrong
    assert ei.classified(takes[:, DYNAMICS], asked, dynamics)[0] > 0.6
    share, wrong = ei.classified(takes[[0] * 6], asked, classifier)
    assert share == pytest.approx(1 / 3) and sum(wrong.values()) == 4


def test_features_of_a_still_face_and_the_nearest_of_two_styles():
    rng = np.random.default_rng(0)

    def take(scale: float) -> Motion:
        return Motion(np.abs(rng.normal(0, scale, (300, 52))), rng.normal(0, scale, (300, 3)))

    still = style_features(Motion(np.zeros((300, 52)), np.zeros((300, 3))))
    assert still.shape == (166,) and not still.any()
    known = StyleClassifier.fit(
        np.stack([style_features(take(s)) for s in (0.05, 0.05, 0.1, 0.1)]), ["calm"] * 2 + ["wild"] * 2
    )
    assert known.nearest(style_features(take(0.05))) == "calm" and known.nearest(style_features(take(0.1))) == "wild"
    assert known.distances(known.means[1]).argmin() == 1 and known.distances(known.means[1])[1] == pytest.approx(0)
    with pytest.raises(ValueError, match="got 1 motion"):
        StyleClassifier.fit(np.zeros((3, 166)), ["a", "a", "b"])
    with pytest.raises(ValueError, match="1 frame"):
        style_features(Motion(np.zeros((1, 52)), np.zeros((1, 3))))


def test_unknown_systems_are_refused_before_any_work(capsys):
    assert main(["evaluate", "identities", "--systems", "loudness"]) == 2
    assert "'loudness'; wanted regressor, full-STEPS" in capsys.readouterr().err
