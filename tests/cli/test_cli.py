"""The command line: quick help, every mistake in one line with status 2, nothing half-written, the verbs' files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from talkdemo import __main__ as command
from talkdemo.cli import identities
from talkdemo.export import livelink, npz
from talkdemo.metrics.style_summary import StyleSummary, dumps, library
from talkdemo.records import Guidance, Request, Stopped

ROOT = Path(__file__).parents[2]


@pytest.fixture
def with_stand_in(monkeypatch: pytest.MonkeyPatch, stand_in):
    from talkdemo import pipeline
    from talkdemo.render import raster

    monkeypatch.setattr(pipeline.SpeechToFace, "load", lambda model="diffusiontalker": stand_in)
    monkeypatch.setattr(raster, "check", lambda: None)
    return stand_in


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line on stderr of a command that ends with status 2."""
    assert command.main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and said.err.startswith("talkdemo: ")
    return said.err


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    before = os.times()
    done = subprocess.run([sys.executable, "-m", "talkdemo", "--help"], cwd=ROOT, capture_output=True, text=True)
    after = os.times()  # processor time, so that a busy machine does not matter
    assert done.returncode == 0 and all(verb in done.stdout for verb in command.VERBS)
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1.0


def test_animate_writes_what_was_asked_for(with_stand_in, wav: Callable[..., Path], tmp_path: Path, capsys) -> None:
    speech, out = wav("hum", 1.0), tmp_path / "out"
    out.mkdir()
    paths = {kind: out / f"x.{kind}" for kind in ("mp4", "csv", "npz", "json")}
    status = command.main(
        f"animate {speech} --identity Mei --emotion sad --steps 9 --seed 4 --size 64 --out {paths['mp4']} "
        f"--csv {paths['csv']} --npz {paths['npz']} --json {paths['json']} --fps 50 --progress".split()
    )
    said = capsys.readouterr()
    assert status == 0 and "sample 100 %" in said.err and "render 100 %" in said.err
    made = json.loads(paths["json"].read_text())
    assert json.loads(said.out) == made and made["steps"] == 9 and made["seed"] == 4 and made["frames"] == 25
    assert set(made["seconds"]) == {"decode", "encode", "sample", "face", "render", "mux", "total"}
    (motion,) = npz.read(paths["npz"])
    assert motion.coefficients.shape == (25, 52) and motion.meta["identity"] == "Mei"
    assert livelink.read(paths["csv"]).fps == 50
    assert sorted(path.name for path in out.iterdir()) == ["x.csv", "x.json", "x.mp4", "x.npz"]


def test_choices_reach_the_model(with_stand_in, wav, tmp_path: Path, capsys) -> None:
    for more in ("", "--identity Ada:3,Mei:1 --emotion happy --full --guidance-audio 2 --guidance-style 0 --steps 2"):
        assert command.main(f"animate {wav()} --npz {tmp_path}/a.npz {more}".split()) == 0
    plain, chosen = with_stand_in.requests
    assert plain == Request(plain.speech, model="diffusiontalker")
    assert chosen.guidance == Guidance(2, 0) and chosen.steps == 2 and chosen.distilled is False
    assert chosen.identity == {"Ada": 3, "Mei": 1} and chosen.emotion == "happy"
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["matches"] == {"Mei": 0.75, "Ada": 0.25} and first["distilled"]
    assert "matches" not in second and second["identity"] == {"Ada": 3, "Mei": 1} and not second["distilled"]
    assert npz.read(tmp_path / "a.npz")[0].meta["identity"] == {"Ada": 3, "Mei": 1}


@pytest.mark.parametrize(
    ("option", "field", "low", "high"),
    [
        ("--steps", "steps", 2, 512),
        ("--samples", "samples", 1, 16),
        ("--seed", "seed", 0, 2**31 - 1),
        ("--contact", "contact", 0.0, 1.0),
        ("--dynamic-threshold", "threshold", 0.9, 0.999),
    ],
)
def test_command_line_and_request_have_the_same_limits(option: str, field: str, low: float, high: float) -> None:
    parser = command.parser()
    for value in (low, high):
        parser.parse_args(["animate", "x.wav", option, str(value)])
        Request(Path("x.wav"), **{field: value})
    step = 1 if isinstance(low, int) else 1e-4
    for value in (low - step, high + step):
        with pytest.raises(ValueError, match=option):
            parser.parse_args(["animate", "x.wav", option, str(value)])
        with pytest.raises(ValueError, match=r"wanted|at once"):
            Request(Path("x.wav"), **{field: value})


