"""Loss terms of GC-GAN's second stage: mouth and eyes against the true image at their own scale, a critic of mouths."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from talkdemo.gcgan.detail import Details
from talkdemo.gcgan.drawing import draw
from talkdemo.gcgan.networks import Critic
from talkdemo.train.gcgan.detail_data import Parts
from talkdemo.train.gcgan.losses import PENALTY, PENALTY_EVERY, structure

PIXELS, EDGES, STRUCTURE, TEXTURE, ADVERSARIAL, FEATURES = 4.0, 2.0, 1.0, 8.0, 0.1, 1.5
OPENING = 6.0  # how much heavier the inside of mouth and eyes counts
WINDOW = 8  # pixels over which textures are compared


def detail_terms(
    details: Details, critic: Critic, batch: Mapping[str, Parts], adversarial: bool
) -> tuple[dict[str, Tensor], Tensor]:
    """Terms, already weighted, and the mouths that were painted (B, 3, S, S)."""
    terms: dict[str, Tensor] = {}
    for network, part in batch.items():
        after = part.shown + details.networks[network](part.shown, part.was, part.before, part.after)
        side, lines = after.shape[-1], draw(part.after, after.shape[-1])
        weight, away = 1 + OPENING * lines[:, -2 if network == "mouth" else -1].unsqueeze(1), after - part.truth
        error = PIXELS * (weight * away.abs()).mean((1, 2, 3))
        for axis in (2, 3):
            error = error + EDGES * (away.diff(dim=axis).abs() * weight.narrow(axis, 1, side - 1)).mean((1, 2, 3))
        error = error + STRUCTURE * (1 - structure(after, part.truth))
        coarse = F.avg_pool2d(weight, WINDOW)
        terms[network] = error.mean()
        terms[f"{network}_texture"] = TEXTURE * (coarse * (texture(after) - texture(part.truth)).abs()).mean()
        if network == "mouth":
            painted = after
    if adversarial:
        lines = draw(batch["mouth"].after, painted.shape[-1])
        realness, features, _ = critic(painted, lines)
        with torch.no_grad():
            _, true_features, _ = critic(batch["mouth"].truth, lines)
        terms["adversarial"] = ADVERSARIAL * F.softplus(-realness.float()).mean()
        apart = [
            (a.float() - b.float()).abs().mean() / b.float().abs().mean().clamp_min(1e-3)
            for a, b in zip(features, true_features, strict=True)
        ]
        terms["features"] = FEATURES * torch.stack(apart).mean()
    return terms, painted


def texture(image: Tensor) -> Tensor:
    """(B, 3, S, S) → (B, 1, S / WINDOW, S / WINDOW): how steep it is, wherever its edges lie. A blurred truth and a
    sharp one differ in it even where a pixel between them is as near to the one as to the other."""
    grey = image.float().mean(1, keepdim=True)
    down, right = grey.diff(dim=2)[..., :-1], grey.diff(dim=3)[..., :-1, :]
    steep = F.pad((down.square() + right.square() + 1e-6).sqrt(), (0, 1, 0, 1))
    return F.avg_pool2d(steep, WINDOW)


def mouth_critic_terms(critic: Critic, mouths: Parts, painted: Tensor, penalised: bool) -> dict[str, Tensor]:
    """Real mouths against painted ones, with the gradient penalty where `penalised`."""
    lines = draw(mouths.after, painted.shape[-1])
    image = mouths.truth.detach().requires_grad_(penalised)
    real, _, _ = critic(image, lines)
    fake, _, _ = critic(painted.detach(), lines)
    terms = {
        "mouth_real": F.softplus(-real.float()).mean(),
        "mouth_fake": F.softplus(fake.float()).mean(),
    }
    if penalised:
        (slope,) = torch.autograd.grad(real.float().sum(), image, create_graph=True)
        size = slope.float().square().flatten(1).sum(1)
        terms["mouth_penalty"] = PENALTY_EVERY * PENALTY / 2 * size.mean()
    return terms
