"""Noise in, sample out: free functions over any denoiser `(z (B, …), t) -> x̂ (B, …)` and a schedule."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch

from talkdemo.diffusion.schedule import Schedule

Denoiser = Callable[[torch.Tensor, int], torch.Tensor]
OnStep = Callable[[int, int], None]  # steps done, steps in all; may raise to stop


def draw(shape: Sequence[int], generators: Sequence[torch.Generator]) -> torch.Tensor:
    """(B, *shape) normal noise, each item from its own generator: what is drawn does not depend on the batch."""
    return torch.stack([torch.randn(*shape, generator=g) for g in generators])


def ddim(
    denoiser: Denoiser, z: torch.Tensor, schedule: Schedule, steps: int, on_step: OnStep | None = None
) -> torch.Tensor:
    """Deterministic sampling (Song et al. 2021, η = 0) from z = z_N in `steps` evaluations of the denoiser.

    z_s = α_s x̂ + (σ_s / σ_t)(z_t − α_t x̂); the last step returns x̂ itself.
    """
    times = schedule.timesteps(steps)
    for i, (t, s) in enumerate(itertools.pairwise(times)):
        x = denoiser(z, t)
        ratio = float(schedule.sigma[s] / schedule.sigma[t])
        z = float(schedule.alpha[s] - ratio * schedule.alpha[t]) * x + ratio * z
        if on_step:
            on_step(i + 1, steps)
    return z


def ddpm(
    denoiser: Denoiser,
    z: torch.Tensor,
    schedule: Schedule,
    generators: Sequence[torch.Generator],
    on_step: OnStep | None = None,
) -> torch.Tensor:
    """Ancestral sampling (Ho et al. 2020, eq. 6–7) through all N steps, posterior variance β̃_t; one generator each."""
    for t in range(schedule.steps, 0, -1):
        x = denoiser(z, t)
        alpha_t, alpha_s = float(schedule.alpha[t]), float(schedule.alpha[t - 1])
        var_t, var_s = float(schedule.sigma[t]) ** 2, float(schedule.sigma[t - 1]) ** 2
        step = alpha_t / alpha_s  # √(1 − β_t)
        beta = 1 - step**2
        z = (alpha_s * beta * x + step * var_s * z) / var_t
        if t > 1:
            z = z + (beta * var_s / var_t) ** 0.5 * draw(z.shape[1:], generators).to(z)
        if on_step:
            on_step(schedule.steps - t + 1, schedule.steps)
    return z
