"""Progressive distillation against its definition: who answers x̃ lands where the teacher's two steps land."""

import itertools

import pytest
import torch

from talkdemo.diffusion.progressive import ddim_step, importance, strides, target
from talkdemo.diffusion.sampler import ddim
from talkdemo.diffusion.schedule import cosine

SCHEDULE = cosine(512)


def teacher(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Something that bends and depends on the step, in float64."""
    return torch.tanh(1.3 * z) * (0.5 + t.to(z).view(-1, 1, 1) / 1024) + 0.1


@pytest.mark.parametrize("steps", [256, 64, 8, 4, 2, 1])
def test_a_student_that_answers_the_target_lands_on_the_teacher(steps):
    stride = strides(SCHEDULE, steps)
    t, m, s = stride.T
    z = torch.randn(len(stride), 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    middle = ddim_step(SCHEDULE, z, teacher(z, t), t, m)
    landed = ddim_step(SCHEDULE, middle, teacher(middle, m), m, s)
    x = target(teacher, z, stride, SCHEDULE)
    assert torch.allclose(ddim_step(SCHEDULE, z, x, t, s), landed, rtol=0, atol=1e-12)

    ratio = (SCHEDULE.sigma[s] / SCHEDULE.sigma[t]).view(-1, 1, 1)  # the paper's own form
    alpha_s, alpha_t = (SCHEDULE.alpha[i].view(-1, 1, 1) for i in (s, t))
    assert torch.allclose(x, (landed - ratio * z) / (alpha_s - ratio * alpha_t), rtol=0, atol=1e-8)


def test_the_last_target_is_the_motion_itself():
    stride = strides(SCHEDULE, 8)[torch.tensor([7])]
    t, m, s = stride.T
    assert (t, m, s) == (64, 32, 0)
    z = torch.randn(1, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    middle = ddim_step(SCHEDULE, z, teacher(z, t), t, m)
    assert torch.equal(target(teacher, z, stride, SCHEDULE), teacher(middle, m))


def test_a_chain_of_targets_is_the_teacher_s_own_sampling():
    """Steps of x̃ on the student's grid end where DDIM on the teacher's grid ends."""
    z = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    whole = ddim(lambda z, t: teacher(z, torch.full((len(z),), t)), z, SCHEDULE.discretise(16))
    every = strides(SCHEDULE, 8)
    for i in range(8):
        stride = every[torch.tensor([i, i])]
        t, _, s = stride.T
        z = ddim_step(SCHEDULE, z, target(teacher, z, stride, SCHEDULE), t, s)
    assert torch.allclose(z, whole, atol=1e-12)


def test_strides_cover_the_students_grid():
    t, m, s = strides(SCHEDULE, 16).T
    times = SCHEDULE.timesteps(16)
    assert list(zip(t.tolist(), s.tolist(), strict=True)) == list(itertools.pairwise(times))
    assert (t > m).all() and (m > s).all()
    with pytest.raises(ValueError, match="1024 sampling steps"):
        strides(SCHEDULE, 512)


def test_a_stride_of_one_item_does_not_depend_on_its_batch():
    every = strides(SCHEDULE, 8)
    z = torch.randn(8, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    alone = [target(teacher, z[i : i + 1], every[torch.tensor([i])], SCHEDULE) for i in range(8)]
    assert torch.allclose(torch.cat(alone), target(teacher, z, every, SCHEDULE), rtol=0, atol=1e-14)


def test_importance_is_the_signal_to_noise_ratio_within_bounds():
    t = torch.tensor([1, 128, 192, 256, 512])
    weight = importance(SCHEDULE, t, 5.0)
    ratio = SCHEDULE.alpha[192] ** 2 / (1 - SCHEDULE.alpha[192] ** 2)
    assert weight[0] == 5 and weight[1] == 5 and weight[3] == pytest.approx(1, abs=0.03) and weight[4] == 1
    assert float(weight[2]) == pytest.approx(float(ratio))
