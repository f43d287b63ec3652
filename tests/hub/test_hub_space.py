"""A Space is made, updated, refused, broken off and resumed against a stand-in for the Hub; what it holds runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from talkdemo import __main__ as command
from talkdemo.hub import space

NAME, KEY = "me/talk", "spaces/me/talk"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, bytes]:
    """Three small files in place of the app: two of them are binary."""
    content = {"README.md": b"---\nsdk: gradio\n---\n", "a.npz": b"\0\1" * 3000, "b.webp": b"\xff\0" * 9000}
    files: dict[str, Path | bytes] = dict(content)
    files["a.npz"] = tmp_path / "a.npz"
    files["a.npz"].write_bytes(content["a.npz"])
    monkeypatch.setattr(space, "files", lambda hardware=None: dict(files))
    return content


def run(*more: str) -> int:
    return command.main(["space", NAME, *more])


def test_a_new_space_and_its_settings(hub, small: dict, monkeypatch, capsys) -> None:
    monkeypatch.setenv("SIGNING_KEY", "s3cret")
    assert run("--hardware", "zero-a10g", "--private", "--secret", "SIGNING_KEY") == 0
    there = hub.repositories[KEY]
    assert capsys.readouterr().out == f"{hub.address}/spaces/{NAME}\n"
    assert {name: there.files[name] for name in small} == small and there.commits == 1
    assert there.settings["sdk"] == "gradio" and there.settings["visibility"] == "private"
    assert there.settings["hardware"] == "zero-a10g" and there.secrets == {"SIGNING_KEY": "s3cret"}


def test_an_existing_space_is_brought_up_to_date(hub, small: dict) -> None:
    assert run() == 0
    hub.repositories[KEY].files |= {"old.py": b"print()", "README.md": b"---\nsdk: docker\n---\n"}
    uploads = len(hub.puts)
    assert run() == 0
    there = hub.repositories[KEY]
    assert set(there.files) == {*small, ".gitattributes"} and there.files["README.md"] == small["README.md"]
    assert len(hub.puts) == uploads == 2 and there.commits == 2


def test_nothing_new_is_no_commit(hub, small: dict) -> None:
    assert run() == run() == 0
    assert hub.repositories[KEY].commits == 1


@pytest.mark.parametrize(
    ("token", "said"), [("", "none was given"), ("hf_wrong", "know the token"), ("hf_reader", "may not")]
)
def test_a_refused_token_is_one_sentence(hub, small: dict, monkeypatch, capsys, token: str, said: str) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setattr("huggingface_hub.utils._headers.get_token", lambda: token or None)
    assert run() == 2
    told = capsys.readouterr().err
    assert said in told and NAME in told and told.count("\n") == 1 and not hub.repositories


def test_a_broken_upload_leaves_the_space_as_it_was_and_is_resumed(hub, small: dict, capsys) -> None:
    hub.breaks = 1
    assert run() == 2
    told = capsys.readouterr().err
    assert told.startswith(f"talkdemo: {NAME}: the Hub cannot be reached") and told.count("\n") == 1
    assert hub.repositories[KEY].commits == 0 and len(hub.objects) == 1
    hub.breaks, sent = None, len(hub.puts)
    assert run() == 0
    assert len(hub.puts) == sent + 1, "what was uploaded before is not sent again"
    assert {name: hub.repositories[KEY].files[name] for name in small} == small


def test_a_busy_hub_is_asked_again(hub, small: dict) -> None:
    hub.busy = 2
    assert run() == 0
    assert len(hub.puts) == 4 and hub.repositories[KEY].commits == 1


def test_a_hub_that_is_away_is_one_sentence(hub, small: dict, monkeypatch, capsys) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert run() == 2
    assert capsys.readouterr().err == f"talkdemo: {NAME}: the Hub cannot be reached (ConnectError)\n"


@pytest.mark.parametrize("arguments", (["me"], ["me/talk/x"], ["me/../x"], ["me/talk", "--secret", "NOT_SET_ANYWHERE"]))
def test_bad_arguments_are_one_sentence(arguments: list[str], capsys) -> None:
    assert command.main(["space", *arguments]) == 2
    assert "wanted" in capsys.readouterr().err


def test_the_whole_app_by_the_command_itself(hub) -> None:
    variables = os.environ | {"HF_ENDPOINT": hub.address, "HF_TOKEN": hub.token, "HF_HUB_DISABLE_XET": "1"}
    line = [sys.executable, "-m", "talkdemo", "space", NAME]
    done = subprocess.run(line, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    there = hub.repositories[KEY].files
    assert {**there, ".gitattributes": None} == {**contents(), ".gitattributes": None}


def contents(hardware: str | None = None) -> dict[str, bytes]:
    return {
        name: one if isinstance(one, bytes) else one.read_bytes() for name, one in space.files(hardware).items()
    }  # fmt: skip


def test_a_dry_run_lists_what_the_app_needs(capsys) -> None:
    assert run("--dry-run") == 0
    *rows, total = capsys.readouterr().out.splitlines()
    count, megabytes = re.fullmatch(r"(\d+) files, ([\d.]+) MB", total).groups()
    assert int(count) == len(rows) and float(megabytes) <= 90
    names = [row.split()[-1] for row in rows]
    assert {"app.py", "README.md", "requirements.txt", "packages.txt"} <= set(names)
    assert not [name for name in names if re.match(r"talkdemo/(train|build|data|bench)/|tests/|\.", name)]


def test_the_torch_of_a_space() -> None:
    """A CPU needs no CUDA libraries; ZeroGPU does."""
    assert b"whl/cpu" in contents()["requirements.txt"].splitlines()[0]
    assert b"whl/cpu" not in contents("zero-a10g")["requirements.txt"]


@pytest.mark.slow
def test_what_a_space_holds_is_enough_for_the_app(tmp_path: Path) -> None:
    """Every module of the upload is imported where nothing else of the project is, and the app is built."""
    for name, one in space.files().items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(one) if isinstance(one, bytes) else shutil.copyfile(one, target)
    code = (
        "import sys, pkgutil, importlib, talkdemo\n"
        "sys.path[:] = [path for path in sys.path if not path.endswith(sys.argv[1])]\n"
        "assert talkdemo.__path__[0].startswith(sys.argv[2]), talkdemo.__path__\n"
        "for one in pkgutil.walk_packages(talkdemo.__path__, 'talkdemo.'):\n"
        "    if one.name != 'talkdemo.__main__': importlib.import_module(one.name)\n"
        "from talkdemo.__main__ import parser\n"
        "parser()\n"
        "from talkdemo.ui.app import build\n"
        "print(len(build().fns))"
    )
    rest = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    line = [sys.executable, "-c", code, str(Path(__file__).parents[2]), str(tmp_path)]
    done = subprocess.run(line, cwd=tmp_path, env=rest, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50


def test_the_image_holds_what_a_space_holds() -> None:
    root = Path(__file__).parents[2]
    left_out = [f"talkdemo/{'**/' if one.startswith('*.') else ''}{one}" for one in space.LEFT_OUT]
    needed = [f"!talkdemo/{one}" for one in space.NEEDED]
    wanted = ["*", *(f"!{name}" for name in space.BESIDE), "!talkdemo", *left_out, *needed]
    assert (root / ".dockerignore").read_text().split() == wanted
    lines = (root / "Dockerfile").read_text()
    assert re.search(r"^FROM python:3\.11\.\d+-slim-\w+$", lines, re.M) and "USER talkdemo" in lines
    assert "HEALTHCHECK" in lines and space.CPU_TORCH.split()[1] in lines


def test_nothing_is_installed_that_the_app_never_imports() -> None:
    """The first part of requirements.txt; the second holds still what these stand on."""
    from importlib.metadata import packages_distributions

    modules: dict[str, set[str]] = {}
    for module, owners in packages_distributions().items():
        for owner in owners:
            modules.setdefault(re.sub(r"[-_.]+", "-", owner).lower(), set()).add(module)
    code = "\n".join(one.decode() for name, one in contents().items() if name.endswith(".py"))
    pins = (Path(__file__).parents[2] / "requirements.txt").read_text().split("\n\n")[0]
    for name in re.findall(r"^([\w.-]+)==", pins, re.M):
        known = modules[re.sub(r"[-_.]+", "-", name).lower()]
        used = [one for one in known if re.search(rf'(import|from) ({one}\b|\w+ as {one}\b)|find_spec\("{one}"', code)]
        assert used or (name == "mcp" and "gradio.mcp" in code), f"{name} is installed and never imported"
