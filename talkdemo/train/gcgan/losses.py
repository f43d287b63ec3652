"""Pairs in, named loss terms of the portrait model out: the generator's by phase, and the critic's.

Phases: `reconstruct` — the true picture is known, pixels and a reader's features are compared; `adversarial` — the
critic judges too. Terms of GC-GAN (arXiv 1802.01822): pixels, adversarial, expression, critic features. The critic is
trained with the non-saturating loss and a gradient penalty on real pictures, over all axes but the batch's (R1,
Mescheder et al. 2018), in place of WGAN-GP: it needs no five steps for one. Landmarks, identity and cycle are held by
terms of their own; where a photograph has no pair, they and the critic are all there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from talkdemo.gcgan.crop import SIDE
from talkdemo.gcgan.drawing import draw
from talkdemo.gcgan.flow import grid
from talkdemo.gcgan.model import GCGAN
from talkdemo.gcgan.networks import Critic, Made
from talkdemo.train.gcgan.data import Pairs
from talkdemo.train.gcgan.reader import Reader

KNOWN = {"pixels": 6.0, "structure": 1.5, "features": 1.0, "points": 12.0, "person": 0.3, "paint": 0.01, "far": 2.0}
PHASES: dict[str, dict[str, float]] = {
    "reconstruct": KNOWN | {"painted": 1.0},
    "adversarial": KNOWN
    | {"painted": 0.3, "adversarial": 0.1, "critic_features": 2.0, "expression": 0.02, "cycle": 2.0},
}
PENALTY, PENALTY_EVERY = 2.0, 8  # R1's γ, and how often it is worked out (then as many times as heavy)
MOUTH, EYES = (*range(48, 68),), (*range(36, 48),)
DETAIL = 10.0  # how much heavier mouth and eyes count
OPENINGS = (60.0, 20.0)  # and the inside of the mouth, and of the eyes: few pixels, and all that has to be painted
HAIR = 0.35  # weight of what lies outside the face on photographs: hair and collar move between two of them


@dataclass(frozen=True)
class Judged:
    """Generator terms, already weighted, and what they were worked out of."""

    terms: Mapping[str, Tensor]
    made: Made


@dataclass
class PortraitLoss:
    """The loss as one object. `reader` is fixed; `phase` is one of PHASES."""

    reader: Reader
    phase: str = "reconstruct"
    steps: int = field(default=0, init=False)

    def generator(self, model: GCGAN, critic: Critic, batch: Pairs, loose: Tensor) -> Judged:
        """`loose` (B,) bool: pairs whose target picture is not known, only its landmarks; unpaired photographs."""
        weights = PHASES[self.phase]
        made = model(batch.source, batch.source_points, batch.target_points)
        picture, paired = made.picture, ~loose
        read = self.reader(picture.to(batch.source.dtype))
        with torch.no_grad():
            truth, before = self.reader(batch.target), self.reader(batch.source)
        want = paired.float()
        face = where(batch.target_points, batch.source_points, picture.shape[-1])
        mouth, eyes = draw(batch.target_points, SIDE)[:, -2:].split(1, 1)
        inside = OPENINGS[0] * mouth + OPENINGS[1] * eyes
        terms = {
            "pixels": _mean(_pixels(picture, batch.target, face, inside, batch.real), want),
            # by itself too: where the mask is shut the painter would learn nothing, and the mask would stay shut
            "painted": _mean(_pixels(made.painted, batch.target, face, inside, batch.real), want),
            "structure": _mean(1 - structure(picture, batch.target), want),
            "features": _mean(_features(read.features, truth.features), want),
            "points": _points(read.points, torch.where(paired[:, None, None], truth.points, batch.target_points)),
            "person": (1 - (read.person * before.person).sum(1)).mean(),
            "paint": (made.mask * (1 - 0.9 * face.amax(1, keepdim=True))).mean(),
            "far": _mean(((picture - batch.source).abs() * (1 - face[:, :1])).mean((1, 2, 3)), 1 - want),
        }
        if "adversarial" in weights:
            answer, seen, label = critic(picture, batch.target_points)
            with torch.no_grad():
                _, real, _ = critic(batch.target, batch.target_points)
            terms["adversarial"] = F.softplus(-answer.float()).mean()
            terms["critic_features"] = _mean(_features(seen, real), want)
            terms["expression"] = _labels(label, batch.expression)
            if loose.any():
                again = model(picture[loose].detach(), batch.target_points[loose], batch.source_points[loose])
                terms["cycle"] = (again.picture - batch.source[loose]).abs().mean()
        return Judged({name: weights[name] * term for name, term in terms.items()}, made)

    def critic(self, critic: Critic, batch: Pairs, picture: Tensor, loose: Tensor) -> Mapping[str, Tensor]:
        """Real pictures with their landmarks against made ones, and against real ones with another's landmarks."""
        self.steps += 1
        penalised = self.steps % PENALTY_EVERY == 0
        shown = torch.where(loose[:, None, None, None], batch.source, batch.target)
        points = torch.where(loose[:, None, None], batch.source_points, batch.target_points)
        shown = shown.detach().requires_grad_(penalised)
        real, _, label = critic(shown, points)
        made, _, _ = critic(picture.detach(), batch.target_points)
        wrong, _, _ = critic(batch.source, batch.target_points.roll(1, 0))
        terms = {
            "real": F.softplus(-real.float()).mean(),
            "made": 0.5 * F.softplus(made.float()).mean(),
            "wrong": 0.5 * F.softplus(wrong.float()).mean(),
            "label": 0.1 * _labels(label, torch.where(loose, batch.source_expression, batch.expression)),
        }
        if penalised:
            (slope,) = torch.autograd.grad(real.float().sum(), shown, create_graph=True)
            terms["penalty"] = PENALTY_EVERY * PENALTY / 2 * slope.float().square().flatten(1).sum(1).mean()
        return terms


