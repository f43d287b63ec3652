"""The tab "Compare" through its handlers: both settings reach the model, a blind run tells nothing before the vote."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from talkdemo.compare.comparison import compare
from talkdemo.compare.settings import Setting, Takes
from talkdemo.export import npz
from talkdemo.face.arkit import INDEX
from talkdemo.film import pair as pair_video
from talkdemo.records import MAX_SEED, Motion, Speech
from talkdemo.ui.compare import chart as compare_chart
from talkdemo.ui.compare import job as compare_job
from talkdemo.ui.compare import tab as tab_module
from talkdemo.ui.compare import vote
from talkdemo.ui.parts.visits import Visits

ME = SimpleNamespace(session_hash="me")
MODEL, POSE = "diffusiontalker", "diffposetalk"
QUICK = {"steps": 8, "full": False}
CHOSEN = {
    "first": MODEL, "first_steps": {"steps": 20}, "first_style": "Mei",
    "second": MODEL, "second_steps": QUICK, "second_style": "Mei",
    "emotion": "happy", "character": "ada", "seed": 7, "randomise": False, "blind": "off",
    "ballots": (),
}  # fmt: skip


class Painter:
    """In place of the renderer: grey pictures of the right size."""

    def __init__(self, face: object, size: int) -> None:
        self.size = size

    def frames(self, vertices, stop=None) -> Iterator[np.ndarray]:
        for _ in vertices:
            yield np.full((self.size, self.size, 3), 120, np.uint8)


@pytest.fixture(autouse=True)
def quick_pictures(no_heads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_video, "Renderer", Painter)
    monkeypatch.setattr(compare_job, "SIZE", 64)
    real = compare_job.face()
    head = SimpleNamespace(  # the real one for measuring, nothing to render: these tests' characters are not real
        subset=real.subset, masks=real.masks, inner_lip_middle=real.inner_lip_middle,
        drawable=lambda character: None, vertices=lambda motion, character: motion.coefficients,
    )  # fmt: skip
    monkeypatch.setattr(compare_job, "face", lambda: head)


@pytest.fixture
def tab(stand_in, tmp_path: Path):
    return build(stand_in, tmp_path)


@pytest.fixture
def two(stand_in, tmp_path: Path):
    """The tab with both models."""
    pose = type(stand_in)()
    pose.references = ("clip-a", "clip-b")
    return build(stand_in, tmp_path, diffposetalk=pose)


def build(pipeline, folder: Path, **more: object):
    """The tab alone."""
    with gr.Blocks():
        tab = tab_module.CompareTab(
            {"diffusiontalker": pipeline, **more}, Visits(folder / "files"), ["ada", "kwame"], []
        )
        tab.build()
    return tab


def press(tab, speech: Path | None, **changes: object) -> list[dict]:
    return list(tab.compare(ME, speech and str(speech), *(CHOSEN | changes).values()))


def film(tab, result, sealed=None) -> list[dict]:
    """The button Make the video."""
    return list(tab.film.render(result, sealed, {"take": "x"}, ME))


def labels(update: dict, tab) -> list[str]:
    """Of the heads in the viewer, from left to right."""
    return [head["label"] for head in update[tab.player]["value"]["heads"]]


def named(update: dict) -> dict[str, object]:
    """What a handler changes, by the component's id on the page."""
    return {component.elem_id: value for component, value in update.items()}


