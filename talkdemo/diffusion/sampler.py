"""Samplers: free functions of one signature over any denoiser and any discretised schedule.

Each takes noise z (B, …) at the first level of the schedule to a sample x (B, …) at its last.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import torch

from talkdemo.diffusion.schedule import SamplingSchedule
from talkdemo.records import DDIM, DPM_SOLVER

Denoiser = Callable[[torch.Tensor, int | torch.Tensor], torch.Tensor]  # z (B, …), step number(s), one or (B,) → x̂
OnStep = Callable[[int, int], None]  # steps done, steps in all; may raise to stop


class Sampler(Protocol):
    def __call__(
        self,
        denoiser: Denoiser,
        z: torch.Tensor,
        schedule: SamplingSchedule,
        *,
        generators: Sequence[torch.Generator] = (),
        on_step: OnStep | None = None,
    ) -> torch.Tensor: ...


def draw(shape: Sequence[int], generators: Sequence[torch.Generator]) -> torch.Tensor:
    """(B, *shape) normal noise, each item from its own generator: what is drawn does not depend on the batch."""
    return torch.stack([torch.randn(*shape, generator=g) for g in generators])


def ddim(
    denoiser: Denoiser,
    z: torch.Tensor,
    schedule: SamplingSchedule,
    *,
    generators: Sequence[torch.Generator] = (),
    on_step: OnStep | None = None,
) -> torch.Tensor:
    """Deterministic sampling (Song et al. 2021, η = 0); draws nothing.

    z_s = α_s x̂ + (σ_s / σ_t)(z_t − α_t x̂); the last step returns x̂ itself.
    """
    alpha, sigma = schedule.alpha, schedule.sigma
    for i in range(len(schedule)):
        x = denoiser(z, schedule.t[i])
        ratio = sigma[i + 1] / sigma[i]
        z = (alpha[i + 1] - ratio * alpha[i]) * x + ratio * z
        if on_step:
            on_step(i + 1, len(schedule))
    return z


def dpm_solver(
    denoiser: Denoiser,
    z: torch.Tensor,
    schedule: SamplingSchedule,
    *,
    generators: Sequence[torch.Generator] = (),
    on_step: OnStep | None = None,
) -> torch.Tensor:
    """DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): second order at one evaluation a step; draws nothing.

    With λ = log(α / σ), h = λ_s − λ_t and r = h_before / h, it goes z_s = (σ_s / σ_t) z_t + α_s (1 − e^−h) D, where
    D = x̂ + (x̂ − x̂_before) / 2r extrapolates to the middle of the step. The first step has no x̂ before it, and the
    last one goes to λ = ∞: both take D = x̂, which is DDIM.
    """
    alpha, sigma = schedule.alpha, schedule.sigma
    level = [math.log(a / s) if s else math.inf for a, s in zip(alpha, sigma, strict=True)]  # λ
    before: torch.Tensor | None = None
    for i in range(len(schedule)):
        x = denoiser(z, schedule.t[i])
        direction, h = x, level[i + 1] - level[i]
        if before is not None and h < math.inf:
            direction = x + (x - before) * (h / (2 * (level[i] - level[i - 1])))
        z = (sigma[i + 1] / sigma[i]) * z - (alpha[i + 1] * math.expm1(-h)) * direction
        before = x
        if on_step:
            on_step(i + 1, len(schedule))
    return z


def ddpm(
    denoiser: Denoiser,
    z: torch.Tensor,
    schedule: SamplingSchedule,
    *,
    generators: Sequence[torch.Generator] = (),
    on_step: OnStep | None = None,
) -> torch.Tensor:
    """Ancestral sampling (Ho et al. 2020, eq. 6–7) with the posterior variance β̃; one generator per item."""
    alpha, sigma = schedule.alpha, schedule.sigma
    for i in range(len(schedule)):
        x = denoiser(z, schedule.t[i])
        var_t, var_s = sigma[i] ** 2, sigma[i + 1] ** 2
        step = alpha[i] / alpha[i + 1]  # √(1 − β), β between the two levels
        beta = 1 - step**2
        z = (alpha[i + 1] * beta * x + step * var_s * z) / var_t
        if i + 1 < len(schedule):
            z = z + (beta * var_s / var_t) ** 0.5 * draw(z.shape[1:], generators).to(z)
        if on_step:
            on_step(i + 1, len(schedule))
    return z


SAMPLERS: Mapping[str, Sampler] = {DDIM: ddim, DPM_SOLVER: dpm_solver}  # those that a request may name
