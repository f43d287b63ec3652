"""Rotations of the head: vector (axis × angle) ↔ matrix ↔ Euler angles, in torch, any leading dimensions.

Frame: x to the character's left, y up, z out of the face; +x nods down, +y turns to the character's left, +z tilts
towards the character's right shoulder.
"""

from __future__ import annotations

import torch
from torch import Tensor


def rotvec_to_rotmat(vector: Tensor) -> Tensor:
    """(..., 3) → (..., 3, 3) by Rodrigues' formula; smooth (and differentiable) at zero."""
    square = (vector * vector).sum(-1)[..., None, None]
    small = square < 1e-4
    safe = torch.where(small, torch.ones_like(square), square)
    angle = safe.sqrt()
    a = torch.where(small, 1 - square / 6 + square**2 / 120, angle.sin() / angle)  # sin θ / θ
    b = torch.where(small, 0.5 - square / 24 + square**2 / 720, (1 - angle.cos()) / safe)  # (1 - cos θ) / θ²
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))
    return torch.eye(3, dtype=vector.dtype, device=vector.device) + a * cross + b * (cross @ cross)


def rotmat_to_rotvec(matrix: Tensor) -> Tensor:
    """(..., 3, 3) → (..., 3), angle in [0, π]; by way of the quaternion, so it holds up to half turns."""
    q = _rotmat_to_quat(matrix)
    w, xyz = q[..., :1], q[..., 1:]
    sine = xyz.norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2(sine, w)
    scale = torch.where(sine < 1e-8, 2 / w.clamp_min(1e-12), angle / sine.clamp_min(1e-12))
    return xyz * scale


def _rotmat_to_quat(m: Tensor) -> Tensor:
    """(..., 3, 3) → (..., 4) w, x, y, z with w ≥ 0: the largest of four equivalent forms (Shepperd 1978)."""
    d = m.diagonal(dim1=-2, dim2=-1)
    trace = d.sum(-1)
    forms = torch.stack([1 + trace, *((1 - trace)[..., None] + 2 * d).unbind(-1)], dim=-1)  # 4 w², 4 x², 4 y², 4 z²
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    wx, wy, wz = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    rows = torch.stack(
        [
            torch.stack([forms[..., 0], wx, wy, wz], -1),
            torch.stack([wx, forms[..., 1], xy, xz], -1),
            torch.stack([wy, xy, forms[..., 2], yz], -1),
            torch.stack([wz, xz, yz, forms[..., 3]], -1),
        ],
        dim=-2,
    )
    best = forms.argmax(-1)[..., None, None].expand(*forms.shape[:-1], 1, 4)
    q = rows.gather(-2, best).squeeze(-2)
    q = q / q.norm(dim=-1, keepdim=True)
    return torch.where(q[..., :1] < 0, -q, q)


def rotvec_to_euler(vector: Tensor) -> Tensor:
    """(..., 3) → (..., 3) yaw, pitch, roll in radians: turn left, then nod down, then tilt right (R = Ry Rx Rz)."""
    m = rotvec_to_rotmat(vector)
    pitch = torch.asin((-m[..., 1, 2]).clamp(-1, 1))
    yaw = torch.atan2(m[..., 0, 2], m[..., 2, 2])
    roll = torch.atan2(m[..., 1, 0], m[..., 1, 1])
    return torch.stack([yaw, pitch, roll], dim=-1)


def euler_to_rotvec(euler: Tensor) -> Tensor:
    """Inverse of `rotvec_to_euler`, pitch within ±π/2."""
    yaw, pitch, roll = euler.unbind(-1)
    zero = torch.zeros_like(yaw)
    ry = rotvec_to_rotmat(torch.stack([zero, yaw, zero], -1))
    rx = rotvec_to_rotmat(torch.stack([pitch, zero, zero], -1))
    rz = rotvec_to_rotmat(torch.stack([zero, zero, roll], -1))
    return rotmat_to_rotvec(ry @ rx @ rz)
