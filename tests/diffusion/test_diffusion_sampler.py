"""Sampler and schedule against closed forms: for data N(0, s²) the exact denoiser and the ODE's end are known."""

import itertools
import math

import pytest
import torch

from talkdemo.diffusion import sampler
from talkdemo.diffusion.denoiser import evaluations, guided
from talkdemo.diffusion.schedule import Schedule, add_noise, cosine
from talkdemo.records import Guidance

S = 0.5


def exact(schedule: Schedule):
    """E[x | z_t] for x ~ N(0, S²)."""

    def denoise(z: torch.Tensor, t: int) -> torch.Tensor:
        alpha, sigma = schedule.alpha[t], schedule.sigma[t]
        return z * alpha * S**2 / (alpha**2 * S**2 + sigma**2)

    return denoise


def test_schedule_is_variance_preserving_and_falls_from_signal_to_noise():
    schedule = cosine(512)
    assert schedule.steps == 512
    assert torch.allclose(schedule.alpha**2 + schedule.sigma**2, torch.ones(513, dtype=torch.float64))
    assert schedule.alpha[0] == 1 and schedule.alpha[-1] < 1e-3
    assert (schedule.alpha.diff() < 0).all()
    middle = math.cos((0.5 + 0.008) / 1.008 * math.pi / 2) ** 2 / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    assert float(schedule.alpha[256] ** 2) == pytest.approx(middle, rel=1e-9)


@pytest.mark.parametrize("steps", [1, 8, 50, 511, 512])
def test_timesteps_go_from_n_to_zero(steps):
    times = cosine(512).timesteps(steps)
    assert len(times) == steps + 1 and times[0] == 512 and times[-1] == 0
    assert all(a > b for a, b in itertools.pairwise(times))


def test_timesteps_out_of_range():
    with pytest.raises(ValueError, match="600.*512"):
        cosine(512).timesteps(600)


def even_levels(steps: int) -> Schedule:
    """Variance preserving, log(α / σ) in even steps from 4 to −4; the last level still has noise."""
    level = torch.linspace(4, -4, steps + 1, dtype=torch.float64)
    return Schedule(torch.sigmoid(2 * level).sqrt(), torch.sigmoid(-2 * level).sqrt())


@pytest.mark.parametrize(("name", "order"), [("ddim", 1), ("dpm++", 2)])
def test_samplers_follow_the_probability_flow_with_their_order(name, order):
    """The ODE keeps z / √(α²S² + σ²) constant."""
    z, errors = torch.linspace(-2, 2, 9, dtype=torch.float64), []
    for steps in (32, 64, 128):
        schedule = even_levels(steps)
        spread = (schedule.alpha**2 * S**2 + schedule.sigma**2).sqrt()
        sample = sampler.SAMPLERS[name](exact(schedule), z, schedule.discretise(steps))
        errors.append(float((sample - z * spread[0] / spread[-1]).abs().max()))
    assert errors[2] < {1: 0.02, 2: 1e-3}[order]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(2**order, rel=0.15)


@pytest.mark.parametrize("name", sampler.SAMPLERS)
def test_samplers_end_at_clean_data(name):
    """On the schedule that is used, whose last level has no noise: z_N ends at z_N · S / √(α_N² S² + σ_N²)."""
    schedule = cosine(512)
    z = torch.linspace(-2, 2, 9, dtype=torch.float64)
    end = z * S / (schedule.alpha[-1] ** 2 * S**2 + schedule.sigma[-1] ** 2).sqrt()
    assert torch.allclose(sampler.SAMPLERS[name](exact(schedule), z, schedule.discretise(512)), end, atol=0.005)


def test_one_step_of_each_sampler_is_the_denoiser_s_answer():
    schedule, z = cosine(512), torch.linspace(-2, 2, 9, dtype=torch.float64)
    for sample in sampler.SAMPLERS.values():
        assert torch.allclose(sample(exact(schedule), z, schedule.discretise(1)), exact(schedule)(z, 512))


