"""Evaluation of style: encoders and heads with known scores, and one run of each part on fakes."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo.__main__ import main
from talkdemo.evaluate import cache
from talkdemo.evaluate.reporting import Column, Table, mean
from talkdemo.evaluate.style import encoder, generated, head
from talkdemo.evaluate.style import material as em
from talkdemo.evaluate.style import report as es
from talkdemo.evaluate.style.systems import StyleSystem
from talkdemo.evaluate.systems import Model, parse_system
from talkdemo.records import Clip, Guidance, Motion, Phone, Reference, Speech

AUC = "AUC same / other style"


def named(row: dict[Column, float]) -> dict[str, float]:
    return {column.title: value for column, value in row.items()}


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_an_encoder_of_styles_is_told_from_one_of_words():
    rng = np.random.default_rng(0)
    style, words = rng.normal(0, 1, (12, 1, 32)), rng.normal(0, 1, (1, 4, 32))
    good, bad = unit(style + 0.2 * words), unit(0.2 * style + words)
    found = named(encoder.retrieval(good, good))
    assert (found["pairs"], found["top-1 %"], found["top-5 %"]) == (12 * 12, 1, 1) and found[AUC] > 0.99
    assert named(encoder.invariance(good))["style above words (AUC)"] > 0.99
    assert named(encoder.invariance(bad))["style above words (AUC)"] < 0.01
    assert named(encoder.invariance(good))["variance by style %"] > 0.8
    assert named(encoder.invariance(bad))["variance by style %"] < 0.2
    noise = unit(rng.normal(0, 1, (12, 4, 32)))
    found = named(encoder.retrieval(noise, noise))
    assert found["top-1 %"] < 0.3 and 0.4 < found[AUC] < 0.6


def test_persons_are_counted_by_pairs_of_clips():
    vectors = unit(np.array([[1, 0.1], [1, 0.2], [0.1, 1], [0.2, 1], [1, 0.4]]))
    found = named(encoder.persons(["a", "a", "b", "b", "b"], vectors))
    assert (
        (found["persons"], found["clips"]) == (2, 5)
        and found["nearest clip is of the same person %"] == 0.8
        and 0.5 < found["AUC"] < 1
    )
    assert named(encoder.persons(["a", "a", "b", "b"], vectors[:4]))["AUC"] == 1


def nodding(sound: Speech, beats: np.ndarray) -> np.ndarray:
    """A head that swings from one beat to the next."""
    frames = sound.frames
    time = (np.arange(frames) + 0.5) / 25
    where = np.interp(time, beats, np.arange(len(beats)) % 2)
    return np.stack([np.radians(6) * np.sin(np.pi * (where - 0.5)), 0 * time, 0 * time], axis=1)


def test_heads_that_follow_the_sound_are_told_from_chance():
    rng = np.random.default_rng(1)
    sounds, heads = [], []
    for _ in range(16):
        bursts = np.cumsum(rng.uniform(0.5, 1.4, 8))
        bursts = bursts[bursts < 7.5]
        samples = np.zeros(8 * 16_000, np.float32)
        for at in bursts:
            samples[int(at * 16_000) : int((at + 0.15) * 16_000)] = 0.5
        sounds.append(Speech(samples))
        heads.append(nodding(sounds[-1], bursts))
    followed = named(head.alignment(heads, sounds))
    own = followed["own sound"]
    assert followed["clips"] == 16 and own > 0.8 > followed["other clips'"] and own > followed["own sound, shifted"]
    assert followed["p (pairing)"] < 0.001 and followed["p (Wilcoxon)"] < 0.001
    assert named(head.alignment(heads[1:] + heads[:1], sounds))["p (pairing)"] > 0.05
    with pytest.raises(ValueError, match="0 of 2 clips"):
        head.alignment([np.zeros((200, 3))] * 2, sounds[:2])


def test_the_speed_of_a_steady_turn():
    turn = np.zeros((200, 3))
    turn[:, 1] = np.radians(10) * np.arange(200) / 25
    mean, _, high = head.speeds([Motion(np.zeros((200, 52)), turn)])
    assert mean == pytest.approx(10, rel=0.02) and high == pytest.approx(10, rel=0.02)


def test_a_tracked_reference_is_near_and_names_what_is_missing():
    rng = np.random.default_rng(0)
    one = Reference("x", Motion(np.full((250, 52), 0.5, np.float32), np.full((250, 3), 0.1, np.float32)))
    mask = np.ones(55, bool)
    mask[:10] = False
    seen = em.tracked(one, rng, em.DEFECTS, mask)
    assert np.array_equal(seen.mask, mask) and not seen.motion.coefficients[:, :10].any()
    away = np.abs(seen.motion.coefficients[:, 10:] - 0.5)
    assert 0.005 < away.mean() < 0.2 and seen.motion.coefficients.max() <= 1
    same = em.tracked(one, rng)
    assert np.allclose(same.motion.coefficients, 0.5) and same.mask is None
    assert len(em.cut(one, 4.0, 1.0).motion) == 100


# --- the command on fakes -------------------------------------------------------------------------------------------


def utterance(voice: str, k: int) -> Clip:
    rng = np.random.default_rng([k, *voice.encode()])
    labels = ["SIL", "B", "AA", "T", "UW", "M", "EH", "S", "P", "IY", "SIL"]
    cuts = np.linspace(0, 3, len(labels) + 1)
    phones = tuple(Phone(float(a), float(b), label) for a, b, label in zip(cuts, cuts[1:], labels, strict=False))
    samples = rng.normal(0, 0.1, 48_000) * (np.sin(np.arange(48_000) / 1600) > 0)
    speech = Speech(samples.astype(np.float32), voice)
    return Clip(f"{voice}/{k}", "synthetic", speech, "held-out", voice, text=f"{voice} says {k}.", phones=phones)


@pytest.fixture
def fakes(monkeypatch, tmp_path):
    """A corpus, an encoder that sees the mean face, a system that holds its reference's mean face."""
    monkeypatch.setitem(
        em.CORPORA, "synthetic", lambda voices, split: iter([utterance(voices[0], k) for k in range(8)])
    )
    monkeypatch.setattr(cache, "CACHE", tmp_path)

    def motions(self, speech, reference, seed=0, samples=1):
        made, draw = [], np.random.default_rng(seed)
        for _ in range(samples):
            parts = [
                np.resize(x, (speech.frames, x.shape[1]))
                for x in (reference.motion.coefficients, reference.motion.head)
            ]
            if self.guidance == Guidance(1.0, 0.0):  # no style
                parts = [0 * x + x.mean(1, keepdims=True) * 0.01 for x in parts]
            made.append(Motion(parts[0], parts[1] + draw.normal(0, 0.001, parts[1].shape)))
        return made

    def embed(self, reference):
        import torch

        mean = reference.motion.coefficients.mean(0)
        return torch.from_numpy(unit(mean - 0.05))  # from the mean of the styles, so that directions differ

    fake = SimpleNamespace(embed=embed.__get__(object()))
    monkeypatch.setattr("talkdemo.condition.style.StyleEncoder.open", classmethod(lambda cls, *name: fake))
    monkeypatch.setattr(StyleSystem, "motions", motions)
    monkeypatch.setattr(StyleSystem, "open", classmethod(lambda cls, name: cls(name, parse_system(name))))
    monkeypatch.setattr(head, "_grid", lambda count: [])
    monkeypatch.setattr(encoder, "people_table", lambda embed, seed: Table([Column("x")], [["people"]]))


