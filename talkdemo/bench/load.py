"""Benchmarks what the app bears: a crowd, many jobs, a day, visitors who leave, and the loss of its parts.

The app runs in a process of its own, with a clock that a signal sets forward by a day; visitors come over plain HTTP
(bench/crowd.py).
"""

import contextlib
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from talkdemo.audio.decode import decode
from talkdemo.bench.crowd import PATIENCE, Press, crowd
from talkdemo.bench.long import rounded
from talkdemo.bench.page import app, write
from talkdemo.guard import process as guard

VISITORS, JOBS, SECONDS = 20, 200, 6.0  # of speech
WARM = 0.1  # of the jobs: what is kept once for all is there by then
LONG = 9.0  # minutes of speech of a visitor who leaves
SWEEP = 2  # seconds between two sweeps, in place of minutes
DECODING = 'td-now" data-stage="decode"'  # in the panel
LIMIT = 60.0  # seconds of patience with what shall be gone, or be back
# SIGUSR1: a day later. SIGUSR2: the OpenGL context is lost.
SERVER = f"""
import datetime, signal, time
from talkdemo.ui.parts import visits
visits.PERIOD = {SWEEP}
from talkdemo.render import context
from talkdemo.ui import app
from gradio import route_utils
ahead, now = 0, time.time
def later(*_):
    global ahead
    ahead += 86_400
class Later(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds=ahead)
time.time, route_utils.datetime = lambda: now() + ahead, Later
signal.signal(signal.SIGUSR1, later)
signal.signal(signal.SIGUSR2, lambda *_: context.submit(lambda: context.current()._platform.delete_context()))
raise SystemExit(app.serve())
"""


