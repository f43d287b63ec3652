"""`talkdemo express`: images and videos, the summary, and one sentence for each mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from talkdemo import __main__ as command
from talkdemo.cli import express as verb
from talkdemo.data.corpora import shared
from talkdemo.data.portraits import occluders
from talkdemo.export import npz
from talkdemo.face.arkit import INDEX
from talkdemo.gcgan.gallery import open_gallery
from talkdemo.gcgan.portrait import open_portrait
from talkdemo.records import FPS, MAX_AMOUNT, Motion


@pytest.fixture(autouse=True)
def small_model(gcgan_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKDEMO_WEIGHTS", str(gcgan_file.parent))


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    coefficients = np.zeros((6, 52), np.float32)
    coefficients[:, INDEX["jawOpen"]] = np.linspace(0, 1, 6)
    npz.write(tmp_path / "motion.npz", [Motion(coefficients, np.zeros((6, 3), np.float32), FPS)])
    return tmp_path / "motion.npz"


@pytest.fixture
def marks(tmp_path: Path) -> Callable[..., Path]:
    """marks(name, points, size) → a JSON of landmarks; maya's own by default."""

    def write(name: str = "maya", points: object = None, size: tuple[int, int] = (512, 512)) -> Path:
        points = open_gallery("maya").landmarks if points is None else points
        held = {"width": size[0], "height": size[1], "landmarks": np.asarray(points).tolist()}
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(held))
        return path

    return write


