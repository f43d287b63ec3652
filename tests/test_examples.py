"""Every example runs as it is and leaves the files it names; there are at least six clips of speech."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() and any(file.stat().st_size > 1000 for file in tmp_path.iterdir())


@pytest.mark.slow
def test_the_lines_in_the_readme_run(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "talking.mp4").stat().st_size > 10_000


def test_the_readme_names_what_exists() -> None:
    text = README.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^):#]+)\)", text)
    tree = [line.strip().split("  ")[0] for line in text.split("\ntalkdemo/\n")[1].split("```")[0].splitlines()]
    named = [name for name in tree if name.endswith((".py", "/")) and "*" not in name and " " not in name]
    assert links and len(named) > 10 and len(text.splitlines()) <= 150
    for name in (*links, *named):
        assert (ROOT / name).exists() or (ROOT / "talkdemo" / name).exists(), name


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_six_clips_that_decode() -> None:
    from talkdemo.audio.decode import decode

    clips = sorted((ROOT / "examples" / "speech").glob("*.flac"))
    assert len(clips) >= 6
    assert all(1 <= decode(clip).seconds <= 30 for clip in clips)
