"""The app through its own doors: handlers as functions, gradio_client, two visitors at once, Stop, bad inputs."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from talkdemo import __main__ as command
from talkdemo import records
from talkdemo.export import livelink, npz
from talkdemo.face.arkit import INDEX
from talkdemo.records import Speech
from talkdemo.ui import app as ui
from talkdemo.ui.parts import turns
from talkdemo.ui.parts.pace import Pace
from talkdemo.ui.parts.visits import Visits

CHARACTERS = ["ada", "kwame"]
pytestmark = pytest.mark.usefixtures("no_heads")


@pytest.fixture
def built(stand_in, tmp_path: Path) -> gr.Blocks:
    return build(stand_in, tmp_path)


def build(pipeline, folder: Path) -> gr.Blocks:
    return ui.build({"diffusiontalker": pipeline}, CHARACTERS, [], Visits(folder / "files"))


@pytest.fixture
def serve(serving) -> Iterator[Callable[[gr.Blocks], str]]:
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))


def page(tab, speech: Path | None, **changes: object) -> dict:
    """What the page holds when Generate is pressed."""
    held = {"model": "diffusiontalker", "emotion": "happy", "character": "kwame", "seed": 7, "randomise": False}
    held |= {"identity": "Mei", "other": "none", "share": 0.5, "steps": {"steps": 8, "full": False}}
    held |= {"guidance_audio": 1, "guidance_style": 1, "speech": str(speech) if speech else None} | changes
    form = tab.form
    given = {
        form.guidance[name.endswith("style")]
        if name.startswith("guidance")
        else getattr(form, name, None) or getattr(form.library, name): value
        for name, value in held.items()
    }
    assert set(given) == form.inputs
    return given


def press(tab, speech: Path | None, **changes: object) -> list[dict]:
    return list(tab.generate(page(tab, speech, **changes), SimpleNamespace(session_hash="me")))


def results(pages: list[dict], tab) -> dict:
    """The page that brings the talk; one that says little comes after it."""
    *_, last, _ = pages
    assert tab.talk in last
    return last


def test_generate_ends_with_everything(built: gr.Blocks, wav) -> None:
    tab = built.talk_tab
    pages = press(tab, wav("hum", 1.0))
    assert pages[0][tab.form.seed] == 7 and "td-progress" in pages[0][tab.panel] and pages[0][tab.due] is None
    last = results(pages, tab)
    made = {component.elem_id: value for component, value in last.items()}
    assert "Mei" in made["td-panel"] and "1.0 s, 25 frames" in made["td-panel"]
    assert made["td-chart"].value.startswith("<svg") and "Sample" in made["td-timings"].value
    assert made["td-downloads"].visible and made["td-film"].visible and not made["td-video"].visible
    assert last[tab.due] == last[tab.talk].name and last[tab.talk].sound.is_file()
    assert list(pages[-1]) == [tab.form.seed]  # what gradio says twice is small


def test_the_head_gets_its_sound_first_then_window_by_window(built: gr.Blocks, wav, stand_in) -> None:
    """What was sent stays as it is, so that gradio sends only what is new."""
    whole, tab = stand_in.stream, built.talk_tab
    halves = lambda one: [[m[:13] for m in one], [m[13:] for m in one]]  # noqa: E731
    stand_in.stream = lambda request, **how: (half for one in whole(request, **how) for half in halves(one))
    pages = press(tab, wav("hum", 1.0))
    heads = [page[tab.head] for page in pages if tab.head in page]
    counts = [len(head["heads"][0]["motion"]) for head in heads]
    assert counts == sorted(counts) and set(counts) == {0, 1, 2}
    assert {head["take"] for head in heads} == {heads[0]["take"]} and heads[0]["frames"] == 25
    assert heads[0]["sound"].startswith("gradio_api/file=") and heads[0]["heads"][0]["character"]["name"] == "kwame"
    assert [head["done"] for head in heads[-2:]] == [False, True] and heads[-1]["heads"][0]["motion"][0]
    first = next(k for k, page in enumerate(pages) if tab.head in page)
    assert all(tab.head in page for page in pages[first:-1])


def test_a_motion_that_cannot_be_shown_is_one_sentence(built: gr.Blocks, wav, stand_in) -> None:
    """NaN, and another length than the sound's."""
    whole, tab = stand_in.animate, built.talk_tab

    def spoilt(request, **how):
        (motion,) = whole(request, **how)
        motion.coefficients[3, 4] = np.nan
        return [motion]

    for faulty, words in (
        (spoilt, "not finite"),
        (lambda request, **how: [whole(request, **how)[0][:20]], "20 frames"),
        (lambda request, **how: [whole(replace(request, speech=Speech(np.zeros(32_000))), **how)[0]], "50 frames"),
    ):
        stand_in.animate = faulty
        *_, told, last = press(tab, wav("hum", 1.0))
        assert words in told[tab.panel] and "td-error" in told[tab.panel] and last == tab.cleared()
        assert told[tab.form.generate].interactive and not list(tab.visits.jobs.iterdir())


