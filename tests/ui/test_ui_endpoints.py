"""Every endpoint says what it takes and answers each of its clients: gradio_client, curl, the MCP SDK."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from talkdemo.export import npz
from talkdemo.gcgan.gallery import FOLDER
from talkdemo.records import MAX_AMOUNT, MAX_STEPS, MIN_STEPS
from talkdemo.ui import app as ui
from talkdemo.ui.parts.endpoint import CODES
from talkdemo.ui.parts.visits import Visits

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
NAMES = ["talk", "talk_like", "compare", "express", "portrait_video", "track", "models"]
pytestmark = pytest.mark.usefixtures("no_heads")


@pytest.fixture
def served(small_gallery, stand_in, follower, expresser, tmp_path: Path, serving) -> Iterator[SimpleNamespace]:
    pipelines = {"diffusiontalker": stand_in, "diffposetalk": follower}
    app = ui.build(pipelines, ["ada", "kwame"], [], Visits(tmp_path / "files"), expresser)
    with serving(app) as address:
        yield SimpleNamespace(app=app, address=address, client=Client(address, verbose=False))


def test_every_parameter_is_described_with_range_and_default(served) -> None:
    schemas = mcp(served.address, lambda session: session.list_tools()).tools
    tools = {tool.name: tool for tool in schemas}
    assert list(tools) == NAMES
    assert all(len(tool.description) > 60 and "Returns:" in tool.description for tool in schemas)
    described = [one for tool in schemas for one in tool.inputSchema["properties"].values()]
    assert len(described) > 50 and all(one.get("description") and one.get("type") for one in described)
    steps = tools["talk"].inputSchema["properties"]["steps"]
    assert f"{MIN_STEPS} to {MAX_STEPS}" in steps["description"] and steps["default"] == 8
    assert f"{MAX_AMOUNT:g}" in tools["express"].inputSchema["properties"]["amount"]["description"]
    told = served.client.view_api(print_info=False, return_format="dict")["named_endpoints"]
    assert list(told) == [f"/{name}" for name in NAMES] and all(one["description"] for one in told.values())


def test_models_lists_what_can_be_chosen(served) -> None:
    known = served.client.predict(api_name="/models")
    assert known["models"]["diffusiontalker"]["identities"] == ["Ada", "Mei", "Bruno"]
    assert known["models"]["diffposetalk"]["references"] == ["calm", "loud", "merry", "Ada"]
    assert known["characters"] == ["ada", "kwame"] and "maya" in known["portraits"] and "happy" in known["expressions"]
    assert {one["name"] for one in known["checkpoints"]} >= {"diffusiontalker-8"}
    assert all(one["licence"] for one in known["checkpoints"])


def test_compare(served, wav, monkeypatch) -> None:
    from talkdemo.ui.compare import api as module

    monkeypatch.setattr(module, "run", comparison)
    given = {"steps": 64, "second_model": "diffposetalk", "second_style": "merry", "seed": 3}
    video, first, second, figures = served.client.predict(handle_file(wav()), **given, api_name="/compare")
    assert video is None and figures["settings"] == [
        [64, False, "diffusiontalker", None],
        [8, True, "diffposetalk", "merry"],
    ]
    assert figures["seed"] == 3 and npz.read(first) and npz.read(second)
    with pytest.raises(AppError) as caught:
        served.client.predict(None, api_name="/compare")
    assert caught.value.title == "no_input"


def comparison(pipelines, pair, folder: Path, report, stop) -> SimpleNamespace:
    """In place of a comparison, which needs a face: what was asked for."""
    from talkdemo.records import Motion

    paths = [folder / "first.npz", folder / "second.npz"]
    for path in paths:
        npz.write(path, [Motion(np.zeros((5, 52), np.float32), np.zeros((5, 3), np.float32))])
    sides = [[one.steps, one.distilled, one.model, one.style] for one in pair.settings]
    return SimpleNamespace(archives=paths, record={"settings": sides, "seed": pair.seed})


def test_a_portrait_talks(served, wav, tmp_path: Path, read_video) -> None:
    *_, archive, _, _ = served.client.predict(handle_file(wav("hum", 1.2)), "Mei", video=False, api_name="/talk")
    given = {"somebody": "maya", "motion": handle_file(archive), "speech": handle_file(wav("short", 0.4))}
    video, told = served.client.predict(**given, amount=0.5, api_name="/portrait_video")
    frames, sound = read_video(video)
    assert told["frames"] == len(frames) == 30 and sound is not None and abs(len(sound) / 16000 - 1.2) < 0.1
    for missing, code in (({"motion": None}, "no_input"), ({"somebody": ""}, "no_input")):
        with pytest.raises(AppError, match=rf"\[{code}\]$") as caught:
            served.client.predict(**given | missing, api_name="/portrait_video")
        assert caught.value.title == code
    with pytest.raises(AppError, match=r"holds no motion.*\[bad_input\]"):
        served.client.predict(**given | {"motion": handle_file(wav())}, api_name="/portrait_video")


def test_track(served, monkeypatch, tmp_path: Path) -> None:
    from talkdemo.ui.reference import api as module

    monkeypatch.setattr(module, "photo_landmarks", lambda path, name: SimpleNamespace(as_dict=lambda: {"name": name}))
    csv, archive, seen = served.client.predict(handle_file(FOLDER / "maya.webp"), api_name="/track")
    assert csv is None and archive is None and seen == {"name": "This clip"}
    text = tmp_path / "text.mp4"
    text.write_bytes(b"no video" * 99)
    with pytest.raises(AppError, match=r"^This clip .*\[bad_input\]$"):
        served.client.predict(handle_file(text), api_name="/track")
    assert not [path for path in served.app.talk_tab.visits.root.rglob("*") if path.suffix in (".webp", ".mp4")]


def test_a_fault_of_ours_has_its_code_and_no_cause(served, wav, monkeypatch) -> None:
    monkeypatch.setattr(served.app.talk_tab.pipelines["diffusiontalker"], "animate", lambda *_, **__: 1 / 0)
    with pytest.raises(AppError, match=r"went wrong on the server.*\[failed\]$") as caught:
        served.client.predict(handle_file(wav()), api_name="/talk")
    assert caught.value.title == "failed" and "Zero" not in str(caught.value) and "failed" in CODES


def test_tools_are_called_by_an_agent(served, wav) -> None:
    """Progress comes while a tool works; an error says its code."""
    import base64

    heard: list[str | None] = []

    async def told(_: float, __: float | None, message: str | None) -> None:
        heard.append(message)

    sound = f"data:audio/wav;base64,{base64.b64encode(wav('hum', 0.4).read_bytes()).decode()}"

    async def call(session):
        asked = {"speech": sound, "identity": "Mei", "seed": 4, "video": False}
        return (
            await session.call_tool("talk", asked, progress_callback=told),
            await session.call_tool("express", {"preset": "happy"}),
            await session.call_tool("express", {"preset": "happy", "somebody": "maya"}, progress_callback=told),
        )

    talk, refused, face = mcp(served.address, call)
    texts = " ".join(one.text for one in talk.content)
    assert not talk.isError and "'seed': 4" in texts and "talk-mei-4.glb" in texts and heard
    assert refused.isError and refused.content[0].text.endswith("[no_input]")
    assert face.content[0].type == "image"
    visits = served.app.talk_tab.visits
    assert visits.sweep(time.time() + 3600) >= 3 and not list(visits.jobs.iterdir())


def mcp(address: str, ask):
    """What `ask(session)` gives, in a session of the SDK's client."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def run():
        async with (
            streamablehttp_client(f"{address}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await ask(session)

    return asyncio.run(run())


@pytest.mark.slow
@pytest.mark.parametrize("client", sorted(CLIENTS.iterdir()), ids=lambda path: path.name)
def test_the_examples_run_against_the_shipped_app(client: Path, request, tmp_path: Path) -> None:
    address = request.getfixturevalue("shipped").address
    line = [sys.executable, str(client)] if client.suffix == ".py" else ["bash", str(client)]
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [*line, address], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "talk.glb").read_bytes()[:4] == b"glTF"
    assert "no_input" in done.stdout or client.suffix == ".sh"
