"""Portraits of the characters, and the helpers that the makers of assets share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from talkdemo.build import characters, faces
from talkdemo.build.images import reduced, remove_others, save
from talkdemo.build.worn import growth, with_beard, with_glasses
from talkdemo.data.corpora import shared
from talkdemo.face.characters import CHARACTERS
from talkdemo.face.head import FaceModel
from talkdemo.face.landmarks import vertex_numbers

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


def test_a_beard_grows_where_beards_grow() -> None:
    """On chin and jaw; not on nose, brows and eyes, nor between the lips. Both sides alike."""
    face = FaceModel.load().drawable("ravi")
    marks = face.neutral[vertex_numbers().numpy()]
    share = growth(face, marks)
    assert share[[6, 7, 8, 9, 10]].min() > 0.5 and share[[4, 12]].min() > 0.3
    assert share[[*range(17, 31), *range(36, 48), *range(60, 68)]].max() < 0.1
    assert np.allclose(share[:8], share[16:8:-1], atol=0.05)


def test_what_is_worn_is_added_to_the_head() -> None:
    """Hairs start at the skin and are as long as asked for; glasses stand before the eyes, and touch no eye."""
    plain = FaceModel.load().drawable("ravi")
    bearded = with_beard(plain, (0.2, 0.15, 0.1), 0.01, np.random.default_rng(0))
    count = len(plain.neutral)
    assert (bearded.neutral[:count] == plain.neutral).all() and bearded.parts[-1].name == "beard"
    hairs = bearded.neutral[count:].reshape(-1, 8, 3)
    assert len(hairs) > 1000 and np.linalg.norm(hairs[:, -1] - hairs[:, 0], axis=1).max() < 0.016
    skin, shaded = (next(p for p in face.parts if p.name == "skin").material.texture for face in (plain, bearded))
    assert (skin != shaded).any() and 0.5 < (skin == shaded).mean() < 0.999

    dressed = with_glasses(plain, (0.1, 0.1, 0.1))
    marks, new = plain.neutral[vertex_numbers().numpy()], dressed.neutral[count:]
    front = new[np.abs(new[:, 0]) < abs(marks[45, 0])]
    assert front[:, 2].min() > marks[36:48, 2].max() + 0.002 and np.abs(new[:, 0].sum()) < 0.01 * len(new)
    assert new[:, 2].min() < marks[0, 2] + 0.01  # over the ears
    for face in (bearded, dressed):
        assert all(part.faces.max() < len(face.neutral) for part in face.parts)
        assert len(face.uv) == len(face.weld) == len(face.neutral)