def test_the_video_comes_after_and_may_be_left_out(built: gr.Blocks, wav) -> None:
    """Drawn when it is wanted and nobody waits; on request otherwise; with the character that is chosen then."""
    tab, me = built.talk_tab, SimpleNamespace(session_hash="me")
    talk = results(press(tab, wav("hum", 1.0)), tab)[tab.talk]
    film = tab.film
    for due, wanted in ((None, True), ("talk", False)):
        (page,) = film.follow_up(talk, due, wanted, "ada", False, me)
        assert list(page) == [film.panel] and not isinstance(page[film.panel], str)
    *before, last = film.follow_up(talk, "talk", True, "ada", False, me)
    assert "Render video" in before[0][film.panel]
    path = Path(last[film.video].value["path"] if isinstance(last[film.video].value, dict) else last[film.video].value)
    assert path.suffix == ".mp4" and path.stat().st_size > 1000 and last[tab.talk].video == path
    assert "Encode video" in last[tab.timings].value and last[film.save].visible
    film.policy = "request"
    (page,) = film.follow_up(talk, "talk", True, "ada", False, me)
    assert list(page) == [film.panel]
    *_, last = film.follow_up(talk, "talk", False, "ada", True, me)  # a browser that cannot draw the head
    assert last[tab.head]["video"].endswith(".mp4") and not last[tab.head]["play"]
    film.policy = "quiet"
    waiting, stop, begun = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with turns.MOTION.job(stop, lambda *_: waiting.set()), turns.MOTION.job(stop, lambda *_: begun.set()):
            pass

    thread = threading.Thread(target=pytest.raises, args=(records.Stopped, work))
    thread.start()
    assert begun.wait(10)
    (page,) = film.follow_up(talk, "talk", True, "ada", False, me)
    assert "Others are waiting" in page[film.panel]
    stop.set()
    thread.join()


def test_another_talk_takes_the_place_of_the_video(built: gr.Blocks, wav) -> None:
    tab, me = built.talk_tab, SimpleNamespace(session_hash="me")
    talk = results(press(tab, wav("hum", 8.0)), tab)[tab.talk]
    running = tab.film.follow_up(talk, "talk", True, "ada", False, me)
    next(running), next(running)
    tab.pressed("diffusiontalker", me)
    last = list(running)[-1]
    assert "Stopped" in last[tab.film.panel] and tab.film.video not in last
    (page,) = tab.film.render(None, "ada", False, me)
    assert "has been deleted" in page[tab.film.panel]


def test_files_are_made_when_they_are_asked_for(built: gr.Blocks, wav, monkeypatch) -> None:
    tab, me = built.talk_tab, SimpleNamespace(session_hash="me")
    talk = results(press(tab, wav("hum", 1.0)), tab)[tab.talk]
    written = lambda path, face, character, motion: Path(path).write_bytes(character.encode())  # noqa: E731
    monkeypatch.setattr("talkdemo.export.gltf.write", written)
    made = {}
    for kind in ("glb", "csv", "npz", "json", "zip"):
        link = tab.save(kind, talk, "ada", me)[tab.link]
        assert link["name"] == f"talk-mei-7.{kind}" and link["url"].startswith("gradio_api/file=")
        made[kind] = Path(link["url"].removeprefix("gradio_api/file="))
    assert made["glb"].read_text() == "ada"
    np.testing.assert_allclose(
        livelink.read(made["csv"]).coefficients, npz.read(made["npz"])[0].coefficients, atol=1e-6
    )
    told = json.loads(made["json"].read_text())
    assert told["character"] == "ada" and told["seed"] == 7 and str(tab.visits.root) not in made["json"].read_text()
    with zipfile.ZipFile(made["zip"]) as archive:
        names, readme = archive.namelist(), archive.read("README.txt").decode()
    assert sorted(names) == ["README.txt", *(f"talk-mei-7.{kind}" for kind in ("csv", "glb", "json", "npz", "wav"))]
    assert ".mp4" not in readme and "talk-mei-7.wav" in readme
    tab.visits.leave("me")
    assert "has been deleted" in tab.save("csv", talk, "ada", me)[tab.panel] and not made["csv"].exists()
    assert "has been deleted" in tab.save("csv", None, "ada", me)[tab.panel]


