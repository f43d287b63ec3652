"""A folder of clips: each is animated once, whatever fails or is killed; the same with workers of Ray."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from talkdemo import __main__ as command
from talkdemo.export import npz
from talkdemo.pipeline import SpeechToFace
from talkdemo.serve.folder import LOG, Batch, animate, read_log


@pytest.fixture
def clips(tmp_path: Path, wav) -> Path:
    """Five good ones, one of them deeper, and two that are none."""
    folder = tmp_path / "clips"
    (folder / "deep").mkdir(parents=True)
    for name in ("a", "b", "c", "d"):
        wav(name, 0.4).rename(folder / f"{name}.wav")
    wav("e", 0.6).rename(folder / "deep" / "a.wav")
    (folder / "broken.wav").write_bytes(b"RIFF....WAVE")
    (folder / "text.txt").write_text("no sound")
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, stand_in):
    monkeypatch.setattr(SpeechToFace, "load", lambda *_: stand_in)
    return stand_in


def test_every_clip_but_the_broken_ones(clips: Path, tmp_path: Path, quick, capsys) -> None:
    out = tmp_path / "out"
    line = ["batch", str(clips), "--out", str(out), "--steps", "9", "--kinds", "npz", "csv"]
    assert command.main(line) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["done"] == 5 and set(told["failed"]) == {"broken.wav", "text.txt"}
    assert len(npz.read(out / "deep" / "a.wav.npz")[0]) == 15 and (out / "a.wav.csv").is_file()
    assert len(quick.requests) == 5 and {one.steps for one in quick.requests} == {9}
    assert command.main(line) == 1 and len(quick.requests) == 5, "nothing is done twice"
    assert json.loads(capsys.readouterr().out) == told


def test_what_failed_is_tried_again_when_asked_for(clips: Path, tmp_path: Path, quick, wav) -> None:
    batch = Batch(clips, tmp_path / "out")
    assert len(list(animate(batch))) == 7
    wav("mended", 0.4).rename(clips / "broken.wav")
    assert not list(animate(batch))
    assert {row["clip"]: "error" in row for row in animate(batch, again=True)} == {
        "broken.wav": False,
        "text.txt": True,
    }


def test_a_log_that_was_torn_and_files_without_a_line(clips: Path, tmp_path: Path, quick) -> None:
    batch = Batch(clips, tmp_path / "out")
    rows = animate(batch)
    for _ in range(2):
        next(rows)
    rows.close()
    log = batch.out / LOG
    lines = log.read_text().splitlines()
    log.write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:9])  # its files are there
    done = len(quick.requests)
    rest = list(animate(batch))
    assert len(rest) == 5 and len(quick.requests) == done + sum("error" not in row for row in rest)
    assert sum("found" in row for row in read_log(batch.out)) == 1


def test_other_settings_want_another_folder(clips: Path, tmp_path: Path, quick, capsys) -> None:
    list(animate(Batch(clips, tmp_path / "out", choices={"steps": 8})))
    with pytest.raises(ValueError, match="other settings"):
        list(animate(Batch(clips, tmp_path / "out", choices={"steps": 4})))
    assert command.main(["batch", str(tmp_path / "nowhere"), "--out", str(tmp_path)]) == 2
    assert "no such folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no file in it"):
        list(animate(Batch(tmp_path / "empty", tmp_path / "out")))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "ray"])
def test_killed_and_resumed(clips: Path, tmp_path: Path, workers: tuple[str, ...]) -> None:
    """With the shipped weights: killed without warning, every clip is there once after the second run."""
    if workers:
        pytest.importorskip("ray", reason="ray is not installed (pip install talkdemo[ray])")
    out = tmp_path / "out"
    line = [sys.executable, "-m", "talkdemo", "batch", str(clips), "--out", str(out), *workers]
    first = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + 300
    while len(read_log(out)) < 4 and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert told["done"] == 5 and set(told["failed"]) == {"broken.wav", "text.txt"}, done.stderr
    logged = [row["clip"] for row in read_log(out)[1:]]
    assert len(logged) == len(set(logged)) == 7
