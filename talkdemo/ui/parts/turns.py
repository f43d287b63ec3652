"""Whose turn it is to work: one job at a time, the one that has had the fewest turns first.

A job of many windows gives its turn up between two of them, and one that works long within a window after QUANTUM
seconds: whoever comes waits for one turn of those before, never for the ten minutes of somebody else's speech.
"""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from talkdemo.records import check_stop

QUANTUM = 2.0  # seconds
POLL = 0.1  # seconds between two looks at the stop signal

Told = Callable[[int, float | None], None]  # jobs before this one; seconds until its turn, None: not known yet


@dataclass
class Turn:
    """One job's place. `had`: turns so far."""

    number: int
    had: int = 0
    began: float = 0.0


class Turns:
    """Hands out turns. Any thread may ask; `before` has turns of its own, and while any of its jobs works or waits,
    none is handed out here. `places`: how many jobs may work at a time."""

    def __init__(self, before: "Turns | None" = None, quantum: float = QUANTUM) -> None:
        self.before, self.quantum, self.places = before, quantum, 1
        self._changed: threading.Condition = before._changed if before else threading.Condition()
        self._numbers = itertools.count()
        self._waiting: list[Turn] = []
        self._holders: list[Turn] = []
        self._mean: float | None = None  # seconds of a turn, of late

    @property
    def busy(self) -> bool:
        """Whether a job works or waits."""
        return bool(self._holders or self._waiting)

    @property
    def waiting(self) -> int:
        """How many jobs wait for a turn."""
        return len(self._waiting)

    @contextlib.contextmanager
    def job(self, stop: threading.Event, told: Told) -> Iterator[Callable[[bool], None]]:
        """Waits for the first turn and holds it; yields `rest`, to be called now and then within the work.

        `rest(True)` where a window is done, `rest(False)` anywhere: the turn goes to those who wait, if any, and comes
        back. `told` hears of the place in the queue. Raises Stopped once `stop` is set.
        """
        turn = Turn(next(self._numbers))
        self._wait(turn, stop, told)

        def rest(done: bool) -> None:
            with self._changed:
                overdue = time.monotonic() - turn.began > self.quantum
                ahead = self._waiting or (self.before and self.before.busy)
                if not (done or overdue) or not ahead:
                    turn.had += done
                    return
                self._give_up(turn)
            self._wait(turn, stop, lambda *_: None)

        try:
            yield rest
        finally:
            with self._changed:
                if turn in self._holders:
                    self._give_up(turn)

    def _wait(self, turn: Turn, stop: threading.Event, told: Told) -> None:
        with self._changed:
            self._waiting.append(turn)
            try:
                while not self._comes(turn):
                    check_stop(stop)
                    place = self._place(turn)
                    told(place, None if self._mean is None else place * self._mean)
                    self._changed.wait(POLL)
                self._holders.append(turn)
                turn.began = time.monotonic()
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()

    def _comes(self, turn: Turn) -> bool:
        return self._place(turn) == 0 and not (self.before and self.before.busy)

    def _place(self, turn: Turn) -> int:
        """How many go before a waiting one until there is a place for it, those that work now included."""
        earlier = sum((other.had, other.number) < (turn.had, turn.number) for other in self._waiting)
        return max(0, earlier + len(self._holders) - self.places + 1)

    def _give_up(self, turn: Turn) -> None:
        turn.had += 1
        spent = min(time.monotonic() - turn.began, self.quantum)  # it holds its turn on while nobody waits
        self._mean = spent if self._mean is None else 0.7 * self._mean + 0.3 * spent
        self._holders.remove(turn)
        self._changed.notify_all()


MOTION = Turns()
VIDEO = Turns(before=MOTION, quantum=10.0)  # seconds: a short video overtakes a long one