def where(target: Tensor, source: Tensor, side: int) -> Tensor:
    """(B, 68, 2) twice → (B, 2, side, side) in 0 … 1: the face, and its eyes and mouth, in either picture."""
    if side > 64:  # soft as they are, they can be stretched
        return F.interpolate(where(target, source, 64), size=(side, side), mode="bilinear")
    at = grid(side).to(target)
    face = torch.maximum(*(_oval(points, list(range(68)), 1.12, at) for points in (target, source)))
    detail = torch.zeros_like(face)
    for points in (target, source):
        for rows, grow in ((list(MOUTH), 1.35), (list(range(36, 42)), 1.7), (list(range(42, 48)), 1.7)):
            detail = torch.maximum(detail, _oval(points, rows, grow, at))
    return torch.stack([face, detail], dim=1)


def _oval(points: Tensor, rows: list[int], grow: float, at: Tensor) -> Tensor:
    """(B, side, side): a soft ellipse around some landmarks."""
    low, high = points[:, rows].amin(1), points[:, rows].amax(1)
    middle, half = (low + high) / 2, (high - low) / 2 * grow + 0.012
    away = ((at[None] - middle[:, None, None]) / half[:, None, None]).square().sum(-1)
    return torch.sigmoid(8 * (1.05 - away))


def _pixels(picture: Tensor, truth: Tensor, face: Tensor, inside: Tensor, real: Tensor) -> Tensor:
    outside = torch.where(real, HAIR, 1.0)[:, None, None, None]
    weight = outside + (1 - outside) * face[:, :1] + DETAIL * face[:, 1:] + inside
    difference = (picture - truth).abs()
    edges = sum((_slope(picture, axis) - _slope(truth, axis)).abs().mean((1, 2, 3)) for axis in (2, 3))
    return (weight * difference).mean((1, 2, 3)) + 0.5 * edges


def structure(picture: Tensor, truth: Tensor, window: int = 7) -> Tensor:
    """(B,) structural similarity (Wang et al. 2004) of the lightness of (B, 3, S, S) in −1 … 1, over square windows."""
    x, y = picture.float().mean(1, keepdim=True), truth.float().mean(1, keepdim=True)
    moments = torch.cat([x, y, x * x, y * y, x * y], dim=1)
    x, y, xx, yy, xy = F.avg_pool2d(moments, window, 1).split(1, dim=1)
    a, b = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    similar = (2 * x * y + a) * (2 * (xy - x * y) + b) / ((x * x + y * y + a) * (xx - x * x + yy - y * y + b))
    return similar.mean((1, 2, 3))


def _slope(picture: Tensor, axis: int) -> Tensor:
    return picture.diff(dim=axis)


def _features(made: list[Tensor], real: list[Tensor]) -> Tensor:
    """(B,) mean difference over stages, each in units of its own size."""
    return sum(
        (a.float() - b.float()).abs().mean((1, 2, 3)) / b.float().abs().mean().clamp_min(1e-3)
        for a, b in zip(made, real, strict=True)
    ) / len(made)


def _points(made: Tensor, wanted: Tensor) -> Tensor:
    away = (made - wanted).abs()
    return away.mean() + 2 * away[:, MOUTH].mean() + away[:, EYES].mean()


def _labels(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy over those that have a name; 0 where none has."""
    known = labels >= 0
    return F.cross_entropy(logits.float()[known], labels[known]) if known.any() else logits.float().sum() * 0


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp_min(1)
