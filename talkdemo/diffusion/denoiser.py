"""What samplers call: a network bound to its condition, on normalised motion; guidance is a denoiser around one.

`MotionStatistics` is the only place that knows how Motion's channels are laid out for the network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from talkdemo.diffusion.network import Network

HEAD = slice(-3, None)  # the channels of head rotation


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
class Guidance:
    """Weights of classifier-free guidance on the speech and on the style (identity); 1 and 1 is none."""

    audio: float = 1.0
    style: float = 1.0

    @property
    def none(self) -> bool:
        return self.audio == 1.0 and self.style == 1.0


UNGUIDED = Guidance()


@dataclass(frozen=True)
class WindowCondition:
    """Everything a window is conditioned on, for B samples."""

    features: torch.Tensor  # (B, P + L, D); the null features where the speech is dropped
    previous: torch.Tensor  # (B, P, channels) normalised
    condition: torch.Tensor  # (B, condition) identity and emotion; the null condition where they are dropped


Denoise = Callable[[torch.Tensor, int], torch.Tensor]


def denoiser(network: Network, window: WindowCondition, guidance: Guidance | None = None) -> Denoise:
    """x̂(z, t) for one window; the speech branch runs once, not once a step. `guidance`: for a guided network only."""
    speech = network.speech(window.features)
    weights = None
    if guidance is not None:
        weights = torch.tensor([[guidance.audio, guidance.style]], device=speech.device).expand(len(speech), -1)

    def denoise(z: torch.Tensor, t: int) -> torch.Tensor:
        steps = torch.full((len(z),), t, device=z.device)
        return network(z, steps, speech, window.previous, window.condition, weights)

    return denoise


def guided(full: Denoise, speech_only: Denoise, nothing: Denoise, guidance: Guidance) -> Denoise:
    """Classifier-free guidance on two conditions, one after the other (Brooks et al. 2023, eq. 3; Ho & Salimans 2021):
    x̂ = x̂(∅, ∅) + w_a (x̂(a, ∅) − x̂(∅, ∅)) + w_s (x̂(a, s) − x̂(a, ∅)). A term whose factor is 0 is not evaluated, so
    weights of 1 and 1 cost one evaluation, equal weights two."""
    first, second = 1.0 - guidance.audio, guidance.audio - guidance.style

    def denoise(z: torch.Tensor, t: int) -> torch.Tensor:
        x = guidance.style * full(z, t)
        if second:
            x = x + second * speech_only(z, t)
        return x + first * nothing(z, t) if first else x

    return denoise


def thresholded(inner: Denoise, ratio: float, least: float = 1.0, most: float = 4.0) -> Denoise:
    """Dynamic thresholding (Saharia et al. 2022, without their division): x̂ of every item is clamped to ± the `ratio`
    quantile of its own |x̂|, that itself kept within `least` … `most`. It tames strong guidance, and with it blinks,
    which are the largest numbers of a normalised motion."""

    def denoise(z: torch.Tensor, t: int) -> torch.Tensor:
        x = inner(z, t)
        bound = x.abs().flatten(1).float().quantile(ratio, dim=1).clamp(least, most).to(x)[:, None, None]
        return x.clamp(-bound, bound)

    return denoise


def evaluations(guidance: Guidance, folded: bool) -> int:
    """How many times the network runs for one step of `guided`; 1 where guidance is `folded` into the network."""
    return 1 if folded else 1 + (guidance.audio != guidance.style) + (guidance.audio != 1.0)
