"""What samplers call: a network bound to its condition, on normalised motion; guidance is a denoiser around one.

`MotionStatistics` is the only place that knows how Motion's channels are laid out for the network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from talkdemo.diffusion.network import Network


class MotionStatistics(nn.Module):
    """Motion ↔ the network's normalised channels: 52 coefficients, then 3 of head rotation."""

    def __init__(self, channels: int = 55) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def normalise(self, coefficients: torch.Tensor, head: torch.Tensor) -> torch.Tensor:
        """(…, T, 52) and (…, T, 3) → (…, T, 55)."""
        return (torch.cat([coefficients, head], dim=-1) - self.mean) / self.std

    def restore(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(…, T, 55) → coefficients (…, T, 52), not yet clamped to 0..1, and head rotation (…, T, 3)."""
        motion = x * self.std + self.mean
        return motion[..., :-3], motion[..., -3:]


@dataclass(frozen=True)
class WindowCondition:
    """Everything a window is conditioned on, for B samples."""

    features: torch.Tensor  # (B, P + L, D); the null features where the speech is dropped
    previous: torch.Tensor  # (B, P, channels) normalised
    condition: torch.Tensor  # (B, condition) identity and emotion


Denoise = Callable[[torch.Tensor, int], torch.Tensor]


def denoiser(network: Network, window: WindowCondition) -> Denoise:
    """x̂(z, t) for one window; the speech branch runs once, not once a step."""
    speech = network.speech(window.features)

    def denoise(z: torch.Tensor, t: int) -> torch.Tensor:
        steps = torch.full((len(z),), t, device=z.device)
        return network(z, steps, speech, window.previous, window.condition)

    return denoise


def guided(with_condition: Denoise, without: Denoise, scale: float) -> Denoise:
    """Classifier-free guidance (Ho & Salimans 2021): x̂_∅ + scale · (x̂ − x̂_∅). Scale 1 is no guidance and costs none."""
    if scale == 1.0:
        return with_condition

    def denoise(z: torch.Tensor, t: int) -> torch.Tensor:
        base = without(z, t)
        return base + scale * (with_condition(z, t) - base)

    return denoise
