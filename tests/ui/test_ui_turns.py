"""Turns: the newest first among those that had as many, windows in between, videos behind all motion, places told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from talkdemo.records import Stopped
from talkdemo.ui.parts.turns import Turns


class Crew:
    """Jobs in threads of their own; `log` says who did a piece, in order."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.told: dict[str, list[tuple[int, float | None]]] = {}
        self.threads: list[threading.Thread] = []
        self.stop = threading.Event()
        self.gate = threading.Event()

    def job(self, turns: Turns, name: str, pieces: int, waits: bool = False) -> None:
        """Starts one and waits until it holds or awaits its turn; a piece is done after `gate` was opened."""
        held, told = threading.Event(), self.told.setdefault(name, [])

        def queued(place: int, left: float | None) -> None:
            told.append((place, left))
            held.set()

        def run() -> None:
            with turns.job(self.stop, queued) as rest:
                held.set()
                self.gate.wait(30)
                for _ in range(pieces):
                    self.log.append(name)
                    time.sleep(0.01)
                    rest(True)

        thread = threading.Thread(target=run)
        thread.start()
        self.threads.append(thread)
        assert held.wait(30)

    def finish(self) -> list[str]:
        self.gate.set()
        for thread in self.threads:
            thread.join(30)
        return self.log


@pytest.fixture
def crew() -> Crew:
    return Crew()


def test_whoever_comes_waits_for_one_window_of_the_others(crew: Crew) -> None:
    turns = Turns()
    crew.job(turns, "long", 5)
    crew.job(turns, "a", 2)
    crew.job(turns, "b", 1)
    assert crew.finish() == ["long", "a", "b", "long", "a", "long", "long", "long"]
    assert [crew.told[name][0][0] for name in "ab"] == [1, 2]
    assert not turns.busy


def test_videos_give_way_to_motion(crew: Crew) -> None:
    motion = Turns()
    video = Turns(before=motion)
    crew.job(video, "video", 3)
    crew.job(motion, "talk", 2)  # works beside the piece under way
    crew.job(video, "next", 1)
    log = crew.finish()
    assert (
        sorted(log[:2]) == ["talk", "video"]
        and log[2] == "talk"
        and log[3:]
        in (
            ["next", "video", "video"],
            ["video", "next", "video"],
        )
    )


def test_a_long_piece_is_interrupted_after_the_quantum() -> None:
    turns, stop, order = Turns(quantum=0.05), threading.Event(), []

    def other() -> None:
        with turns.job(stop, lambda *_: None):
            order.append("other")

    with turns.job(stop, lambda *_: None) as rest:
        thread = threading.Thread(target=other)
        thread.start()
        while not turns.waiting:
            time.sleep(0.005)
        rest(False)
        order.append("within")
        time.sleep(0.06)
        rest(False)
        order.append("after")
    thread.join(30)
    assert order == ["within", "other", "after"]


def test_seconds_until_the_turn_are_learnt(crew: Crew) -> None:
    turns = Turns()
    with turns.job(crew.stop, lambda *_: None):
        time.sleep(0.1)
    crew.job(turns, "a", 1)
    crew.job(turns, "b", 1)
    crew.finish()
    place, left = crew.told["b"][0]
    assert place == 1 and 0.08 < left < 1


@pytest.mark.parametrize("kind", [Turns, lambda: Turns(before=Turns())])
def test_who_stops_leaves_the_queue(kind: Callable[[], Turns]) -> None:
    turns, stop, begun = kind(), threading.Event(), threading.Event()
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            with turns.job(stop, lambda *_: begun.set()):
                raise AssertionError("there was a turn")
        except Stopped as error:
            caught.append(error)

    with turns.job(threading.Event(), lambda *_: None):
        thread = threading.Thread(target=wait)
        thread.start()
        assert begun.wait(30) and turns.waiting == 1
        stop.set()
        thread.join(30)
        assert caught and turns.waiting == 0
    assert not turns.busy


def test_two_places_are_two_jobs_at_a_time() -> None:
    turns = Turns()
    turns.places = 2
    inside, most, gate = 0, 0, threading.Barrier(2, timeout=30)
    lock = threading.Lock()

    def work(meet: bool) -> None:
        nonlocal inside, most
        with turns.job(threading.Event(), lambda *_: None):
            with lock:
                inside += 1
                most = max(most, inside)
            if meet:
                gate.wait()  # passes only while both are inside
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work, args=(k < 2,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 2 and not turns.busy
