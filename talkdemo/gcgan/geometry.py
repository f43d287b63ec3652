"""Landmarks of any face in, the manifold of expressions out (z_g), and back onto a given face's shape.

GC-GAN (arXiv 1802.01822) codes 68 landmarks by 136-128-64-32 with batch normalisation and pulls codes of one expression
together across people, pushes others apart (Contrastive). Pulled so, z_g says nothing of whose face it is, and a plain
decoder could no longer draw that face. Ours is therefore told the shape, by a second code z_s of any landmarks of the
person: expression of one, shape of another → landmarks of the second making the expression of the first (this part is
ours, not the paper's).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from talkdemo.gcgan.crop import EYES, MIDDLE

LANDMARKS = 68
UNIT = 0.1  # outer eye distances that count as one: displacements of expressions come out near it


@dataclass(frozen=True)
class GeometryConfig:
    expression: int = 32  # z_g, as in the paper
    shape: int = 24  # z_s
    widths: tuple[int, int] = (128, 64)
    margin: float = 5.0  # of the squared distance, as in the authors' code


class Geometry(nn.Module):
    """Expression encoder, shape encoder, decoder of landmarks; points are (…, 68, 2) in shares of the crop's side."""

    def __init__(self, config: GeometryConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("middle", torch.zeros(LANDMARKS * 2))  # mean of all faces, set from the data
        self.expression = _layers(LANDMARKS * 2, config.widths, config.expression)
        self.shape = _layers(LANDMARKS * 2, config.widths, config.shape)
        self.decoder = _layers(config.expression + config.shape, config.widths[::-1], LANDMARKS * 2)

    def numbers(self, points: Tensor) -> Tensor:
        """(B, 68, 2) → (B, 136) normalised: outer eye distances from the middle between the eyes, the mean face off."""
        steady = (points - points.new_tensor(MIDDLE)) / EYES
        return (steady.flatten(1) - self.middle) / UNIT

    def points(self, numbers: Tensor) -> Tensor:
        """`numbers` undone."""
        steady = numbers * UNIT + self.middle
        return steady.view(-1, LANDMARKS, 2) * EYES + steady.new_tensor(MIDDLE)

    def encode(self, points: Tensor) -> Tensor:
        """(B, 68, 2) → z_g (B, 32)."""
        return self.expression(self.numbers(points))

    def shape_of(self, points: Tensor) -> Tensor:
        """(B, 68, 2) → z_s (B, shape)."""
        return self.shape(self.numbers(points))

    def decode(self, z: Tensor, shape: Tensor) -> Tensor:
        """z_g (B, 32) of anybody on the face z_s (B, shape) → (B, 68, 2)."""
        return self.points(self.decoder(torch.cat([z, shape], dim=1)))

    def forward(self, expression: Tensor, shape: Tensor) -> tuple[Tensor, Tensor]:
        """Landmarks of two faces → z_g of the first, and the second face making the first one's expression."""
        z = self.encode(expression)
        return z, self.decode(z, self.shape_of(shape))


def contrastive(z: Tensor, other: Tensor, same: Tensor, margin: float) -> Tensor:
    """½ mean[y‖z − z'‖²] + ½ mean[(1 − y) max(0, margin − ‖z − z'‖²)]: the margin is on the squared distance.

    z, other: (B, D); same (B,): 1 where both make the same expression, else 0.
    """
    distance = (z - other).square().sum(1)
    same = same.to(distance.dtype)
    return 0.5 * (same * distance).mean() + 0.5 * ((1 - same) * (margin - distance).clamp_min(0)).mean()


def _layers(given: int, widths: tuple[int, ...], out: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(given, width), nn.BatchNorm1d(width), nn.ReLU()]
        given = width
    return nn.Sequential(*layers, nn.Linear(given, out))