def test_compare_ends_with_everything(tab, wav, read_video) -> None:
    first, *_, last = press(tab, wav("hum", 1.0))
    assert first[tab.form.seed] == 7 and "Full model, 20 steps" in first[tab.panel]
    made = named(last)
    assert made["td-compare-chart"]["value"].startswith("<svg") and made["td-figures"]["visible"]
    assert "Student, 8 steps" in made["td-figures"]["value"] and "25 frames" in made["td-compare-panel"]
    assert labels(last, tab) == ["Full model, 20 steps", "Student, 8 steps"]
    shown = made["td-compare-head"]["value"]
    assert shown["done"] and shown["frames"] == 25 and shown["sound"].endswith("speech.wav") and not shown["video"]
    assert [head["character"]["name"] for head in shown["heads"]] == ["ada", "ada"]
    saved = [Path(last[button]["value"]) for button in (tab.save_record, tab.save_first, tab.save_second)]
    assert [path.name for path in saved] == ["comparison.json", "full-20.npz", "student-8.npz"]
    record = json.loads(saved[0].read_text())
    assert record["sides"] == {"left": "full-20", "right": "student-8"} and record["runs"][1]["distilled"] is True
    assert npz.read(saved[1])[0].meta["steps"] == 20 and last[tab.sealed] is None
    assert last[tab.start].interactive and not last[tab.vote_row]["visible"]

    drawn = film(tab, last[tab.result])[-1]
    video = Path(drawn[tab.film.save]["value"])
    assert video.name == "left-full-20-right-student-8.mp4" and drawn[tab.player]["video"].endswith(video.name)
    frames, samples = read_video(video)
    assert frames.shape == (25, 70, 128, 3) and samples is not None
    assert "compare again" in film(tab, None)[-1][tab.film.panel]


def test_both_settings_reach_the_model(tab, wav, stand_in) -> None:
    styles = {"first_style": "auto", "second_style": "Ada"}
    press(tab, wav("hum", 0.3), first_steps={"steps": 2}, second_steps={"steps": 512}, **styles)
    *warm_up, first, second, again = stand_in.requests
    assert len(warm_up) == 2
    asked = [(one.steps, one.distilled, one.seed, one.identity) for one in (first, second, again)]
    assert asked == [(2, False, 7, "auto"), (512, False, 7, "Ada"), (2, False, 8, "auto")]
    assert {one.emotion for one in stand_in.requests} == {"happy"}
    seeds = {press(tab, wav("hum", 0.3), randomise=True)[0][tab.form.seed] for _ in range(3)}
    assert len(seeds) == 3 and max(seeds) <= MAX_SEED


@pytest.mark.parametrize(
    ("speech", "changes", "words"),
    [
        (None, {}, "There is no speech yet"),
        ("short", {}, "at least 0.2 s"),
        ("hum", {"second_steps": {"steps": 20}}, "Both sides are the full model, 20 steps"),
        ("hum", {"second_steps": {"steps": 600}}, "600 steps were asked for"),
    ],
)
def test_mistakes_are_told_in_words(tab, wav, speech: str | None, changes: dict, words: str) -> None:
    clips = {"hum": wav("hum", 0.4), "short": wav("short", 0.1), None: None}
    last = press(tab, clips[speech], **changes)[-1]
    assert words in last[tab.panel] and last[tab.start].interactive
    assert not tab.visits.jobs.exists() or not list(tab.visits.jobs.iterdir())