def test_samples_share_one_npz(with_stand_in, wav, tmp_path: Path, capsys) -> None:
    assert command.main(f"animate {wav()} --samples 3 --npz {tmp_path}/k.npz --csv {tmp_path}/k.csv".split()) == 0
    motions = npz.read(tmp_path / "k.npz")
    assert [motion.meta["seed"] for motion in motions] == [0, 1, 2]
    for k, name in enumerate(("k.csv", "k-2.csv", "k-3.csv")):
        np.testing.assert_allclose(livelink.read(tmp_path / name).head, motions[k].head, atol=1e-6)


def test_motion_alone_needs_no_graphics(with_stand_in, wav, tmp_path: Path, monkeypatch, capsys) -> None:
    from talkdemo.render import raster

    def no_graphics() -> None:
        raise RuntimeError("no OpenGL: install libegl1\nlibgl1")

    monkeypatch.setattr(raster, "check", no_graphics)
    assert command.main(["animate", str(wav()), "--npz", str(tmp_path / "a.npz")]) == 0
    capsys.readouterr()
    assert "install libegl1 libgl1" in fails(capsys, "animate", wav(), "--out", tmp_path / "a.mp4")
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "VERB"),
        ("sing", "sing"),
        ("animate", "SPEECH"),
        ("animate {no}/a.wav", "no such file"),
        ("animate {tmp}", "folder"),
        ("animate {wav} --steps 1", "2 to 512"),
        ("animate {wav} --steps 513", "2 to 512"),
        ("animate {wav} --steps eight", "'eight' given"),
        ("animate {wav} --seed -1", "seed"),
        ("animate {wav} --samples 0", "1 to 16"),
        ("animate {wav} --size 511", "even"),
        ("animate {wav} --fps 0", "1 to 240"),
        ("animate {wav} --model stylegan", "diffposetalk"),
        ("animate {wav} --identity Mai", "did you mean 'Mei'"),
        ("animate {wav} --identity Mai:0.5,Ada:0.5", "did you mean 'Mei'"),
        ("animate {wav} --identity Ada:0.6,Mei", "'Mei' is unclear"),
        ("animate {wav} --identity Ada:much,Mei:0.4", "'Ada:much' is unclear"),
        ("animate {wav} --identity Ada:-1,Mei:0.4", "shares above 0"),
        ("animate {wav} --identity Ada:nan,Mei:0.4", "'Ada:nan' is unclear"),
        ("animate {wav} --identity Ada:0.6,", "'' is unclear"),
        ("animate {wav} --identity Ada:0.6,Ada:0.4", "'Ada' stands there twice"),
        ("animate {wav} --identity auto:0.6,Ada:0.4", "'auto' cannot be part of a blend"),
        ("animate {wav} --guidance-audio 5", "0 to 4"),
        ("animate {wav} --guidance-style loud", "'loud' given"),
        ("animate {wav} --emotion joyful", "neutral, happy, sad"),
        ("animate {wav} --character nobody", "nobody"),
        ("animate {wav} --out {tmp}/a.avi", ".mp4"),
        ("animate {wav} --csv {no}/a.csv", "does not exist"),
        ("animate {wav} --npz {tmp}/folder.npz", "folder"),
        ("animate {short}", "at least 0.2 s"),
        ("animate {damaged}", "damaged.wav"),
        ("animate {wav} --no-such-option", "--no-such-option"),
        ("train", "RECIPE"),
        ("evaluate --no-such-option", "--no-such-option"),
        ("bench nothing", "nothing"),
        ("train nothing", "'nothing' given"),
    ],
)
def test_mistakes_are_told_in_one_line(with_stand_in, wav, tmp_path: Path, capsys, arguments: str, words: str) -> None:
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "damaged.wav").write_bytes(b"RIFF")
    places = {"tmp": tmp_path, "no": tmp_path / "no", "wav": wav(), "short": wav("short", 0.1)}
    places["damaged"] = tmp_path / "damaged.wav"
    before = sorted(tmp_path.iterdir())
    assert words in fails(capsys, *arguments.format(**places).split())
    assert sorted(tmp_path.iterdir()) == before


