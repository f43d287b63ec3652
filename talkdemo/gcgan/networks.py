"""GC-GAN's generator, which moves a face to other landmarks, and its discriminator.

Image encoder and decoder with skips as in GC-GAN (arXiv 1802.01822), at 128². Ours: the skips, and the image itself,
are moved by the landmarks' warp (after Siarohin et al. 2019, deformable skips), so that the network has to paint only
what a warp cannot show — teeth, lids, folds — through a mask of its own; z_g enters every stage of the decoder as scale
and shift (FiLM, Perez et al. 2018) beside line drawings of the landmarks. The painted image is a change of the warped
one: an untrained generator shows the warp.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkdemo.gcgan.drawing import DRAWINGS, draw
from talkdemo.gcgan.flow import backward_flow, lidded, resize, untangle, warp
from talkdemo.gcgan.gaze import with_eyes

FLOW_SIDE = 128  # pixels at which the warp is computed: lids and lips are sharp edges of it
REACH = 0.06  # fraction of the side by which the network may move the warp


@dataclass(frozen=True)
class GeneratorConfig:
    side: int = 128
    widths: tuple[int, ...] = (32, 72, 128, 192)  # at 1/2, 1/4, 1/8, 1/16 of the side
    fine: int = 16  # channels at full size
    image: int = 128  # z_i, as in the paper
    expression: int = 32  # z_g


class Generated(NamedTuple):
    """The generator's output; S is the side of the crop."""

    image: Tensor  # (B, 3, S, S) in −1 … 1
    painted: Tensor  # (B, 3, S, S): the warped image with the network's changes
    mask: Tensor  # (B, 1, S, S): weight of the painted image against the warped one
    flow: Tensor  # (B, S, S, 2): the warp, eyes left open
    source: Tensor  # (B, 68 or 70, 2): the landmarks it leads from …
    target: Tensor  # … and to


class EncodedFace(NamedTuple):
    """All that the generator computes without the target expression."""

    image: Tensor  # (B, 3, S, S)
    landmarks: Tensor  # (B, 68 or 70, 2)
    features: Tensor  # (B, C, S / 16, S / 16)
    code: Tensor  # z_i (B, image)
    skips: tuple[Tensor, ...]
    hidden: Tensor | None  # (B, 68) bool: landmarks that the face hides

    def repeated(self, count: int) -> EncodedFace:
        """One face as a batch of `count`."""

        def repeat(x: Tensor) -> Tensor:
            return x.expand(count, *x.shape[1:])

        hidden = None if self.hidden is None else repeat(self.hidden)
        image, landmarks, features, code = map(repeat, self[:4])
        return EncodedFace(image, landmarks, features, code, tuple(map(repeat, self.skips)), hidden)


