"""Evaluation of portraits: people and pairs, baselines, identity, tables, scores.md; MediaPipe where it is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from talkdemo.__main__ import main
from talkdemo.data.corpora import shared
from talkdemo.data.portraits.store import STORED, Portraits
from talkdemo.evaluate import scores
from talkdemo.evaluate.names import PORTRAIT_PARTS
from talkdemo.evaluate.portraits import report, speed
from talkdemo.evaluate.portraits.contact_sheet import photographed_sheet, rendered_sheets
from talkdemo.evaluate.portraits.identity import Gallery, open_recogniser, still_mask
from talkdemo.evaluate.portraits.landmark_reader import Reading, open_reader
from talkdemo.evaluate.portraits.manifold import interpolation, plain, separation, transfer
from talkdemo.evaluate.portraits.pairs import COLUMNS, TRUTH, evaluate, expression_table, targets_table
from talkdemo.evaluate.portraits.people import (
    Person,
    pair,
    photographed,
    photographed_pairs,
    rendered,
    rendered_pairs,
)
from talkdemo.evaluate.portraits.sweep import STEPS, rendered_sweeps, sweep
from talkdemo.evaluate.portraits.systems import COPY, WARP, copy, edited_crops, true_crops, warp_landmarks
from talkdemo.evaluate.reporting import table
from talkdemo.gcgan.crop import STEADY, Crop
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.frame import AVERAGE
from talkdemo.gcgan.model import GCGAN, GCGANConfig
from talkdemo.gcgan.portrait import open_portrait
from talkdemo.metrics.portraits.recogniser import SIDE, Recogniser, RecogniserConfig, prepare
from talkdemo.train.gcgan import recogniser as recipe

NAMES = ("neutral", "happy", "surprised", "aa", "")


def face(seed: int = 0) -> np.ndarray:
    """(68, 2): somebody's face in the middle of STORED pixels."""
    points = AVERAGE[:, :2] + np.random.default_rng(seed).uniform(-0.02, 0.02, (68, 2))
    for row, (x, y, _) in STEADY.items():
        points[row] = x, y
    return (points * 92 + (STORED / 2, STORED / 2 - 28)).astype(np.float32)


def performed(seed: int) -> np.ndarray:
    """(E, 68, 2) of NAMES: the mouth moves, elsewhere nothing."""
    seen = np.repeat(face(seed)[None], len(NAMES), axis=0)
    for k in range(1, len(NAMES)):
        seen[k, [*range(49, 54), *range(61, 64)], 1] -= 4 * k
        seen[k, [*range(55, 60), *range(65, 68)], 1] += 6 * k
    return seen


def solid(points: np.ndarray) -> np.ndarray:
    """(…, 68, 2) → (…, 68, 3) with the average face's depths."""
    return np.concatenate([points, np.broadcast_to(92 * AVERAGE[:, 2:], (*points.shape[:-1], 1))], -1).astype(
        np.float32
    )


def pupils(points: np.ndarray) -> np.ndarray:
    """(…, 68, 2) → (…, 2, 2): in the middle of the eyes."""
    return np.stack([points[..., 36:42, :].mean(-2), points[..., 42:48, :].mean(-2)], axis=-2)


