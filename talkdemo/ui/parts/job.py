"""Runs blocking work in a thread and yields its reports and its result: the bridge between a sampler and a web page.

The work runs in one thread of its own; the generator drains what it reports, so that it may be closed at any yield
(a visitor stops, or leaves): the work is then stopped and waited for. Jobs take turns (parts/turns.py).
"""

import contextlib
import ctypes
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from talkdemo.ui.parts import metrics
from talkdemo.ui.parts.turns import MOTION, Turns
from talkdemo.ui.parts.visits import Visits

Result = TypeVar("Result")

PERIOD, UNHURRIED = 0.15, 0.6  # seconds between two reports that reach the page: of work, of waiting
LONGEST = 1.0  # seconds without one
PATIENCE = 3.0  # seconds a closing generator waits for its thread
WAITING = "wait"  # the stage before the work gets its turn
KNOWN = 0.04  # of a stage: from here on the rest of it can be told


@dataclass(frozen=True)
class Report:
    """How far the work is."""

    stage: str
    fraction: float
    left: float | None = None  # seconds until the stage is over; of WAITING: until it begins
    before: int = 0  # jobs before this one, while it waits


@dataclass(frozen=True)
class Piece:
    """A part of the result, before the whole is there."""

    content: Any


@dataclass(frozen=True)
class Done(Generic[Result]):
    """The last thing a job yields."""

    result: Result


class Reporter:
    """What the work is handed: a records.Progress that also takes pieces, and lets others have a turn."""

    def __init__(self, put: Callable[[Report | Piece], None], rest: Callable[[bool], None]) -> None:
        self._put, self._rest = put, rest
        self._stage, self._begin, self._first = "", 0.0, 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        """May take as long as others have their turn; raises Stopped where it is stopped then."""
        now = time.monotonic()
        if stage != self._stage:
            self.over(now)
            self._stage, self._begin, self._first = stage, now, fraction
        done = fraction - self._first
        left = (now - self._begin) * (1 - fraction) / done if done > KNOWN else None
        self._put(Report(stage, fraction, left))
        self._rest(False)

    def over(self, now: float) -> None:
        """The stage is over."""
        metrics.stage(self._stage, now - self._begin)

    def piece(self, content: Any, rest: bool = True) -> None:
        """A part of the result that the page shows at once. `rest`: others may have a turn now."""
        self._put(Piece(content))
        if rest:
            self._rest(True)


Work = Callable[[Reporter, threading.Event], Result]
Event = Report | Piece | Done[Result]


def follow(work: Work[Result], stop: threading.Event | None = None, turns: Turns = MOTION) -> Iterator[Event[Result]]:
    """Run `work(report, stop)` in a thread; yield its reports, at most one per PERIOD, its pieces, then Done.

    Raises what the work raises: Stopped when `stop` was set. Closing the generator sets `stop` and joins the thread.
    """
    stop = stop or threading.Event()
    events: queue.SimpleQueue[Event[Result] | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            waits = lambda before, left: events.put(Report(WAITING, 0.0, left, before))  # noqa: E731
            with metrics.job(), turns.job(stop, waits) as rest:
                reporter = Reporter(events.put, rest)
                result = work(reporter, stop)
                reporter.over(time.monotonic())
            events.put(Done(result))
        except BaseException as error:  # handed to the generator's thread
            events.put(error)
        finally:
            give_back()

    thread = threading.Thread(target=run, name="talkdemo-job", daemon=True)
    thread.start()
    latest, begin, said = Report(WAITING, 0.0), time.monotonic(), 0.0
    shown: Report | None = None
    try:
        while True:
            period = UNHURRIED if shown and latest.stage == WAITING else PERIOD
            try:
                event = events.get(timeout=max(0.0, begin + period - time.monotonic()))
            except queue.Empty:
                begin = time.monotonic()
                if latest != shown or begin - said > LONGEST:
                    shown, said = latest, begin
                    yield latest
                continue
            if isinstance(event, BaseException):
                raise event
            if isinstance(event, Report):
                latest = event
                continue
            yield event
            if isinstance(event, Done):
                return
    finally:
        stop.set()
        thread.join(PATIENCE)


def give_back() -> None:
    """What a job has freed goes back to the system: glibc would keep it for threads to come, in pieces."""
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def run_job(
    visits: Visits,
    session: str,
    work: Callable[[Path, Reporter, threading.Event], Result],
    outlives: bool = False,
    turns: Turns = MOTION,
) -> Iterator[Event[Result]]:
    """`follow` with a private folder, `work(folder, report, stop)`; it is deleted unless the work comes to its end."""
    with (
        visits.job(session, outlives) as job,
        contextlib.closing(follow(partial(work, job.folder), job.stop, turns)) as events,  # type: ignore[type-var]
    ):
        for event in events:
            job.finished = isinstance(event, Done)
            yield event
