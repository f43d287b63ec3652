"""The design as a test: who may import whom, gradio in the UI alone, short files, empty `__init__` files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "talkdemo"
FILES = sorted(PACKAGE.rglob("*.py"))
CODE = sorted([*FILES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py"), ROOT / "app.py"])
LENGTH = 300  # lines of a file
TOP = 8  # files directly in the package

# What each room may import beside itself. A room is a folder or a file of talkdemo; "all -ui" is all rooms but ui.
GROUND = "records files"
ROOMS: dict[str, str] = {
    "__init__": "",
    "records": "",
    "files": "",
    "guard": GROUND,
    "checkpoint": "files",
    "diffusion": "records",
    "audio": f"{GROUND} guard checkpoint",
    "condition": "records checkpoint reference",
    "face": f"{GROUND} guard",
    "render": GROUND,
    "metrics": "records audio face",
    "export": f"{GROUND} face render",
    "gcgan": f"{GROUND} checkpoint face",
    "talker": "records checkpoint condition diffusion",
    "reference": f"{GROUND} guard face export",
    "compare": "records face metrics",
    "film": "records face render gcgan",
    "data": f"{GROUND} audio face render export gcgan",
    "pipeline": f"{GROUND} guard checkpoint talker reference audio condition diffusion face render export",
    "build": f"{GROUND} audio data face render gcgan metrics export reference pipeline",
    "train": f"{GROUND} checkpoint talker audio condition diffusion data face gcgan metrics",
    "evaluate": "all -train -build -bench -ui -cli -__main__",
    "bench": "all -train -build -evaluate -cli -__main__",
    "ui": f"{GROUND} checkpoint pipeline reference compare film gcgan metrics face render export",
    "serve": f"{GROUND} pipeline gcgan",
    "hub": "files checkpoint evaluate",
    "cli": "all -build -__main__",
    "__main__": "records cli",
}
# Rooms within rooms: what each may import of its neighbours. Files that lie beside the folders are rooms too.
INNER: dict[str, dict[str, str]] = {
    "ui": {
        "style": "",
        "parts": "style",
        "viewer": "parts style",
        "reference": "parts style viewer",
        "talk": "parts style reference viewer",
        "compare": "parts style reference viewer",
        "express": "parts style viewer",
        "app": "all",
    },
    "data": {
        "corpora": "",
        "speech": "corpora",
        "articulation": "speech",
        "portraits": "corpora",
    },
    "train": {
        "loop": "",
        "recipe": "loop",
        "speech": "loop recipe",
        "talker": "loop recipe",
        "distill": "loop recipe talker",
        "gcgan": "loop recipe",
    },
    "evaluate": {
        "names": "",
        "reporting": "",
        "cache": "",
        "performances": "",
        "references": "cache performances",
        "sets": "names performances",
        "systems": "cache names performances references sets",
        "style": "cache measurement names performances references reporting sets systems",
        "portraits": "names reporting scores",
        "*": "all -style -portraits",  # every file beside the folders
    },
}


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


@cache
def internal() -> dict[Path, set[tuple[str, ...]]]:
    """File → the modules of the package it imports, as the parts of their names below talkdemo."""
    return {
        path: {tuple(name.split(".")[1:]) for name in imports(path) if name.startswith("talkdemo.")} for path in FILES
    }


def parts(path: Path) -> tuple[str, ...]:
    return path.relative_to(PACKAGE).with_suffix("").parts


def allowed(words: str, rooms: set[str]) -> set[str]:
    listed = words.split()
    return rooms - {word[1:] for word in listed if word[0] == "-"} if "all" in listed else set(listed)


def test_import_table() -> None:
    strangers = []
    for path, names in internal().items():
        here = parts(path)[0]
        assert here in ROOMS, f"{here} is not in the table of rooms"
        wrong = {name[0] for name in names} - allowed(ROOMS[here], set(ROOMS)) - {here}
        strangers += [f"{'/'.join(parts(path))} imports {other}" for other in sorted(wrong)]
    assert not strangers, "\n".join(strangers)


def test_import_tables_inside_rooms() -> None:
    strangers = []
    for path, names in internal().items():
        room, *rest = parts(path)
        table = INNER.get(room)
        if table is None or rest == ["__init__"]:
            continue
        here = rest[0]
        words = table.get(here, table.get("*"))
        assert words is not None, f"{room}/{here} is not in the table of {room}"
        neighbours = {name[1] for name in names if name[0] == room}
        wrong = neighbours - allowed(words, neighbours) - {here}
        strangers += [f"{'/'.join(parts(path))} imports {other}" for other in sorted(wrong)]
    assert not strangers, "\n".join(strangers)


def test_imports_run_in_no_circle() -> None:
    """Of files; what is imported inside a function counts too."""
    modules = {parts(path): path for path in FILES}
    graph: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for path, names in internal().items():
        targets = {name if name in modules else name[:-1] for name in names}
        graph[parts(path)] = (targets & modules.keys()) - {parts(path)}
    left = dict(graph)
    while leaves := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in leaves:
            del left[name]
    circles = {name: targets & left.keys() for name, targets in left.items()}
    assert not circles, "\n".join(f"{'/'.join(k)} → {', '.join(map('/'.join, sorted(v)))}" for k, v in circles.items())


def test_gradio_stays_in_the_ui() -> None:
    users = {parts(path)[0] for path in FILES if any(name.split(".")[0] == "gradio" for name in imports(path))}
    assert users == {"ui"}


def test_init_files_import_nothing() -> None:
    """The top one sets an environment variable, which must stand before torch is loaded; it imports `os` for that."""
    for path in FILES:
        if path == PACKAGE / "__init__.py":
            assert imports(path) == {"os"}
        elif path.name == "__init__.py":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert len(body) == 1 and isinstance(body[0], ast.Expr), f"{path} is only a docstring"


def test_files_are_short_and_say_what_they_are() -> None:
    faults = []
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        lines, most = len(text.splitlines()), 40 if path == ROOT / "app.py" else LENGTH
        if lines > most and "tests" not in path.parts:
            faults.append(f"{path.relative_to(ROOT)} has {lines} lines, at most {most} are wanted")
        if not ast.get_docstring(ast.parse(text)):
            faults.append(f"{path.relative_to(ROOT)} does not open with a sentence that says what it is")
        if path.name in ("utils.py", "common.py", "helpers.py"):
            faults.append(f"{path.relative_to(ROOT)}: a file is named after its subject")
    assert not faults, "\n".join(faults)


def test_the_top_of_the_package_is_the_spine() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= TOP


def test_the_command_line_starts_without_heavy_libraries() -> None:
    """Parsing a command line leaves gradio, torch, mediapipe and pyrender alone."""
    code = (
        "import sys\n"
        "import talkdemo.__main__\n"
        "talkdemo.__main__.parser()\n"
        "heavy = {'gradio', 'torch', 'mediapipe', 'pyrender'} & set(sys.modules)\n"
        "sys.exit(f'{heavy} were imported' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_core_imports_without_gradio() -> None:
    """Every room but ui, each file of it; a build-time package that is not installed may be missing."""
    rooms = ("audio", "condition", "diffusion", "face", "render", "metrics", "export", "gcgan", "compare", "film")
    names = [
        ".".join(("talkdemo", *parts(path)))
        for path in FILES
        if parts(path)[0] in (*rooms, "records", "files", "checkpoint", "talker", "reference", "pipeline")
        and path.name != "__init__.py"
    ]
    load = f"for name in {names!r}: importlib.import_module(name)"
    code = f"import sys, importlib\n{load}\nsys.exit('gradio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_requirements_are_pinned() -> None:
    files = {path.stem.removeprefix("requirements"): path.read_text() for path in ROOT.glob("requirements*.txt")}
    lines = {file: [line for line in text.splitlines() if line and line[0] != "#"] for file, text in files.items()}
    flat = [line for some in lines.values() for line in some]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,]+])?==[0-9][\w.]*", line) for line in flat)
    named = {file: {re.split(r"[\[=]", line)[0] for line in some} for file, some in lines.items()}
    assert named[""] >= {"torch", "gradio", "numpy"} and named["-test"] >= {"pytest", "ruff"} and "ray" in named["-ray"]
    assert sum(map(len, named.values())) == len(flat) == len(set.union(*named.values()))


def test_space_runs_the_pinned_gradio() -> None:
    """README's front matter (read by the Space) names the versions that requirements.txt pins."""
    front = (ROOT / "README.md").read_text(encoding="utf-8").split("---")[1]
    (pinned,) = re.findall(r"^gradio==(.+)$", (ROOT / "requirements.txt").read_text(), re.M)
    assert re.search(rf'^sdk_version: *"?{re.escape(pinned)}"?$', front, re.M)
    assert re.search(r"^app_file: *app.py$", front, re.M)
