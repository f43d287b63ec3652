"""The wheel: what is needed at run time lies in it, and its command runs one of each verb far from any checkout."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from talkdemo import __main__ as command
from talkdemo.data.corpora import shared

ROOT = Path(__file__).parents[1]
BESIDE = ("app.py", "README.md", "LICENSE", "packages.txt", "pyproject.toml")
PATIENCE = 600  # seconds
VERBS: dict[str, str] = {  # verb → what is asked of it, and what it then says
    "animate": "animate welcome --out talk.mp4 --size 64 --npz talk.npz --glb talk.glb --zip all.zip → frames",
    "compare": "compare welcome --steps 4 2 --full → closures",
    "identities": "identities → Ada",
    "references": "references → calm",
    "characters": "characters --glb maya maya.glb → ",
    "express": "express maya --preset happy --out happy.png → happy.png",
    "track": "track {faces}/maya.webp --landmarks maya.json → 512",
    "models": "models --json → diffusiontalker-8",
    "bench": "bench face_model → face_model",
    "push": "push diffusiontalker-8 me/talker --card → apache-2.0",
    "pull": "pull --help → --revision",
    "space": "space me/talk --dry-run → app.py",
    "batch": "batch --help → --workers",
    "serve": "serve --help → --samplers",
    "evaluate": "evaluate --help → --systems",
    "train": "train diffusiontalker --help → --run",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "talkdemo", source / "talkdemo", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*(ROOT / name for name in BESIDE), *ROOT.glob("requirements*.txt")):
        shutil.copy(path, source)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in an environment of its own, which sees this one's packages but no checkout."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip("--python", str(folder / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel))
    return folder / "bin" / "talkdemo"


def pip(*arguments: str) -> None:
    quiet = ("--disable-pip-version-check", "--quiet")
    done = subprocess.run(
        [sys.executable, "-m", "pip", *quiet, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def outside() -> dict[str, str]:
    """Without what leads to a checkout, with MediaPipe's model where the shared data has it."""
    rest = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "TALKDEMO_WEIGHTS")}
    return rest | {"TALKDEMO_FACE_LANDMARKER": str(shared.root() / "face_landmarker.task")} if shared.root() else rest


def test_every_verb_is_tried() -> None:
    assert {*VERBS, "app"} == set(command.VERBS)


@pytest.mark.slow
def test_the_wheel_holds_what_git_does(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(["git", "ls-files", "talkdemo"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a checkout")
    assert not set(tracked.stdout.split()) - held and not [name for name in held if "tests/" in name]
    assert wheel.stat().st_size < 90e6


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_of_the_installed_command(verb: str, installed: Path, tmp_path: Path) -> None:
    if verb == "track" and not (shared.root() and (shared.root() / "face_landmarker.task").is_file()):
        pytest.skip("face_landmarker.task is not there (shared data absent)")
    line, says = VERBS[verb].split(" → ")
    faces = next(installed.parents[1].glob("lib/python*/site-packages/talkdemo/assets/examples/faces"))
    arguments = line.format(faces=faces).split()
    done = subprocess.run(
        [installed, *arguments], cwd=tmp_path, env=outside(), capture_output=True, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert says in done.stdout
    for name in (word for word in arguments if Path(word).suffix in (".mp4", ".npz", ".glb", ".zip", ".png")):
        assert (tmp_path / name).stat().st_size > 5000


@pytest.mark.slow
def test_the_installed_app_talks(installed: Path, tmp_path: Path) -> None:
    """Its page has the examples and the gallery; an endpoint answers."""
    from gradio_client import Client, handle_file

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        variables = outside() | {"GRADIO_SERVER_PORT": str(probe.getsockname()[1])}
    app = subprocess.Popen([installed, "app"], cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True)
    try:
        assert app.stdout is not None
        line = next(line for line in app.stdout if "TalkDemo is at" in line)
        address = next(word for word in line.split() if word.startswith("http"))
        assert "maya" in httpx.get(f"{address}config").text
        (speech,) = installed.parents[1].glob("lib/python*/site-packages/talkdemo/assets/examples/speech/welcome.flac")
        assert httpx.get(f"{address}gradio_api/file={speech}").content == speech.read_bytes()
        client = Client(address, verbose=False)
        *_, summary, _ = client.predict(handle_file(speech), video=False, api_name="/talk")
        assert summary["frames"] == 157
    finally:
        app.send_signal(signal.SIGTERM)
        assert app.wait(30) == 0
