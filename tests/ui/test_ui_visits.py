"""Private folders: random names, own mode, gone when stopped, when the visitor leaves, and when an hour has passed."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from talkdemo.ui.parts.visits import AGE, PERIOD, Visits, clear_leftovers


def test_folders_are_private_and_never_shared(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    folders = {visits.begin("a")[0] for _ in range(20)}
    assert len(folders) == 20 and all(folder.stat().st_mode & 0o077 == 0 for folder in folders)


def test_leaving_stops_and_deletes_only_ones_own(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    mine, my_stop = visits.begin("me")
    yours, your_stop = visits.begin("you")
    visits.leave("me")
    assert my_stop.is_set() and not mine.exists()
    assert not your_stop.is_set() and yours.exists()
    visits.stop("nobody")


def test_a_job_that_did_not_finish_leaves_nothing(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    for keep in (True, False):
        folder, stop = visits.begin("me")
        (folder / "talk.mp4").write_bytes(b"x")
        visits.end("me", folder, stop, keep)
        assert folder.exists() == keep


def test_leftovers_of_dead_processes_are_deleted(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    names = (f"talkdemo-{dead.pid}-abc", f"talkdemo-{os.getpid()}-abc", "talkdemo-notes")
    for name in names:
        (tmp_path / name).mkdir()
    clear_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_stop_while_the_job_waits_stops_it_when_it_begins(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    visits.resume("me")
    visits.stop("me")
    assert visits.begin("me")[1].is_set() and not visits.begin("you")[1].is_set()
    visits.resume("me")
    assert not visits.begin("me")[1].is_set()


def test_nothing_is_older_than_an_hour() -> None:
    assert AGE + PERIOD <= 3600


def test_sweep_goes_on_when_a_folder_vanishes(tmp_path: Path, monkeypatch) -> None:
    visits = Visits(tmp_path, age=100)
    for _ in range(2):
        visits.end("me", *visits.begin("me"), keep=True)
    first = next(iter(visits.jobs.iterdir()))
    listed = list(visits.jobs.iterdir())
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(listed))
    first.rmdir()
    assert visits.sweep(time.time() + 101) == 1


def test_sweep_deletes_old_jobs_that_are_over(tmp_path: Path) -> None:
    visits = Visits(tmp_path, age=100)
    done, stop = visits.begin("me")
    visits.end("me", done, stop, keep=True)
    busy, _ = visits.begin("me")
    assert visits.sweep() == 0 and done.exists()
    assert visits.sweep(time.time() + 101) == 1
    assert not done.exists() and busy.exists()
