"""The recipe of what is covered: the split, the threshold, what is learned, two steps on tiny data."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from talkdemo.data.portraits import occluders
from talkdemo.data.portraits.photographs import Photo
from talkdemo.data.portraits.store import Portraits
from talkdemo.gcgan import covered
from talkdemo.gcgan.portrait import Portrait
from talkdemo.train.gcgan import covered as recipe

SIDE = 192
MOUTH, EYES = recipe.KINDS["mouth"], recipe.KINDS["eyes"]


def look(kind: str, split: str, **first: float) -> recipe.Look:
    """Features that are 0 but for the first one of each part."""
    values = {part: np.zeros(255, np.float32) for part in covered.PARTS}
    for part, value in first.items():
        values[part][0] = value
    return recipe.Look(kind, split, values)


def sign(scale: float) -> covered.Network:
    """±scale, by the sign of the first feature; 0 for 0."""
    first = np.zeros((1, 255), np.float32)
    first[0, 0] = 1000
    none = np.zeros(255, np.float32)
    return covered.Network(none, none + 1, first, np.zeros(1), np.full((1, 1), scale), np.zeros(1), np.array(0.0))


def test_a_person_has_one_split() -> None:
    found = [
        Photo(Path(f"{k}{e}"), f"p{k:02d}", e, "london", "test" if k < 4 else "train") for k in range(24) for e in "ns"
    ]
    split = recipe.splits(found)
    assert sorted(split.values()).count("val") == 4 and sum(value == "test" for value in split.values()) == 4
    assert all(split[f"p{k:02d}"] == "test" for k in range(4))


def test_eyes_are_covered_when_both_are() -> None:
    looks = [look("photograph", "test", right=1, left=-1), look("band", "test", right=1, left=1)]
    assert recipe.scores(sign(3), "eyes", looks).tolist() == [-3, 3]
    assert recipe.scores(sign(3), "mouth", looks).tolist() == [0, 0]


def test_the_threshold_is_above_uncovered_validation_faces_alone() -> None:
    """Neither test faces nor covered ones count; each kind counts, however few there are of it."""
    free = [look("photograph", "val", mouth=-1)] * 50
    ignored = [look("photograph", "test", mouth=1), look("mask", "val", mouth=1), look("render", "train", mouth=1)]
    assert recipe.threshold(sign(3), "mouth", free + ignored) == pytest.approx(recipe.MARGIN)
    assert recipe.threshold(sign(3), "mouth", [*free, look("beard", "val", mouth=1)]) == pytest.approx(
        3 + recipe.MARGIN, abs=0.01
    )
    assert recipe.threshold(sign(3), "mouth", [*free, look("band", "val", mouth=1)]) == pytest.approx(
        3 + recipe.MARGIN, abs=0.01
    )


def test_what_tells_them_apart_is_learned_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "RATE", 10 * recipe.RATE)
    rng = np.random.default_rng(0)
    looks = [
        look(kind, split, mouth=(2 if kind in MOUTH else -2) + 0.2 * rng.normal())
        for kind in ("photograph", "render", "beard", *MOUTH, *EYES)
        for split in ("train", "val", "test")
        for _ in range(20)
    ]
    network = recipe.fit("mouth", looks, 80, 0)
    told = recipe.report(network, "mouth", looks, {"thing": recipe.fit("mouth", looks, 80, 0, "thing")})
    assert "uncovered, photograph: 0 of 20 (0 %)" in told and "uncovered, only the other covered: 0 of 60" in told
    assert "covered, mask: 20 of 20 (100 %)\n" in told
    assert "covered, thing: 20 of 20 (100 %); 20 of 20 (100 %) left out of training" in told


@pytest.fixture
def tiny(maya: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Arguments of the recipe: five people, who all look like maya, and a rendered one."""
    small = np.asarray(Image.fromarray(maya.image).resize((SIDE, SIDE)))
    points = (maya.points * SIDE / len(maya.image)).astype(np.float32)
    (tmp_path / "photographs" / "neutral_front").mkdir(parents=True)
    for k in range(5):
        Image.fromarray(small).save(tmp_path / "photographs" / "neutral_front" / f"{k:03d}_03.jpg")
    Portraits(
        "p000", "train", 0, small[None], points[None, :, :2], points[None], points[None, 36:38, :2],
        np.zeros((1, 52), np.float32), np.zeros((1, 3), np.float32), np.array(["neutral"]), np.ones(1, np.float32),
    ).save(tmp_path / "renders" / "p000-0.npz")  # fmt: skip
    monkeypatch.setattr(recipe, "open_landmarker", lambda video: nullcontext())
    monkeypatch.setattr(recipe, "landmarks_seen", lambda image, see: points)
    return ["--data", str(tmp_path), "--photographs", str(tmp_path / "photographs"), "--steps", "2"]


def test_two_steps(tiny: list[str], one_thread, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = []
    for name in ("a.npz", "b.npz"):
        recipe.main([*tiny, "--out", str(tmp_path / name)])
        with np.load(tmp_path / name) as file:
            stored.append({key: file[key] for key in file.files})
    assert all((stored[0][key] == stored[1][key]).all() for key in stored[0])
    assert stored[0]["mouth/first"].shape == (recipe.UNITS, 255) and stored[0]["eyes/sure"].shape == ()
    assert stored[0]["trained_on"].tolist() == list(recipe.SOURCES)
    told = capsys.readouterr().out
    assert "mask: 3 train, 1 val, 1 test" in told and "render: 1 train, 0 val, 0 test" in told
    assert "left out of training" in told and "of 1 (" in told


@pytest.mark.parametrize("name", [*occluders.MOUTH, *occluders.EYES])
def test_an_occluder_covers_its_part_and_leaves_the_other(maya: Portrait, name: str) -> None:
    draw = (occluders.MOUTH | occluders.EYES)[name]
    before = maya.image.copy()
    drawn = draw(maya.image, maya.landmarks, np.random.default_rng(1))
    assert (maya.image == before).all() and drawn.shape == before.shape and drawn.dtype == np.uint8
    assert (draw(maya.image, maya.landmarks, np.random.default_rng(1)) == drawn).all()
    changed = (drawn != before).any(2)

    def share(rows: slice) -> float:
        x, y = np.rint(maya.landmarks[rows]).astype(int).T
        return float(changed[y, x].mean())

    mouth, eyes = share(slice(48, 68)), share(slice(36, 48))
    assert (mouth, eyes)[name in occluders.EYES] > 0.8 and (eyes, mouth)[name in occluders.EYES] == 0
