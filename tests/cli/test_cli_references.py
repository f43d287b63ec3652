"""Reference clips on the command line: animate --reference, what it refuses at once, and the verb that lists them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from talkdemo import __main__ as command
from talkdemo.export import livelink, npz
from talkdemo.records import FPS, Guidance, Motion
from talkdemo.reference import gallery

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "examples" / "speech" / "child.flac"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, stand_in, plain_decode) -> list[str]:
    """Names of the models that were opened; the stand-in answers for them."""
    from talkdemo import pipeline

    opened: list[str] = []
    monkeypatch.setattr(pipeline.SpeechToFace, "load", lambda model: opened.append(model) or stand_in)
    monkeypatch.setattr(pipeline, "decode", plain_decode)
    return opened


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    values = np.random.default_rng(0).random((50, 52)).astype(np.float32)
    livelink.write(path, Motion(values, np.zeros((50, 3), np.float32)))
    return path


def fails(capsys: pytest.CaptureFixture[str], arguments: str) -> str:
    assert command.main(arguments.split()) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    return said.err


def test_a_reference_chooses_the_model_that_follows_it(loaded, stand_in, wav, tmp_path: Path, capsys) -> None:
    made = []
    for more in ("", "--reference calm", "--reference calm --no-head --model diffposetalk", "--model diffposetalk"):
        assert command.main(f"animate {wav()} --json {tmp_path}/a.json --npz {tmp_path}/a.npz {more}".split()) == 0
        made.append(json.loads((tmp_path / "a.json").read_text()))
        assert json.loads(capsys.readouterr().out) == made[-1]
    assert loaded == ["diffusiontalker", "diffposetalk", "diffposetalk", "diffposetalk"]
    assert [request.reference for request in stand_in.requests] == [None, "calm", "calm", None]
    assert [request.head for request in stand_in.requests] == [True, True, False, True]
    assert made[1]["reference"] == "calm" and "identity" not in made[1] and "emotion" not in made[1]
    assert made[0]["identity"] == "auto" and "reference" not in made[0]
    assert made[2]["head"] is False


def test_references_are_mixed_and_may_be_files(loaded, stand_in, wav, capture: Path, capsys) -> None:
    for given in (f"{capture}", f"{capture}:3,calm:1", "calm:0.6,Stern:0.4"):
        assert command.main(["animate", str(wav()), "--reference", given]) == 0
    assert [request.reference for request in stand_in.requests] == [
        str(capture),
        {str(capture): 3.0, "calm": 1.0},
        {"calm": 0.6, "Stern": 0.4},
    ]


def test_a_file_may_have_any_name(loaded, stand_in, wav, capture: Path) -> None:
    odd = capture.rename(capture.with_name("me, 10:30.csv"))
    assert command.main(["animate", str(wav()), "--reference", str(odd)]) == 0
    assert stand_in.requests[0].reference == str(odd)


def test_guidance_that_is_not_given_is_none(loaded, stand_in, wav) -> None:
    for more in ("", "--guidance-audio 0", "--guidance-style 3"):
        assert command.main(f"animate {wav()} --reference calm {more}".split()) == 0
    assert [request.guidance for request in stand_in.requests] == [Guidance(), Guidance(0, 1), Guidance(1, 3)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("--reference calmm", "did you mean 'calm'?"),
        ("--reference calm:0.5,sternn:0.5", "did you mean 'stern'?"),
        ("--reference calm:0.5,stern", "'stern' is unclear"),
        ("--reference calm:0,stern:0", "shares above 0"),
        ("--reference {tmp}/none.mp4", "there is no such file"),
        ("--reference {tmp}", "a folder was given"),
        ("--reference {wav}", "sound but no video"),
        ("--reference {tmp}/words.csv", "columns of a Live Link Face CSV are missing"),
        ("--reference calm --identity Ada", "--identity given beside --reference"),
        ("--reference calm --emotion sad", "--emotion given beside --reference"),
        ("--model diffposetalk --identity Ada", "--identity given, which diffposetalk does not take"),
        ("--model diffusiontalker --reference calm", "--reference given, which diffusiontalker does not follow"),
        ("--reference {csv} --csv {csv}", "the reference itself was given as output"),
    ],
)
def test_what_cannot_be_followed_is_told_before_any_work(
    loaded, wav, capture: Path, tmp_path: Path, capsys, given: str, words: str
) -> None:
    (tmp_path / "words.csv").write_text("a,b\n")
    places = {"tmp": tmp_path, "wav": wav(), "csv": capture}
    before = capture.read_bytes()
    assert words in fails(capsys, f"animate {places['wav']} {given.format(**places)}")
    assert not loaded and capture.read_bytes() == before


def test_references_are_listed(capsys) -> None:
    assert command.main(["references"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(gallery())
    assert all(item.about in line for line, item in zip(lines, gallery().values(), strict=True))


@pytest.mark.slow
def test_animate_follows_a_reference_with_the_shipped_weights(tmp_path: Path, capsys) -> None:
    made = []
    for reference in ("calm", "startled"):
        arguments = f"animate {CLIP} --reference {reference} --steps 8 --npz {tmp_path}/a.npz --progress"
        assert command.main(arguments.split()) == 0
        said = capsys.readouterr()
        told = json.loads(said.out)
        assert "reference 100 %" in said.err and "sample 100 %" in said.err
        assert told["model"] == "diffposetalk" and told["reference"] == reference and "reference" in told["seconds"]
        made += npz.read(tmp_path / "a.npz")
    assert made[0].fps == FPS and made[0].meta["reference"] == "calm"
    assert not np.allclose(made[0].coefficients, made[1].coefficients, atol=1e-2)