def test_an_unwritable_folder_is_told_before_any_work(with_stand_in, wav, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("talkdemo.files.os.access", lambda path, mode: False)
    assert "cannot be written" in fails(capsys, "animate", wav(), "--npz", tmp_path / "a.npz")


def test_the_speech_itself_is_never_overwritten(with_stand_in, wav, tmp_path: Path, capsys) -> None:
    speech = wav().rename(tmp_path / "speech.mp4")
    assert "speech itself" in fails(capsys, "animate", speech, "--out", speech)


def test_no_sample_overwrites_the_speech(with_stand_in, wav, tmp_path: Path, capsys) -> None:
    speech = wav().rename(tmp_path / "talk-2.mp4")
    assert "speech itself" in fails(capsys, "animate", speech, "--samples", 2, "--out", tmp_path / "talk.mp4")


def test_stopping_leaves_status_130_and_no_files(with_stand_in, wav, tmp_path: Path, monkeypatch, capsys) -> None:
    for stopped in (Stopped, KeyboardInterrupt):
        monkeypatch.setattr(with_stand_in, "animate", lambda *a, error=stopped, **k: (_ for _ in ()).throw(error()))
        assert command.main(["animate", str(wav()), "--npz", str(tmp_path / "a.npz")]) == 130
        assert capsys.readouterr().err == "talkdemo: stopped\n" and not (tmp_path / "a.npz").exists()


def test_models_lists_what_is_installed(capsys) -> None:
    from talkdemo import checkpoint

    installed = sorted(path.stem for path in checkpoint.WEIGHTS.glob("*.safetensors"))
    assert {"audio-encoder", "diffusiontalker"} <= set(installed)
    assert command.main(["models"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in installed) and "licence" in text.lower()
    assert command.main(["models", "--json"]) == 0
    assert sorted(card["name"] for card in json.loads(capsys.readouterr().out)) == installed


def test_names_are_listed(with_stand_in, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(identities, "FOLDER", tmp_path)
    assert command.main(["identities"]) == 0 and capsys.readouterr().out.split() == list(with_stand_in.identities)
    manners = {name: StyleSummary(*[k * 0.1] * 6) for k, name in enumerate(with_stand_in.identities)}
    (tmp_path / "styles.json").write_text(dumps(library(manners)))
    assert command.main(["identities"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Ada    small jaw, quiet lips, still head",
        "Mei    average throughout",
        "Bruno  wide jaw, busy lips, lively head",
    ]
    assert command.main(["identities", "--emotions"]) == 0 and "happy" in capsys.readouterr().out.split()
    assert command.main(["characters"]) == 0 and len(capsys.readouterr().out.split()) >= 8


@pytest.mark.slow
def test_same_seed_same_motion_other_seed_other(tmp_path: Path, capsys) -> None:
    clip, made = ROOT / "examples" / "speech" / "child.flac", []
    for k, seed in enumerate((5, 5, 6)):
        assert command.main(f"animate {clip} --seed {seed} --identity Zola --npz {tmp_path}/{k}.npz".split()) == 0
        made += npz.read(tmp_path / f"{k}.npz")
    assert np.array_equal(made[0].coefficients, made[1].coefficients) and np.array_equal(made[0].head, made[1].head)
    assert not np.allclose(made[0].coefficients, made[2].coefficients, atol=1e-3)


@pytest.mark.slow
def test_animate_with_the_shipped_weights(tmp_path: Path, read_video) -> None:
    """The whole way as a visitor of the terminal goes it; the mp4 has the length of the speech."""

    clip = ROOT / "examples" / "speech" / "welcome.flac"
    x = tmp_path / "x"
    arguments = f"animate {clip} --size 128 --seed 3 --out {x}.mp4 --csv {x}.csv --json {x}.json"
    done = subprocess.run(
        [sys.executable, "-m", "talkdemo", *arguments.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "x.json").read_text())
    frames, samples = read_video(tmp_path / "x.mp4")
    assert len(frames) == made["frames"] == len(livelink.read(tmp_path / "x.csv"))
    assert samples is not None and abs(len(samples) / 16000 - len(frames) / 25) < 0.04
    assert frames.std(axis=0).mean() > 0.5  # something moves
