"""Private folders: random names, own mode, gone when stopped, when the visitor leaves, and when an hour has passed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from talkdemo.ui.parts.visits import AGE, PERIOD, Visits, clear_leftovers


def test_folders_are_private_and_never_shared(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    with contextlib.ExitStack() as stack:
        folders = {stack.enter_context(visits.job("a")).folder for _ in range(20)}
        assert len(folders) == 20 and all(folder.stat().st_mode & 0o077 == 0 for folder in folders)


def test_leaving_stops_and_deletes_only_ones_own(tmp_path: Path) -> None:
    """Those of the session and of the sessions named after it."""
    visits = Visits(tmp_path)
    with visits.job("me") as mine, visits.job("me-clip") as clip, visits.job("me2") as yours:
        clip.finished = True
        visits.leave("me")
        assert mine.stop.is_set() and clip.stop.is_set() and not mine.folder.exists() and not clip.folder.exists()
        assert not yours.stop.is_set() and yours.folder.exists()
        visits.stop("nobody")


def test_a_job_that_did_not_finish_leaves_nothing(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    for finished in (True, False):
        with visits.job("me") as job:
            (job.folder / "talk.mp4").write_bytes(b"x")
            job.finished = finished
        assert job.folder.exists() == finished and job.stop.is_set()
    with pytest.raises(ValueError), visits.job("me") as job:
        raise ValueError
    assert not job.folder.exists()


HOLD = """
import os, sys, tempfile
from talkdemo.ui.parts.visits import private_root
root = private_root()
(root / "theirs.wav").touch()
print(root, flush=True)
sys.stdin.read()
"""


def test_leftovers_of_killed_processes_are_deleted(tmp_path: Path) -> None:
    """Those of living ones are not, nor what is no folder of ours; the number of a process does not matter."""
    environment = {key: value for key, value in os.environ.items() if key != "GRADIO_TEMP_DIR"}
    start = [sys.executable, "-c", HOLD]
    how = {"env": environment | {"TMPDIR": str(tmp_path)}, "text": True, "stdin": subprocess.PIPE}
    roots = []
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            process = stack.enter_context(subprocess.Popen(start, stdout=subprocess.PIPE, **how))
            roots.append(Path(process.stdout.readline().strip()))
        (tmp_path / "talkdemo-notes").mkdir()
        (tmp_path / "talkdemo-app-link").symlink_to(tmp_path / "talkdemo-notes")
        process.kill()
        process.wait()
        assert all((root / "theirs.wav").is_file() for root in roots)
        clear_leftovers(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted(
            [roots[0], tmp_path / "talkdemo-app-link", tmp_path / "talkdemo-notes"]
        )
        assert (roots[0] / "theirs.wav").is_file()
    assert not roots[0].exists()


def test_what_deleted_uploads_leave_is_swept(tmp_path: Path) -> None:
    visits = Visits(tmp_path, age=100)
    for name in ("empty", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "x.wav").touch()
    visits.sweep(time.time() + 50)
    assert (tmp_path / "empty").is_dir()
    visits.sweep(time.time() + 101)
    assert not (tmp_path / "empty").exists() and (tmp_path / "full" / "x.wav").exists()


def test_stop_while_the_job_waits_stops_it_when_it_begins(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    visits.resume("me")
    visits.stop("me")
    with visits.job("me") as mine, visits.job("you") as yours:
        assert mine.stop.is_set() and not yours.stop.is_set()
    visits.resume("me")
    with visits.job("me") as mine:
        assert not mine.stop.is_set()


def test_nothing_is_older_than_an_hour() -> None:
    assert AGE + PERIOD <= 3600


def test_sweep_goes_on_when_a_folder_vanishes(tmp_path: Path, monkeypatch) -> None:
    visits = Visits(tmp_path, age=100)
    for _ in range(2):
        with visits.job("me") as job:
            job.finished = True
    first = next(iter(visits.jobs.iterdir()))
    listed = list(visits.jobs.iterdir())
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(listed))
    first.rmdir()
    assert visits.sweep(time.time() + 101) == 1


def test_sweep_deletes_old_jobs_that_are_over(tmp_path: Path) -> None:
    visits = Visits(tmp_path, age=100)
    with visits.job("me") as done:
        done.finished = True
    with visits.job("me") as busy:
        assert visits.sweep() == 0 and done.folder.exists()
        assert visits.sweep(time.time() + 101) == 1
        assert not done.folder.exists() and busy.folder.exists()