class Generator(nn.Module):
    """Images (B, 3, S, S) in −1 … 1; source and target landmarks (B, 68, 2) as fractions of S, or (B, 70, 2)
    with pupils both, z_g (B, 32) each."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        widths, lines = config.widths, DRAWINGS
        self.first = nn.Conv2d(3 + lines, widths[0], 4, 2, 1)
        self.down = nn.ModuleList()
        for a, b in zip(widths, (*widths[1:], None), strict=True):
            self.down.append(nn.Sequential(Block(a), *([nn.Conv2d(a, b, 4, 2, 1)] if b else [Block(a)])))
        self.image = nn.Sequential(nn.Linear(widths[-1], config.image), nn.ReLU())
        condition = config.image + 2 * config.expression
        self.turn = Styled(widths[-1], condition)
        self.up = nn.ModuleList()
        for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.up.append(Up(a, b, b + lines, condition))
        self.fine = nn.Conv2d(widths[0], 4 * config.fine, 3, 1, 1)
        self.last = nn.Sequential(
            nn.Conv2d(config.fine + 3 + lines, config.fine + 8, 3, 1, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(config.fine + 8, 6, 3, 1, 1),
        )  # fmt: skip
        start_at_zero(self.last[-1])

    def forward(
        self, image: Tensor, source: Tensor, target: Tensor, z_source: Tensor, z_target: Tensor,
        hidden: Tensor | None = None,
    ) -> Generated:  # fmt: skip
        return self.decode(self.encode_source(image, source, hidden), target, z_source, z_target)

    def encode_source(self, image: Tensor, source: Tensor, hidden: Tensor | None = None) -> EncodedFace:
        """All that does not depend on the target expression."""
        x, skips = self.first(torch.cat([image, draw(source, image.shape[-1])], dim=1)), []
        *stages, deepest = (cast(nn.Sequential, stage) for stage in self.down)
        for stage in stages:
            skips.append(stage[0](x))
            x = stage[1](F.leaky_relu(skips[-1], 0.2))
        x = deepest(x)
        return EncodedFace(image, source, x, self.image(x.mean((2, 3))), tuple(skips), hidden)

    def decode(self, face: EncodedFace, target: Tensor, z_source: Tensor, z_target: Tensor) -> Generated:
        """The face with its landmarks at `target`."""
        image, side, target = face.image, face.image.shape[-1], untangle(face.landmarks, target).float()
        flow, lines = backward_flow(face.landmarks, target, min(FLOW_SIDE, side), face.hidden), draw(target, side)
        source = face.landmarks.float()
        over = with_eyes(flow, source, target)
        condition = torch.cat([face.code, z_source, z_target - z_source], dim=1)
        x = self.turn(warp(face.features, resize(over, face.features.shape[-1])), condition)
        for stage, skip in zip(self.up, reversed(face.skips), strict=True):
            size = skip.shape[-1]
            joined = torch.cat([warp(skip, resize(over, size)), F.adaptive_avg_pool2d(lines, size)], dim=1)
            x = stage(x, joined, condition)
        full = resize(over, side)
        fine = F.pixel_shuffle(F.leaky_relu(self.fine(x), 0.2), 2)
        out = self.last(torch.cat([fine, warp(image, full), lines], dim=1)).float()
        flow = resize(flow, side) + REACH * torch.tanh(out[:, 4:]).permute(0, 2, 3, 1)
        warped = warp(image.float(), with_eyes(flow, source, target))
        painted, mask = warped + 2 * torch.tanh(out[:, :3]), torch.sigmoid(out[:, 3:4])
        mask = mask * (1 - lidded(source, target, side))  # a shut lid is skin of the photograph
        return Generated(torch.lerp(warped, painted, mask), painted, mask, flow, source, target)


class Critic(nn.Module):
    """Judges images (B, 3, S, S), conditioned on the landmarks they should show, as line drawings (B, DRAWINGS, S, S).

    The expression head is the paper's, over as many classes as the data names.
    """

    def __init__(self, classes: int, widths: tuple[int, ...] = (32, 64, 128, 192)) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(0.2)) for a, b in pairwise((3 + DRAWINGS, *widths))
        )
        self.real = nn.Conv2d(widths[-1], 1, 3, 1, 1)
        self.expression = nn.Linear(widths[-1], classes)

    def forward(self, image: Tensor, lines: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        """Logits of realness by patches (B, 1, s, s), the stages' features, logits of the expression (B, classes)."""
        x, features = torch.cat([image, lines], dim=1), []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return self.real(x), features, self.expression(x.mean((2, 3)))


def start_at_zero(layer: nn.Module) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


class Block(nn.Module):
    """Two convolutions with a residual connection."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.a, self.b = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        start_at_zero(self.b)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.b(F.leaky_relu(self.a(F.leaky_relu(self.norm(x), 0.2)), 0.2))


class Styled(nn.Module):
    """The same, with scale and shift by the condition."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm, self.film = nn.GroupNorm(8, width, affine=False), nn.Linear(condition, 2 * width)
        self.a, self.b = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        start_at_zero(self.film)
        start_at_zero(self.b)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, dim=1)
        y = F.leaky_relu(self.norm(x) * (1 + scale) + shift, 0.2)
        return x + self.b(F.leaky_relu(self.a(y), 0.2))


class Up(nn.Module):
    """Twice the size, joined with the warped skip and the drawing."""

    def __init__(self, channels: int, width: int, skip: int, condition: int) -> None:
        super().__init__()
        self.join = nn.Conv2d(channels + skip, width, 3, 1, 1)
        self.styled = Styled(width, condition)

    def forward(self, x: Tensor, skip: Tensor, condition: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self.styled(self.join(torch.cat([x, skip.to(x.dtype)], dim=1)), condition)
