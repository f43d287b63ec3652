"""Targets of progressive distillation: pure functions.

Salimans & Ho (2022), algorithm 2: where the teacher takes two DDIM steps t → m → s, the student takes one, t → s. The
x̂ with which it arrives where the teacher arrives is

    x̃ = (z_s − (σ_s / σ_t) z_t) / (α_s − (σ_s / σ_t) α_t),        and z_0 at s = 0.

Written out, x̃ is a mean of the teacher's two estimates, (1 − w) x̂(z_t, t) + w x̂(z_m, m) with
w = (α_s − (σ_s / σ_m) α_m) / (α_s − (σ_s / σ_t) α_t): the form used here, as it divides no small difference of noisy
motions by another.
"""

import torch

from talkdemo.diffusion.sampler import Denoiser
from talkdemo.diffusion.schedule import Schedule


def strides(schedule: Schedule, steps: int) -> torch.Tensor:
    """(steps, 3): step numbers t > m > s ≥ 0 of every step t → s of a student, over the middle step m of its teacher,
    who takes 2 · `steps`. Raises ValueError if the schedule has fewer."""
    return torch.tensor(schedule.timesteps(2 * steps)).unfold(0, 3, 2)


def importance(schedule: Schedule, t: torch.Tensor, most: float) -> torch.Tensor:
    """w(t) = max(α_t² / σ_t², 1), at most `most`, for step numbers t (B,) ≥ 1: the paper's truncated-SNR weight.

    The upper bound is ours: without it the last of 256 steps would weigh thousands of times as much as the first.
    """
    ratio = (schedule.alpha[t] / schedule.sigma[t]) ** 2
    return ratio.clamp(1.0, most)


def ddim_step(schedule: Schedule, z: torch.Tensor, x: torch.Tensor, t: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """z_s = α_s x̂ + (σ_s / σ_t)(z_t − α_t x̂) for z, x̂ (B, …), each item with its own t and s (B,)."""
    return _like(x, _gain(schedule, t, s)) * x + _like(z, schedule.sigma[s.cpu()] / schedule.sigma[t.cpu()]) * z


def target(teacher: Denoiser, z: torch.Tensor, stride: torch.Tensor, schedule: Schedule) -> torch.Tensor:
    """x̃ (B, …) for z = z_t (B, …) and strides (B, 3): two evaluations of the teacher."""
    t, m, s = stride.unbind(1)
    first = teacher(z, t)
    second = teacher(ddim_step(schedule, z, first, t, m), m)
    weight = _gain(schedule, m, s) / _gain(schedule, t, s)
    return torch.lerp(first, second, _like(first, weight))


def _gain(schedule: Schedule, t: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """α_s − (σ_s / σ_t) α_t, (B,): how much of x̂ a DDIM step from t to s brings in."""
    t, s = t.cpu(), s.cpu()
    return schedule.alpha[s] - schedule.sigma[s] / schedule.sigma[t] * schedule.alpha[t]


def _like(x: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """(B,) → (B, 1, …) in the type and on the device of x (B, …)."""
    return factor.to(x).view(-1, *(1,) * (x.dim() - 1))
