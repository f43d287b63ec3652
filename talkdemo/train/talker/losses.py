"""Loss terms of predicted motion and their weights. All are means, so that weights do not depend on sizes."""

import torch

from talkdemo.diffusion.denoiser import MotionStatistics
from talkdemo.face.head import FaceModel

WEIGHTS = {"coefficients": 1.0, "velocity": 1.0, "lips": 0.5, "lip_velocity": 1.0, "closure": 1.0}
HEAD_WEIGHTS = {"head_angle": 0.3, "head_velocity": 1.0, "head_smoothness": 1.0, "continuity": 0.2}
UNIT = 0.003  # metres: a typical excursion of the lips, so that lip terms are of order one


def velocity(x: torch.Tensor) -> torch.Tensor:
    """First differences over time: (…, T, D) → (…, T − 1, D)."""
    return x[..., 1:, :] - x[..., :-1, :]


class MotionLoss:
    """`motion_terms` of normalised motion, weighted, with the lips of one face."""

    def __init__(self, face: FaceModel, **weights: float) -> None:
        """`weights` differ from WEIGHTS."""
        chosen = torch.cat([face.masks["lips"], face.inner_lip_middle.to(face.masks["lips"])])
        self.lips = face.subset(chosen)
        self.inner = (len(chosen) - 2, len(chosen) - 1)
        self.weights = WEIGHTS | weights

    def __call__(
        self,
        statistics: MotionStatistics,
        predicted: torch.Tensor,  # (B, T, 55) normalised
        true: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        # lips of a masked clip: the prediction on its own channels, everything else as the truth was filled
        visible = predicted if mask is None else torch.where(mask > 0, predicted, true)
        lips, true_lips = (self.lips(statistics.restore(x)[0]) for x in (visible, true))
        terms = motion_terms(predicted, true, lips, true_lips, self.inner, mask)
        return {name: self.weights[name] * term for name, term in terms.items()}


def motion_terms(
    predicted: torch.Tensor,  # (B, T, 55) normalised
    true: torch.Tensor,
    predicted_lips: torch.Tensor,  # (B, T, V', 3) metres
    true_lips: torch.Tensor,
    inner: tuple[int, int],  # upper and lower inner-lip middle, columns of V'
    mask: torch.Tensor | None = None,  # (B, T, 55) 1 where the truth is known, 0 elsewhere: no loss there
) -> dict[str, torch.Tensor]:
    """Squared error of coefficients and lip vertices, of their velocities, and of the gap between the lips where the
    lips are nearly closed (the square of a small gap is small, so the other terms hardly see a lip that fails to meet).
    """
    known = torch.ones_like(true) if mask is None else mask
    both = known[..., 1:, :] * known[..., :-1, :]
    timed = known.amax(-1)  # (B, T): frames of which anything is known; elsewhere the lips are those of the truth
    pairs = timed[..., 1:] * timed[..., :-1]
    lips, target = predicted_lips / UNIT, true_lips / UNIT
    flat, flat_target = lips.flatten(-2), target.flatten(-2)
    gap = (lips[..., inner[0], :] - lips[..., inner[1], :]).norm(dim=-1)
    true_gap = (target[..., inner[0], :] - target[..., inner[1], :]).norm(dim=-1)
    near = torch.exp(-((true_gap / 0.5) ** 2)) * timed  # 1 where the lips meet, 0.02 at 3 mm
    moved = velocity(flat) - velocity(flat_target)
    return {
        "coefficients": ((predicted - true).square() * known).mean(),
        "velocity": ((velocity(predicted) - velocity(true)).square() * both).mean(),
        "lips": 3 * ((flat - flat_target).square().mean(-1) * timed).mean(),
        "lip_velocity": 3 * (moved.square().mean(-1) * pairs).mean(),
        "closure": (near * (gap - true_gap).abs()).mean(),
    }


def head_terms(
    predicted: torch.Tensor,  # (B, T, 3) normalised rotation
    true: torch.Tensor,
    known: torch.Tensor,  # (B, T, 3) 1 where the truth is known
) -> dict[str, torch.Tensor]:
    """Squared errors of the head's angles, of their velocities and of their accelerations: the terms of DiffPoseTalk's
    table of losses, but the smoothness is that of the truth; a head that is merely smooth stops moving."""
    wrong = (predicted - true) * known
    moved = velocity(wrong) * known[:, 1:] * known[:, :-1]
    jerked = velocity(moved) * known[:, 2:]
    return {
        "head_angle": wrong.square().mean(),
        "head_velocity": moved.square().mean(),
        "head_smoothness": jerked.square().mean(),
    }


def continuity(
    predicted: torch.Tensor,  # (B, T, D) normalised
    true: torch.Tensor,
    previous: torch.Tensor,  # (B, P, D) what stands in front of the window
    known: torch.Tensor,  # (B, T, D)
    goes_on: torch.Tensor,  # (B,) bool: the window continues another
) -> torch.Tensor:
    """Squared error of velocity, acceleration and jerk over the border of two windows: three frames from each side."""
    front = previous[:, -3:]
    wrong = torch.cat([torch.zeros_like(front), (predicted - true)[:, :3]], dim=1)
    mask = known[:, :1] * goes_on[:, None, None]
    total = wrong.new_zeros(())
    for _ in range(3):
        wrong = velocity(wrong)
        total = total + (wrong.square() * mask).mean()
    return total / 3
