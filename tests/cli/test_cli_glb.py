"""GLB and zip from the command line: the animated character, the character alone, mistakes in one line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pygltflib
import pytest

from talkdemo import __main__ as command
from talkdemo import pipeline
from talkdemo.face.head import FaceModel
from talkdemo.render import raster


@pytest.fixture
def with_stand_in(monkeypatch: pytest.MonkeyPatch, stand_in):
    monkeypatch.setattr(pipeline.SpeechToFace, "load", lambda model="diffusiontalker": stand_in)
    monkeypatch.setattr(raster, "check", lambda: None)
    stand_in.face = FaceModel.load()
    return stand_in


def test_animate_writes_glb_and_zip(with_stand_in, wav: Callable[..., Path], tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    out.mkdir()
    paths = f"--glb {out}/x.glb --wav {out}/x.wav --zip {out}/all.zip"
    assert command.main(f"animate {wav()} --identity Mei --character tomas --samples 2 {paths}".split()) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["files"] == {
        kind: f"{out}/{name}.{kind}" for kind, name in (("glb", "x"), ("wav", "x"), ("zip", "all"))
    }
    assert sorted(path.name for path in out.iterdir()) == ["all.zip", "x-2.glb", "x.glb", "x.wav"]
    file = pygltflib.GLTF2().load(str(out / "x.glb"))
    assert file.scenes[0].name == "tomas"
    seconds = file.accessors[file.animations[0].samplers[0].input].max[0]
    assert seconds == pytest.approx((summary["frames"] - 1) / 25)
    with zipfile.ZipFile(out / "all.zip") as archive:
        assert {"all.mp4", "all-2.mp4", "all.glb", "all.wav", "all.json", "README.txt"} <= set(archive.namelist())
        assert archive.read("all-2.glb") == (out / "x-2.glb").read_bytes()
        assert json.loads(archive.read("all.json")) == summary


def test_characters_writes_a_head_at_rest(tmp_path: Path, capsys) -> None:
    assert command.main(["characters", "--glb", "tomas", str(tmp_path / "x.glb")]) == 0
    file = pygltflib.GLTF2().load(str(tmp_path / "x.glb"))
    assert not file.animations and len(file.meshes[0].primitives[0].targets) == 52
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "file", "sentence"),
    [
        ("tomax", "x.glb", "did you mean 'tomas'?"),
        ("tomas", "x.gltf", "ending in .glb is wanted"),
        ("tomas", "no/x.glb", "does not exist"),
    ],
)
def test_mistakes_are_one_line(name: str, file: str, sentence: str, tmp_path: Path, capsys) -> None:
    assert command.main(["characters", "--glb", name, str(tmp_path / file)]) == 2
    output = capsys.readouterr()
    assert sentence in output.err and output.err.count("\n") == 1 and not list(tmp_path.iterdir())