def test_an_example_plays_what_was_shipped(stand_in, tmp_path: Path, wav) -> None:
    """At once, without sampling; an example that has nothing shipped changes nothing."""
    clips = [ui.EXAMPLES / "welcome.flac", wav("mine", 1.0)]
    tab = ui.build({"diffusiontalker": stand_in}, CHARACTERS, clips, Visits(tmp_path / "files")).talk_tab
    me = SimpleNamespace(session_hash="me")
    page = tab.play((0, None), "kwame", me)
    head = page[tab.head]
    assert head["done"] and head["play"] and not head["muted"] and head["heads"][0]["character"]["name"] == "kwame"
    assert head["sound"].endswith("welcome.flac") and page[tab.due] is None and page[tab.talk].example
    assert "Generate" in page[tab.panel] and "8 (distilled)" in page[tab.panel] and not stand_in.requests
    assert list(tab.play((1, None), "kwame", me)) == [tab.due]
    first = tab.head.value
    assert first["muted"] and first["play"] and first["frames"] == head["frames"]
    assert tab.recast("ada", page[tab.talk])[tab.head]["heads"][0]["character"]["name"] == "ada"


def test_randomise_draws_and_shows_a_new_seed(built: gr.Blocks, wav) -> None:
    tab, seeds = built.talk_tab, set()
    for _ in range(3):
        first, *_, last, _ = press(tab, wav("hum", 0.3), randomise=True)
        seeds.add(first[tab.form.seed])
        assert f"<dd>{first[tab.form.seed]}</dd>" in last[tab.panel]
    assert len(seeds) == 3


def test_every_choice_reaches_the_model(built: gr.Blocks, wav, stand_in) -> None:
    tab, taken = built.talk_tab, stand_in.requests
    press(tab, wav("hum", 0.3))
    blended = {"identity": "Ada", "other": "Bruno", "share": 0.4, "emotion": "happy", "guidance_audio": 1.5}
    press(tab, wav("hum", 0.3), steps={"steps": 20}, **blended)
    press(tab, wav("hum", 0.3), steps={"steps": 8, "full": True}, identity="auto", other="Bruno")
    assert [one.identity for one in taken] == [{"Mei": 1.0}, {"Ada": 0.6, "Bruno": 0.4}, "auto"]
    assert [(one.steps, one.distilled) for one in taken] == [(8, True), (20, False), (8, False)]
    assert [one.guidance.audio for one in taken] == [1, 1.5, 1] and taken[1].emotion == "happy"
    assert {(one.seed, one.character, one.name) for one in taken} == {(7, "kwame", "This file")}


def test_matches_are_shown_as_bars(built: gr.Blocks, wav) -> None:
    tab = built.talk_tab
    shown = results(press(tab, wav("hum", 0.3), identity="auto"), tab)[tab.panel]
    shares = re.findall(r'row">(\w+)</th>.*?(\d+) %.*?width:([\d.]+)%', shown)
    assert shares == [("Mei", "75", "75.0"), ("Ada", "25", "25.0")] and "8 (distilled)" in shown
    shown = results(press(tab, wav("hum", 0.3), steps={"steps": 64}, other="Ada", share=0.25), tab)[tab.panel]
    assert "td-matches" not in shown and "Mei 75 %, Ada 25 %" in shown and "64 (full model)" in shown


@pytest.mark.parametrize(("students", "steps"), [((), 8), ((8,), 8), ((2, 4), 4), ((2, 4, 8), 8)])
def test_the_fast_model_is_the_first_choice(stand_in, tmp_path: Path, students: tuple[int, ...], steps: int) -> None:
    stand_in.students = students
    form = build(stand_in, tmp_path).talk_tab.form
    assert form.steps.value == {"steps": steps, "full": False, "students": list(students)}


