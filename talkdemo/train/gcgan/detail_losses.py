"""Loss terms of GC-GAN's second stage: mouth and eyes against the truth at their own scale, and critics and readers of
both."""

from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkdemo.gcgan.detail import Details
from talkdemo.gcgan.drawing import DRAWINGS, draw
from talkdemo.train.gcgan.detail_data import Parts
from talkdemo.train.gcgan.losses import PENALTY_EVERY, apart, structure

PIXELS, EDGES, STRUCTURE, TEXTURE, ADVERSARIAL, FEATURES = 4.0, 2.0, 1.0, 8.0, 0.1, 1.5
EXPRESSION, READ_FEATURES = 24.0, 2.0  # what readers of parts say, and what they see
PENALTY = 0.1  # R1's γ
CRITIC = (24, 48, 72)  # widths
GRAIN = 4.0  # how much larger a critic sees what differs from pixel to pixel
OPENING = 6.0  # how much heavier the inside of mouth and eyes counts
WINDOW = 8  # pixels over which textures are compared


class PartCritic(nn.Module):
    """Judges parts (B, 3, S, S) with line drawings (B, DRAWINGS, S, S) of the landmarks they should show, by patches.
    It sees their grain by itself too: what is painted differs from what is true in little else."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 4, 2, 1), nn.GroupNorm(8, b) if a in CRITIC else nn.Identity(), nn.LeakyReLU(0.2)
            )
            for a, b in pairwise((6 + DRAWINGS, *CRITIC))
        )
        self.real = nn.Conv2d(CRITIC[-1], 1, 3, 1, 1)

    def forward(self, image: Tensor, lines: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits of realness (B, 1, s, s), and the stages' features."""
        grain = GRAIN * (image - F.avg_pool2d(image, 3, 1, 1, count_include_pad=False))
        x, features = torch.cat([image, grain, lines], dim=1), []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return self.real(x), features


def detail_terms(
    details: Details, critics: nn.ModuleDict, readers: nn.ModuleDict, batch: Mapping[str, Parts], adversarial: bool
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Terms, already weighted, and what was painted (B, 3, S, S), by network."""
    terms: dict[str, Tensor] = {}
    painted: dict[str, Tensor] = {}
    for network, part in batch.items():
        after = painted[network] = part.shown + details.networks[network](part.shown, part.was, part.before, part.after)
        side, lines = after.shape[-1], draw(part.after, after.shape[-1])
        # where it opens, and where it was open: there a lid, or lips, have to be painted
        opening = torch.maximum(lines, draw(part.before, side))[:, -2 if network == "mouth" else -1].unsqueeze(1)
        weight, away = 1 + OPENING * opening, after - part.truth
        error = PIXELS * (weight * away.abs()).mean((1, 2, 3))
        for axis in (2, 3):
            error = error + EDGES * (away.diff(dim=axis).abs() * weight.narrow(axis, 1, side - 1)).mean((1, 2, 3))
        error = error + STRUCTURE * (1 - structure(after, part.truth))
        coarse = F.avg_pool2d(weight, WINDOW)
        terms[network] = error.mean()
        terms[f"{network}_texture"] = TEXTURE * (coarse * (texture(after) - texture(part.truth)).abs()).mean()
        told, seen = readers[network](after)
        with torch.no_grad():
            true_told, true_seen = readers[network](part.truth)
        wrong = told - true_told
        # squares too: an expression is taken for another where one coefficient is far off
        terms[f"{network}_expression"] = EXPRESSION * (wrong.abs().mean() + 3 * wrong.square().mean())
        terms[f"{network}_read"] = READ_FEATURES * apart(seen, true_seen).mean()
        if adversarial:
            realness, features = critics[network](after, lines)
            with torch.no_grad():
                _, true_features = critics[network](part.truth, lines)
            terms[f"{network}_adversarial"] = ADVERSARIAL * F.softplus(-realness.float()).mean()
            terms[f"{network}_features"] = FEATURES * apart(features, true_features).mean()
    return terms, painted


def texture(image: Tensor) -> Tensor:
    """(B, 3, S, S) → (B, 1, S / WINDOW, S / WINDOW): how steep it is, wherever its edges lie. A blurred truth and a
    sharp one differ in it even where a pixel between them is as near to the one as to the other."""
    grey = image.float().mean(1, keepdim=True)
    down, right = grey.diff(dim=2)[..., :-1], grey.diff(dim=3)[..., :-1, :]
    steep = F.pad((down.square() + right.square() + 1e-6).sqrt(), (0, 1, 0, 1))
    return F.avg_pool2d(steep, WINDOW)


def critic_terms(
    critics: nn.ModuleDict, batch: Mapping[str, Parts], painted: Mapping[str, Tensor], penalised: bool
) -> dict[str, Tensor]:
    """Real parts against painted ones, with the gradient penalty where `penalised`."""
    terms: dict[str, Tensor] = {}
    for network, part in batch.items():
        critic, lines = critics[network], draw(part.after, part.truth.shape[-1])
        image = part.truth.detach().requires_grad_(penalised)
        real, _ = critic(image, lines)
        fake, _ = critic(painted[network].detach(), lines)
        terms[f"{network}_real"] = F.softplus(-real.float()).mean()
        terms[f"{network}_fake"] = F.softplus(fake.float()).mean()
        if penalised:
            # of the patches' mean: of their sum it would be thousands of times as large, and nothing be learnt
            (slope,) = torch.autograd.grad(real.float().mean((1, 2, 3)).sum(), image, create_graph=True)
            size = slope.float().square().flatten(1).sum(1)
            terms[f"{network}_penalty"] = PENALTY_EVERY * PENALTY / 2 * size.mean()
    return terms
