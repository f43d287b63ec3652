"""Rotation vectors (axis × angle) of the head as matrices, in torch.

Frame: x to the character's left, y up, z out of the face; +x nods down, +y turns to the character's left, +z tilts
towards the character's right shoulder.
"""

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
