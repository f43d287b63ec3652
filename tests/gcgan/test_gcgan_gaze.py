"""Where eyes look: gazes pass from face to face, pupils move between lids that stay, films follow the head's eyes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from talkdemo.face.arkit import INDEX
from talkdemo.face.landmarks import LANDMARKS
from talkdemo.gcgan import gaze
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.flow import backward_flow, grid, resize, warp
from talkdemo.gcgan.gallery import gallery, open_gallery
from talkdemo.gcgan.portrait import Portrait

EYES = {"right": (0, slice(36, 42)), "left": (1, slice(42, 48))}
SIDE = 256


@pytest.fixture(scope="module")
def shipped() -> Expresser:
    return Expresser.load()


@pytest.fixture(scope="module")
def maya() -> Portrait:
    return open_gallery("maya")


def test_a_gaze_comes_back_and_passes_to_a_turned_and_larger_face(maya: Portrait) -> None:
    looks = gaze.of(maya.seen)
    np.testing.assert_allclose(gaze.at(maya.landmarks, looks), maya.seen, atol=1e-3)
    turn = 2.5 * np.array([[0.8, -0.6], [0.6, 0.8]], np.float32)
    np.testing.assert_allclose(gaze.of(maya.seen @ turn.T + 30), looks, atol=1e-5)
    middle = gaze.of(gaze.at(maya.landmarks, np.zeros((2, 2))))
    np.testing.assert_allclose(middle, 0, atol=1e-6)


def test_all_of_the_gallery_look_at_the_camera() -> None:
    for name in gallery():
        portrait = open_gallery(name)
        for eye, rows in EYES.values():
            low, high = portrait.landmarks[rows].min(0) - 2, portrait.landmarks[rows].max(0) + 2
            assert portrait.pupils is not None
            assert (portrait.pupils[eye] > low).all() and (portrait.pupils[eye] < high).all(), name


def drawn(points: torch.Tensor) -> torch.Tensor:
    """(1, 1, SIDE, SIDE): white, a black disc on each pupil."""
    away = (grid(SIDE)[None] - points[:, LANDMARKS:, None, None].permute(1, 0, 2, 3, 4)[:, 0]).norm(dim=-1)
    return 1 - (away < 0.012).any(0).float()[None, None]


def test_the_pupil_moves_and_the_lids_stay(maya: Portrait) -> None:
    """Discs drawn on pupils come to lie where the target's are; outside of the eyes nothing moves."""
    source = torch.from_numpy(maya.seen / len(maya.image))[None].float()
    target = source.clone()
    target[:, LANDMARKS:] += torch.tensor([0.01, 0.0])
    flow = resize(backward_flow(source, target, 128), SIDE)
    moved = gaze.with_eyes(flow, source, target)
    dark = 1 - warp(drawn(source), moved)[0, 0]
    for eye, rows in EYES.values():
        low, high = (source[0, rows].amin(0) * SIDE).int() - 3, (source[0, rows].amax(0) * SIDE).int() + 3
        part = torch.zeros_like(dark)
        part[low[1] : high[1], low[0] : high[0]] = dark[low[1] : high[1], low[0] : high[0]]
        found = (part[..., None] * grid(SIDE)).sum((0, 1)) / part.sum()
        assert abs(float(found[0] - target[0, LANDMARKS + eye, 0])) * SIDE < 1
    outside = grid(SIDE)[..., 1] > float(source[0, 36:48, 1].max()) + 0.03
    assert torch.equal(moved[0][outside], flow[0][outside])
    still = gaze.with_eyes(flow, source, source)
    assert float((still - flow).abs().max()) < 1e-4


def test_without_pupils_eyes_stay_as_they_are(shipped: Expresser, maya: Portrait) -> None:
    aside = gaze.at(maya.landmarks, gaze.of(maya.seen) + np.array([0.12, 0]))
    blind = Portrait(maya.image, maya.landmarks)
    assert (shipped.express(maya, aside) != maya.image).any()
    np.testing.assert_array_equal(shipped.express(blind, aside), maya.image)
    np.testing.assert_array_equal(shipped.express(maya, aside[:LANDMARKS]), maya.image)
    with pytest.raises(ValueError, match="68 points"):
        shipped.express(maya, aside[:69])


def test_the_eyes_of_a_head_are_followed(shipped: Expresser, maya: Portrait) -> None:
    """To the image's right where the head looks to its own left; other channels move no pupil in its eye."""
    frames = np.zeros((3, 52), np.float32)
    frames[1, [INDEX["eyeLookOutLeft"], INDEX["eyeLookInRight"]]] = 1
    frames[2, INDEX["jawOpen"]] = 1
    looks = gaze.of(shipped.follow(maya, frames))
    np.testing.assert_allclose(looks[0], gaze.of(maya.seen), atol=1e-4)
    np.testing.assert_allclose(looks[1] - looks[0], [[0.2, 0]] * 2, atol=1e-4)
    np.testing.assert_allclose(looks[2], looks[0], atol=1e-4)


def test_a_change_of_gaze_as_coefficients() -> None:
    for change in ((0.1, 0.03), (-0.05, -0.02), (0.0, 0.0)):
        found = gaze.coefficients(np.array(change))
        assert found.min() >= 0 and np.count_nonzero(found) in (0, 4)
        np.testing.assert_allclose(found @ gaze.MOVES, change, atol=1e-6)
    assert gaze.coefficients(np.array([9.0, 0.0])).max() == 1


def test_a_gaze_is_copied_from_another_face(shipped: Expresser, maya: Portrait) -> None:
    leo = open_gallery("leo")
    copied = shipped.transfer(maya, leo.points, leo.pupils)
    np.testing.assert_allclose(gaze.of(copied), gaze.of(leo.seen), atol=1e-4)
    assert shipped.transfer(maya, leo.points).shape == (LANDMARKS, 2)
    half = shipped.path(maya, copied, [0.5])[0]
    np.testing.assert_allclose(half[68:], (maya.seen + copied)[68:] / 2, atol=1e-3)
