"""A portrait's head turns: as far as asked, smoothly, while what is far from it stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from talkdemo.gcgan.flow import spline
from talkdemo.gcgan.portrait import Portrait
from talkdemo.gcgan.sway import MOST, Sway


@pytest.fixture(scope="module")
def dotted() -> Portrait:
    """The gallery's maya with a white dot on the tip of the nose."""
    from talkdemo.gcgan.gallery import open_gallery

    maya = open_gallery("maya")
    image = np.zeros_like(maya.image)
    x, y = maya.landmarks[30].astype(int)
    image[y - 2 : y + 3, x - 2 : x + 3] = 255
    return Portrait(image, maya.landmarks, "dotted")


def dot(image: np.ndarray) -> np.ndarray:
    """x, y of the dot's middle."""
    light = image.mean(2)
    rows, columns = np.mgrid[0 : light.shape[0], 0 : light.shape[1]]
    return np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()


def test_no_turn_changes_nothing(maya: Portrait) -> None:
    assert Sway(maya)(maya.image, np.zeros(3)) is maya.image


@pytest.mark.parametrize(("axis", "sign"), [(0, 1), (0, -1), (1, 1), (1, -1)])
def test_the_nose_goes_where_the_head_turns(dotted: Portrait, axis: int, sign: int) -> None:
    """+x nods down, +y turns to the person's left, the image's right: by what a rigid head would move."""
    sway, head = Sway(dotted), np.zeros(3)
    head[axis] = sign * np.radians(4)
    moved = dot(sway(dotted.image, head)) - dot(dotted.image)
    size = MOST * np.tanh(np.radians(4) / MOST)
    rotation, middle = dotted.frame.turned(size * head[None] / np.radians(4), sway.eyes)
    rigid = (dotted.front[30] @ rotation[0].T + middle[0] - dotted.points[30])[:2]
    assert np.abs(moved - rigid).max() < 0.02 * sway.eyes and sign * moved[1 - axis] > 0.01 * sway.eyes


def test_the_background_stays(maya: Portrait) -> None:
    turned = Sway(maya)(maya.image, np.radians([5.0, 8.0, 3.0]))
    changed = (np.abs(turned.astype(int) - maya.image) > 1).any(2)
    assert changed.mean() > 0.05
    height, width = changed.shape
    assert not changed[: height // 10, : width // 10].any() and not changed[-height // 8 :, : width // 8].any()


def test_turns_are_limited(dotted: Portrait) -> None:
    sway = Sway(dotted)
    far, farther = (dot(sway(dotted.image, np.radians([0.0, angle, 0.0])))[0] for angle in (40, 80))
    assert far == pytest.approx(farther, abs=0.5)


def test_a_spline_goes_through_its_knots() -> None:
    knots = torch.rand(1, 12, 2, generator=torch.Generator().manual_seed(0))
    values = knots @ torch.tensor([[1.0, 2.0], [0.5, -1.0]]) + 0.3  # affine: exact everywhere
    there = torch.rand(1, 5, 2, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(spline(knots, knots) @ values, values, atol=1e-3)
    assert torch.allclose(
        spline(knots, there) @ values, there @ torch.tensor([[1.0, 2.0], [0.5, -1.0]]) + 0.3, atol=1e-3
    )
