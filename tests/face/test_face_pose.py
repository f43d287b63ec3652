"""Rotations: the same matrices as scipy's, the frame of the head, derivatives at zero."""

from __future__ import annotations

import torch
from scipy.spatial.transform import Rotation

from talkdemo.face.pose import rotvec_to_rotmat


def test_matrices_are_scipys() -> None:
    generator = torch.Generator().manual_seed(0)
    vectors = 3.0 * torch.randn(200, 3, generator=generator, dtype=torch.float64)
    vectors[:20] *= 1e-3
    wanted = torch.from_numpy(Rotation.from_rotvec(vectors.numpy()).as_matrix())
    torch.testing.assert_close(rotvec_to_rotmat(vectors.view(20, 10, 3)), wanted.view(20, 10, 3, 3))


def test_signs_follow_the_head_frame() -> None:
    ahead, up = torch.tensor([0.0, 0.0, 1.0]), torch.tensor([0.0, 1.0, 0.0])
    nod, turn, tilt = 0.3 * torch.eye(3)
    assert (rotvec_to_rotmat(nod) @ ahead)[1] < 0, "+x nods down"
    assert (rotvec_to_rotmat(turn) @ ahead)[0] > 0, "+y turns to the character's left (+x)"
    assert (rotvec_to_rotmat(tilt) @ up)[0] < 0, "+z tilts to the right shoulder (-x)"


def test_derivative_exists_at_zero() -> None:
    v = torch.cat([torch.zeros(1, 3), torch.full((1, 3), 1e-4), torch.full((1, 3), 0.4)]).double().requires_grad_()
    assert torch.autograd.gradcheck(rotvec_to_rotmat, v)
