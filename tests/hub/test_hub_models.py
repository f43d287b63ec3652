"""Checkpoints go to a stand-in for the Hub and come back bit for bit; their card says what they are and how good."""

from __future__ import annotations

from pathlib import Path

import pytest

from talkdemo import __main__ as command
from talkdemo import checkpoint
from talkdemo.hub import card

NAME, KEY = "me/portraits", "models/me/portraits"


def test_a_checkpoint_goes_there_and_comes_back(hub, gcgan_file: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    assert command.main(["push", str(gcgan_file), NAME, "--private"]) == 0
    there = hub.repositories[KEY]
    assert capsys.readouterr().out.startswith(f"{hub.address}/{NAME}/commit/") and there.commits == 1
    assert there.files["gcgan.safetensors"] == gcgan_file.read_bytes() and there.settings["visibility"] == "private"
    monkeypatch.setenv("TALKDEMO_WEIGHTS", str(tmp_path / "weights"))
    assert command.main(["pull", NAME]) == 0
    path = tmp_path / "weights" / "gcgan.safetensors"
    assert capsys.readouterr().out == f"{path}\n" and path.read_bytes() == gcgan_file.read_bytes()
    assert checkpoint.find("gcgan") == path


def test_another_checkpoint_of_that_name_takes_its_place(hub, gcgan_file: Path, tmp_path: Path) -> None:
    assert command.main(["push", str(gcgan_file), NAME]) == 0
    (tmp_path / "gcgan.safetensors").write_bytes(b"older")
    hub.repositories[KEY].files["notes.txt"] = b"somebody's own"
    assert command.main(["push", str(gcgan_file), NAME]) == command.main(["pull", NAME, "--to", str(tmp_path)]) == 0
    assert (tmp_path / "gcgan.safetensors").read_bytes() == gcgan_file.read_bytes()
    assert "notes.txt" in hub.repositories[KEY].files, "a push deletes nothing"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"README.md": b"x"}, "no .safetensors file in it"),
        ({"x.safetensors": b"nothing of the kind"}, "not a safetensors checkpoint"),
    ],
)
def test_what_is_no_checkpoint_does_not_stay(hub, gcgan_file: Path, tmp_path: Path, capsys, files, said: str) -> None:
    assert command.main(["push", str(gcgan_file), NAME]) == 0
    hub.repositories[KEY].files = files
    assert command.main(["pull", NAME, "--to", str(tmp_path / "to")]) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.glob("to/*"))


def test_an_unknown_repository_is_one_sentence(hub, tmp_path: Path, capsys) -> None:
    assert command.main(["pull", "nobody/nothing", "--to", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "no such thing on the Hub" in told and told.count("\n") == 1
    assert command.main(["pull", "me/portraits"]) == 2 and "--to FOLDER is wanted" in capsys.readouterr().err


def test_the_card_of_a_shipped_checkpoint(capsys) -> None:
    from huggingface_hub import ModelCard

    assert command.main(["push", "diffusiontalker-8", "me/dt8", "--card"]) == 0
    read = ModelCard(capsys.readouterr().out)
    assert read.data.license == "apache-2.0" and read.data.library_name == "talkdemo"
    figures = {(one.dataset_type, one.metric_type): one.metric_value for one in read.data.eval_results}
    assert figures["ljspeech", "hits (%)"] > 80 and figures["grid", "LVE (mm)"] < 3
    assert "GRID speaker s1" in read.text and "talkdemo pull me/dt8" in read.text


def test_scores_are_those_of_the_system_and_of_the_present_weights() -> None:
    rows = "| score | full-8 | student-8 | better |\n|---|---|---|---|\n| LVE (mm) | 9 | 1.5 [1, 2] | lower |\n"
    more = "| r shuffled | 0 | 0.1 | zero |\n| lag (ms) | – | – | zero |\n| seconds | 3 | 4 | |\n"
    old = "## Earlier\n\n### grid: real (2 clips)\n\n| score | student-8 |\n|---|---|\n| FDD | 7 |\n"
    text = f"# Scores\n\n{old}\n## The present weights: x\n\n### grid: real (2 clips)\n\n{rows}{more}"
    (score,) = card.scores("student-8", text)
    assert (score.dataset_type, score.metric_type, score.metric_value) == ("grid", "LVE (mm)", 1.5)
    assert card.scores("pose-student-8", text) == []