def express(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    assert command.main(["express", *(str(argument) for argument in arguments)]) == 0
    return json.loads(capsys.readouterr().out)


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert command.main(["express", *(str(argument) for argument in arguments)]) == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1 and output.err.startswith("talkdemo: ")
    return output.err


def test_a_preset(tmp_path: Path, capsys) -> None:
    out = tmp_path / "x.png"
    summary = express(capsys, "maya", "--preset", "happy", "--amount", 1.5, "--out", out)
    assert (
        summary["preset"] == "happy"
        and summary["amount"] == 1.5
        and (summary["width"], summary["height"]) == (512, 512)
    )
    picture, own = np.asarray(Image.open(out)), open_gallery("maya").image
    assert picture.shape == own.shape and (picture != own).any()
    express(capsys, "maya", "--preset", "happy", "--amount", 0, "--out", out)
    assert (np.asarray(Image.open(out)) == own).all()
    assert command.main(["express", "--presets"]) == 0
    assert capsys.readouterr().out.split() == ["neutral", "happy", "aa"]
    assert list(tmp_path.iterdir()) == [out]


def test_landmarks_of_its_own(marks, tmp_path: Path, capsys) -> None:
    """FACE's landmarks as they are give FACE; edited ones do not."""
    own, out = open_gallery("maya"), tmp_path / "x.png"
    express(capsys, "maya", "--landmarks", marks(), "--out", out)
    assert (np.asarray(Image.open(out)) == own.image).all()
    points = own.landmarks.copy()
    points[48:] += (0, 6)
    summary = express(capsys, "maya", "--landmarks", marks("edited", points), "--out", out)
    assert summary["landmarks"].endswith("edited.json") and (np.asarray(Image.open(out)) != own.image).any()


def test_another_face_and_a_frame(motion: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the shipped model: the random one hardly moves a face."""
    monkeypatch.delenv("TALKDEMO_WEIGHTS", raising=False)
    for how in (("--from", "leo"), ("--npz", motion, "--frame", 5)):
        summary = express(capsys, "maya", *how, "--out", tmp_path / "x.png")
        assert (np.asarray(Image.open(tmp_path / "x.png")) != open_gallery("maya").image).any()
    assert summary["frame"] == 5 and "frames" not in summary


def test_what_is_covered_is_told(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """On stderr and in the summary, beside an image that is made all the same."""
    maya, out = open_gallery("maya"), tmp_path / "x.png"
    image = occluders.mask(maya.image, maya.landmarks, np.random.default_rng(0))
    monkeypatch.setattr(verb, "open_face", lambda _: replace(maya, image=image))
    assert command.main(["express", "maya", "--preset", "happy", "--out", str(out)]) == 0
    output = capsys.readouterr()
    assert output.err.startswith("talkdemo: The mouth is covered") and output.err.count("\n") == 1
    assert json.loads(output.out)["warning"] in output.err and out.exists()
    monkeypatch.setattr(verb, "open_face", lambda _: maya)
    assert command.main(["express", "maya", "--preset", "neutral", "--out", str(out)]) == 0
    output = capsys.readouterr()
    assert output.err == "" and "warning" not in json.loads(output.out)


def test_a_video(motion: Path, wav, tmp_path: Path, capsys, read_video) -> None:
    """The whole motion, with the speech that it was made of."""
    out = tmp_path / "x.mp4"
    summary = express(capsys, "leo", "--npz", motion, "--audio", wav("hum", 6 / FPS), "--out", out)
    assert summary["frames"] == 6 and summary["fps"] == FPS
    frames, sound = read_video(out)
    assert frames.shape == (6, summary["height"], summary["width"], 3) and sound is not None
    out.unlink()
    assert "lasts 3.00 s" in fails(capsys, "leo", "--npz", motion, "--audio", wav("long", 3.0), "--out", out)
    assert not out.exists()


def test_mistakes_are_one_sentence(motion: Path, marks, tmp_path: Path, capsys) -> None:
    png, mp4 = tmp_path / "x.png", tmp_path / "x.mp4"
    own = open_gallery("maya").landmarks
    happy, no = ("--preset", "happy"), tmp_path / "no"
    (tmp_path / "bad.json").write_text('{"landmarks": [[1, 2]], "width": 512, "height": 512}')
    (tmp_path / "worse.json").write_text("{")
    Image.new("RGB", (64, 64)).save(tmp_path / "text.npz", "png")
    for wanted, *arguments in (
        ("no FACE given", *happy, "--out", png),
        ("no --out given", "maya", *happy),
        ("no expression given", "maya", "--out", png),
        ("--from and --preset given", "maya", "--from", "leo", *happy, "--out", png),
        ("did you mean 'happy'", "maya", "--preset", "hapy", "--out", png),
        (f"from 0 to {MAX_AMOUNT:g} is wanted", "maya", *happy, "--amount", 1.6, "--out", png),
        (f"from 0 to {MAX_AMOUNT:g} is wanted", "maya", *happy, "--amount", "nan", "--out", png),
        ("ending in .png", "maya", *happy, "--out", tmp_path / "x.gif"),
        ("does not exist", "maya", *happy, "--out", no / "x.png"),
        ("nor is it one of the gallery (maya", "nobody", *happy, "--out", png),
        ("a folder was given", tmp_path, *happy, "--out", png),
        ("which is one image", "maya", *happy, "--out", mp4),
        ("--frame I", "maya", "--npz", motion, "--out", png),
        ("--frame given with", "maya", "--npz", motion, "--frame", 1, "--out", mp4),
        ("--frame given with --preset", "maya", *happy, "--frame", 1, "--out", png),
        ("0 to 5 is wanted", "maya", "--npz", motion, "--frame", 6, "--out", png),
        ("a whole number", "maya", "--npz", motion, "--frame", -1, "--out", png),
        ("not a motion file", "maya", "--npz", tmp_path / "text.npz", "--frame", 0, "--out", png),
        ("no such file", "maya", "--npz", no, "--frame", 0, "--out", png),
        ("--audio given with", "maya", *happy, "--audio", motion, "--out", png),
        ("landmarks of shape (1, 2)", "maya", "--landmarks", tmp_path / "bad.json", "--out", png),
        ("no landmarks could be read", "maya", "--landmarks", tmp_path / "worse.json", "--out", png),
        ("an image of 640×480", "maya", "--landmarks", marks("other", own, (640, 480)), "--out", png),
        ("far outside", "maya", "--landmarks", marks("far", own + 4000), "--out", png),
        ("eye distances from", "maya", "--landmarks", marks("away", own + 90), "--out", png),
    ):
        before = sorted(tmp_path.iterdir())
        assert wanted in fails(capsys, *arguments)
        assert sorted(tmp_path.iterdir()) == before
    assert not png.exists() and not mp4.exists()


@pytest.fixture
def photograph(monkeypatch: pytest.MonkeyPatch) -> Image.Image:
    pytest.importorskip("mediapipe")
    root = shared.root()
    if root is None or not (root / "face_landmarker.task").is_file():
        pytest.skip("face_landmarker.task and photographs are not there (shared data absent)")
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(root / "face_landmarker.task"))
    return Image.open(sorted((root / "faces" / "neutral_front").glob("*.jpg"))[0]).convert("RGB")


@pytest.mark.slow
def test_photographs_of_every_kind(photograph: Image.Image, tmp_path: Path, capsys) -> None:
    """All hold the same face; a large one keeps its size."""
    plain = tmp_path / "plain.png"
    photograph.save(plain)
    points = open_portrait(plain).landmarks
    photograph.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    photograph.convert("L").save(tmp_path / "grey.png")
    Image.fromarray(np.asarray(photograph.convert("L")).astype(np.uint16) * 257).save(tmp_path / "grey16.png")
    alpha = np.dstack([np.asarray(photograph), np.full(photograph.size[::-1], 255, np.uint8)])
    alpha[:8] = 0
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    for name in ("cmyk.jpg", "grey.png", "grey16.png", "alpha.png", "turned.jpg"):
        portrait = open_portrait(tmp_path / name)
        assert portrait.image.shape == (*photograph.size[::-1], 3)
        assert np.linalg.norm(portrait.landmarks - points, axis=1).max() < 0.06 * np.linalg.norm(
            points[36] - points[45]
        )
    assert (open_portrait(tmp_path / "alpha.png").image[:6] == 255).all()
    photograph.resize((7000, 7142)).save(tmp_path / "large.jpg")  # 50 million pixels
    assert command.main(["track", str(tmp_path / "large.jpg"), "--landmarks", str(tmp_path / "large.json")]) == 0
    capsys.readouterr()
    out = tmp_path / "x.png"
    summary = express(capsys, tmp_path / "large.jpg", "--landmarks", tmp_path / "large.json", "--out", out)
    assert (summary["width"], summary["height"]) == (7000, 7142)


@pytest.mark.slow
def test_bad_photographs_are_one_sentence(photograph: Image.Image, tmp_path: Path, capsys) -> None:
    width, height = photograph.size
    two = Image.new("RGB", (2 * width, height))
    two.paste(photograph, (0, 0))
    two.paste(photograph.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (width, 0))
    two.save(tmp_path / "two.png")
    photograph.resize((60, 60 * height // width)).save(tmp_path / "tiny.png")
    Image.new("RGB", (300, 200), (90, 120, 90)).save(tmp_path / "wall.png")
    (tmp_path / "text.jpg").write_text("no picture")
    photograph.save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:4000])
    for name, wanted in (
        ("two.png", "2 faces of like size"),
        ("tiny.png", "pixels apart"),
        ("wall.png", "no face"),
        ("text.jpg", "cannot be read as an image"),
        ("cut.jpg", "cannot be read as an image"),
    ):
        for how in ((tmp_path / name, "--preset", "happy"), ("maya", "--from", tmp_path / name)):
            output = fails(capsys, *how, "--out", tmp_path / "x.png")
            assert wanted in output and name in output
    assert not (tmp_path / "x.png").exists()
