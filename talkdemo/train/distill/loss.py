"""The loss of one round of distillation, and the student it trains.

From Salimans & Ho (2022): x̃, the student that starts as its teacher, the weight max(α²/σ², 1). Ours: the weight is
bounded by MOST and enters as the probability with which steps are drawn; the loss is the one of training (coefficients,
lips, velocities, less of closures), without masks, as the teacher predicts every channel; half of the windows have no
guidance, for the others it is drawn anew each time; identities, emotions and the learned start stay the teacher's.
"""

from dataclasses import replace

import torch

from talkdemo.diffusion import progressive
from talkdemo.diffusion.schedule import add_noise
from talkdemo.talker import Talker
from talkdemo.train.distill.denoiser import bind_denoiser, denoiser_input
from talkdemo.train.talker.losses import MotionLoss
from talkdemo.train.talker.windows import Batch

AUDIO, STYLE = (1.0, 2.5), (0.5, 2.0)  # ranges of the guidance weights that students learn
PLAIN = 0.5  # share of the windows without guidance
MOST = 5.0  # bound of the truncated-SNR weight


class DistillLoss:
    """Distance of the student's estimate from its target."""

    def __init__(self, teacher: Talker, steps: int, halves: bool, motion: MotionLoss, seed: int = 0) -> None:
        """`halves`: the teacher takes two steps for each of the student's; else one."""
        self.teacher, self.motion = teacher.eval().requires_grad_(False), motion
        schedule = teacher.schedule
        self.strides = progressive.strides(schedule, steps) if halves else None
        self.times = torch.tensor(schedule.timesteps(steps)[:-1])
        self.importance = progressive.importance(schedule, self.times, MOST)
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, student: Talker, batch: Batch) -> dict[str, torch.Tensor]:
        size, device, schedule = len(batch.motion), batch.motion.device, self.teacher.schedule
        drawn = torch.multinomial(self.importance, size, replacement=True, generator=self.generator)
        noise = torch.randn(batch.motion.shape, generator=self.generator).to(device)
        jitter = torch.randn(batch.previous.shape, generator=self.generator).to(device)
        guidance = draw_guidance(size, self.generator).to(device)
        t = self.times[drawn].to(device)
        z = add_noise(schedule, batch.motion, noise, t)
        with torch.no_grad():
            windows = denoiser_input(self.teacher, batch, guidance, jitter)
            teacher = bind_denoiser(self.teacher, windows)
            if self.strides is not None:
                target = progressive.target(teacher, z, self.strides[drawn].to(device), schedule)
            else:
                target = teacher(z, t)
        predicted = bind_denoiser(student, windows)(z, t)
        with torch.autocast(device.type, enabled=False):
            return self.motion(self.teacher.statistics, predicted, target)


def draw_guidance(size: int, generator: torch.Generator) -> torch.Tensor:
    """(size, 2) weights on speech and style: 1 and 1 for the first PLAIN of the windows, else uniform in range."""
    low, high = torch.tensor([AUDIO, STYLE]).T
    weights = low + (high - low) * torch.rand(size, 2, generator=generator)
    weights[: round(PLAIN * size)] = 1.0
    return weights


def student_of(teacher: Talker, steps: int, width: int | None = None, layers: int | None = None) -> Talker:
    """A guided talker of `steps` steps, its network alone trainable. Of the same size it starts as the teacher, whose
    weights of guidance, if it had none, count for nothing at first; `width` and `layers` make a fresh network."""
    network = replace(teacher.config.network, guided=True)
    fresh = width is not None or layers is not None
    if fresh:
        network = replace(network, width=width or network.width, layers=layers or network.layers)
        if network.width % (2 * network.heads):
            raise ValueError(f"a width of {network.width} was given; a multiple of {2 * network.heads} is wanted")
    student = Talker(replace(teacher.config, network=network, student_steps=steps)).to(teacher.start.device)
    known = {k: v for k, v in teacher.state_dict().items() if not (fresh and k.startswith("network."))}
    student.load_state_dict(student.state_dict() | known)
    student.requires_grad_(False)
    student.network.requires_grad_(True)
    return student
