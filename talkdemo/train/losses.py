"""Predicted and true motion in, loss terms out. All terms are means, so that weights do not depend on sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

LipVertices = Callable[[torch.Tensor], torch.Tensor]  # coefficients (…, 52) → (…, V', 3) metres


@dataclass(frozen=True)
class MotionLossWeights:
    coefficients: float = 1.0
    velocity: float = 1.0
    lips: float = 0.5
    lip_velocity: float = 1.0
    closure: float = 0.5


def velocity(x: torch.Tensor) -> torch.Tensor:
    """First differences over time: (…, T, D) → (…, T − 1, D)."""
    return x[..., 1:, :] - x[..., :-1, :]


def motion_terms(
    predicted: torch.Tensor,  # (B, T, 55) normalised
    true: torch.Tensor,
    predicted_lips: torch.Tensor,  # (B, T, V', 3) metres
    true_lips: torch.Tensor,
    inner: tuple[int, int],  # upper and lower inner-lip middle, columns of V'
    weights: MotionLossWeights,
    unit: float = 0.003,  # metres: a typical excursion of the lips, so that lip terms are of order one
) -> dict[str, torch.Tensor]:
    """Squared error of coefficients and lip vertices, of their velocities, and of the gap between the lips where the
    lips are nearly closed (the square of a small gap is small, so the other terms hardly see a lip that fails to meet).
    """
    lips, target = predicted_lips / unit, true_lips / unit
    flat, flat_target = lips.flatten(-2), target.flatten(-2)
    gap = (lips[..., inner[0], :] - lips[..., inner[1], :]).norm(dim=-1)
    true_gap = (target[..., inner[0], :] - target[..., inner[1], :]).norm(dim=-1)
    near = torch.exp(-((true_gap / 0.5) ** 2))  # 1 where the lips meet, 0.02 at 3 mm
    return {
        "coefficients": weights.coefficients * (predicted - true).square().mean(),
        "velocity": weights.velocity * (velocity(predicted) - velocity(true)).square().mean(),
        "lips": weights.lips * 3 * (flat - flat_target).square().mean(),
        "lip_velocity": weights.lip_velocity * 3 * (velocity(flat) - velocity(flat_target)).square().mean(),
        "closure": weights.closure * (near * (gap - true_gap).abs()).mean(),
    }
