"""Rotations: round trips, known answers, derivatives at zero."""

from __future__ import annotations

import math

import torch

from talkdemo.face.pose import euler_to_rotvec, rotmat_to_rotvec, rotvec_to_euler, rotvec_to_rotmat


def vectors(count: int, longest: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    direction = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator, dtype=torch.float64), dim=-1)
    return direction * torch.rand(count, 1, generator=generator, dtype=torch.float64) * longest


def test_vector_matrix_round_trip() -> None:
    v = vectors(500, math.pi - 1e-3).view(20, 25, 3)
    torch.testing.assert_close(rotmat_to_rotvec(rotvec_to_rotmat(v)), v, atol=1e-7, rtol=0)


def test_matrices_are_rotations() -> None:
    m = rotvec_to_rotmat(vectors(200, 6.0))
    torch.testing.assert_close(m @ m.transpose(1, 2), torch.eye(3, dtype=m.dtype).expand_as(m))
    torch.testing.assert_close(torch.linalg.det(m), torch.ones(200, dtype=m.dtype))


def test_euler_round_trip() -> None:
    v = vectors(300, 1.2)
    torch.testing.assert_close(euler_to_rotvec(rotvec_to_euler(v)), v)


def test_signs_follow_the_head_frame() -> None:
    ahead = torch.tensor([0.0, 0.0, 1.0])
    nod, turn = torch.tensor([0.3, 0.0, 0.0]), torch.tensor([0.0, 0.3, 0.0])
    assert (rotvec_to_rotmat(nod) @ ahead)[1] < 0, "+x nods down"
    assert (rotvec_to_rotmat(turn) @ ahead)[0] > 0, "+y turns to the character's left (+x)"
    up = torch.tensor([0.0, 1.0, 0.0])
    assert (rotvec_to_rotmat(torch.tensor([0.0, 0.0, 0.3])) @ up)[0] < 0, "+z tilts to the right shoulder (-x)"
    torch.testing.assert_close(rotvec_to_euler(turn), torch.tensor([0.3, 0.0, 0.0]))
    torch.testing.assert_close(rotvec_to_euler(nod), torch.tensor([0.0, 0.3, 0.0]))


def test_derivative_exists_at_zero() -> None:
    v = torch.cat([torch.zeros(1, 3), torch.full((1, 3), 1e-4), torch.full((1, 3), 0.4)]).double().requires_grad_()
    assert torch.autograd.gradcheck(rotvec_to_rotmat, v)
