"""What is covered: nothing of the gallery, beard and glasses too; masks, bands and sunglasses are told."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from talkdemo.data.portraits import occluders
from talkdemo.files import ASSETS
from talkdemo.gcgan import covered
from talkdemo.gcgan.gallery import gallery, open_gallery
from talkdemo.gcgan.portrait import Portrait


def painted(portrait: Portrait, corners: np.ndarray, colour: tuple[int, int, int]) -> Portrait:
    image = portrait.image.copy()
    cv2.fillPoly(image, [np.round(corners).astype(np.int32)], colour, cv2.LINE_AA)
    return replace(portrait, image=image)


def masked(portrait: Portrait) -> Portrait:
    marks = portrait.landmarks
    return painted(portrait, np.concatenate([marks[2:15], marks[[35, 29, 31]]]), (165, 195, 215))


def shaded(portrait: Portrait) -> Portrait:
    """With a dark band before both eyes."""
    low, high = portrait.landmarks[36:48].min(0) - 24, portrait.landmarks[36:48].max(0) + 24
    return painted(portrait, np.array([low, (high[0], low[1]), high, (low[0], high[1])]), (32, 30, 30))


@pytest.mark.parametrize("name", list(gallery()))
def test_nothing_of_the_gallery_is_covered(name: str) -> None:
    assert covered.warning(open_gallery(name)) == ""
    assert max(covered.scores(open_gallery(name)).values()) < 0


@pytest.mark.parametrize("name", ["maya", "kwame", "walter"])
def test_a_mask_and_a_band_are_told(name: str) -> None:
    portrait = open_gallery(name)
    assert covered.warning(masked(portrait)).startswith("The mouth is covered")
    assert covered.warning(shaded(portrait)).startswith("The eyes are covered")
    assert covered.warning(masked(shaded(portrait))).startswith("The mouth and the eyes are covered")


def test_sunglasses_are_told() -> None:
    """All but one in twenty at most of two pairs on each face of the gallery, and as the eyes alone."""
    told = []
    for name in gallery():
        portrait = open_gallery(name)
        for seed in range(2):
            image = occluders.sunglasses(portrait.image, portrait.landmarks, np.random.default_rng(seed))
            told.append(covered.warning(replace(portrait, image=image)))
    assert np.mean([text.startswith("The eyes are covered") for text in told]) >= 0.95
    assert not any("mouth" in text for text in told)


def test_the_weights_name_whose_photographs_they_were_trained_on() -> None:
    with (ASSETS / covered.NAME).open("rb") as stream, np.load(stream) as stored:
        sources = " ".join(stored["trained_on"])
    assert (
        "Face Research Lab London Set" in sources
        and "3DSK and Canada sets" in sources
        and sources.count("CC BY 4.0") == 2
    )


def test_log_odds_are_of_one_layer() -> None:
    """tanh((3 − 1) / 2 · 1 + 0) · 2 + 1."""
    one = np.ones((1, 255), np.float32) / 255
    network = covered.Network(
        one[0] * 0 + 1, one[0] * 0 + 2, one, np.zeros(1), np.full((1, 1), 2.0), np.ones(1), one[0]
    )
    np.testing.assert_allclose(network.odds(np.full((1, 255), 3.0)), [2 * np.tanh(1) + 1], rtol=1e-6)


def test_one_eye_alone_is_not_the_eyes(maya: Portrait) -> None:
    middle = maya.landmarks[36:42].mean(0)
    patch = painted(maya, middle + np.array([(-34, -26), (34, -26), (34, 26), (-34, 26)]), (20, 20, 20))
    assert covered.warning(patch) == ""


def test_a_face_beyond_the_edge_does_not_fail(maya: Portrait) -> None:
    outside = replace(maya, landmarks=maya.landmarks + np.float32(2000))
    assert isinstance(covered.warning(outside), str)
    assert covered.features(np.zeros((covered.HEIGHT, covered.WIDTH, 3), np.uint8)).shape == (255,)