def test_speeches_share_no_sentence_and_passages_may(fakes):
    some = em.speeches(5, 8.0, unseen_first=True)
    assert [clip.identity for clip in some[:3]] == list(em.UNSEEN) and len({clip.name for clip in some}) == 5
    assert all(8 <= clip.speech.seconds < 12 for clip in some) and len(em.passages(60, 6.0)) == 60
    with pytest.raises(ValueError, match="held-out passages of 60 s; 3 are wanted"):
        em.passages(3, 60.0)


def test_performances_are_kept_and_differ_by_style(fakes, tmp_path):
    speech = em.speeches(1, 6.0)[0]
    first, second = em.performed(speech, [0, 1])
    assert len(list(tmp_path.iterdir())) == 1 and np.array_equal(
        em.performed(speech, [0, 1])[1].coefficients, second.coefficients
    )
    assert np.abs(first.coefficients.mean(0) - second.coefficients.mean(0)).max() > 0.02
    assert not np.allclose(em.performed(speech, [0], 1)[0].coefficients, first.coefficients, atol=0.02)


def test_the_parts_print_their_tables(fakes, capsys, tmp_path):
    words = f"--systems pose-student-8 --styles 4 --seconds 6 --clips 6 --guidance 2 --out {tmp_path}/x.jsonl"
    assert main(["evaluate", "style", *words.split()]) == 0
    written = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    (student,) = [
        row for row in written if row["table"].startswith("Style of gen") and row["system"] == "pose-student-8"
    ]
    assert student["motions"] == 4 and student["own reference is nearest %"] == 100
    output = capsys.readouterr().out
    rows = [line.split(" | ") for line in output.splitlines() if line.startswith("| pose-")]
    assert "people" in output and "queries with GRID's channels" in output and "| articulation | references |" in output
    by_name = {row[0].strip("| "): row for row in rows if len(row) == 8 and row[1] == "4"}
    assert {"pose-student-8", "pose-student-8, style 2", "pose-full-8, null style"} == set(by_name)
    assert float(by_name["pose-student-8"][2]) == 100 and float(by_name["pose-full-8, null style"][2]) <= 50
    assert "prominent | 6" in output and "pose-student-8, tracked references" in output


def test_slow_systems_are_asked_for_few_styles():
    slow, quick = (StyleSystem(f"pose-full-{n}", Model("diffposetalk", n, False)) for n in (512, 8))
    found = es.conditions([slow, quick], [1.0, 1.5], 64, 8, quick)
    assert [(one.title, one.guidance, count) for one, count in found] == [
        ("pose-full-512", Guidance(), 8),
        ("pose-full-8", Guidance(), 64),
        ("pose-full-8, style 1.5", Guidance(1.0, 1.5), 64),
        ("pose-full-8, null style", Guidance(1.0, 0.0), 64),
    ]


def test_what_follows_no_references_is_refused_in_one_sentence(capsys):
    assert main(["evaluate", "style", "--systems", "loudness"]) == 2
    assert "wanted pose-full-STEPS" in capsys.readouterr().err
    assert main(["evaluate", "style", "--systems", "student-8"]) == 2
    assert "diffusiontalker follows no reference clips" in capsys.readouterr().err


def test_classifiers_need_the_articulation_model_alone(fakes):
    task = generated.prepare(3, 6.0)
    assert len(task.references) == len(task.ceiling) == 3 and len(task.classifiers["all"].names) == 3
    assert {len(motion) for motion in task.ceiling} == {150}
    assert mean([1.0, np.nan, 3.0]) == 2 and np.isnan(mean([np.nan]))
