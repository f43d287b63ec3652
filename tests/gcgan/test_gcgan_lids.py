"""Eyes that shut: how far by hand, and that nothing of an iris is left under a shut lid."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from talkdemo.gcgan.crop import EYES, MIDDLE
from talkdemo.gcgan.flow import backward_flow, grid, lidded, shut, shutting, untangle, warp
from talkdemo.gcgan.frame import AVERAGE

SIDE = 128


@pytest.fixture
def open_eyes() -> torch.Tensor:
    """(1, 68, 2) the average face in its canonical crop."""
    return torch.from_numpy(AVERAGE[:, :2] * EYES + np.array(MIDDLE)).float()[None]


@pytest.fixture
def right_shut(open_eyes: torch.Tensor) -> torch.Tensor:
    """The right eye's upper lid nearly on the lower one, as MediaPipe reads a wink."""
    points = open_eyes.clone()
    points[:, [37, 38], 1] = points[:, [41, 40], 1] - 0.006
    return points


def test_how_far_an_eye_shuts(open_eyes: torch.Tensor, right_shut: torch.Tensor) -> None:
    assert shutting(open_eyes, right_shut)[0].tolist() == pytest.approx([1, 0], abs=0.05)
    assert not shutting(open_eyes, open_eyes).any() and not shutting(right_shut, right_shut).any()


def test_a_shut_lid_hides_the_iris(open_eyes: torch.Tensor, right_shut: torch.Tensor) -> None:
    """Both eyes are white inside their rims, skin is black: of the right one hardly anything stays, the other stays."""
    at, image = grid(SIDE), torch.zeros(1, 1, SIDE, SIDE)
    for rows in (range(36, 42), range(42, 48)):
        middle = open_eyes[0, list(rows)].mean(0)
        half = (open_eyes[0, list(rows)] - middle).abs().amax(0)
        image[0, 0][((at - middle) / half).square().sum(-1) < 1] = 1
    there = untangle(open_eyes, right_shut)
    plain = backward_flow(open_eyes, there, SIDE)
    shown = warp(image, shut(plain, open_eyes, there))[0, 0]
    half = int(MIDDLE[0] * SIDE)
    before, after = image[0, 0], shown
    assert after[:, :half].sum() < 0.15 * before[:, :half].sum()
    assert after[:, half:].sum() == pytest.approx(float(before[:, half:].sum()), rel=0.15)
    cover = lidded(open_eyes, there, SIDE)[0, 0]
    assert cover[:, :half].max() == 1 and cover[:, half:].max() < 0.01


def test_open_eyes_are_left_alone(open_eyes: torch.Tensor) -> None:
    flow = backward_flow(open_eyes, open_eyes, SIDE)
    assert shut(flow, open_eyes, open_eyes) is flow and not lidded(open_eyes, open_eyes, SIDE).any()
