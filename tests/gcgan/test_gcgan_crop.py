"""The crop: known similarities come back, there and back is where one was, what did not change stays to the byte."""

from __future__ import annotations

import numpy as np
import pytest

from talkdemo.gcgan.crop import EYES, MIDDLE, STEADY, Crop, edge_fade, similarity


def face(across: float = 60.0, angle: float = 0.0, at: tuple[float, float] = (100.0, 90.0)) -> np.ndarray:
    """(68, 2): the steady points as the crop expects them, the rest beside them; eyes `across` pixels apart."""
    points = np.random.default_rng(0).uniform(-0.4, 0.9, (68, 2))
    points[list(STEADY)] = [place[:2] for place in STEADY.values()]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return across * points @ turn.T + at


def test_similarity_finds_a_known_transform() -> None:
    source = np.random.default_rng(1).normal(size=(20, 2))
    known = np.array([[1.2, -0.5, 3.0], [0.5, 1.2, -7.0]])
    target = source @ known[:, :2].T + known[:, 2]
    assert np.allclose(similarity(source, target), known)
    target[3] += 50  # a point without weight may lie anywhere
    assert np.allclose(similarity(source, target, np.arange(20) != 3), known)
    with pytest.raises(ValueError, match="all lie in one place"):
        similarity(np.ones((5, 2)), np.ones((5, 2)))


@pytest.mark.parametrize("angle", [0.0, 0.5, -1.2])
def test_eyes_come_to_their_places(angle: float) -> None:
    crop = Crop.around(face(60, angle))
    eyes = crop.into(face(60, angle)[[36, 45]])
    assert np.allclose(eyes.mean(0), np.array(MIDDLE) * 128, atol=1e-3)
    assert np.allclose(eyes[1] - eyes[0], [EYES * 128, 0], atol=1e-3)
    assert crop.scale == pytest.approx(EYES * 128 / 60)


def test_there_and_back() -> None:
    crop, points = Crop.around(face(47, 0.3)), face(47, 0.3)
    assert np.allclose(crop.back(crop.into(points)), points, atol=1e-3)
    assert np.allclose(crop.at(320).into(points), crop.into(points) * 2.5, atol=1e-3)
    assert np.allclose(crop.at(320).back(crop.at(320).into(points)), points, atol=1e-3)
    assert crop.into(points[None, :5]).shape == (1, 5, 2)


def test_an_upright_crop_is_a_piece_of_the_picture() -> None:
    """At scale 1 and a whole shift, `take` is plain slicing."""
    image = np.random.default_rng(2).integers(0, 256, (120, 140, 3), dtype=np.uint8)
    crop = Crop(np.array([[1.0, 0, -20], [0, 1, -10]]), 64)
    assert (crop.take(image) == image[10:74, 20:84]).all()


def test_what_is_not_changed_stays() -> None:
    image = np.random.default_rng(3).integers(0, 256, (200, 220, 3), dtype=np.uint8)
    crop = Crop.around(face(50, 0.4))
    original = crop.take(image)
    assert (crop.put(image, original, original) == image).all()
    changed = original.copy()
    changed[50:70, 50:70] = 255 - changed[50:70, 50:70]
    result = crop.put(image, changed, original)
    ys, xs = np.nonzero((result != image).any(2))
    there = crop.into(np.stack([xs, ys], axis=1) + 0.5)
    assert len(xs) > 50 and (there > 46).all() and (there < 74).all()


def test_the_edge_fades() -> None:
    fade = edge_fade(100, 0.1)
    assert fade.max() == 1 and (fade[10:90, 10:90] == 1).all() and fade[0].max() < 0.02
    assert (fade == fade.T).all() and (np.diff(fade[50, :12]) >= 0).all()


def test_no_face_no_crop() -> None:
    for bad in (np.zeros((67, 2)), np.full((68, 2), np.nan), np.zeros((68, 3))):
        with pytest.raises(ValueError, match="68 points"):
            Crop.around(bad)
    with pytest.raises(ValueError, match="in one place"):
        Crop.around(np.ones((68, 2)))
