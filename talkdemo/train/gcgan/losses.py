"""Loss terms of GC-GAN's generator, by phase, and of its critic.

Phases: `reconstruct` — the true image is known, pixels and a reader's features are compared; `adversarial` — the critic
judges too. Terms of GC-GAN (arXiv 1802.01822): pixels, adversarial, expression, critic features. The critic is trained
with the non-saturating loss and a gradient penalty on real images, over all axes but the batch's (R1, Mescheder et al.
2018), in place of WGAN-GP, which needs five critic steps for one of the generator. Landmarks, identity and cycle have
terms of their own; where a photograph has no pair, they and the critic are all there is.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from talkdemo.gcgan.crop import SIDE
from talkdemo.gcgan.drawing import draw
from talkdemo.gcgan.flow import grid
from talkdemo.gcgan.model import GCGAN
from talkdemo.gcgan.networks import Critic, Generated
from talkdemo.train.gcgan.data import Pairs
from talkdemo.train.gcgan.reader import Reader

KNOWN = {"pixels": 6.0, "structure": 1.5, "features": 1.0, "points": 12.0, "person": 0.3, "paint": 0.01, "far": 2.0}
PHASES: dict[str, dict[str, float]] = {
    "reconstruct": KNOWN | {"painted": 1.0},
    "adversarial": KNOWN
    | {"painted": 0.3, "adversarial": 0.1, "critic_features": 2.0, "expression": 0.02, "cycle": 2.0},
}
PENALTY, PENALTY_EVERY = 2.0, 8  # R1's γ, and every how many steps it is computed (then as many times as heavy)
MOUTH, EYES = (*range(48, 68),), (*range(36, 48),)
DETAIL = 10.0  # how much heavier mouth and eyes count
OPENINGS = (60.0, 20.0)  # and the inside of the mouth, and of the eyes: few pixels, and all that has to be painted
HAIR = 0.35  # weight of what lies outside the face on photographs: hair and collar move between two of them


@dataclass(frozen=True)
class PortraitLoss:
    """The terms of generator and critic. `reader` is fixed."""

    reader: Reader

    def generator(
        self, model: GCGAN, critic: Critic, batch: Pairs, unpaired: Tensor, phase: str = "reconstruct"
    ) -> tuple[dict[str, Tensor], Generated]:
        """Terms of one of PHASES, already weighted, and what was generated. `unpaired` (B,) bool: pairs whose target
        image is not known, only its landmarks."""
        weights = PHASES[phase]
        generated = model(batch.source, batch.begin, batch.end)
        image, paired = generated.image, (~unpaired).float()
        read = self.reader(image.to(batch.source.dtype))
        with torch.no_grad():
            target, source = self.reader(batch.target), self.reader(batch.source)
        face = face_masks(batch.target_points, batch.source_points, image.shape[-1])
        lines = draw(batch.target_points, SIDE)
        mouth, eyes = lines[:, -2:].split(1, 1)
        inside = OPENINGS[0] * mouth + OPENINGS[1] * eyes
        points = torch.where(unpaired[:, None, None], batch.target_points, target.points)
        terms = {
            "pixels": masked_mean(_pixels(image, batch.target, face, inside, batch.real), paired),
            # by itself too: where the mask is 0 the painted image would learn nothing, and the mask would stay 0
            "painted": masked_mean(_pixels(generated.painted, batch.target, face, inside, batch.real), paired),
            "structure": masked_mean(1 - structure(image, batch.target), paired),
            "features": masked_mean(apart(read.features, target.features), paired),
            "points": _points(read.points, points),
            "person": (1 - (read.person * source.person).sum(1)).mean(),
            "paint": (generated.mask * (1 - 0.9 * face.amax(1, keepdim=True))).mean(),
            "far": masked_mean(((image - batch.source).abs() * (1 - face[:, :1])).mean((1, 2, 3)), 1 - paired),
        }
        if "adversarial" in weights:
            realness, features, label = critic(image, lines)
            with torch.no_grad():
                _, true_features, _ = critic(batch.target, lines)
            terms["adversarial"] = F.softplus(-realness.float()).mean()
            terms["critic_features"] = masked_mean(apart(features, true_features), paired)
            terms["expression"] = _labels(label, batch.expression)
            if unpaired.any():
                begin, end = (way.rows(unpaired) for way in (batch.end, batch.begin))
                back = model(image[unpaired].detach(), begin, end)
                terms["cycle"] = (back.image - batch.source[unpaired]).abs().mean()
        return {name: weights[name] * term for name, term in terms.items()}, generated

    def critic(
        self, critic: Critic, batch: Pairs, generated: Tensor, unpaired: Tensor, penalised: bool
    ) -> dict[str, Tensor]:
        """Real images with their landmarks against generated ones, and against real ones with another's landmarks;
        with the gradient penalty where `penalised`."""
        image = torch.where(unpaired[:, None, None, None], batch.source, batch.target)
        lines = draw(batch.target_points, SIDE)
        shown = lines
        if unpaired.any():
            shown = torch.where(unpaired[:, None, None, None], draw(batch.source_points, SIDE), lines)
        image = image.detach().requires_grad_(penalised)
        real, _, label = critic(image, shown)
        fake, _, _ = critic(generated.detach(), lines)
        mismatched, _, _ = critic(batch.source, lines.roll(1, 0))
        terms = {
            "real": F.softplus(-real.float()).mean(),
            "fake": 0.5 * F.softplus(fake.float()).mean(),
            "mismatched": 0.5 * F.softplus(mismatched.float()).mean(),
            "label": 0.1 * _labels(label, torch.where(unpaired, batch.source_expression, batch.expression)),
        }
        if penalised:
            (slope,) = torch.autograd.grad(real.float().sum(), image, create_graph=True)
            terms["penalty"] = PENALTY_EVERY * PENALTY / 2 * slope.float().square().flatten(1).sum(1).mean()
        return terms


def face_masks(target: Tensor, source: Tensor, side: int) -> Tensor:
    """(B, 68, 2) twice → (B, 2, side, side) in 0 … 1: the face, and its eyes and mouth, in either image."""
    if side > 64:  # soft as they are, they can be stretched
        return F.interpolate(face_masks(target, source, 64), size=(side, side), mode="bilinear")
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
    distance = ((at[None] - middle[:, None, None]) / half[:, None, None]).square().sum(-1)
    return torch.sigmoid(8 * (1.05 - distance))


def _pixels(image: Tensor, truth: Tensor, face: Tensor, inside: Tensor, real: Tensor) -> Tensor:
    outside = torch.where(real, HAIR, 1.0)[:, None, None, None]
    weight = outside + (1 - outside) * face[:, :1] + DETAIL * face[:, 1:] + inside
    difference = (image - truth).abs()
    edges = sum((image.diff(dim=axis) - truth.diff(dim=axis)).abs().mean((1, 2, 3)) for axis in (2, 3))
    return (weight * difference).mean((1, 2, 3)) + 0.5 * edges


def structure(image: Tensor, truth: Tensor) -> Tensor:
    """(B,) structural similarity (Wang et al. 2004) of the lightness of (B, 3, S, S) in −1 … 1, over windows of 7²."""
    x, y = image.float().mean(1, keepdim=True), truth.float().mean(1, keepdim=True)
    moments = torch.cat([x, y, x * x, y * y, x * y], dim=1)
    x, y, xx, yy, xy = F.avg_pool2d(moments, 7, 1).split(1, dim=1)
    a, b = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    similar = (2 * x * y + a) * (2 * (xy - x * y) + b) / ((x * x + y * y + a) * (xx - x * x + yy - y * y + b))
    return similar.mean((1, 2, 3))


def apart(generated: list[Tensor], real: list[Tensor]) -> Tensor:
    """(B,) mean difference of features over stages, each in units of its own size."""
    differences = [
        (a.float() - b.float()).abs().mean((1, 2, 3)) / b.float().abs().mean().clamp_min(1e-3)
        for a, b in zip(generated, real, strict=True)
    ]
    return torch.stack(differences).mean(0)


def _points(read: Tensor, target: Tensor) -> Tensor:
    error = (read - target).abs()
    return error.mean() + 2 * error[:, MOUTH].mean() + error[:, EYES].mean()


def _labels(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy over those that have a name; 0 where none has."""
    known = labels >= 0
    return F.cross_entropy(logits.float()[known], labels[known]) if known.any() else logits.float().sum() * 0


def masked_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Of (B,) values where the weights (B,) are 1; 0 where none is."""
    return (values * weights).sum() / weights.sum().clamp_min(1)
