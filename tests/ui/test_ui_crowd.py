"""Many visitors at once over plain HTTP (bench/crowd.py): everyone gets motion, and only what is new is sent."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio.utils import diff

from talkdemo.bench.crowd import NOTE, PLACE, Press, brings_motion, crowd
from talkdemo.ui import app as ui
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.job import WAITING, Report
from talkdemo.ui.parts.turns import MOTION
from talkdemo.ui.parts.visits import Visits

pytestmark = pytest.mark.usefixtures("no_heads")


def test_motion_is_seen_in_what_gradio_sends() -> None:
    opening = {"value": {"take": "x", "heads": [{"character": {"name": "maya"}, "motion": []}]}}
    window = {"value": {"take": "x", "heads": [{"character": {"name": "maya"}, "motion": ["AAAA"]}]}}
    assert not brings_motion({"data": [opening, None]}) and brings_motion({"data": [window, None]})
    assert not brings_motion({"data": [diff({}, opening)]}) and brings_motion({"data": [diff(opening, window)]})
    assert not brings_motion(None)


def test_everyone_is_served_and_told_the_place(stand_in, serving, wav, tmp_path: Path, monkeypatch) -> None:
    """Twelve at once; when they have left, nothing of them is kept."""
    stand_in.pause = 0.05
    monkeypatch.setattr(MOTION, "quantum", 60.0)  # a slow machine would have one job rest while another works
    app = ui.build({"diffusiontalker": stand_in}, ["maya"], [], Visits(tmp_path / "files"))
    with serving(app) as address:
        figures = crowd(address, wav("hum", 2.0), 12)
        assert figures["visitors_served"] == figures["visitors"] == 12 and stand_in.most == 1
        assert figures["visitors_told_their_place"] >= 6 and figures["visitors_told_seconds"] >= 3
        assert not settles(app.talk_tab.visits)


def test_who_comes_first_is_served_first(stand_in, serving, wav, tmp_path: Path) -> None:
    """Each comes once the one before knows its place."""
    stand_in.pause = 0.2
    app = ui.build({"diffusiontalker": stand_in}, ["maya"], [], Visits(tmp_path / "files"))
    served: list[int] = []
    with serving(app) as address, contextlib.ExitStack() as stack:
        press, threads = Press(address), []
        for number in range(4):
            _, lines = stack.enter_context(press.visitor(wav(f"hum{number}")))
            said = next(line for line in lines if PLACE.search(line) or '"sample' in line)
            place = PLACE.search(said)
            assert (int(place[1]) if place else 0) <= number

            def follow(number: int = number, lines: Iterator[str] = lines) -> None:
                next(line for line in lines if brings_motion(json.loads(line[6:] or "{}").get("output")))
                served.append(number)

            threads.append(threading.Thread(target=follow))
            threads[-1].start()
        for thread in threads:
            thread.join()
    assert served == [0, 1, 2, 3]


def test_whoever_leaves_is_not_served(stand_in, serving, wav, tmp_path: Path) -> None:
    """The work stops within a step, and whoever comes then has the turn."""
    stand_in.pause = 1.0
    app = ui.build({"diffusiontalker": stand_in}, ["maya"], [], Visits(tmp_path / "files"))
    with serving(app) as address:
        press = Press(address)
        with press.visitor(wav("mine")) as (_, lines):
            next(line for line in lines if "process_generating" in line and stand_in.running)
        assert not settles(app.talk_tab.visits, stand_in) and stand_in.stopped == 1
        stand_in.pause = 0.0
        assert press.answer(wav("yours")).first is not None and not settles(app.talk_tab.visits)


def settles(visits: Visits, busy: Any = None) -> list[Path]:
    """The folders of jobs that are still there after a while, in which `busy` stops running, too."""
    end = time.monotonic() + 60
    while ((left := list(visits.jobs.iterdir())) or (busy and busy.running)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def test_places_are_read_off_what_the_page_says() -> None:
    known = {(3, 12.0): ("3", "12", "s"), (3, None): ("3", None, None), (1, 300.0): ("1", "5", "min")}
    for (before, left), wanted in known.items():
        html = panel.progress(Report(WAITING, 0.0, left, before), {"decode": "Decode"})
        assert PLACE.search(json.dumps(html)).groups() == wanted
    assert NOTE.search(json.dumps(panel.failed("no such file")))[1] == "No such file"


def test_ten_seconds_of_motion_are_small(stand_in, serving, wav, tmp_path: Path) -> None:
    """All news of a talk, chart and panels included."""
    app = ui.build({"diffusiontalker": stand_in}, ["maya"], [], Visits(tmp_path / "files"))
    with serving(app) as address:
        answer = Press(address).answer(wav("hum", 10.0))
    assert answer.first is not None and 36_000 < answer.bytes < 110_000
