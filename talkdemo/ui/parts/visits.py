"""Private folders and stop signals of the visitors' jobs; gone when the visit ends or an hour has passed.

Everything lies under one folder of this process that only its user may read; jobs get folders with random names. Files
that the page uploads are put there by gradio, which deletes them by age itself.
"""

import atexit
import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PERIOD = 300  # seconds between two sweeps
AGE = 3600 - PERIOD  # seconds a result can be fetched: what a sweep just spares is gone within the hour
PREFIX = "talkdemo-app-"  # then a random name
_held: list[int | None] = []  # the lock of this process's folder


def private_root() -> Path:
    """The folder of this process; gradio uses it too, so call this before gradio is imported."""
    if "GRADIO_TEMP_DIR" not in os.environ:
        clear_leftovers(Path(tempfile.gettempdir()))
        new = Path(tempfile.mkdtemp(prefix="talkdemo-new-"))  # mode 0700
        _held.append(_lock(new))
        root = new.rename(new.with_name(new.name.replace("talkdemo-new-", PREFIX)))  # now that it is held
        os.environ["GRADIO_TEMP_DIR"] = str(root)
        atexit.register(shutil.rmtree, root, ignore_errors=True)
    return Path(os.environ["GRADIO_TEMP_DIR"])


def clear_leftovers(folder: Path) -> None:
    """Delete what processes that were killed could not delete themselves: our folders in `folder` that nobody holds.

    A process holds its folder's lock as long as it lives; the system takes it back however it ends. The number of a
    process says nothing: in a container every start has the same one.
    """
    for left in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # somebody else's, or another process that starts now clears it too
            if left.lstat().st_uid == os.getuid() and (lock := _lock(left)) is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(lock)


def _lock(folder: Path) -> int | None:
    """The descriptor of a folder's lock, to be kept open; None where another process holds it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


@dataclass
class Job:
    """A private folder and a stop signal."""

    folder: Path
    stop: threading.Event
    finished: bool = False  # then the folder stays for the visitor to fetch


class Visits:
    """Jobs by session. A page has several sessions, so that Stop in one tab leaves the others alone: its own name, and
    that name with a suffix ("-compare"). Holds no input and no result of anybody."""

    def __init__(self, root: Path, age: float = AGE) -> None:
        self.root, self.jobs = root, root / "jobs"
        self.age = age
        self._lock = threading.Lock()
        self._stops: dict[str, set[threading.Event]] = defaultdict(set)
        self._folders: dict[str, set[Path]] = defaultdict(set)
        self._busy: set[Path] = set()
        self._stopped: set[str] = set()  # sessions that pressed Stop last

    @contextlib.contextmanager
    def job(self, session: str, outlives: bool = False) -> Iterator[Job]:
        """A new job, whose stop signal is already set when Stop came while it waited. With `outlives` the folder stays
        when the visit ends (until it is old): a program fetches its files when it likes."""
        job = Job(self.jobs / secrets.token_urlsafe(16), threading.Event())
        job.folder.mkdir(parents=True, mode=0o700)
        with self._lock:
            self._busy.add(job.folder)
            self._stops[session].add(job.stop)
            if not outlives:
                self._folders[session].add(job.folder)
                if session in self._stopped:
                    job.stop.set()
        try:
            yield job
        finally:
            job.stop.set()
            with self._lock:
                self._busy.discard(job.folder)
                self._stops[session].discard(job.stop)
                if not job.finished:
                    self._folders[session].discard(job.folder)
                for known in (self._stops, self._folders):
                    if not known[session]:
                        del known[session]
            if not job.finished:
                shutil.rmtree(job.folder, ignore_errors=True)

    def stop(self, session: str) -> None:
        """Stop whatever this session has under way."""
        with self._lock:
            self._stopped.add(session)
            for stop in self._stops.get(session, ()):
                stop.set()

    def resume(self, session: str) -> None:
        """This session asks for a new job."""
        with self._lock:
            self._stopped.discard(session)

    def was_stopped(self, session: str) -> bool:
        """Whether `stop` came after the last `resume`."""
        with self._lock:
            return session in self._stopped

    def leave(self, session: str) -> None:
        """The visit is over: stop the jobs and delete the files of this session and of those named after it."""
        with self._lock:
            names = {name for name in (*self._stops, *self._folders, *self._stopped) if name.startswith(f"{session}-")}
        for name in (session, *names):
            self.stop(name)
            with self._lock:
                self._stops.pop(name, None)
                self._stopped.discard(name)
                folders = self._folders.pop(name, set())
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)

    def drop(self, session: str, folder: Path) -> None:
        """Delete one folder of a job that is over, before the visit ends."""
        with self._lock:
            self._folders.get(session, set()).discard(folder)
        if folder.parent == self.jobs:
            shutil.rmtree(folder, ignore_errors=True)

    def discard(self, upload: Path) -> None:
        """Delete a file that the page uploaded, once it is read; a file that lies elsewhere is left alone."""
        if upload.resolve().is_relative_to(self.root.resolve()):
            upload.unlink(missing_ok=True)

    def sweep(self, now: float | None = None) -> int:
        """Delete the folders older than `age` of jobs that are over, empty ones of uploads too; returns how many."""
        now = time.time() if now is None else now
        with self._lock:
            busy = set(self._busy)
        deleted = 0
        for folder in list(self.jobs.iterdir()) if self.jobs.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):  # its visitor may leave at this moment
                if folder not in busy and now - folder.stat().st_mtime > self.age:
                    shutil.rmtree(folder, ignore_errors=True)
                    deleted += 1
        uploads = [one for one in self.root.iterdir() if one != self.jobs] if self.root.is_dir() else []
        for folder in uploads:
            with contextlib.suppress(OSError):  # it holds something, or is no folder
                if now - folder.stat().st_mtime > self.age:
                    folder.rmdir()
        return deleted

    def keep_sweeping(self) -> threading.Thread:
        """Sweep every PERIOD in the background for as long as the process lives."""

        def run() -> None:
            while True:
                time.sleep(PERIOD)
                self.sweep()

        thread = threading.Thread(target=run, name="talkdemo-sweeper", daemon=True)
        thread.start()
        return thread
