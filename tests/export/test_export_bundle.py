"""One zip: every kind of file in it, none of a stopped request, README for other programs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from talkdemo.export import bundle, npz
from talkdemo.records import SAMPLE_RATE, Motion, Outputs, Speech


@pytest.fixture
def motions() -> list[Motion]:
    return [Motion(np.full((5, 52), k / 2, np.float32), np.zeros((5, 3), np.float32)) for k in range(2)]


def fill(outputs: Outputs, motions: list[Motion]) -> None:
    """Stand-ins for what the pipeline writes."""
    speech = Speech(np.linspace(-0.5, 0.5, 3200, dtype=np.float32))
    bundle.write_motions(outputs, motions, speech)
    for path in (outputs.video, outputs.glb):
        for place in bundle.numbered(path, len(motions)):
            place.write_bytes(place.name.encode())
    Path(outputs.json).write_text("{}")


def test_a_zip_holds_everything(motions: list[Motion], tmp_path: Path) -> None:
    outputs = Outputs(npz=tmp_path / "mine.npz", zip=tmp_path / "ada.zip")
    with bundle.complete(outputs, motions) as files:
        fill(files, motions)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ada.zip", "mine.npz"]
    with zipfile.ZipFile(outputs.zip) as archive:
        assert archive.testzip() is None
        kinds = ("mp4", "glb", "csv")
        names = [f"ada{number}.{kind}" for kind in kinds for number in ("", "-2")]
        assert sorted(archive.namelist()) == sorted([*names, "ada.npz", "ada.json", "ada.wav", "README.txt"])
        assert archive.read("ada.npz") == (tmp_path / "mine.npz").read_bytes()
        text = archive.read("README.txt").decode()
        archive.extract("ada.wav", tmp_path)
    assert 20 <= len(text.splitlines()) <= 40 and "ada: a talking head by TalkDemo, 0.20 s, 25 frames" in text
    assert all(program in text for program in ("Unreal", "Unity", "Blender", "Maya", "three.js"))
    assert all(f"ada.{kind}" in text for kind in (*kinds, "npz", "json", "wav"))
    samples, rate = soundfile.read(tmp_path / "ada.wav")
    assert rate == SAMPLE_RATE and np.abs(samples - np.linspace(-0.5, 0.5, 3200)).max() < 1e-4


def test_without_a_zip_only_what_was_asked_for(motions: list[Motion], tmp_path: Path) -> None:
    outputs = Outputs(npz=tmp_path / "x.npz")
    with bundle.complete(outputs, motions) as files:
        assert files is outputs
        bundle.write_motions(files, motions, Speech(np.zeros(3200, np.float32)))
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"] and len(npz.read(outputs.npz)) == 2


def test_a_request_that_stops_leaves_no_zip(motions: list[Motion], tmp_path: Path) -> None:
    with pytest.raises(KeyError), bundle.complete(Outputs(zip=tmp_path / "x.zip"), motions) as files:
        bundle.write_motions(Outputs(wav=files.wav), motions, Speech(np.zeros(3200, np.float32)))
        folder = Path(files.wav).parent
        raise KeyError
    assert not list(tmp_path.iterdir()) and not folder.exists()