@pytest.mark.parametrize("held", [None, {}, *({"steps": n} for n in (1, 513, 2.5, "8", 1e999))])
def test_steps_that_no_slider_can_hold_are_refused_in_words(built: gr.Blocks, wav, held: object) -> None:
    (only,) = press(built.talk_tab, wav("hum", 0.3), steps=held)
    assert "steps were asked for; a whole number from 2 to 512 is wanted" in only[built.talk_tab.panel]


def test_what_to_expect_of_steps_is_said(built: gr.Blocks) -> None:
    form = built.talk_tab.form
    student, full = (form.expect("diffusiontalker", {"steps": 8, "full": full}, 1, 1) for full in (False, True))
    assert "Student distilled to 8 steps · 8 network evaluations" in student and "about" not in student
    assert "Full model, 8 steps" in full
    form.paces.known["diffusiontalker"] = Pace(before=0.3, evaluation=0.07)
    assert "16 network evaluations (NFE) a window" in form.expect("diffusiontalker", {"steps": 8}, 2, 2)  # guided
    assert "about 36 s</b> for 10 s" in form.expect("diffusiontalker", {"steps": 512}, 1, 1)  # 0.3 + 512 · 0.07
    assert "a whole number" in form.expect("diffusiontalker", {"steps": 0}, 1, 1)


def test_the_pace_is_measured(built: gr.Blocks, stand_in) -> None:
    paces = built.talk_tab.form.paces
    paces.measure()
    assert [round(len(one.speech.samples) / 16000) for one in stand_in.requests] == [1, 10, 10]
    assert paces.known["diffusiontalker"] == Pace(before=0.1, evaluation=0.1)  # the stand-in says 0.1 s and 0.2 s for 2


def test_no_speech_and_bad_speech_are_told_in_words(built: gr.Blocks, wav, tmp_path: Path) -> None:
    tab = built.talk_tab
    (only,) = press(tab, None)
    assert "no speech yet" in only[tab.panel]
    bad = tmp_path / "<b>evil<img src=x>.wav"
    bad.write_bytes(b"nothing")
    for path, words in ((bad, "This file"), (wav("short", 0.1), "at least 0.2 s")):
        last = press(tab, path)[-2]
        assert words in last[tab.panel] and "evil" not in last[tab.panel] and "<img" not in last[tab.panel]
        assert last[tab.form.generate].interactive and not last[tab.form.stop].interactive
    assert not list(tab.visits.jobs.iterdir())


def test_closing_the_generator_stops_the_work_and_leaves_nothing(slow_stand_in, tmp_path, wav) -> None:
    tab = build(slow_stand_in, tmp_path).talk_tab
    request = SimpleNamespace(session_hash="me")
    running = tab.generate(page(tab, wav(), steps={"steps": 500}), request)
    while not slow_stand_in.running:
        next(running)
    running.close()
    assert slow_stand_in.stopped == 1 and slow_stand_in.running == 0 and not list(tab.visits.jobs.iterdir())


def test_stop_button_stops_only_ones_own(slow_stand_in, tmp_path, wav) -> None:
    tab = build(slow_stand_in, tmp_path).talk_tab
    request = SimpleNamespace(session_hash="me")
    running = tab.generate(page(tab, wav(), steps={"steps": 500}), request)
    while not slow_stand_in.running:
        next(running)
    tab.stop(SimpleNamespace(session_hash="somebody else"))
    next(running)
    assert slow_stand_in.running == 1
    tab.stop(request)
    *_, last, emptied = running
    assert emptied == tab.cleared()
    assert "Stopped" in last[tab.panel] and slow_stand_in.running == 0


def test_a_job_that_never_started_says_why(built: gr.Blocks) -> None:
    tab, request = built.talk_tab, SimpleNamespace(session_hash="me")
    assert "Waiting" in tab.pressed("diffusiontalker", request)[tab.panel]
    assert "Too many" in tab.refused(request)[tab.panel]
    tab.stop(request)
    assert "Stopped" in tab.refused(request)[tab.panel]
    tab.pressed("diffusiontalker", request)
    assert "Too many" in tab.refused(request)[tab.panel]


