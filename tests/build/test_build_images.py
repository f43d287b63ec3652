"""Portraits of the characters, and the helpers that the makers of assets share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from talkdemo.build import characters, faces
from talkdemo.build.images import reduced, remove_others, save
from talkdemo.data.corpora import shared
from talkdemo.face.characters import CHARACTERS
from talkdemo.face.head import FaceModel

LANDMARKER = shared.root() and shared.root() / "face_landmarker.task"


def test_images_are_stored_and_others_removed(tmp_path: Path) -> None:
    save(reduced(np.full((64, 64, 3), 200, np.uint8), 16), tmp_path / "a.webp", quality=80)
    for name in ("b.webp", "b.json"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.webp").mkdir()
    remove_others(tmp_path, ["a"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.webp", "b.json", "folder.webp"]
    with Image.open(tmp_path / "a.webp") as image:
        assert image.size == (16, 16) and abs(np.asarray(image).mean() - 200) < 3


@pytest.mark.slow
def test_characters_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them, small: it looks like the shipped portrait."""
    monkeypatch.setattr(characters, "CHARACTERS", {"maya": CHARACTERS["maya"]})
    shipped = Image.open(characters.CHARACTER_IMAGES / "maya.webp").resize((64, 64))
    monkeypatch.setattr(characters, "CHARACTER_IMAGES", tmp_path)
    monkeypatch.setattr(characters, "SIDE", 64)
    characters.main()
    with Image.open(tmp_path / "maya.webp") as image:
        assert image.size == (64, 64)
        assert np.abs(np.asarray(image, float) - np.asarray(shipped, float)).mean() < 6


@pytest.mark.slow
@pytest.mark.skipif(LANDMARKER is None, reason="no shared data (../shared/data or TALKDEMO_SHARED)")
def test_a_face_of_the_gallery_is_drawn_with_its_landmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from talkdemo.gcgan.gallery import open_gallery

    shipped = open_gallery("maya").landmarks
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(LANDMARKER))
    monkeypatch.setattr(faces, "FOLDER", tmp_path)
    landmarks = faces.draw(FaceModel.load(), CHARACTERS["maya"], faces.SOFT)
    assert (tmp_path / "maya.webp").is_file() and np.abs(np.array(landmarks) - shipped).mean() < 4
