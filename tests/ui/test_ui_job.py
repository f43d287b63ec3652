"""The bridge between work and page: reports in order, pieces, errors come through, closing stops the thread."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from talkdemo.records import Stopped
from talkdemo.ui.parts.job import Done, Piece, Report, follow, run_job
from talkdemo.ui.parts.visits import Visits


def steps(count: int, pause: float = 0.02):
    """Work that takes `count` steps and honours stop."""

    def work(report, stop: threading.Event) -> str:
        for step in range(count):
            if stop.is_set():
                raise Stopped
            time.sleep(pause)
            report("sample", (step + 1) / count)
        return "made"

    return work


def threads() -> int:
    return sum(thread.name == "talkdemo-job" for thread in threading.enumerate())


def test_reports_then_the_result() -> None:
    *reports, last = follow(steps(20))
    assert last == Done("made") and threads() == 0
    assert reports[-1].left is not None and reports[-1].left < 0.5
    fractions = [event.fraction for event in reports]
    assert fractions == sorted(fractions) and len(reports) >= 2 and all(isinstance(event, Report) for event in reports)


def test_every_piece_arrives_between_the_reports() -> None:
    def work(report, stop) -> str:
        for k in range(5):
            report("sample", k / 5)
            report.piece(k)
        return "made"

    events = list(follow(work))
    assert [event.content for event in events if isinstance(event, Piece)] == [0, 1, 2, 3, 4]
    assert events[-1] == Done("made")


def test_errors_come_through() -> None:
    def fail(report, stop) -> None:
        raise ValueError("0.1 s given; at least 0.2 s is wanted")

    with pytest.raises(ValueError, match=r"0\.1 s given"):
        list(follow(fail))
    assert list(follow(steps(1)))[-1] == Done("made")  # the turn was given back


def test_stop_ends_the_work() -> None:
    stop = threading.Event()
    events = follow(steps(1000), stop)
    next(events)
    stop.set()
    with pytest.raises(Stopped):
        list(events)
    assert threads() == 0


def test_closing_stops_and_joins() -> None:
    events = follow(steps(1000))
    next(events)
    events.close()
    assert threads() == 0


def test_one_at_a_time_and_a_waiting_one_can_be_stopped() -> None:
    active, most = 0, 0
    begun, gate = threading.Event(), threading.Event()

    def work(report, stop) -> int:
        nonlocal active, most
        active += 1
        most = max(most, active)
        begun.set()
        gate.wait(60)
        active -= 1
        return 1

    def drain() -> None:
        list(follow(work))

    first = [threading.Thread(target=drain) for _ in range(3)]
    for thread in first:
        thread.start()
    assert begun.wait(60)
    stop = threading.Event()
    waiting = follow(work, stop)
    said = next(waiting)
    assert said.stage == "wait" and said.before in (1, 2, 3)
    stop.set()
    with pytest.raises(Stopped):
        list(waiting)
    gate.set()
    for thread in first:
        thread.join()
    assert most == 1


def test_a_finished_job_keeps_its_folder(tmp_path: Path) -> None:
    visits, folders = Visits(tmp_path), []

    def work(folder: Path, report, stop: threading.Event) -> Path:
        folders.append(folder)
        (folder / "talk.mp4").write_bytes(b"x")
        return steps(1000 if len(folders) > 1 else 1)(report, stop) and folder

    *_, last = run_job(visits, "me", work)
    assert last == Done(folders[0]) and (folders[0] / "talk.mp4").is_file()
    abandoned = run_job(visits, "me", work)
    next(abandoned)
    abandoned.close()
    assert not folders[1].exists() and folders[0].exists() and threads() == 0