@pytest.mark.parametrize(("order", "right"), [((0, 1), "left"), ((1, 0), "right")])
def test_a_blind_run_tells_nothing_before_the_vote(tab, wav, monkeypatch, order: tuple, right: str) -> None:
    monkeypatch.setattr(vote, "order", lambda settings, ballots: order)
    captions: list[tuple[str, str]] = []
    strip = pair_video.caption_strip
    monkeypatch.setattr(pair_video, "caption_strip", lambda names, size: captions.append(names) or strip(names, size))
    last = press(tab, wav("hum", 0.5), blind="which")[-1]
    made = last.pop(tab.sealed)
    assert last.pop(tab.result) is made  # both stay on the server
    assert "full model, 20 steps" in last.pop(tab.question) and labels(last, tab) == ["Left", "Right"]
    told = repr(list(last.values())).lower()
    assert "student" not in told and "full" not in told
    drawn = film(tab, made, sealed=made)[-1][tab.film.save]["value"]
    assert captions == [("Left", "Right")] and Path(drawn).name == "side-by-side.mp4"
    assert last[tab.vote_row]["visible"] and not last[tab.downloads]["visible"]
    assert last[tab.chart] == last[tab.figures] == {**last[tab.chart], "value": "", "visible": False}

    other = {"left": "right", "right": "left"}[right]
    wrong = tab.vote(other, made, ())
    assert "Not this time" in wrong[tab.answer]["value"]
    after = tab.vote(right, made, wrong[tab.ballots])
    assert "<b>Right.</b>" in after[tab.answer]["value"] and len(after[tab.ballots]) == 2
    assert "Your 2 votes on this pair so far: 1 right, 1 wrong" in after[tab.answer]["value"]
    assert after[tab.sealed] is None and after[tab.save_votes]["visible"]
    lines = Path(after[tab.save_votes]["value"]).read_text().splitlines()
    assert len(lines) == 3 and f',"Full model, 20 steps",{right},"Full model' in lines[2]
    titles = [("Full model, 20 steps", "Student, 8 steps")[side] for side in order]
    assert labels(after, tab) == titles and after[tab.film.section]["visible"]
    heads = after[tab.figures]["value"].split("<thead>")[1].split("</thead>")[0]
    assert heads.index(titles[0]) < heads.index(titles[1])
    wanted = "left-full-20-right-student-8.mp4" if order == (0, 1) else "left-student-8-right-full-20.mp4"
    assert Path(film(tab, made)[-1][tab.film.save]["value"]).name == wanted and captions[1] == tuple(titles)
    same = tab.vote("same", made, ())
    assert "No difference seen" in same[tab.answer]["value"] and same[tab.ballots][0].chosen == ""


def test_a_preference_is_asked_without_naming_the_settings(tab, wav) -> None:
    last = press(tab, wav("hum", 0.5), blind="natural")[-1]
    assert "more natural" in last[tab.question] and "steps" not in last[tab.question]
    after = tab.vote("left", last[tab.sealed], ())
    assert "You preferred the" in after[tab.answer]["value"]
    again = press(tab, wav("hum", 0.5), blind="natural", ballots=after[tab.ballots])[-1]
    assert again[tab.sealed].order != last[tab.sealed].order  # sides are balanced


def test_a_vote_without_a_result_changes_nothing(tab) -> None:
    assert list(named(tab.vote("left", None, ()))) == ["td-vote"]


def test_a_vote_after_the_files_are_gone_still_answers(tab, wav) -> None:
    made = press(tab, wav("hum", 0.3), blind="which")[-1][tab.sealed]
    made.sound.unlink()
    after = tab.vote("left", made, ())
    assert after[tab.answer]["visible"] and tab.save_first not in after and tab.player not in after


def test_stop_ends_it_and_leaves_nothing(slow_stand_in, tmp_path: Path, wav) -> None:
    tab = build(slow_stand_in, tmp_path)
    running = tab.compare(ME, str(wav()), *(CHOSEN | {"first_steps": {"steps": 500}}).values())
    for _ in range(3):
        next(running)
    tab.stop(ME)
    assert "Stopped" in list(running)[-1][tab.panel]
    assert slow_stand_in.running == 0 and not list(tab.visits.jobs.iterdir())
    assert "Stopped" in tab.refused(ME)[tab.panel]
    assert "td-progress" in tab.pressed(ME)[tab.panel] and "Too many" in tab.refused(ME)[tab.panel]


