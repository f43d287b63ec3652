"""The design as a test: who may import whom, gradio in the UI alone, short files, empty `__init__` files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "talkdemo"
FILES = sorted(PACKAGE.rglob("*.py"))
CODE = sorted([*FILES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py"), ROOT / "app.py"])

# A room is a folder of talkdemo or a file at its top. "…" stands for every room that is not excluded by "!room".
ALLOWED: dict[str, str] = {
    "__init__": "",
    "records": "",
    "checkpoint": "",
    "audio": "records",
    "condition": "records",
    "diffusion": "records",
    "face": "records",
    "render": "records",
    "metrics": "records",
    "export": "records face",
    "manner": "records face metrics",
    "reference": "records face export",
    "gcgan": "records checkpoint face",
    "portrait_film": "records gcgan render face",
    "data": "records audio face render gcgan",
    "talker": "records checkpoint condition diffusion",
    "pipeline": "records checkpoint talker reference audio condition diffusion face render export",
    "compare": "records face metrics render",
    "train": "… !pipeline !evaluate !bench !ui !cli !__main__",
    "evaluate": "… !train !ui !cli !__main__",
    "bench": "… !train !ui !cli !__main__",
    "ui": "records gcgan portrait_film pipeline reference compare manner face render export metrics evaluate",
    "cli": "…",
    "__main__": "…",
}
# These encoders open their own checkpoints: weights are found by one function for all models.
ALSO = {("audio", "checkpoint"), ("condition", "checkpoint")}
LENGTH = 400


def room(path: Path) -> str:
    return room_of(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))


def room_of(name: str) -> str:
    """evaluate_sets.py belongs to evaluate."""
    return name if name in ALLOWED else name.split("_")[0]


def imports(path: Path) -> set[str]:
    """Full names of the modules a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def allowed(name: str) -> set[str]:
    words = ALLOWED[name].split()
    if "…" in words:
        return {other for other in ALLOWED if f"!{other}" not in words}
    return set(words)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_import_table(path: Path) -> None:
    here = room(path)
    assert here in ALLOWED, f"{here} is not in the table of rooms"
    rooms = {room_of(name.split(".")[1]) for name in imports(path) if name.startswith("talkdemo.")}
    strangers = {other for other in rooms - allowed(here) - {here} if (here, other) not in ALSO}
    assert not strangers, f"{here} may not import {sorted(strangers)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_gradio_stays_in_the_ui(path: Path) -> None:
    if room(path) != "ui":
        assert not any(name.split(".")[0] == "gradio" for name in imports(path))


def test_init_files_import_nothing() -> None:
    """The top one sets an environment variable, which must stand before torch is loaded; it imports `os` for that."""
    for path in FILES:
        if path == PACKAGE / "__init__.py":
            assert imports(path) == {"os"}
        elif path.name == "__init__.py":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert len(body) == 1 and isinstance(body[0], ast.Expr), f"{path} is only a docstring"


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_and_say_what_they_do(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= (40 if path.name == "app.py" and path.parent == ROOT else LENGTH)
    assert ast.get_docstring(ast.parse(text)), "a module opens with a line that says what goes in and what comes out"
    assert path.name not in ("utils.py", "common.py", "helpers.py")


def test_core_imports_without_gradio() -> None:
    """Importing the whole core leaves gradio, mediapipe and pyrender alone."""
    code = (
        "import sys\n"
        "import talkdemo.records, talkdemo.face.arkit, talkdemo.export.livelink, talkdemo.export.npz\n"
        "import talkdemo.export.summary, talkdemo.__main__\n"
        "talkdemo.__main__.parser()\n"
        "heavy = {'gradio', 'torch', 'mediapipe', 'pyrender'} & set(sys.modules)\n"
        "sys.exit(f'{heavy} were imported' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_requirements_are_pinned() -> None:
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", line) for line in lines)
    named = {line.split("==")[0] for line in lines}
    assert {"torch", "gradio", "numpy", "pytest", "ruff"} <= named and len(named) == len(lines)


def test_space_runs_the_pinned_gradio() -> None:
    """README's front matter (read by the Space) names the versions that requirements.txt pins."""
    readme = ROOT / "README.md"
    if not readme.exists() or not readme.read_text(encoding="utf-8").startswith("---"):
        pytest.skip("README.md has no front matter")
    front = readme.read_text(encoding="utf-8").split("---")[1]
    pinned = re.search(r"^gradio==(.+)$", (ROOT / "requirements.txt").read_text(), re.M).group(1)  # type: ignore
    assert re.search(rf'^sdk_version: *"?{re.escape(pinned)}"?$', front, re.M)
    assert re.search(r"^app_file: *app.py$", front, re.M)
