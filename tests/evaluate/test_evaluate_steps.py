"""The table over steps: turns of the clock, the file for the app's plot, and one run on a fake pipeline."""

import json
import time
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo.__main__ import main
from talkdemo.evaluate import cache
from talkdemo.evaluate import steps as es
from talkdemo.evaluate import systems as evaluate_systems
from talkdemo.records import Clip, Motion, Phone, Request, Speech

STEPS = [
    es.Step("full-512", 512, False, 20.0, 12.0, {"lve": 1.4, "hits": 90.0, "fdd_absolute": 3.0, "r_phones": 0.7}),
    es.Step("student-8", 8, True, 0.4, 6.0, {"lve": 1.41, "hits": 89.5, "fdd": -1.0}),
]


def test_actions_take_turns_and_medians_are_told():
    order, naps = [], iter([0.02, 0.0, 0.02])

    def slow() -> None:
        order.append("slow")
        time.sleep(next(naps))

    found = es.median_times({"slow": slow, "once": lambda: order.append("once")}, {"slow": 3, "once": 1})
    assert order == ["slow", "once", "slow", "slow"]
    assert found["slow"] >= 0.02 > found["once"]


def test_the_table_compares_with_the_slowest_full_model():
    text = str(es.table(STEPS))
    assert "| full-512 | 1.40 | – | 3.00 | 90.0 | 0.70 | 20000 | 1.0 | 12.0 |" in text
    assert "| student-8 | 1.41 | -1.00 | – | 89.5 | – | 400 | 50.0 | 6.0 |" in text


def test_the_file_is_what_the_plot_reads():
    full, student = json.loads(json.dumps([step.record() for step in STEPS]))
    assert full["system"] == "full-512" and full["distilled"] is False and full["steps"] == 512
    assert full["seconds_per_10s"] == 20 and full["lve_mm"] == 1.4 and full["fdd"] == 3 and full["hits"] == 90
    assert student["fdd"] is None and student["false"] is None and student["distilled"] is True


class FakePipeline:
    identities, emotions, students = ("Ada",), ("neutral",), (8,)
    style_encoder = None  # DiffusionTalker

    talker = SimpleNamespace(config=SimpleNamespace(encoder="audio-encoder", style=None))

    def animate(self, request: Request) -> list[Motion]:
        rng = np.random.default_rng([request.steps, request.seed])
        track = np.abs(rng.normal(0, 0.1, (request.speech.frames, 52))).astype(np.float32)
        return [Motion(track, track[:, :3])]


@pytest.mark.slow
def test_one_run(monkeypatch, tmp_path, capsys):
    def sets(name: str, count: int) -> list[Clip]:
        if name == "ljspeech":
            raise FileNotFoundError("no shared data here")
        phones = (
            Phone(0, 0.5, "SIL"),
            Phone(0.5, 1, "AA"),
            Phone(1, 1.2, "B"),
            Phone(1.2, 1.8, "IY"),
            Phone(1.8, 2, "SIL"),
        )
        speech = Speech(np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32))
        motion = FakePipeline().animate(Request(speech, steps=2))[0]
        return [Clip(str(i), "made", speech, "held-out", "Ada", phones=phones, motion=motion) for i in range(2)]

    pipeline = FakePipeline()
    for module in (es, evaluate_systems):
        monkeypatch.setattr(module, "open_pipeline", lambda name: pipeline)
    monkeypatch.setattr(es, "load_set", sets)
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("TALKDEMO_WEIGHTS", str(tmp_path))
    for name in ("diffusiontalker", "diffusiontalker-8"):
        (tmp_path / f"{name}.safetensors").write_bytes(b"0" * 1000)
    out = tmp_path / "steps.json"
    assert main(["evaluate", "steps", "--full", "16", "--rounds", "1", "--clips", "2", "--out", str(out)]) == 0
    output = capsys.readouterr()
    assert "ljspeech left out: no shared data here" in output.err and "| full-16 |" in output.out
    full, student = json.loads(out.read_text())
    assert full["lve_mm"] > 0 and full["hits"] is not None and student["system"] == "student-8"


def test_diffposetalks_table_has_a_file_of_its_own(monkeypatch, tmp_path):
    asked = []

    def quality(names, *_):
        asked.extend(names)
        return {name: {} for name in names}

    monkeypatch.setattr(es, "open_pipeline", lambda name: FakePipeline())
    monkeypatch.setattr(es, "make_system", lambda name, clips: None)
    monkeypatch.setattr(es, "times", lambda models, rounds: dict.fromkeys(models, 1.0))
    monkeypatch.setattr(es, "quality", quality)
    monkeypatch.setattr(es, "ASSETS", tmp_path)
    monkeypatch.setenv("TALKDEMO_WEIGHTS", str(tmp_path))
    for name in ("diffposetalk", "diffposetalk-8"):
        (tmp_path / f"{name}.safetensors").write_bytes(b"0" * 1000)
    assert main(["evaluate", "steps", "--model", "diffposetalk", "--full", "16"]) == 0
    rows = json.loads((tmp_path / "steps-diffposetalk.json").read_text())
    assert asked == ["pose-full-16", "pose-student-8"] == [row["system"] for row in rows]


def test_a_student_that_is_not_installed_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(evaluate_systems, "open_pipeline", lambda name: FakePipeline())
    assert main(["evaluate", "steps", "--full", "--students", "4"]) == 2
    assert "no student of 4 steps is installed" in capsys.readouterr().err