def test_a_failure_is_told_without_its_cause(tab, wav, stand_in, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret path /home/x")

    monkeypatch.setattr(stand_in, "animate", broken)
    last = press(tab, wav("hum", 0.3))[-1]
    assert "Something went wrong" in last[tab.panel] and "secret" not in last[tab.panel]


def test_two_models_side_by_side(two, wav) -> None:
    last = press(two, wav("hum", 0.5), second=POSE, second_style="clip-b", first_steps=QUICK)[-1]
    assert labels(last, two) == ["DiffusionTalker student, 8 steps", "DiffPoseTalk student, 8 steps"]
    record = json.loads(Path(last[two.save_record]["value"]).read_text())
    assert record["sides"] == {"left": "student-8", "right": "pose-student-8"}
    assert [run.get("reference") for run in record["runs"]] == [None, "clip-b"]
    facts = last[two.panel]
    assert "<dt>Identity</dt><dd>Mei</dd>" in facts and "<dt>Reference</dt><dd>clip-b</dd>" in facts


def test_one_model_in_two_styles(two, wav, monkeypatch) -> None:
    monkeypatch.setattr(vote, "order", lambda settings, ballots: (1, 0))
    changes = {"first": POSE, "first_steps": QUICK, "second": POSE, "first_style": "clip-a", "second_style": "clip-b"}
    last = press(two, wav("hum", 0.5), **changes, blind="which")[-1]
    made = last.pop(two.sealed)
    assert "student, 8 steps, clip-a" in last.pop(two.question) and "clip-a" not in repr(last[two.player])
    after = two.vote("right", made, ())
    assert "<b>Right.</b>" in after[two.answer]["value"] and "Left was the student, 8 steps, clip-b" in after[
        two.answer]["value"]  # fmt: skip
    assert Path(after[two.save_first]["value"]).name == "pose-student-8-first.npz"
    drawn = film(two, made)[-1][two.film.save]["value"]
    assert Path(drawn).name == "left-pose-student-8-second-right-pose-student-8-first.mp4"


def test_another_model_brings_its_styles_and_students(two) -> None:
    form = two.form
    two.pipelines[POSE].students = (4, 8)
    model, _, style = form.first
    assert model.choices == [("DiffusionTalker", MODEL), ("DiffPoseTalk", POSE)] and style.value == "auto"
    steps, style = form.switched(POSE, {"steps": 4, "full": False, "students": [8]}, "Mei")
    assert steps == {"steps": 4, "full": False, "students": [4, 8]}
    assert style["value"] == "clip-a" and style["label"] == "Reference"
    assert [name for _, name in style["choices"]] == ["clip-a", "clip-b"]
    assert form.switched(POSE, QUICK, "clip-b")[1]["value"] == "clip-b"
    assert form.switched(MODEL, QUICK, "clip-a")[1]["value"] == "auto"


@pytest.mark.parametrize(("students", "second"), [((), 8), ((4, 8), 8), ((2,), 2)])
def test_the_second_setting_is_the_quick_one(stand_in, tmp_path: Path, students: tuple, second: int) -> None:
    stand_in.students = students
    form = build(stand_in, tmp_path).form
    assert [side[1].value["steps"] for side in (form.first, form.second)] == [512, second]


def figures(frames: int = 100):
    coefficients = np.zeros((frames, 52), np.float32)
    coefficients[:, INDEX["jawOpen"]] = 0.4
    head = np.zeros((frames, 3), np.float32)
    meta = {"seconds": {"encode": 0.1, "sample": 1.0}}
    motions = Motion(coefficients, head, meta=meta), Motion(0.5 * coefficients, head + 0.1, meta=meta)
    return compare(compare_job.face(), Takes((Setting(512, False), Setting(8, True)), motions))


def test_chart_draws_both_and_the_colours_follow_the_sides() -> None:
    for frames in (1, 100, 3000):
        speech = Speech(np.full(frames * 640, 0.1, np.float32))
        svg = ElementTree.fromstring(compare_chart.comparison_chart(figures(frames), speech))
        assert svg.get("data-seconds") == f"{frames / 25:.3f}" and len(ElementTree.tostring(svg)) < 90_000
    sheets = [compare_chart.comparison_chart(figures(), speech, order) for order in ((0, 1), (1, 0))]
    lines = [{node.get("class"): node.get("points") for node in ElementTree.fromstring(sheet)} for sheet in sheets]
    for row in ("mouth", "turn", "blink"):
        assert lines[0][f"line {row} first"] == lines[1][f"line {row} second"]
    assert lines[0]["line mouth first"] != lines[0]["line mouth second"] and "nan" not in sheets[0]
