"""What the page offers (examples, galleries, previews, portraits) is served for as long as the process lives; what a
visitor brought is not. The clock is moved by two hours."""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import gradio as gr
import httpx
import pytest
from gradio import route_utils

from talkdemo.reference import gallery
from talkdemo.ui import app as ui
from talkdemo.ui.parts.visits import AGE, Visits

LATER = 2 * 3600  # seconds
SERVED = re.compile(r"gradio_api/file=([^\"'\\) ]+)")


@pytest.fixture
def app(stand_in, follower, expresser, tmp_path: Path) -> gr.Blocks:
    pipelines = {"diffusiontalker": stand_in, "diffposetalk": follower}
    follower.references = tuple(gallery())
    return ui.build(pipelines, None, None, Visits(tmp_path / "files"), expresser)


@pytest.fixture
def address(app: gr.Blocks, serving) -> Iterator[str]:
    with serving(app) as address:
        yield address


class Later(datetime.datetime):
    """A clock that is two hours ahead."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return datetime.datetime.now(tz) + datetime.timedelta(seconds=LATER)


def two_hours_later(app: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sweeps, ours and gradio's, as they run on a server that has been up for a while."""
    monkeypatch.setattr(route_utils, "datetime", Later)
    route_utils.delete_files_created_by_app(app, AGE)
    app.talk_tab.visits.sweep(time.time() + LATER)


def press(address: str, number: int, data: list[object]) -> list[object]:
    """What the page gets for an event, over HTTP as a browser does it."""
    session = {"session_hash": "visitor"}
    httpx.post(f"{address}gradio_api/queue/join", json={"data": data, "fn_index": number, **session}).raise_for_status()
    with httpx.stream("GET", f"{address}gradio_api/queue/data", params=session, timeout=60) as lines:
        for line in lines.iter_lines():
            message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if message.get("msg") == "process_completed":
                assert message["success"], message
                return message["output"]["data"]
    raise AssertionError("the event did not end")


def test_examples_and_galleries_live_as_long_as_the_process(app: gr.Blocks, address: str, monkeypatch) -> None:
    """Every example of every tab, chosen over HTTP; and whatever address stands in the page or its style sheet."""
    two_hours_later(app, monkeypatch)
    shown = 0
    for event in list(app.fns.values()):
        if event.name != "load_example":
            continue
        (dataset,) = event.inputs
        for k in range(len(dataset.samples)):
            (update,) = press(address, event._id, [k])
            answer = httpx.get(update["value"]["url"])
            assert answer.status_code == 200 and len(answer.content) > 1000, f"{dataset.sample_labels[k]}: {answer}"
            assert Path(update["value"]["path"]).is_file()
            shown += 1
    assert shown == 2 * len(ui.example_clips())  # Talk and Compare

    sources = httpx.get(f"{address}config").text + ui.launch_options(app)["css"]
    paths = {unquote(path) for path in SERVED.findall(sources)}
    folders = {Path(path).parent.name for path in paths}
    assert {"references", "faces", "viewer"} <= folders, folders
    for path in sorted(paths):
        assert httpx.get(f"{address}gradio_api/file={path}").status_code == 200, path


@pytest.fixture
def few(stand_in, expresser, tmp_path: Path) -> gr.Blocks:
    """One model, no examples."""
    return ui.build({"diffusiontalker": stand_in}, ["ada"], [], Visits(tmp_path / "files"), expresser)


def test_what_a_visitor_brought_goes(few: gr.Blocks, serving, wav, monkeypatch) -> None:
    """An upload and the files of a finished job."""
    with few.talk_tab.visits.job("visitor") as job:
        (job.folder / "talk.mp4").write_bytes(b"x")
        job.finished = True
    with serving(few) as address:
        with wav("mine").open("rb") as stream:
            (upload,) = httpx.post(f"{address}gradio_api/upload", files={"files": stream}).json()
        assert httpx.get(f"{address}gradio_api/file={upload}").status_code == 200
        two_hours_later(few, monkeypatch)
        assert httpx.get(f"{address}gradio_api/file={upload}").status_code in (403, 404)
    assert not job.folder.exists() and not Path(upload).exists()


def test_a_gallery_portrait_can_be_chosen_again(few: gr.Blocks, monkeypatch) -> None:
    """The copy in the visitor's folder is swept; the gallery itself is not."""
    tab, request = few.express_tab, SimpleNamespace(session_hash="visitor")
    page = tab.opened(request, None, 1.0, "manifold")
    two_hours_later(few, monkeypatch)
    assert "deleted" in tab.preset(request, "aa", page[tab.session], 1.0, "manifold")[tab.form.panel]
    again = tab.chosen(request, "leo", page[tab.session], 1.0, "manifold")
    assert again[tab.session].portrait.name == "leo"