def images(seed: int) -> np.ndarray:
    """(E, STORED, STORED, 3): one soft pattern a person, with the number of the image in its last pixel."""
    coarse = torch.from_numpy(np.random.default_rng(100 + seed).uniform(0, 255, (1, 3, 12, 12)))
    soft = torch.nn.functional.interpolate(coarse, size=(STORED, STORED), mode="bicubic").clamp(0, 255)
    shown = np.repeat(soft.permute(0, 2, 3, 1).numpy().astype(np.uint8), len(NAMES), axis=0)
    shown[:, -1, -1, 0] = np.arange(len(NAMES))
    return shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four rendered people, two of them held out; three real ones, one with a single photograph."""
    out = tmp_path_factory.mktemp("portraits")
    for k in range(4):
        seen = performed(k)
        if k == 3:
            seen[2] = np.nan
        made = Portraits(f"p{400 + k}", "test" if k > 1 else "train", 0, images(k), seen, solid(seen), pupils(seen),
                         np.zeros((len(NAMES), 52), np.float32), np.zeros((len(NAMES), 3), np.float32),
                         np.array(NAMES), np.ones(len(NAMES), np.float32))  # fmt: skip
        made.save(out / "renders" / f"{made.person}-0.npz")
    person = np.array(["a", "b", "a", "c", "c"])
    expression = np.array(["neutral", "neutral", "smiling", "neutral", "smiling"])
    shown = np.stack([images(20 + ord(p))[0] for p in person])
    seen = np.stack([performed(20 + ord(p))[2 * int(e == "smiling")] for p, e in zip(person, expression, strict=True)])
    split = np.array(["test", "test", "test", "train", "train"])
    np.savez(out / "photos.npz", pictures=shown, seen=solid(seen), pupils=pupils(seen), person=person,
             expression=expression, split=split, corpus=np.full(5, "x"))  # fmt: skip
    return out


@pytest.fixture(scope="module")
def expresser() -> Expresser:
    torch.manual_seed(0)
    model = GCGAN(GCGANConfig(presets=("neutral", "happy"), shown=(0, 1, -1)))
    return Expresser(model)


class Knowing:
    """A reader that knows the crops of `people` and returns the landmarks of the most similar one."""

    def __init__(self, people: list[Person], side: int) -> None:
        self.crops = np.concatenate([one.crops(side) for one in people]).astype(np.float32)
        self.points = np.concatenate(
            [one.crop(e, side).into(p)[None] for one in people for e, p in enumerate(one.landmarks)]
        )  # all faces here keep their eyes and nose where they are
        self.faces = np.concatenate([np.eye(52, dtype=np.float32)[: len(one.landmarks)] for one in people])

    def __call__(self, crops: np.ndarray) -> Reading:
        away = [np.abs(self.crops - x).mean((1, 2, 3)) for x in crops]
        rows = [int(a.argmin()) for a in away]
        return Reading(self.points[rows], self.faces[rows])


def test_only_people_who_were_held_out(folder):
    people = rendered(folder)
    assert [one.name for one in people] == ["p402", "p403"] and len(rendered(folder, 1)) == 1
    assert people[1].expressions == ("neutral", "happy", "aa", "") and people[1].images.shape[0] == 4  # one unseen
    real = photographed(folder)
    assert [one.name for one in real] == ["a", "b"] and real[0].row("smiling") == 1 and real[1].row("smiling") is None
    for missing in (lambda: rendered(folder / "none"), lambda: photographed(folder / "none")):
        with pytest.raises(FileNotFoundError, match="portrait_data"):
            missing()


def test_pairs_are_the_same_every_time(folder):
    people = rendered(folder)
    pairs = rendered_pairs(people, 8, 128)
    which = [(p.person, p.source, p.target) for p in pairs]
    assert which == [(p.person, p.source, p.target) for p in rendered_pairs(people, 8, 64)]
    assert len(set(which)) == 8 and all(a != b for _, a, b in which) and {k for k, *_ in which} == {0, 1}
    assert any(people[k].expressions[a] == "neutral" and people[k].expressions[b] for k, a, b in which)
    (one,) = photographed_pairs(photographed(folder), 128)
    assert (one.source, one.target) == (0, 1) and one.moves and one.crop.side == 128
    assert np.linalg.norm(one.start[36] - one.start[45]) == pytest.approx(0.36 * 128, rel=0.05)
    assert not pair(people, 0, 0, 0, 128).moves


def test_baselines(folder):
    people = rendered(folder)
    portrait = people[0].portrait(0)
    assert (copy(portrait, people[0].landmarks) == portrait.image).all()
    still, moved = warp_landmarks(portrait, people[0].landmarks[[0, 3]])
    assert np.abs(still.astype(int) - portrait.image).max() <= 1 and np.abs(moved.astype(int) - still).max() > 5
    pairs = rendered_pairs(people, 6, 64)
    made = edited_crops(copy, people, pairs)
    assert made.shape == (6, 64, 64, 3) and (made == true_crops(people, pairs, "source")).all()


def test_whose_face_it_is_beside_mouth_and_eyes(folder):
    people = rendered(folder)
    mask = still_mask(np.stack([face(), face()]) * (128 / STORED), 128)
    eyes, mouth = face()[36:48].mean(0) * 128 / STORED, face()[48:].mean(0) * 128 / STORED
    assert mask[int(mouth[1]), int(mouth[0])] == 0 and mask[0, 0] == 0 and mask.max() == 1
    assert mask[int(eyes[1]), int(eyes[0])] == 1  # between the eyes
    pairs = rendered_pairs(people, 6, 128)
    gallery = Gallery(people, None)
    made = true_crops(people, pairs, "target")
    assert gallery.by_ssim(made, pairs).all() and np.isnan(gallery.by_recogniser(made, pairs)).all()
    others = [pair(people, 1 - p.person, 0, 1, 128) for p in pairs]
    assert not gallery.by_ssim(made, others).any()
    torch.manual_seed(0)
    trained = Gallery(people, Recogniser(RecogniserConfig()).eval())
    assert not trained.small and trained.by_recogniser(made, pairs).shape == (6,)
    with pytest.raises(ValueError, match="train recogniser"):
        open_recogniser(folder / "none.safetensors")


def test_truth_scores_best_and_a_copy_moves_nothing(folder):
    people = rendered(folder)[:1]
    distinct = people[0].images.copy()
    distinct[:, 60:90, 60:90] = (
        np.arange(len(NAMES))[:, None, None, None] * 50
    )  # so that the reader can tell them apart
    people = [Person("p402", distinct, people[0].landmarks, people[0].expressions)]
    pairs = rendered_pairs(people, 5, 128)
    found = evaluate(people, pairs, copy, Gallery(people, None), Knowing(people, 128), 128, "gcgan")
    assert list(found) == [TRUTH, COPY, WARP, "gcgan"]
    truth, copied = found[TRUTH], found[COPY]
    assert truth["error"] == pytest.approx(0, abs=1e-3) and truth["share"] == pytest.approx(1, abs=1e-2)
    assert truth["ssim"] == pytest.approx(1) and (truth["expression"] == 1).all() and truth["l1"].max() == 0
    assert copied["share"] == pytest.approx(0, abs=1e-2) and (copied["error"] > 0.002).all()
    assert (copied["expression"] == 0).all() and (copied["ssim"] < 1).all() and (copied["moving_ssim"] < 1).all()
    lines = str(table(found, COLUMNS, without=["smile"])).splitlines()
    assert (
        lines[2].startswith("| truth | 100.0 [100.0, 100.0] | 0.00 [0.00, 0.00] |")
        and "smile" not in lines[0]
        and "| – |" in lines[2]
    )
    assert all(line.count("|") == lines[0].count("|") for line in lines)
    wanted = str(targets_table(found, "gcgan", "renders")).splitlines()
    assert wanted[2].endswith("**no** |") is bool(copied["error"].mean() > 0.03) and wanted[3].endswith("**no** |")
    assert wanted[5].startswith("| SSIM | > ") and wanted[5].endswith("**no** |")  # not better than itself
    assert expression_table(people, pairs, found, "gcgan").rows
    with pytest.raises(ValueError, match="no pair"):
        evaluate(people, [], copy, Gallery(people, None), Knowing(people, 128), 128, "gcgan")


def test_a_sweep_of_copies_goes_nowhere_and_one_of_the_truth_grows(folder):
    people = rendered(folder)
    asked = pair(people, 0, 0, 3, 128)
    amounts = np.linspace(0, 1.5, STEPS)
    start, goal = people[0].landmarks[[0, 3]]
    paths = start + amounts[:, None, None].astype(np.float32) * (goal - start)

    def reader(crops: np.ndarray) -> Reading:
        return Reading(asked.crop.into(paths[: len(crops)]), np.zeros((len(crops), 52)))

    row = sweep(people[0], asked, copy, paths, amounts, reader)
    assert row["rising"] == row["rising_1"] == 1 and row["at_1"] == pytest.approx(1, abs=1e-3)
    assert row["at_end"] == pytest.approx(1.5, abs=1e-3) and row["least"] == pytest.approx(1, abs=1e-2)
    assert row["zero"] == 0 and np.isnan(row["flicker"]) and row["flicker_read"] == pytest.approx(0, abs=1e-2)
    assert [p.target for p in rendered_sweeps(people, 128)] == [1]  # p403 was not seen surprised


def test_manifold_tables(folder, expresser):
    people = rendered(folder)
    lines = str(separation(people, {"plain": plain})).splitlines()
    assert lines[4].startswith("| plain | ") and lines[5].startswith("| chance | 25.0 | 33.3 | 50.0 |")
    landmarks = np.stack([performed(0)[:4], performed(0)[:4] + 30])  # one face in two places
    lines = str(transfer(landmarks, NAMES[:4], {"gcgan": expresser})).splitlines()
    rows = {line.split(" | ")[0]: line.split(" | ")[1:] for line in lines if line.startswith("| ")}
    assert rows["| copy the other's, brought upright"][0] == "0.00" and "| gcgan" in rows
    assert rows["| own + the other's displacement from rest"][3].startswith("100.0")
    straight, curved = str(interpolation(landmarks, NAMES[:4], {"gcgan": expresser})).splitlines()[4:6]
    assert straight == "| straight in landmarks | 1.000 | 100.0 | 0.000 | 0.00 |" and "along the manifold" in curved


def test_sheets(folder, expresser, monkeypatch):
    monkeypatch.setattr("talkdemo.gcgan.soundness.FOLDED", 1.0)  # a random model folds faces
    people = [one for one in rendered(folder) if one.row("surprised") is not None]
    sheets = rendered_sheets([people, people], expresser)
    rows = {name: round((len(sheet) - 22) / (4 + 256)) for name, sheet in sheets.items()}
    assert rows == {"": 1, "_yaw": 2, "_colour": 4, "_opening": 1}
    assert sheets[""].shape == (22 + 4 + 256, 9 * 128, 3) and sheets[""].dtype == np.uint8
    grey = sheets["_colour"][22 + 4 + 256 + 4 :][:128, :128].astype(int)
    assert np.abs(grey[..., 0] - grey[..., 2]).max() == 0
    assert photographed_sheet(photographed(folder), expresser).shape == (22 + 4 + 128, 4 * 128, 3)


def test_recogniser_looks_at_the_face_alone(folder):
    torch.manual_seed(0)
    network = Recogniser(RecogniserConfig()).eval()
    crops = np.random.default_rng(0).integers(0, 255, (2, SIDE, SIDE, 3), np.uint8)
    vectors = network.embed(crops)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    hair = crops.copy()
    hair[:, :6] = hair[:, :, :6] = 0
    assert network.embed(hair) == pytest.approx(vectors, abs=1e-6)
    assert network.embed(crops[:, ::-1]) != pytest.approx(vectors, abs=1e-3)
    with pytest.raises(ValueError, match="wanted"):
        prepare(crops[0])


def test_recogniser_is_trained_on_others_and_opens(folder, tmp_path, capsys):
    found = recipe.people(folder)
    assert found.count == 3 and len(found.person) == 2 * len(NAMES) + 2 and found.real.sum() == 2
    out = tmp_path / "recogniser.safetensors"
    words = [
        "--data",
        str(folder),
        "--out",
        str(out),
        "--run",
        str(tmp_path / "run"),
        "--max-steps",
        "2",
        "--batch",
        "8",
    ]
    recipe.main(words)
    assert "12 images of 3 people" in capsys.readouterr().out
    assert open_recogniser(out).embed(np.zeros((1, 128, 128, 3), np.uint8)).shape == (1, 128)
    with pytest.raises(FileNotFoundError, match="portrait_data"):
        recipe.people(tmp_path)


def test_a_section_is_written_in_its_place(tmp_path):
    path = tmp_path / "scores.md"
    path.write_text("# Scores\n\nWords.\n\n## Before\n\n`python -m talkdemo bench`\n\n| a |\n", encoding="utf-8")
    command = "python -m talkdemo evaluate portraits --parts speed"
    for printed in ("| 1 |", "| 2 |"):
        scores.replace_section(path, scores.Section.printed("GC-GAN: speed", command, printed))
    head, sections = scores.read(path.read_text(encoding="utf-8"))
    assert "Words." in head and [s.title for s in sections] == ["Before", "GC-GAN: speed"]
    assert sections[1].command == command and "| 2 |" in sections[1].body
    assert "| 1 |" not in sections[1].body and "| a |" in sections[0].body


def test_every_part_has_a_title() -> None:
    assert report.PARTS.keys() == PORTRAIT_PARTS.keys()


def test_bad_arguments_are_one_sentence(folder, tmp_path, capsys):
    assert main(["evaluate", "portraits", "--parts", "manifold", "--model", str(tmp_path / "none.safetensors")]) == 2
    assert main(["evaluate", "portraits", "--parts", "speed", "--data", str(tmp_path)]) == 2
    output = capsys.readouterr().err.strip().splitlines()
    assert len(output) == 2 and all(line.startswith("talkdemo: ") for line in output)


def test_speed_is_told_with_its_command(folder, tmp_path, expresser, capsys, monkeypatch):
    monkeypatch.setattr(report.Expresser, "load", classmethod(lambda cls, name: expresser))
    monkeypatch.setattr(speed, "ROUNDS", 1)
    file = tmp_path / "scores.md"
    asked = ["--parts", "speed", "--data", str(folder), "--limit", "1", "--file", str(file)]
    assert main(["evaluate", "portraits", *asked]) == 0
    output = capsys.readouterr().out
    assert "Parameters: generator" in output and not output.startswith("##")
    (section,) = scores.read(file.read_text(encoding="utf-8"))[1]
    assert section.title == "GC-GAN: speed" and section.command.endswith("--limit 1")


def test_mediapipe_reads_a_crop_as_it_reads_the_photograph(monkeypatch):
    root = shared.root()
    photographs = sorted((root / "faces" / "neutral_front").glob("*.jpg")) if root else []
    if not photographs or not (root / "face_landmarker.task").is_file():
        pytest.skip("face_landmarker.task and photographs are not there (shared data absent)")
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(root / "face_landmarker.task"))
    portrait = open_portrait(photographs[0])
    with open_reader() as reader:
        for side, limit in ((128, 0.015), (64, 0.03)):
            crop = Crop.around(portrait.landmarks, side)
            read = reader(np.stack([crop.take(portrait.image), np.zeros((side, side, 3), np.uint8)]))
            assert read.found.tolist() == [True, False]
            away = np.linalg.norm(read.points[0] - crop.into(portrait.landmarks), axis=1).mean()
            assert away < limit * 0.36 * side