class Server:
    """The app under test: where its visitors' files lie, its memory, its workers."""

    def __init__(self, address: str, pid: int, temporary: Path) -> None:
        self.press, self.pid, self.temporary = Press(address), pid, temporary

    @property
    def root(self) -> Path:
        """The newest of the folders that the app made for itself."""
        return max(self.temporary.glob("talkdemo-app-*"), key=lambda folder: folder.stat().st_mtime)

    def files(self) -> set[Path]:
        """All files that it holds, but those that the head is drawn with."""
        found = (Path(folder) / name for folder, _, names in os.walk(self.root) for name in names)
        return {path for path in found if "viewer" not in path.relative_to(self.root).parts}

    def jobs(self) -> int:
        """Private folders of jobs."""
        with contextlib.suppress(FileNotFoundError):
            return len(list((self.root / "jobs").iterdir()))
        return 0

    def megabytes(self) -> float:
        """Resident memory of the process."""
        (line,) = (x for x in Path(f"/proc/{self.pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def workers(self) -> list[int]:
        """Processes that read files for it."""
        return [pid for pid in children(self.pid) if b"talkdemo.guard.worker" in command(pid)]


def measure(visitors: int = VISITORS, jobs: int = JOBS) -> dict[str, object]:
    """The figures, whatever was reached. RuntimeError, in one sentence, when the app does not start."""
    figures: dict[str, Any] = {"load_before": rounded(os.getloadavg()[0])}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        temporary = folder / "tmp"
        temporary.mkdir()
        clip, long = write(folder, "six", SECONDS), write(folder, "long", 60 * LONG)
        figures |= added_by_the_guard(clip)
        with app(SERVER, TMPDIR=str(temporary)) as (address, process):
            server = Server(address, process.pid, temporary)
            fresh = server.files()
            server.press.answer(clip)  # what only a first run costs
            figures |= crowd(address, clip, visitors)
            figures |= many(server, clip, jobs)
            figures |= leaving(server, clip, long)
            figures |= losses(server, clip, long)
            os.kill(server.pid, signal.SIGUSR1)
            figures["files_left_after_a_day"] = settles(lambda: len(server.files() - fresh), PATIENCE)
            figures["served_after_a_day"] = server.press.answer(clip).first is not None
            with server.press.visitor(long) as (_, lines):
                next(line for line in lines if "process_generating" in line)
                old, workers = server.root, server.workers()
                process.kill()
                process.wait()
        figures["workers_after_kill"] = settles(lambda: sum(map(alive, workers)))
        with app(SERVER, TMPDIR=str(temporary)) as (address, process):
            figures["files_left_after_kill"] = len(list(old.rglob("*")))
            figures["served_after_kill"] = Press(address).answer(clip).first is not None
        figures["files_left_at_the_end"] = settles(lambda: len(list(temporary.iterdir())))
    return figures


def added_by_the_guard(clip: Path, rounds: int = 20) -> dict[str, object]:
    """Milliseconds to decode a clip, in the process that guards and in this one."""
    from talkdemo.audio import channels, read

    def plainly() -> None:
        pieces = [part["samples"] for part in read.parts(str(clip), clip.name) if "samples" in part]
        channels.mixed(pieces, channels.weights(pieces))

    guard.warm()
    decode(clip)
    spent: dict[Callable, list[float]] = {plainly: [], lambda: decode(clip): []}
    for _ in range(rounds):
        for way, seconds in spent.items():
            begin = time.perf_counter()
            way()
            seconds.append(1000 * (time.perf_counter() - begin))
    plain, guarded = (statistics.median(seconds) for seconds in spent.values())
    return {"decode_plain_ms": rounded(plain), "decode_guarded_ms": rounded(guarded)}


def many(server: Server, clip: Path, jobs: int) -> dict[str, object]:
    """One visitor after the other: served, memory after the first of them and after all."""
    served, before = 0, server.megabytes()
    for k in range(jobs):
        served += server.press.answer(clip).first is not None
        if k == int(WARM * jobs):
            before = server.megabytes()
    after = server.megabytes()
    return {
        "jobs": jobs,
        "jobs_served": served,
        "memory_mb_before": rounded(before),
        "memory_mb_after": rounded(after),
        "memory_growth": rounded(after / before - 1),
        "folders_left_by_visitors_gone": settles(server.jobs),
    }


def leaving(server: Server, clip: Path, long: Path) -> dict[str, object]:
    """A visitor leaves in the middle of minutes of speech: seconds until the files are gone, and by how much whoever
    comes then waits longer than somebody who is alone."""
    alone = statistics.median(server.press.answer(clip).first or PATIENCE for _ in range(3))
    with server.press.visitor(long) as (_, lines):
        next(line for line in lines if '"motion"' in line)
        begin = time.perf_counter()
    settles(server.jobs)
    gone = time.perf_counter() - begin
    following = server.press.answer(clip).first or PATIENCE
    return {
        "alone_to_motion_s": rounded(alone),
        "left_to_gone_s": rounded(gone),
        "left_next_delay_s": rounded(gone + following - alone),
    }


def losses(server: Server, clip: Path, long: Path) -> dict[str, object]:
    """What a visitor is told when the reader of the file is killed, or the OpenGL context lost; and whether the next
    one is served."""
    with server.press.visitor(long) as (_, lines):
        end, told = time.monotonic() + LIMIT, ""
        for line in lines:
            if not told and DECODING in line.replace("\\", "") and time.monotonic() < end:
                for pid in server.workers():
                    os.kill(pid, signal.SIGKILL)
                told = "killed"
            if "td-error" in line:
                told = line.split('role=\\"alert\\">')[-1].split("<")[0]
                break
            if "process_completed" in line:
                break
    figures: dict[str, object] = {
        "worker_killed_told": told,
        "worker_killed_next_served": server.press.answer(clip).first is not None,
    }
    lost = film(server, clip, lambda: os.kill(server.pid, signal.SIGUSR2))
    return figures | {"opengl_lost_told": lost, "opengl_lost_next": film(server, clip)}


def film(server: Server, clip: Path, amid: Callable[[], None] | None = None) -> str:
    """A video by the endpoint for programs: "drawn", or what was said instead. `amid` happens while it is drawn."""
    from gradio_client import Client, handle_file
    from gradio_client.exceptions import AppError

    address = server.press.address.removesuffix("gradio_api/")
    try:
        client = Client(address, verbose=False, httpx_kwargs={"timeout": PATIENCE})
        job = client.submit(speech=handle_file(str(clip)), api_name="/talk")
        while not job.done():
            told = [one[3] for one in job.outputs() if isinstance(one[3], dict)]
            if amid and any(one.get("stage") == "render" for one in told):
                amid()
                amid = None
            time.sleep(0.05)
        return "drawn" if job.result()[0] else "nothing"
    except (AppError, httpx.HTTPError) as error:
        return str(error)


def settles(count: Callable[[], int], patience: float = LIMIT) -> int:
    """What is left once nothing is, or patience is over."""
    end = time.monotonic() + patience
    while (left := count()) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


def command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def alive(pid: int) -> bool:
    return bool(command(pid))
