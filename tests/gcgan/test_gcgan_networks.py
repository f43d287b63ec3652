"""Geometry, generator and critic: hand-computed losses, shapes, what an untrained network shows, one checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from talkdemo.gcgan.crop import EYES, MIDDLE
from talkdemo.gcgan.drawing import draw
from talkdemo.gcgan.flow import backward_flow, shut, untangle, warp
from talkdemo.gcgan.geometry import UNIT, Geometry, GeometryConfig, contrastive
from talkdemo.gcgan.model import GCGAN, FacePoints, GCGANConfig
from talkdemo.gcgan.networks import Critic, Generator, GeneratorConfig

SMALL = GeneratorConfig(side=32, widths=(8, 8, 16, 16), fine=8, image=8)


@pytest.fixture
def points() -> torch.Tensor:
    return torch.rand(3, 68, 2, generator=torch.Generator().manual_seed(0)) * 0.6 + 0.2


def test_contrastive_by_hand() -> None:
    """Pairs with squared distances 4 (the same), 1 and 9 (others), margin 5: ½·4/3 + ½·(5 − 1)/3."""
    z = torch.zeros(3, 2)
    other = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    loss = contrastive(z, other, torch.tensor([1, 0, 0]), 5.0)
    assert loss == pytest.approx(0.5 * 4 / 3 + 0.5 * 4 / 3)
    assert contrastive(z, other, torch.tensor([0, 1, 1]), 5.0) == pytest.approx(0.5 * 1 / 3 + 0.5 * 10 / 3)
    assert contrastive(z, z, torch.ones(3), 5.0) == 0


def test_geometry(points: torch.Tensor) -> None:
    geometry = Geometry(GeometryConfig()).eval()
    numbers = geometry.numbers(points)
    assert numbers.shape == (3, 136) and torch.allclose(geometry.points(numbers), points, atol=1e-5)
    steady = torch.tensor(MIDDLE).expand(1, 68, 2) + torch.tensor([EYES * UNIT, 0.0])
    assert torch.allclose(geometry.numbers(steady)[0, ::2], torch.ones(68), atol=1e-4)
    z, decoded = geometry(points, points.flip(0))
    assert z.shape == (3, 32) and decoded.shape == (3, 68, 2) and geometry.shape_of(points).shape == (3, 24)
    assert torch.allclose(geometry.encode(points[:1]), z[:1], atol=1e-5)  # batch normalisation at rest


def test_an_untrained_generator_warps(points: torch.Tensor) -> None:
    torch.manual_seed(0)
    generator, image = Generator(SMALL).eval(), torch.rand(3, 3, 32, 32) * 2 - 1
    target, z = points + 0.02, torch.zeros(3, 32)
    with torch.no_grad():
        generated = generator(image, points, target, z, z)
    assert generated.image.shape == generated.painted.shape == (3, 3, 32, 32)
    assert generated.mask.shape == (3, 1, 32, 32) and generated.flow.shape == (3, 32, 32, 2)
    there = untangle(points, target)
    shown = warp(image, shut(backward_flow(points, there, 32), points, there))
    assert torch.allclose(generated.image, shown, atol=1e-5) and torch.equal(generated.image, generated.painted)


def test_a_batch_equals_its_parts(points: torch.Tensor) -> None:
    generator, image, z = Generator(SMALL).eval(), torch.rand(3, 3, 32, 32), torch.randn(3, 32)
    with torch.no_grad():
        whole = generator(image, points, points.flip(0), z, -z).image
        alone = generator(image[1:2], points[1:2], points.flip(0)[1:2], z[1:2], -z[1:2]).image
    assert torch.allclose(whole[1:2], alone, atol=1e-4)


def test_critic(points: torch.Tensor) -> None:
    real, features, classes = Critic(6, (8, 16))(torch.rand(3, 3, 32, 32), draw(points, 32))
    assert real.shape == (3, 1, 8, 8) and classes.shape == (3, 6)
    assert [tuple(f.shape) for f in features] == [(3, 8, 16, 16), (3, 16, 8, 8)]


def test_size_of_the_shipped_model() -> None:
    assert sum(p.numel() for p in GCGAN(GCGANConfig()).parameters()) < 15e6


def test_one_file_gives_the_same_model(tmp_path: Path, points: torch.Tensor) -> None:
    config = GCGANConfig(SMALL, GeometryConfig(shape=8), ("neutral", "happy"), (0, -1, 1))
    model = GCGAN(config).eval()
    codes = torch.tensor([[1.0] * 32, [-1.0] * 32])
    model.describe(codes, torch.zeros(3, 32), config.shown)
    assert torch.allclose(model.map_middle, torch.zeros(32)) and model.map_axes.shape == (32, 2)
    path = model.save(tmp_path / "x.safetensors", {"licence": "none"})
    again, file = GCGAN.open(path)
    assert again.config == config and file.provenance["licence"] == "none" and torch.equal(again.preset_codes, codes)
    image = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        one, other = FacePoints(points, points), FacePoints(points.flip(0), points.flip(0))
        a, b = model(image, one, other), again(image, one, other)
    assert torch.allclose(a.image, b.image, atol=0.02)  # 16 bits in the file
    with pytest.raises(ValueError, match="1 presets and"):
        model.describe(codes[:1], torch.zeros(3, 32), config.shown)


def test_retargeting_to_the_own_expression_moves_nothing(points: torch.Tensor) -> None:
    model = GCGAN(GCGANConfig(SMALL)).eval()
    kept = model.retarget(points[:1], model.geometry.encode(points[:1]))
    assert torch.allclose(kept, points[:1], atol=1e-6)


def test_depths(points: torch.Tensor) -> None:
    """A decoder of three axes moves depths too; one of two leaves them."""
    solid = torch.cat([points[:1], torch.ones(1, 68, 1)], dim=2)
    for axes in (2, 3):
        model = GCGAN(GCGANConfig(SMALL, GeometryConfig(axes=axes))).eval()
        assert torch.allclose(model.retarget(solid, model.geometry.encode(points[:1])), solid, atol=1e-6)
        moved = model.retarget(solid, torch.randn(4, 32))
        assert moved.shape == (4, 68, 3) and ((moved[..., 2] != 1).any() == (axes == 3))
        assert model.retarget(points[:1], torch.randn(4, 32)).shape == (4, 68, 2)


def test_hidden_landmarks_do_not_pull(points: torch.Tensor) -> None:
    """A hidden point's own motion hardly moves the warp; seen, it does."""
    target = points.clone()
    target[:, 3] += 0.1
    hidden = torch.zeros(3, 68, dtype=torch.bool)
    hidden[:, 3] = True
    seen, unseen = backward_flow(points, target, 32), backward_flow(points, target, 32, hidden)
    assert seen.abs().max() > 0.05 and unseen.abs().max() < 0.1 * seen.abs().max()
