"""Quality over steps: turns of the clock, the file for the app's plot, and one run on a fake pipeline."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo.__main__ import main
from talkdemo.evaluate import cache, environment, motion
from talkdemo.evaluate import steps as es
from talkdemo.evaluate import systems as evaluate_systems
from talkdemo.evaluate.results import Compared, Report
from talkdemo.metrics.interval import Estimate
from talkdemo.records import Clip, Motion, Phone, Request, Speech


def test_actions_take_turns_and_medians_are_told():
    order, naps = [], iter([0.02, 0.0, 0.02])

    def slow() -> None:
        order.append("slow")
        time.sleep(next(naps))

    found = es.median_times({"slow": slow, "once": lambda: order.append("once")}, {"slow": 3, "once": 1})
    assert order == ["slow", "once", "slow", "slow"]
    assert found["slow"] >= 0.02 > found["once"]


def test_speeds_are_compared_with_the_slowest():
    facts = {"full-512": (512, 20.0), "student-8": (8, 0.4)}
    systems = {name: {"nfe": nfe, "seconds_per_10s": s, "megabytes": 6.0} for name, (nfe, s) in facts.items()}
    text = str(es.speeds(Report("steps", {}, {}, systems, [])))
    assert "| full-512 | 512 | 20000 | 1.0 | 6.0 |" in text and "| student-8 | 8 | 400 | 50.0 | 6.0 |" in text


def test_a_student_is_set_beside_samplers_at_as_many_evaluations():
    def share(system: str, value: float) -> Compared:
        near = Estimate(value, value - 0.05, value + 0.05, 16)
        return Compared("ljspeech", "blinks", system, "full-512", near, None, 0.1, 0.5)

    facts = {
        "full-512": ("ddim", False, 512), "full-4": ("ddim", False, 4), "full-4-dpm": ("dpm++", False, 4),
        "full-8": ("ddim", False, 8), "student-4": ("ddim", True, 4), "student-8": ("ddim", True, 8),
    }  # fmt: skip
    systems = {name: {"sampler": s, "distilled": d, "nfe": n} for name, (s, d, n) in facts.items()}
    shares = {"full-4": 0.7, "full-4-dpm": 0.9, "full-8": 1.01, "student-4": 0.98, "student-8": 1.2}
    text = str(es.beside(Report("steps", {}, {}, systems, [], [share(*pair) for pair in shares.items()])))
    ends = [f"{100 * value:.1f} [{100 * value - 5:.1f}, {100 * value + 5:.1f}]" for value in (0.98, 0.7, 0.9)]
    assert f"| 4 | ljspeech | blinks | {' | '.join(ends)} | ddim |" in text  # the interval of dpm++ meets the student's
    assert "| 8 | ljspeech | blinks | 120.0 [115.0, 125.0] | 101.0 [96.0, 106.0] | – | not ddim |" in text


class FakePipeline:
    identities, emotions, students = ("Ada",), ("neutral",), (8,)
    style_encoder = None  # DiffusionTalker

    talker = SimpleNamespace(
        config=SimpleNamespace(encoder="audio-encoder", style=None), steps=lambda n: n, evaluations=lambda n: n
    )

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
        true = FakePipeline().animate(Request(speech, steps=2))[0]
        return [Clip(str(i), "made", speech, "held-out", "Ada", phones=phones, motion=true) for i in range(2)]

    weights(monkeypatch, tmp_path, "diffusiontalker", "diffusiontalker-8", "audio-encoder")
    monkeypatch.setattr(motion, "load_set", sets)
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    out = tmp_path / "steps.json"
    words = ["--full", "4", "16", "--dpm", "4", "--rounds", "1", "--clips", "2", "--out", str(out)]
    assert main(["evaluate", "steps", *words]) == 0
    output = capsys.readouterr()
    assert "ljspeech left out: no shared data here" in output.err and "### student-8 against full-16" in output.out
    report = Report.read(out)
    assert [row.system for row in report.rows] == ["full-4", "full-16", "full-4-dpm", "student-8"]
    assert report.systems["full-4-dpm"]["sampler"] == "dpm++" and report.systems["student-8"]["distilled"]
    assert report.systems["student-8"]["nfe"] == 8 and report.systems["student-8"]["seconds_per_10s"] > 0
    assert report.rows[0].scores["diversity"].value > 0 and report.rows[0].scores["lve"].n == 2
    shown = {(one.one, one.other) for one in report.compared}
    assert shown == {(name, "full-16") for name in ("full-4", "full-4-dpm", "student-8")}
    assert {"variance_upper", "blinks", "lve"} - {one.score for one in report.compared} <= {"blinks"}


def weights(monkeypatch, folder, *names: str) -> None:
    """Files in the place of weights, and one fake pipeline for them."""
    pipeline = FakePipeline()
    for module in (es, evaluate_systems, environment):
        monkeypatch.setattr(module, "open_pipeline", lambda name: pipeline)
    monkeypatch.setenv("TALKDEMO_WEIGHTS", str(folder))
    for name in names:
        (folder / f"{name}.safetensors").write_bytes(b"0" * 1000)


def test_diffposetalks_table_has_a_file_of_its_own(monkeypatch, tmp_path):
    asked = []

    def reported(args, sets, names, path, facts):
        asked.extend([*names, path.name])
        return Report("steps", {}, {}, {name: {"nfe": 1, "megabytes": 1, **facts[name]} for name in names}, [])

    weights(monkeypatch, tmp_path, "diffposetalk", "diffposetalk-8", "audio-encoder")
    monkeypatch.setattr(es, "times", lambda models, rounds: dict.fromkeys(models, 1.0))
    monkeypatch.setattr(motion, "reported", reported)
    assert main(["evaluate", "steps", "--model", "diffposetalk", "--full", "16", "--dpm"]) == 0
    assert asked == ["pose-full-16", "pose-student-8", "steps-diffposetalk.json"]


def test_a_student_that_is_not_installed_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(evaluate_systems, "open_pipeline", lambda name: FakePipeline())
    assert main(["evaluate", "steps", "--full", "--dpm", "--students", "4"]) == 2
    assert "no student of 4 steps is installed" in capsys.readouterr().err
