"""The warp and the drawings against what is known of them beforehand."""

from __future__ import annotations

import pytest
import torch

from talkdemo.gcgan.drawing import DRAWINGS, draw
from talkdemo.gcgan.flow import LOWER, MIN_GAP, UPPER, backward_flow, grid, resize, untangle, warp


@pytest.fixture
def points() -> torch.Tensor:
    """(2, 68, 2) different points inside the crop."""
    return torch.rand(2, 68, 2, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.25


def test_equal_landmarks_move_nothing(points: torch.Tensor) -> None:
    assert backward_flow(points, points, 32).abs().max() == 0


def test_a_shift_of_all_points(points: torch.Tensor) -> None:
    """Points pushed aside take their surroundings with them; the edges of the crop stay."""
    shift = torch.tensor([0.03, -0.02])
    flow = backward_flow(points, points + shift, 64)
    at = grid(64)
    inner = ((at - 0.5).abs().amax(-1) < 0.15).expand(2, -1, -1)
    assert (flow[inner] + shift).abs().max() < 0.01
    assert flow[:, 0].abs().max() < 0.01 and flow[:, :, -1].abs().max() < 0.01


def test_the_points_are_met(points: torch.Tensor) -> None:
    """At the new landmarks the flow leads back to the old ones."""
    target = points + 0.02 * torch.randn(2, 68, 2, generator=torch.Generator().manual_seed(1))
    flow = backward_flow(points, target, 128)
    sampled = torch.nn.functional.grid_sample(flow.permute(0, 3, 1, 2), (target * 2 - 1)[:, None], align_corners=False)
    missed = sampled[:, :, 0].transpose(1, 2) - (points - target)
    assert missed.norm(dim=2).median() < 0.004


def test_warp_and_resize() -> None:
    picture = torch.rand(1, 3, 16, 16)
    still = torch.zeros(1, 16, 16, 2)
    assert torch.allclose(warp(picture, still), picture, atol=1e-5)
    right = still + torch.tensor([2 / 16, 0.0])  # two pixels to the right are looked up
    assert torch.allclose(warp(picture, right)[..., :14], picture[..., 2:], atol=1e-4)
    assert warp(picture, right)[..., -1].allclose(picture[..., -1], atol=1e-4)
    assert resize(right, 16) is right
    assert torch.allclose(resize(right, 40), right[:, :1, :1].expand(1, 40, 40, 2))


def test_drawings(points: torch.Tensor) -> None:
    """Bright on the lines, dark beyond; each group by itself; one face does not depend on the other."""
    drawn = draw(points, 64)
    assert drawn.shape == (2, DRAWINGS, 64, 64) and drawn.min() >= 0 and drawn.max() <= 1
    line = torch.full((1, 68, 2), 2.0)  # outside
    line[0, :17] = torch.stack([torch.linspace(0.2, 0.8, 17), torch.full((17,), 0.5)], dim=1)
    alone = draw(line, 64)[0]
    assert alone[0, 31:33, 20:44].min() > 0.7 and alone[0, 10].max() < 1e-3 and alone[3].max() < 1e-3
    assert torch.allclose(draw(points[:1], 64), drawn[:1], atol=1e-5)
    assert draw(points, 128).shape == (2, DRAWINGS, 128, 128)


def test_drawings_lead_the_points(points: torch.Tensor) -> None:
    moving = points.clone().requires_grad_()
    draw(moving, 32).square().sum().backward()
    assert moving.grad is not None and torch.isfinite(moving.grad).all() and moving.grad.abs().max() > 0


def test_openings_of_mouth_and_eyes(points: torch.Tensor) -> None:
    """A mouth open as a box is filled within its rims, a shut one and one turned inside out are empty."""
    face = torch.full((3, 68, 2), 2.0)
    x = torch.linspace(0.3, 0.7, 5)
    for row, (upper, lower) in enumerate([(0.4, 0.6), (0.5, 0.5), (0.6, 0.4)]):
        face[row, [60, 61, 62, 63, 64], 0], face[row, [60, 67, 66, 65, 64], 0] = x, x
        face[row, [61, 62, 63], 1], face[row, [67, 66, 65], 1], face[row, [60, 64], 1] = upper, lower, 0.5
    mouth, eyes = draw(face, 64)[:, -2], draw(face, 64)[:, -1]
    assert mouth[0, 32, 22:42].min() > 0.9 and mouth[0, :20].max() < 1e-3 and mouth[0, :, :14].max() < 1e-3
    assert mouth[1:].max() < 1e-3 and eyes.max() < 1e-3
    assert abs(float(mouth[0].mean()) - 0.2 * 0.3) < 0.01  # a hexagon: 0.2 high, 0.4 wide, its ends pointed


def test_lids_and_lips_do_not_pass_each_other(points: torch.Tensor) -> None:
    source = points.clone()
    source[:, UPPER, 1], source[:, LOWER, 1] = 0.5, 0.54
    source[:, 67, 1] = 0.5005  # a corner of lips that all but meet
    crossed = source.clone()
    crossed[:, UPPER, 1], crossed[:, LOWER, 1] = 0.53, 0.51
    untangled = untangle(source, crossed)
    gaps = untangled[:, LOWER, 1] - untangled[:, UPPER, 1]
    wanted = torch.tensor(MIN_GAP)
    wanted[4] = 0.0005
    assert torch.allclose(gaps, wanted.expand_as(gaps), atol=1e-6)
    assert torch.allclose((untangled[:, LOWER, 1] + untangled[:, UPPER, 1]) / 2, torch.tensor(0.52), atol=1e-6)
    assert torch.equal(untangle(source, source), source)
    ordinary = source + 0.01 * torch.rand_like(source)
    assert torch.allclose(untangle(source, ordinary)[:, 48:60], ordinary[:, 48:60])
