"""Many visitors at once over plain HTTP (bench/crowd.py): everyone gets motion, and only what is new is sent."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from gradio.utils import diff

from talkdemo.bench.crowd import Press, brings_motion, crowd
from talkdemo.ui import app as ui
from talkdemo.ui.parts.visits import Visits

pytestmark = pytest.mark.usefixtures("no_heads")


def test_motion_is_seen_in_what_gradio_sends() -> None:
    opening = {"value": {"take": "x", "heads": [{"character": {"name": "maya"}, "motion": []}]}}
    window = {"value": {"take": "x", "heads": [{"character": {"name": "maya"}, "motion": ["AAAA"]}]}}
    assert not brings_motion({"data": [opening, None]}) and brings_motion({"data": [window, None]})
    assert not brings_motion({"data": [diff({}, opening)]}) and brings_motion({"data": [diff(opening, window)]})
    assert not brings_motion(None)


def test_everyone_is_served_and_whoever_leaves_is_not(slow_stand_in, serving, wav, tmp_path: Path) -> None:
    """Twelve at once, more than once waited in gradio's own queue; a thirteenth has left before its turn."""
    slow_stand_in.pause = 0.01
    app = ui.build({"diffusiontalker": slow_stand_in}, ["maya"], [], Visits(tmp_path / "files"))
    with serving(app) as address:
        figures = crowd(address, wav("hum", 2.0), 12)
        assert figures["visitors_served"] == figures["visitors"] == 12 and slow_stand_in.most == 1
        slow_stand_in.pause = 0.2
        press = Press(address)
        event = {"data": list(press.values.values()), "fn_index": press.number, "session_hash": "leaver"}
        with wav("mine").open("rb") as stream:
            (path,) = httpx.post(f"{press.address}upload", files={"files": stream}).json()
        event["data"][press.inputs.index(press.speech)] = {"path": path, "meta": {"_type": "gradio.FileData"}}
        httpx.post(f"{press.address}queue/join", json=event).raise_for_status()
        heart = f"{press.address}heartbeat/leaver"
        with (
            httpx.stream("GET", heart) as _,
            httpx.stream("GET", f"{press.address}queue/data", params={"session_hash": "leaver"}, timeout=60) as lines,
        ):
            next(line for line in lines.iter_lines() if "process_generating" in line)
        end = time.monotonic() + 60
        while slow_stand_in.running or any(app.talk_tab.visits.jobs.iterdir()):
            assert time.monotonic() < end, "the visitor left, the work went on"
            time.sleep(0.05)
        assert slow_stand_in.stopped == 1


def test_ten_seconds_of_motion_are_small(stand_in, serving, wav, tmp_path: Path) -> None:
    """All news of a talk, chart and panels included."""
    app = ui.build({"diffusiontalker": stand_in}, ["maya"], [], Visits(tmp_path / "files"))
    with serving(app) as address:
        answer = Press(address).answer(wav("hum", 10.0))
    assert answer.first is not None and 36_000 < answer.bytes < 110_000
