"""Which reference a clip is given, the names of DiffPoseTalk's systems, and what its cached motions depend on."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo.data.corpora.shared import root
from talkdemo.evaluate import cache, performances, systems
from talkdemo.evaluate import references as er
from talkdemo.evaluate.systems import Model, make_system, model_system, parse_system
from talkdemo.records import Clip, Motion, Phone, Reference, Request, Speech


def clip(identity: str = "Ada", emotion: str = "neutral", corpus: str = "synthetic", text: str = "one.") -> Clip:
    rng = np.random.default_rng(list(f"{identity}{emotion}{text}".encode()))
    labels = ["SIL", "B", "AA", "T", "UW", "M", "EH", "S", "P", "IY", "SIL"]
    cuts = np.linspace(0, 4, len(labels) + 1)
    phones = tuple(Phone(float(a), float(b), label) for a, b, label in zip(cuts, cuts[1:], labels, strict=False))
    speech = Speech(rng.normal(0, 0.1, 64_000).astype(np.float32), identity)
    return Clip(f"{identity}/{text}", corpus, speech, "train", identity, emotion, text=text, phones=phones)


@pytest.fixture
def corpus(monkeypatch):
    """Six training sentences of every voice, half of them happy; which voices were asked for."""
    asked = []

    def clips(voices, split):
        asked.append((voices[0], split))
        moods = ("neutral", "happy") * 3
        return iter([clip(voices[0], mood, text=f"{i}.") for i, mood in enumerate(moods)])

    monkeypatch.setitem(performances.CORPORA, "synthetic", clips)
    er.performance.cache_clear()
    yield asked
    er.performance.cache_clear()


def test_an_identity_is_seen_in_its_style_and_emotion_on_training_sentences(corpus):
    happy, neutral = er.reference_for(clip("Bruno", "happy")), er.reference_for(clip("Bruno"))
    assert corpus == [("Bruno", "train")] * 2 and happy.name == "Bruno, happy" and happy.mask is None
    assert len(happy.motion) == pytest.approx(3 * 4.4 * 25, abs=2) and len(neutral.motion) == len(happy.motion)
    assert not np.allclose(happy.motion.coefficients, neutral.motion.coefficients, atol=0.1)
    assert er.reference_for(clip("Bruno", "happy", text="another sentence")) is happy  # the same every time


def test_strangers_are_seen_in_the_middle_style(corpus):
    names = {er.reference_for(clip(who, corpus=corpus_)).name for who, corpus_ in (("heldout-slt", "synthetic"),
             ("aug-de-f", "synthetic"), ("ljspeech", "ljspeech"))}  # fmt: skip
    assert names == {"middle style, neutral"} and corpus == [("Ada", "train")]
    with pytest.raises(
        ValueError, match="no reference for Ada, sad: the corpus has no sad train utterance of Ada.*make corpus"
    ):
        er.reference_for(clip("Ada", "sad"))


def test_real_speakers_are_seen_with_the_channels_that_were_recorded():
    if root() is None:
        pytest.skip("no shared data on this machine")
    grid = er.reference_for(clip("grid_s1", corpus="grid_s1"))
    assert len(grid.motion) == 225 and 30 < grid.mask[:52].sum() < 40 and grid.mask[52:].all()
    mandarin = er.reference_for(clip("facegood", corpus="facegood"))
    assert 150 < len(mandarin.motion) < 300 and 8 < mandarin.mask[:52].sum() < 20 and not mandarin.mask[52:].any()


def test_joined_clips_miss_what_one_of_them_misses():
    motion = Motion(np.zeros((10, 52), np.float32), np.zeros((10, 3), np.float32))
    masks = np.ones((2, 52), bool)
    masks[0, 3], masks[1, 7] = False, False
    clips = [replace(clip(), motion=motion, mask=mask) for mask in masks]
    made = er.joined("both", clips)
    assert len(made.motion) == 20 and np.flatnonzero(~made.mask).tolist() == [3, 7, 52, 53, 54]
    other = replace(made, mask=np.ones(55, bool))
    assert er.fingerprint(made) != er.fingerprint(other) == er.fingerprint(replace(other, mask=None, name="other"))


def test_names_of_systems():
    assert parse_system("pose-full-512") == Model("diffposetalk", 512, distilled=False)
    assert parse_system("pose-student-8-raw") == Model("diffposetalk", 8, distilled=True, contact=0.0)
    assert parse_system("pose-8") is None and parse_system("pose-regressor") is None


class FakePipeline:
    """DiffPoseTalk: remembers what it was asked for."""

    identities, emotions, students, style_encoder = (), (), (8,), object()
    talker = SimpleNamespace(
        config=SimpleNamespace(encoder="audio-encoder", style=SimpleNamespace(encoder="style-encoder"))
    )

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def animate(self, request: Request) -> list[Motion]:
        self.asked.append(request)
        frames = request.speech.frames
        return [Motion(np.zeros((frames, 52), np.float32), np.zeros((frames, 3), np.float32))]


def test_diffposetalk_is_given_the_reference_and_no_identity(corpus):
    pipeline = FakePipeline()
    model_system(Model("diffposetalk", 8, True), pipeline)(clip("Mei", "happy"), 3)
    (asked,) = pipeline.asked
    assert asked.reference.name == "Mei, happy" and asked.identity is None and asked.emotion is None
    assert (asked.steps, asked.seed, asked.distilled, asked.contact) == (8, 3, True, 1.0)


def test_cached_motions_depend_on_reference_and_style_encoder(corpus, monkeypatch, tmp_path):
    pipeline = FakePipeline()
    monkeypatch.setattr(systems, "open_pipeline", lambda name: pipeline)
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("TALKDEMO_WEIGHTS", str(tmp_path))
    for name in ("diffposetalk-8", "audio-encoder", "style-encoder"):
        (tmp_path / f"{name}.safetensors").write_text(name)
    motion = Motion(np.zeros((50, 52), np.float32), np.zeros((50, 3), np.float32))
    seen = {"reference": Reference("a", motion)}
    monkeypatch.setattr(systems, "reference_for", lambda _: seen["reference"])

    def ask() -> int:
        make_system("pose-student-8", [clip()])(clip(), 0)
        return len(pipeline.asked)

    assert (ask(), ask()) == (1, 1)
    seen["reference"] = Reference("a", replace(motion, head=motion.head + 0.1))
    assert (ask(), ask()) == (2, 2)
    (tmp_path / "style-encoder.safetensors").write_text("trained again")
    assert (ask(), ask()) == (3, 3)


def test_a_reference_that_cannot_be_had_is_told_before_any_work(corpus, monkeypatch, tmp_path):
    monkeypatch.setattr(systems, "open_pipeline", lambda name: FakePipeline())
    with pytest.raises(ValueError, match="no reference for Ada, sad"):
        make_system("pose-student-8", [clip("Ada", "sad")])
