"""`talkdemo track`: what it writes and says, with the tracker replaced by a quick one; and on a real photograph."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from talkdemo import __main__ as command
from talkdemo.data.corpora import shared
from talkdemo.export import livelink, npz
from talkdemo.face.arkit import INDEX
from talkdemo.face.landmarks import MIRROR
from talkdemo.face.track import photo as track_photo
from talkdemo.face.track import video as tracker
from talkdemo.records import FPS, Motion


@pytest.fixture
def tracked(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """Every video holds 30 frames of a nodding head; what was asked for is noted."""
    asked: list[dict] = []

    def track(path: Path, **given: object) -> tracker.Tracked:
        asked.append(given)
        given["progress"]("track", 1.0)
        coefficients, head = np.zeros((30, 52), np.float32), np.zeros((30, 3), np.float32)
        coefficients[:, INDEX["jawOpen"]], head[:, 0] = 0.5, np.linspace(0, 0.2, 30)
        offset = np.zeros(55, np.float32)
        offset[INDEX["browDownLeft"]] = 0.25
        motion = Motion(coefficients, head, FPS, {"source": path.name, "mirrored": given["mirrored"]})
        mask, sure = np.ones(55, bool), np.ones(30, np.float32)
        return tracker.Tracked(path.name, motion, mask, sure, 0.9, offset)

    monkeypatch.setattr(tracker, "track", track)
    return asked


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert command.main([str(argument) for argument in arguments]) == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1 and output.err.startswith("talkdemo: ")
    return output.err


def test_writes_motion(tracked, tmp_path: Path, capsys) -> None:
    video = tmp_path / "me.mp4"
    video.write_bytes(b"a film")
    out = f"--csv {tmp_path}/me.csv --npz {tmp_path}/me.npz"
    assert command.main(f"track {video} {out} --fps 50 --mirrored --progress".split()) == 0
    output = capsys.readouterr()
    summary = json.loads(output.out)
    assert "track 100 %" in output.err and tracked[0]["mirrored"] is True
    assert summary["frames"] == 30 and summary["length"] == 1.2 and summary["seen"] == 0.9 and summary["mirrored"]
    assert summary["times_real_time"] > 1 and summary["rest"] == {"browDownLeft": 0.25}
    assert livelink.read(tmp_path / "me.csv").fps == 50
    (motion,) = npz.read(tmp_path / "me.npz")
    assert len(motion) == 30 and motion.meta["source"] == "me.mp4"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["me.csv", "me.mp4", "me.npz"]


def test_wrong_input_is_one_sentence(tracked, tmp_path: Path, capsys) -> None:
    from PIL import Image

    video, photo = tmp_path / "me.mp4", tmp_path / "me.png"
    video.write_bytes(b"a film")
    Image.new("RGB", (64, 64)).save(photo)
    assert "no such file" in fails(capsys, "track", tmp_path / "no.mp4")
    assert "a folder was given" in fails(capsys, "track", tmp_path)
    assert "does not exist" in fails(capsys, "track", video, "--csv", tmp_path / "no" / "a.csv")
    assert ".npz is wanted" in fails(capsys, "track", video, "--npz", tmp_path / "a.csv")
    assert "--landmarks was given for a video" in fails(capsys, "track", video, "--landmarks", tmp_path / "a.json")
    assert "--csv was given for a photograph" in fails(capsys, "track", photo, "--csv", tmp_path / "a.csv")
    assert tracked == [] and len(list(tmp_path.iterdir())) == 2


def test_68_different_points() -> None:
    assert len(track_photo.TO_68) == 68 == len(set(track_photo.TO_68))


@pytest.mark.slow
def test_a_photograph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Landmarks of a photograph and of its mirror image agree; a turned photograph (EXIF) is read upright."""
    pytest.importorskip("mediapipe")
    from PIL import Image

    root = shared.root()
    if root is None or not (root / "face_landmarker.task").is_file():
        pytest.skip("face_landmarker.task and photographs are not there (shared data absent)")
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(root / "face_landmarker.task"))
    image = Image.open(sorted((root / "faces" / "neutral_front").glob("*.jpg"))[0]).convert("RGB")
    image.save(tmp_path / "plain.png")
    image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "mirror.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    found = {}
    for name in ("plain.png", "mirror.png", "turned.jpg"):
        assert command.main(["track", str(tmp_path / name), "--landmarks", str(tmp_path / "x.json")]) == 0
        made = json.loads((tmp_path / "x.json").read_text())
        assert (made["width"], made["height"]) == image.size
        found[name] = np.array(made["landmarks"])
        assert found[name].shape == (68, 2)
    plain = found["plain.png"]
    eyes = np.linalg.norm(plain[36] - plain[45])
    assert plain[36, 0] < plain[45, 0] and plain[8, 1] > plain[57, 1] > plain[33, 1] > plain[27, 1]
    mirrored = found["mirror.png"][list(MIRROR)] * [-1, 1] + [image.width, 0]
    assert np.linalg.norm(mirrored - plain, axis=1).max() < 0.06 * eyes
    assert np.linalg.norm(found["turned.jpg"] - plain, axis=1).max() < 0.04 * eyes
    Image.new("RGB", (200, 200), (90, 90, 90)).save(tmp_path / "wall.png")
    capsys.readouterr()
    assert "wall.png shows no face" in fails(capsys, "track", tmp_path / "wall.png")
