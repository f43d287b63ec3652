"""The tab "Talk" with both models: switching, every choice of a reference reaches the model, /talk_like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from talkdemo.export import npz
from talkdemo.records import DIFFPOSETALK, DIFFUSIONTALKER, Guidance, Reference
from talkdemo.ui import app as ui
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.talk.job import forward

ME = SimpleNamespace(session_hash="me")
pytestmark = pytest.mark.usefixtures("no_heads")


@pytest.fixture
def built(small_gallery, stand_in, follower, tmp_path: Path) -> gr.Blocks:
    pipelines = {DIFFUSIONTALKER: stand_in, DIFFPOSETALK: follower}
    return ui.build(pipelines, ["ada", "kwame"], [], Visits(tmp_path / "files"))


@pytest.fixture
def client(built: gr.Blocks, serving) -> Iterator[Client]:
    with serving(built) as address:
        yield Client(address, verbose=False)


def page(tab, speech: Path | None, **changes: object) -> dict:
    """What the page holds when Generate is pressed, DiffPoseTalk chosen; `changes` by the name of the component."""
    form, clip = tab.form, tab.form.references
    held = {component: component.value for component in form.inputs}
    held |= {
        form.model: DIFFPOSETALK,
        form.speech: str(speech) if speech else None,
        form.seed: 7,
        form.randomise: False,
    }
    for name, value in changes.items():
        component = clip.guidance[name == "style"] if name in ("audio", "style") else None
        held[component or getattr(clip, name, None) or getattr(form, name)] = value
    return held


def press(tab, speech: Path | None, **changes: object) -> list[dict]:
    return list(tab.generate(page(tab, speech, **changes), ME))


def test_the_first_reference_is_followed_without_more_ado(built: gr.Blocks, follower, wav) -> None:
    tab = built.talk_tab
    *before, last, _ = press(tab, wav("hum", 1.0))
    assert before[0][tab.panel].count('class="td-stage') == 4
    (asked,) = follower.requests
    assert asked.reference == [("calm", 1.0)] and asked.head is True and asked.guidance == Guidance()
    shown = last[tab.panel]
    assert "Calm reader" in shown and "moves" in shown and "Emotion" not in shown and "Identity" not in shown
    assert "Extract style" in last[tab.timings].value
    assert last[tab.talk].name == "talk-calm-7"


def test_every_choice_reaches_the_model(built: gr.Blocks, follower, wav) -> None:
    tab = built.talk_tab
    changes = {"reference": "loud", "other": "Ada", "share": 0.25, "head": False, "audio": 1.5, "style": 2.5}
    last = press(tab, wav("hum", 0.4), **changes, steps={"steps": 20})[-2]
    (asked,) = follower.requests
    assert asked.reference == [("loud", 0.75), ("Ada", 0.25)] and asked.head is False
    assert asked.guidance == Guidance(1.5, 2.5)
    assert asked.steps == 20 and asked.distilled is False and asked.seed == 7
    assert "Loud &amp; proud 75 %, Ada 25 %" in last[tab.panel] and "<dd>still</dd>" in last[tab.panel]


def test_what_is_missing_is_said_in_a_sentence(built: gr.Blocks, wav) -> None:
    tab = built.talk_tab
    for given, words in (
        ({"speech": None}, "no speech yet"),
        ({"speech": wav("hum", 0.4), "reference": "my-clip"}, "no clip of yours yet"),
        ({"speech": wav("hum", 0.4), "other": "my-clip"}, "no clip of yours yet"),
    ):
        (only,) = press(tab, **given)
        assert words in only[tab.panel] and only[tab.form.generate].interactive


def test_switching_shows_what_belongs_to_the_model(built: gr.Blocks) -> None:
    form = built.talk_tab.form
    assert form.model.visible and [name for _, name in form.model.choices] == ["diffusiontalker", "diffposetalk"]
    assert form.learned.visible and not form.followed.visible
    built.talk_tab.pipelines["diffposetalk"].students = (4, 8)
    learned, followed, guidance, steps = form.switched("diffposetalk", {"steps": 20, "full": False, "students": [8]})
    assert not learned.visible and followed.visible and not guidance.visible
    assert steps == {"steps": 20, "full": False, "students": [4, 8]}
    learned, followed, *_ = form.switched("diffusiontalker", steps)
    assert learned.visible and not followed.visible


def test_without_a_gallery_only_identities_are_offered(stand_in, follower, tmp_path: Path) -> None:
    follower.references = ()
    pipelines = {DIFFUSIONTALKER: stand_in, DIFFPOSETALK: follower}
    app = ui.build(pipelines, ["ada"], [], Visits(tmp_path / "files"))
    form = app.talk_tab.form
    assert (
        list(app.compare_tab.pipelines) == list(form.pipelines) == [DIFFUSIONTALKER]
        and not form.model.visible
        and form.references is None
    )


def test_progress_never_goes_back() -> None:
    told = []
    report = forward(("decode", "reference", "encode"), lambda *given: told.append(given))
    steps = [
        ("decode", 0.0),
        ("reference", 0.7),
        ("reference", 0.0),
        ("decode", 1.0),
        ("reference", 1.0),
        ("encode", 0.5),
    ]
    for step in steps:
        report(*step)
    assert told == [("decode", 0.0), ("reference", 0.7), ("reference", 1.0), ("encode", 0.5)]


def test_api_follows_the_gallery_and_a_clip(built: gr.Blocks, client: Client, follower, wav, capture) -> None:
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert list(endpoints)[:2] == ["/talk", "/talk_like"]
    named = {one["parameter_name"]: one for one in endpoints["/talk_like"]["parameters"]}
    assert list(named) == [
        "speech", "reference", "character", "steps", "seed", "full", "blend_with", "share", "head", "guidance_audio",
        "guidance_style", "clip", "video",
    ]  # fmt: skip
    speech = handle_file(wav("hum", 0.6))
    _, _, archive, summary, _ = client.predict(speech, reference="merry", seed=3, head=False, api_name="/talk_like")
    assert summary["reference"] == "merry" and summary["head"] is False and summary["seed"] == 3
    assert not npz.read(archive)[0].head.any() and 0.05 <= summary["seconds"]["reference"] < 0.5
    clip = handle_file(capture("<b>secret"))
    *_, summary, _ = client.predict(speech, clip=clip, blend_with="calm", share=0.4, api_name="/talk_like")
    assert summary["reference"] == {"my-clip": 0.6, "calm": 0.4} and "secret" not in str(summary)
    (mine, _), _ = follower.requests[-1].reference
    assert isinstance(mine, Reference) and mine.name == "my-clip" and len(mine.motion) == 75


BAD = (
    ({"reference": "stranger"}, "stranger"),
    ({"blend_with": "stranger"}, "stranger"),
    ({"share": 2}, "1"),
    ({"guidance_style": 9}, "4"),
    ({"clip": "text"}, "This clip"),
    ({"clip": "short"}, "This clip"),
    ({"speech": None}, "no speech"),
)


def test_api_refuses_bad_input(client: Client, built, wav, capture, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_bytes(b"this is no video" * 50)
    clips = {"text": text, "short": capture("short", 0.4)}
    for changes, words in BAD:
        values = {"speech": handle_file(wav("hum", 0.4))} | changes
        if "clip" in values:
            values["clip"] = handle_file(clips[values["clip"]])
        with pytest.raises((AppError, ValueError)) as caught:
            client.predict(**values, api_name="/talk_like")
        said = str(caught.value)
        assert words in said and "Traceback" not in said and str(tmp_path) not in said and "text.mp4" not in said
    assert not list(built.talk_tab.visits.jobs.glob("*"))
