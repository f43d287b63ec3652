"""Has files read by a process of its own (worker.py), which stays warm for the next one.

Reading is slower by the way between two processes, a millisecond or two; what it starts with is paid beforehand, beside
what else a program loads. Whatever a file does to the worker is a ValueError of one sentence, and the next file gets
another worker.
"""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from talkdemo.files import PACKAGE
from talkdemo.guard import wire
from talkdemo.guard.worker import COMPUTING, END, FAULT, MEMORY, MEMORY_ERROR, PIECE, REFUSED
from talkdemo.records import check_stop

SILENCE = 180.0  # seconds of real time until the next piece: a worker beyond its limit of computing has ended before
POLL = 0.1  # seconds between two looks at the stop signal
USES = 100  # files that one worker reads: whatever a decoder leaks goes with it
KEPT = 1  # workers that wait for a file


class Worker:
    """One process; between two files, it waits."""

    def __init__(self) -> None:
        here, there = socket.socketpair()
        # One thread each, and no arenas of memory that count against the limit and are not used.
        alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
        paths = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
        with there:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "talkdemo.guard.worker", str(there.fileno())],
                pass_fds=[there.fileno()], env={**os.environ, **alone, "PYTHONPATH": paths},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        self.connection, self.uses = Connection(here.detach()), 0

    @property
    def ready(self) -> bool:
        """Whether it can read one more file."""
        return self.uses < USES and self.process.poll() is None

    def close(self) -> int:
        """Ends it, whatever it does; how it ended (subprocess.Popen.returncode)."""
        self.connection.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # one that has ended by itself says why
            return self.process.wait(POLL if self.process.poll() is None else None)
        self.process.kill()
        return self.process.wait()


_lock = threading.Lock()
_idle: list[Worker] = []


def warm() -> None:
    """Start a worker for the next file, if none waits; it gets ready while this process does something else."""
    with _lock:
        if not _idle:
            _idle.append(Worker())


def read(
    target: str, path: Path | str, name: str, *arguments: Any, stop: threading.Event | None = None
) -> Generator[Any, None, None]:
    """Yield what `target` ("module:function") yields in the worker for a path, its name and further arguments, which
    JSON can hold; a function that yields nothing: what it returns.

    Raises ValueError in one sentence, `target`'s own or that of a limit or a crash, which calls the file `name`;
    Stopped once `stop` is set.
    """
    with _lock:
        worker = next((one for one in iter(lambda: _idle.pop() if _idle else None, None) if one.ready), None)
    worker = worker or Worker()
    whole = False
    try:
        worker.uses += 1
        with _told(worker, name):
            wire.send(worker.connection, target, [os.path.abspath(path), name, *arguments])
        while True:
            with _told(worker, name):
                _wait(worker, name, stop)
                kind, value = wire.receive(worker.connection)
            if kind == PIECE:
                yield value
                continue
            whole = kind in (END, REFUSED)
            if kind == END:
                return
            if kind == REFUSED:
                raise ValueError(value)
            if kind == MEMORY_ERROR:
                raise ValueError(f"{name} needs more than {MEMORY} MB of memory to be read; wanted: at most that")
            assert kind == FAULT
            raise RuntimeError(f"the reader of {name} failed:\n{value}")
    finally:
        with _lock:
            kept = whole and worker.ready and len(_idle) < KEPT
            if kept:
                _idle.append(worker)
        if not kept:
            worker.close()
            warm()


def call(target: str, path: Path | str, name: str, *arguments: Any, stop: threading.Event | None = None) -> Any:
    """What a function returns; see `read`."""
    (answer,) = read(target, path, name, *arguments, stop=stop)
    return answer


def _wait(worker: Worker, name: str, stop: threading.Event | None) -> None:
    """Until the worker says something."""
    end = time.monotonic() + SILENCE
    while not worker.connection.poll(POLL):
        check_stop(stop)
        if time.monotonic() > end:
            raise ValueError(f"nothing of {name} could be read for {SILENCE:g} s; wanted: a file that can be read")


@contextlib.contextmanager
def _told(worker: Worker, name: str) -> Iterator[None]:
    """A worker that has ended, as a ValueError that says what of."""
    try:
        yield
    except (EOFError, ConnectionError) as error:
        status = worker.close()
        if status == -signal.SIGXCPU:
            raise ValueError(f"{name} takes more than {COMPUTING} s of computing; wanted: at most that") from error
        if status == -signal.SIGKILL:  # by the system, that has no memory left, or by hand
            raise ValueError(f"{name} could not be read: its decoder was killed; please try again") from error
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        wanted = "wanted: a file that plays to its end"
        raise ValueError(f"{name} could not be read: its decoder ended ({how}); {wanted}") from error


@atexit.register
def _close() -> None:
    with _lock:
        while _idle:
            _idle.pop().close()
