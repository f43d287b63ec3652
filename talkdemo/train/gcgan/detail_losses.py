"""Loss terms of GC-GAN's second stage: mouth and eyes against the true image at their own scale, a critic of mouths.

The first stage is given as it is.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from talkdemo.gcgan.detail import PARTS, Details, sharpened
from talkdemo.gcgan.networks import Critic, Generated
from talkdemo.train.gcgan.data import Pairs
from talkdemo.train.gcgan.losses import PENALTY, PENALTY_EVERY, structure

PIXELS, EDGES, STRUCTURE, ADVERSARIAL, FEATURES = 4.0, 3.0, 1.0, 0.06, 1.0
OPENING = 4.0  # how much heavier the inside of mouth and eyes counts


@dataclass(frozen=True)
class Mouths:
    """What the critic of mouths judges."""

    real: Tensor  # (B, 3, S, S)
    fake: Tensor
    lines: Tensor  # (B, DRAWINGS, S, S)


def detail_terms(
    details: Details, critic: Critic, batch: Pairs, generated: Generated, adversarial: bool
) -> tuple[dict[str, Tensor], Mouths]:
    """Terms, already weighted, and the mouths."""
    with torch.no_grad():
        shown = sharpened(batch.source_fine, batch.source, generated)
    terms: dict[str, Tensor] = {}
    mouths = None
    for name, part in PARTS.items():
        part_of = details.change(name, shown, batch.source_fine, batch.source_points, batch.target_points)
        after, truth = part_of.shown + part_of.change, part_of.cut.take(batch.target_fine)
        opening = part_of.lines[:, -2 if part.network == "mouth" else -1].unsqueeze(1)
        weight, away = 1 + OPENING * opening, after - truth
        error = PIXELS * (weight * away.abs()).mean((1, 2, 3))
        for axis in (2, 3):
            edges = away.diff(dim=axis).abs() * weight.narrow(axis, 1, part.side - 1)
            error = error + EDGES * edges.mean((1, 2, 3))
        error = error + STRUCTURE * (1 - structure(after, truth))
        terms[f"detail_{name}"] = error.mean()
        if part.network == "mouth":
            mouths = Mouths(truth, after, part_of.lines)
    assert mouths is not None
    if adversarial:
        realness, features, _ = critic(mouths.fake, mouths.lines)
        with torch.no_grad():
            _, true_features, _ = critic(mouths.real, mouths.lines)
        terms["detail_adversarial"] = ADVERSARIAL * F.softplus(-realness.float()).mean()
        apart = [
            (a.float() - b.float()).abs().mean() / b.float().abs().mean().clamp_min(1e-3)
            for a, b in zip(features, true_features, strict=True)
        ]
        terms["detail_features"] = FEATURES * torch.stack(apart).mean()
    return terms, mouths


def mouth_critic_terms(critic: Critic, mouths: Mouths, penalised: bool) -> dict[str, Tensor]:
    """Real mouths against painted ones, with the gradient penalty where `penalised`."""
    image = mouths.real.detach().requires_grad_(penalised)
    real, _, _ = critic(image, mouths.lines)
    fake, _, _ = critic(mouths.fake.detach(), mouths.lines)
    terms = {
        "mouth_real": F.softplus(-real.float()).mean(),
        "mouth_fake": F.softplus(fake.float()).mean(),
    }
    if penalised:
        (slope,) = torch.autograd.grad(real.float().sum(), image, create_graph=True)
        size = slope.float().square().flatten(1).sum(1)
        terms["mouth_penalty"] = PENALTY_EVERY * PENALTY / 2 * size.mean()
    return terms