@pytest.mark.parametrize("steps", [4, 16, 64])
def test_dpm_solver_agrees_with_that_of_diffusers(steps):
    diffusers = pytest.importorskip("diffusers")
    schedule = cosine(512)
    beta = 1 - (schedule.alpha[1:] / schedule.alpha[:-1]) ** 2
    theirs = diffusers.DPMSolverMultistepScheduler(
        trained_betas=beta.numpy(), num_train_timesteps=512, prediction_type="sample", algorithm_type="dpmsolver++",
        solver_order=2, final_sigmas_type="zero", lower_order_final=False,
    )  # fmt: skip
    levels = schedule.discretise(steps)
    theirs.set_timesteps(timesteps=[t - 1 for t in levels.t[:-1]])  # their step 0 has noise, ours has none
    z = x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    for t in theirs.timesteps:
        x = theirs.step(exact(schedule)(x, int(t) + 1), t, x).prev_sample
    assert torch.allclose(sampler.dpm_solver(exact(schedule), z, levels), x, atol=1e-5)


@pytest.mark.parametrize("steps", [256, 512])
def test_ddpm_reproduces_the_data_distribution(steps):
    schedule = cosine(512)
    z = torch.randn(20_000, generator=torch.Generator().manual_seed(0))[None]
    generators = [torch.Generator().manual_seed(1)]
    x = sampler.ddpm(exact(schedule), z, schedule.discretise(steps), generators=generators)
    assert float(x.mean()) == pytest.approx(0, abs=0.02)
    assert float(x.std()) == pytest.approx(S, rel=0.02)


def test_add_noise_has_the_schedule_s_moments():
    schedule = cosine(512)
    x = torch.full((4, 10_000), 3.0)
    t = torch.tensor([0, 100, 300, 512])
    z = add_noise(schedule, x, torch.randn(4, 10_000, generator=torch.Generator().manual_seed(0)), t)
    assert torch.allclose(z.mean(1), 3 * schedule.alpha[t].float(), atol=0.05)
    assert torch.allclose(z.std(1), schedule.sigma[t].float(), atol=0.02)
    assert torch.equal(z[0], x[0])


def test_draws_do_not_depend_on_the_batch():
    alone = sampler.draw((3, 2), [torch.Generator().manual_seed(5)])
    both = sampler.draw((3, 2), [torch.Generator().manual_seed(4), torch.Generator().manual_seed(5)])
    assert torch.equal(alone[0], both[1])


def test_guidance_extrapolates_on_each_condition_and_evaluates_only_what_it_needs():
    calls = []

    def answer(name: str, value: float):
        def denoise(z: torch.Tensor, t: int) -> torch.Tensor:
            calls.append(name)
            return z * 0 + value

        return denoise

    parts = answer("full", 7.0), answer("speech", 3.0), answer("nothing", 1.0)
    z = torch.zeros(2)
    for audio, style, names in ((1, 1, "f"), (2, 2, "fn"), (1, 3, "fs"), (2, 1.5, "fsn")):
        calls.clear()
        guidance = Guidance(audio, style)
        expected = 1 + audio * (3 - 1) + style * (7 - 3)
        assert torch.allclose(guided(*parts, guidance)(z, 1), torch.full((2,), float(expected)))
        assert "".join(name[0] for name in calls) == names and len(names) == evaluations(guidance, folded=False)
    assert evaluations(Guidance(2, 1.5), folded=True) == 1


def test_a_step_callback_may_stop_the_sampler():
    class Enough(Exception):
        pass

    seen = []

    def on_step(done, total):
        seen.append((done, total))
        if done == 3:
            raise Enough

    schedule = cosine(64)
    with pytest.raises(Enough):
        sampler.ddim(exact(schedule), torch.zeros(2, dtype=torch.float64), schedule.discretise(16), on_step=on_step)
    assert seen == [(1, 16), (2, 16), (3, 16)]