def test_limits_are_those_of_the_records(stand_in, expresser, tmp_path: Path) -> None:
    app = ui.build({"diffusiontalker": stand_in}, CHARACTERS, [], Visits(tmp_path / "files"), expresser)
    talk, compare = app.talk_tab.form, app.compare_tab.form
    for steps in (talk.steps, compare.first[1], compare.second[1]):
        assert f'min="{records.MIN_STEPS}" max="{records.MAX_STEPS}"' in steps.html_template
    assert {(one.minimum, one.maximum) for one in talk.guidance} == {(0, records.MAX_GUIDANCE)}
    assert {(one.minimum, one.maximum) for one in (talk.seed, compare.seed)} == {(0, records.MAX_SEED)}
    assert (app.express_tab.form.amount.minimum, app.express_tab.form.amount.maximum) == (0, records.MAX_AMOUNT)


def test_ten_minutes_of_any_microphone_may_be_uploaded() -> None:
    megabytes = int(ui.MAX_UPLOAD.removesuffix("mb"))
    assert megabytes * 2**20 > 600 * 48_000 * 2 + 1000  # mono, 16 bits


def test_a_taken_port_is_told_in_one_sentence(monkeypatch, capsys) -> None:
    import signal

    from talkdemo.render import raster

    def launch(**_: object) -> None:
        raise OSError("Cannot find empty port\nin range: 7860-7860")

    monkeypatch.setattr(raster, "check", lambda: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(tempfile, "tempdir", None)  # which the app sets for its process
    asked: list[dict] = []
    monkeypatch.setattr(ui, "build", lambda **how: asked.append(how) or SimpleNamespace(launch=launch))
    monkeypatch.setattr(ui, "launch_options", lambda app: {})
    assert command.main(["app", "--videos", "request"]) == 2 and asked[0]["videos"] == "request"
    said = capsys.readouterr().err
    assert said == "talkdemo: Cannot find empty port in range: 7860-7860\n"


def test_what_talk_takes(built: gr.Blocks, serve) -> None:
    client = Client(serve(built), verbose=False)
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert list(endpoints) == ["/talk", "/compare", "/track", "/models"]
    named = {parameter["parameter_name"]: parameter for parameter in endpoints["/talk"]["parameters"]}
    assert list(named) == [
        "speech", "identity", "emotion", "character", "steps", "seed", "full", "blend_with", "share", "guidance_audio",
        "guidance_style", "video",
    ]  # fmt: skip
    assert named["steps"]["parameter_default"] == 8 and named["full"]["parameter_default"] is False
    assert named["steps"]["python_type"]["type"] == "float" and "Literal['ada', 'kwame']" in str(named["character"])


def test_api_makes_files(built: gr.Blocks, serve, wav) -> None:
    client = Client(serve(built), verbose=False)
    video, table, archive, summary, head = client.predict(
        handle_file(wav("hum", 1.0, 0.3)), "Mei", "happy", "kwame", 9, 5, api_name="/talk"
    )
    assert summary["seed"] == 5 and summary["steps"] == 9 and summary["frames"] == 25
    assert summary["character"] == "kwame" and "render" in summary["seconds"] and Path(head).read_bytes() == b"glTF"
    assert Path(video["video"] if isinstance(video, dict) else video).stat().st_size > 1000
    np.testing.assert_allclose(livelink.read(table).coefficients, npz.read(archive)[0].coefficients, atol=1e-6)


def test_api_blends(built: gr.Blocks, serve, wav) -> None:
    client = Client(serve(built), verbose=False)
    given = {"identity": "Mei", "blend_with": "Ada", "share": 0.25, "full": True, "guidance_style": 2}
    video, *_, summary, _ = client.predict(handle_file(wav("hum", 0.4)), **given, video=False, api_name="/talk")
    assert video is None and "render" not in summary["seconds"]
    assert "files" not in summary and summary["identity"] == {"Mei": 0.75, "Ada": 0.25} and summary["steps"] == 8
    assert summary["distilled"] is False and summary["guidance"] == {"audio": 1.0, "style": 2.0}


BAD = (
    ({"steps": 1}, "2"),
    ({"steps": 600}, "512"),
    ({"identity": "stranger"}, "stranger"),
    ({"identity": "auto", "blend_with": "Ada"}, "two names"),
    ({"blend_with": "stranger"}, "stranger"),
    ({"share": 1.5}, "1"),
    ({"guidance_audio": 9}, "4"),
    ({"character": "../../etc"}, "etc"),
    ({"seed": -1}, ""),
    ({"speech": "short"}, "at least 0.2 s"),
    ({"speech": "damaged"}, "This file"),
    ({"speech": None}, "no speech"),
)


def test_api_refuses_bad_input(built: gr.Blocks, serve, wav, tmp_path: Path) -> None:
    client = Client(serve(built), verbose=False)
    damaged = tmp_path / "damaged.wav"
    damaged.write_bytes(b"RIFF....WAVE")
    clips = {"good": wav("good", 0.4), "short": wav("short", 0.1), "damaged": damaged}
    usual = {"speech": "good", "identity": "Ada", "emotion": "sad", "character": "ada", "steps": 8, "seed": 0}
    for changes, words in BAD:
        values = usual | changes
        speech = values["speech"]
        values["speech"] = handle_file(clips[speech]) if speech else None
        with pytest.raises((AppError, ValueError)) as caught:
            client.predict(**values, api_name="/talk")
        said = str(caught.value)
        assert words in said and "Traceback" not in said and str(tmp_path) not in said, changes
    assert not list(built.talk_tab.visits.jobs.glob("*"))


def test_two_visitors_never_mix(slow_stand_in, serve, wav, tmp_path: Path) -> None:
    """Jobs sent at once each give their own result in their own place, one after the other."""
    address = serve(build(slow_stand_in, tmp_path))
    people = {"a": (0.4, 0.1, 1), "b": (0.8, 0.3, 2), "c": (0.6, 0.5, 3)}  # seconds, loudness, seed
    clients = {name: Client(address, verbose=False) for name in people}
    jobs = {
        name: clients[name].submit(
            handle_file(wav(name, seconds, loudness)), "Ada", "sad", "ada", 8, seed, api_name="/talk"
        )
        for name, (seconds, loudness, seed) in people.items()
    }
    answers = {name: job.result(60) for name, job in jobs.items()}
    for name, (seconds, loudness, seed) in people.items():
        _, table, archive, summary, _ = answers[name]
        (motion,) = npz.read(archive)
        assert summary["seed"] == seed == motion.meta["seed"] and len(motion) == round(seconds * 25)
        np.testing.assert_allclose(motion.coefficients[2:-2, INDEX["jawOpen"]], loudness, atol=0.01)
        assert len(livelink.read(table)) == len(motion)
    assert len({result[2] for result in answers.values()}) == 3 and slow_stand_in.most == 1


def test_cancelling_through_the_api_ends_the_thread(slow_stand_in, serve, wav, tmp_path: Path) -> None:
    app = build(slow_stand_in, tmp_path)
    client, visits = Client(serve(app), verbose=False), app.talk_tab.visits
    job = client.submit(handle_file(wav()), "Ada", "sad", "ada", 300, 1, api_name="/talk")
    wait(lambda: job.outputs())  # before that the client does not know which job to cancel
    assert job.cancel()
    wait(lambda: slow_stand_in.running == 0 and not list(visits.jobs.iterdir()))
    wait(lambda: not any(thread.name == "talkdemo-job" for thread in threading.enumerate()))
    again = client.predict(handle_file(wav()), "Ada", "sad", "ada", 8, 1, api_name="/talk")
    assert again[3]["seed"] == 1


def test_uploads_over_the_limit_are_refused(built: gr.Blocks, serve, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(ui, "MAX_UPLOAD", "1mb")
    client = Client(serve(built), verbose=False)
    big = tmp_path / "big.wav"
    big.write_bytes(bytes(2 * 2**20))
    with pytest.raises(Exception, match=r"413|large|size"):
        client.predict(handle_file(big), "Ada", "sad", "ada", 8, 1, api_name="/talk")


def test_nothing_else_of_the_machine_is_served(built: gr.Blocks, serve) -> None:
    address = serve(built)
    for path in (ui.__file__, "/etc/passwd", str(ui.EXAMPLES.parents[3] / "pyproject.toml")):
        assert httpx.get(f"{address}gradio_api/file={path}").status_code in (403, 404)
    page = httpx.get(address).text
    assert not set(re.findall(r'(?:src|href)="(https?://[^"/]+)', page)) - {address.rstrip("/")}


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
