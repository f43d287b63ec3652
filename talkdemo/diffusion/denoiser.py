"""Denoisers on normalised motion: a network bound to its conditions; guidance and thresholding wrap a denoiser.

`MotionStatistics` is the only place that knows how Motion's channels are laid out for the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

from talkdemo.diffusion.network import Network
from talkdemo.diffusion.sampler import Denoiser
from talkdemo.records import CHANNELS, HEAD_CHANNELS, Guidance

HEAD = slice(-HEAD_CHANNELS, None)  # the channels of head rotation
UNGUIDED = Guidance()

Weight = TypeVar("Weight", float, torch.Tensor)


class MotionStatistics(nn.Module):
    """Motion ↔ the network's normalised channels: 52 coefficients, then 3 of head rotation."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, channels: int = CHANNELS) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def normalise(self, tracks: torch.Tensor) -> torch.Tensor:
        """Tracks (…, T, 55) in their own units → (…, T, 55)."""
        return (tracks - self.mean) / self.std

    def restore(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(…, T, 55) → coefficients (…, T, 52), not yet clamped to 0..1, and head rotation (…, T, 3)."""
        motion = x * self.std + self.mean
        return motion[..., :-HEAD_CHANNELS], motion[..., HEAD]


@dataclass(frozen=True)
class DenoiserInput:
    """All that the network takes beside noisy motion and step, for B windows; B is 1 in what they share."""

    features: torch.Tensor  # (B, P + L, D); the null features where the speech is dropped
    previous: torch.Tensor  # (B, P, channels) normalised
    condition: torch.Tensor  # (B, condition) identity and emotion, or style; the null condition where it is dropped
    guidance: torch.Tensor | None = None  # (B, 2) weights on speech and style, for a guided network

    def __getitem__(self, rows: torch.Tensor | slice) -> DenoiserInput:
        guidance = None if self.guidance is None else self.guidance[rows]
        return DenoiserInput(self.features[rows], self.previous[rows], self.condition[rows], guidance)


def bind_denoiser(network: Network, window: DenoiserInput) -> Denoiser:
    """x̂(z, t) in float32; what no step changes is computed once."""
    weights = window.guidance if network.config.guided else None
    known = network.window(window.features, window.previous, window.condition, weights)

    def denoise(z: torch.Tensor, t: int | torch.Tensor) -> torch.Tensor:
        steps = torch.as_tensor(t, device=z.device)
        return network(z, steps.expand(len(known.vector)) if steps.dim() == 0 else steps, known).float()

    return denoise


def extrapolate(
    full: torch.Tensor, speech_only: torch.Tensor, nothing: torch.Tensor, audio: Weight, style: Weight
) -> torch.Tensor:
    """Classifier-free guidance on two conditions, one after the other (Brooks et al. 2023, eq. 3; Ho & Salimans 2021):
    x̂ = x̂(∅, ∅) + w_a (x̂(a, ∅) − x̂(∅, ∅)) + w_s (x̂(a, s) − x̂(a, ∅)), its terms collected."""
    return style * full + (audio - style) * speech_only + (1 - audio) * nothing


def guided(full: Denoiser, speech_only: Denoiser, nothing: Denoiser, guidance: Guidance) -> Denoiser:
    """`extrapolate` as a denoiser. A term whose factor is 0 is not evaluated, so weights of 1 and 1 cost one
    evaluation, equal weights two."""
    audio, style = guidance.audio, guidance.style

    def denoise(z: torch.Tensor, t: int | torch.Tensor) -> torch.Tensor:
        x = full(z, t)
        without_style = x if audio == style else speech_only(z, t)
        without_speech = x if audio == 1 else nothing(z, t)
        return extrapolate(x, without_style, without_speech, audio, style)

    return denoise


def thresholded(inner: Denoiser, ratio: float, least: float = 1.0, most: float = 4.0) -> Denoiser:
    """Dynamic thresholding (Saharia et al. 2022, without their division): x̂ of every item is clamped to ± the `ratio`
    quantile of its own |x̂|, that itself clamped to `least` … `most`. It tames strong guidance, and with it blinks,
    which are the largest numbers of a normalised motion."""

    def denoise(z: torch.Tensor, t: int | torch.Tensor) -> torch.Tensor:
        x = inner(z, t)
        bound = x.abs().flatten(1).float().quantile(ratio, dim=1).clamp(least, most).to(x)[:, None, None]
        return x.clamp(-bound, bound)

    return denoise


def evaluations(guidance: Guidance, folded: bool) -> int:
    """How many times the network runs for one step of `guided`; 1 where guidance is `folded` into the network."""
    return 1 if folded else 1 + (guidance.audio != guidance.style) + (guidance.audio != 1.0)
