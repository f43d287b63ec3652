"""Runs blocking work in a thread and yields its reports and its result: the bridge between a sampler and a web page.

The work runs in one thread of its own; the generator drains what it reports, so that it may be closed at any yield
(a visitor stops, or leaves): the work is then stopped and waited for. One job runs at a time.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from talkdemo.records import Progress, Stopped
from talkdemo.ui.parts.visits import Visits

Result = TypeVar("Result")
Work = Callable[[Progress, threading.Event], Result]

PERIOD = 0.12  # seconds between two reports that reach the page
PATIENCE = 3.0  # seconds a closing generator waits for its thread
WAITING = "wait"  # the stage before the work gets its turn
_turn = threading.Lock()  # an abandoned worker may still finish its step when the next begins: never two at once


@dataclass(frozen=True)
class Report:
    """How far the work is."""

    stage: str
    fraction: float


@dataclass(frozen=True)
class Done(Generic[Result]):
    """The last thing a job yields."""

    result: Result


def follow(work: Work[Result], stop: threading.Event | None = None) -> Iterator[Report | Done[Result]]:
    """Run `work(report, stop)` in a thread; yield its reports, at most one per PERIOD, then Done.

    Raises what the work raises: Stopped when `stop` was set. Closing the generator sets `stop` and joins the thread.
    """
    stop = stop or threading.Event()
    events: queue.SimpleQueue[Report | Done[Result] | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            while not _turn.acquire(timeout=0.05):
                if stop.is_set():
                    raise Stopped
            try:
                result = work(lambda stage, fraction: events.put(Report(stage, fraction)), stop)
            finally:
                _turn.release()
            events.put(Done(result))
        except BaseException as error:  # handed to the generator's thread
            events.put(error)

    thread = threading.Thread(target=run, name="talkdemo-job", daemon=True)
    thread.start()
    latest = Report(WAITING, 0.0)
    try:
        while True:
            due = time.monotonic() + PERIOD
            while (left := due - time.monotonic()) > 0:
                try:
                    event = events.get(timeout=left)
                except queue.Empty:
                    break
                if isinstance(event, BaseException):
                    raise event
                if isinstance(event, Done):
                    yield event
                    return
                latest = event
            yield latest
    finally:
        stop.set()
        thread.join(PATIENCE)


def run_job(
    visits: Visits,
    session: str,
    work: Callable[[Path, Progress, threading.Event], Result],
    outlives: bool = False,
) -> Iterator[Report | Done[Result]]:
    """`follow` with a private folder, `work(folder, report, stop)`; it is deleted unless the work comes to its end."""
    with (
        visits.job(session, outlives) as job,
        contextlib.closing(follow(partial(work, job.folder), job.stop)) as events,  # type: ignore[type-var]
    ):
        for event in events:
            job.finished = isinstance(event, Done)
            yield event
