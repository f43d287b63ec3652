"""The cosine noise schedule of Nichol & Dhariwal (2021), variance preserving, and its discretisation for sampling.

q(z_t | x) = N(α_t x, σ_t² I) with α_t² + σ_t² = 1, t = 0 (clean) … N (noise).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Schedule:
    alpha: torch.Tensor  # (N + 1,) signal level, float64
    sigma: torch.Tensor  # (N + 1,) noise level, float64

    @property
    def steps(self) -> int:
        """N."""
        return len(self.alpha) - 1

    def timesteps(self, steps: int) -> list[int]:
        """N = t_0 > t_1 > … > t_steps = 0, as evenly spaced as whole numbers allow.

        Raises ValueError unless 1 ≤ steps ≤ N.
        """
        if not 1 <= steps <= self.steps:
            raise ValueError(f"{steps} sampling steps were asked for; this model takes 1 to {self.steps}")
        return [round(self.steps * (steps - i) / steps) for i in range(steps + 1)]

    def discretise(self, steps: int) -> SamplingSchedule:
        """The noise levels of `timesteps`, which raises ValueError likewise."""
        t = self.timesteps(steps)
        return SamplingSchedule(tuple(t), *(tuple(level[t].tolist()) for level in (self.alpha, self.sigma)))


@dataclass(frozen=True)
class SamplingSchedule:
    """What a sampler of S steps visits, from noise (index 0) to clean data (index S)."""

    t: tuple[int, ...]  # (S + 1,) step numbers, as the denoiser takes them
    alpha: tuple[float, ...]  # (S + 1,)
    sigma: tuple[float, ...]  # (S + 1,)

    def __len__(self) -> int:
        """S."""
        return len(self.t) - 1


def cosine(steps: int = 512, offset: float = 0.008, max_beta: float = 0.999) -> Schedule:
    """ᾱ(t) = cos²((t/N + s)/(1 + s) · π/2) / ᾱ(0), with β_t = 1 − ᾱ_t/ᾱ_{t−1} clipped at `max_beta` (eq. 17 there)."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    raw = torch.cos((t + offset) / (1 + offset) * math.pi / 2) ** 2
    beta = (1 - raw[1:] / raw[:-1]).clamp(max=max_beta)
    alpha_bar = torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(1 - beta, 0)])
    return Schedule(alpha=alpha_bar.sqrt(), sigma=(1 - alpha_bar).sqrt())


def add_noise(schedule: Schedule, x: torch.Tensor, noise: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """z_t = α_t x + σ_t ε for x, noise (B, …) and step numbers t (B,)."""
    shape = (-1,) + (1,) * (x.dim() - 1)
    alpha, sigma = schedule.alpha[t.cpu()].to(x), schedule.sigma[t.cpu()].to(x)
    return alpha.view(shape) * x + sigma.view(shape) * noise
