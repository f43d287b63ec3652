"""The manifold of expressions: encodes the landmarks of any face as z_g, and decodes z_g onto the shape of a face.

GC-GAN (arXiv 1802.01822) encodes 68 landmarks by 136-128-64-32 with batch normalisation; a contrastive loss pulls codes
of one expression together across people and pushes others apart. z_g then holds nothing of the person's shape, from
which a decoder could draw the face. Ours, other than the paper's, is conditioned on the shape, a second code z_s of any
landmarks of the person: the expression of one face and the shape of another give the landmarks of the second making the
expression of the first. All faces are seen from the front (`frame`), so that codes hold nothing of which way a head
looks; the decoder gives depths as well, by which lips that are pushed forward move aside on a face that looks aside.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from talkdemo.face.landmarks import LANDMARKS
from talkdemo.gcgan.crop import EYES, MIDDLE

UNIT = 0.1  # outer eye distances that count as one: the size of an expression's displacements


@dataclass(frozen=True)
class GeometryConfig:
    expression: int = 32  # z_g, as in the paper
    shape: int = 24  # z_s
    widths: tuple[int, int] = (128, 64)
    axes: int = 2  # that the decoder gives: x and y, or z as well
    margin: float = 5.0  # of the squared distance, as in the authors' code


class Geometry(nn.Module):
    """Expression encoder, shape encoder, decoder of landmarks; points (…, 68, 2 or 3) are fractions of the crop's side,
    depths 0 between the eyes."""

    middle: Tensor

    def __init__(self, config: GeometryConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("middle", torch.zeros(LANDMARKS * config.axes))  # mean of all faces, set from the data
        self.expression = _layers(LANDMARKS * 2, config.widths, config.expression)
        self.shape = _layers(LANDMARKS * 2, config.widths, config.shape)
        self.decoder = _layers(config.expression + config.shape, config.widths[::-1], LANDMARKS * config.axes)

    def numbers(self, points: Tensor) -> Tensor:
        """(B, 68, A) → (B, 68 A) normalised: in outer eye distances from between the eyes, less the mean face."""
        axes = points.shape[-1]
        steady = (points - points.new_tensor((*MIDDLE, 0.0)[:axes])) / EYES
        return ((steady - self.middle.view(LANDMARKS, -1)[:, :axes]) / UNIT).flatten(1)

    def points(self, numbers: Tensor) -> Tensor:
        """Inverse of `numbers`."""
        axes = numbers.shape[1] // LANDMARKS
        steady = numbers.view(-1, LANDMARKS, axes) * UNIT + self.middle.view(LANDMARKS, -1)[:, :axes]
        return steady * EYES + steady.new_tensor((*MIDDLE, 0.0)[:axes])

    def encode(self, points: Tensor) -> Tensor:
        """(B, 68, 2) → z_g (B, 32)."""
        return self.expression(self.numbers(points))

    def shape_of(self, points: Tensor) -> Tensor:
        """(B, 68, 2) → z_s (B, shape)."""
        return self.shape(self.numbers(points))

    def decode(self, z: Tensor, shape: Tensor) -> Tensor:
        """z_g (B, 32) of any face with the shape z_s (B, shape) → (B, 68, axes)."""
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


def _layers(inputs: int, widths: tuple[int, ...], outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in pairwise((inputs, *widths)):
        layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], outputs))
