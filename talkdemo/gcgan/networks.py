"""A face's crop and two sets of landmarks in, the same face with the second set out; and the critic that judges it.

Image encoder and decoder with skips as in GC-GAN (arXiv 1802.01822), at 128². Ours: the skips, and the picture itself,
are carried to their new places by the landmarks' warp (after Siarohin et al. 2019, deformable skips), so that the
network has to paint only what a warp cannot show — teeth, lids, folds — through a mask of its own; z_g enters every
stage of the decoder as scale and shift (FiLM, Perez et al. 2018) beside line drawings of the landmarks. What is painted
is a change of the moved picture: an untrained generator shows the warp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkdemo.gcgan.drawing import DRAWINGS, draw
from talkdemo.gcgan.flow import backward_flow, resize, untangle, warp

FLOW_SIDE = 128  # pixels at which the warp is worked out: lids and lips are sharp edges of it
REACH = 0.06  # shares of the side by which the network may move the warp


@dataclass(frozen=True)
class GeneratorConfig:
    side: int = 128
    widths: tuple[int, ...] = (32, 72, 128, 192)  # at 1/2, 1/4, 1/8, 1/16 of the side
    fine: int = 16  # channels at full size
    image: int = 128  # z_i, as in the paper
    expression: int = 32  # z_g


class Made(NamedTuple):
    """What a generator answers; sides are the crop's."""

    picture: Tensor  # (B, 3, S, S) in −1 … 1
    painted: Tensor  # (B, 3, S, S): the moved picture, changed
    mask: Tensor  # (B, 1, S, S): share of the painted picture
    flow: Tensor  # (B, S, S, 2): where the rest is taken from


class Looked(NamedTuple):
    """What a generator knows of a face before it is told an expression."""

    picture: Tensor  # (B, 3, S, S)
    source: Tensor  # (B, 68, 2)
    last: Tensor  # (B, C, S / 16, S / 16)
    image: Tensor  # z_i (B, image)
    skips: tuple[Tensor, ...]

    def times(self, count: int) -> Looked:
        """One face, so many times."""
        more = [x.expand(count, *x.shape[1:]) for x in self[:4]]
        return Looked(*more, tuple(x.expand(count, *x.shape[1:]) for x in self.skips))


class Generator(nn.Module):
    """picture (B, 3, S, S) in −1 … 1, source and target (B, 68, 2) in shares of the side, z_g (B, 32) each → Made."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        widths, lines = config.widths, DRAWINGS
        self.first = nn.Conv2d(3 + lines, widths[0], 4, 2, 1)
        self.down = nn.ModuleList()
        for a, b in zip(widths, (*widths[1:], None), strict=True):
            self.down.append(nn.Sequential(_Block(a), *([nn.Conv2d(a, b, 4, 2, 1)] if b else [_Block(a)])))
        self.image = nn.Sequential(nn.Linear(widths[-1], config.image), nn.ReLU())
        about = config.image + 2 * config.expression
        self.turn = _Styled(widths[-1], about)
        self.up = nn.ModuleList()
        for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.up.append(_Up(a, b, b + lines, about))
        self.fine = nn.Conv2d(widths[0], 4 * config.fine, 3, 1, 1)
        self.last = nn.Sequential(
            nn.Conv2d(config.fine + 3 + lines, config.fine + 8, 3, 1, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(config.fine + 8, 6, 3, 1, 1),
        )  # fmt: skip
        nn.init.zeros_(self.last[-1].weight)
        nn.init.zeros_(self.last[-1].bias)

    def forward(self, picture: Tensor, source: Tensor, target: Tensor, z_source: Tensor, z_target: Tensor) -> Made:
        return self.make(self.look(picture, source), target, z_source, z_target)

    def look(self, picture: Tensor, source: Tensor) -> Looked:
        """All that does not depend on the expression that is wanted."""
        x, skips = self.first(torch.cat([picture, draw(source, picture.shape[-1])], dim=1)), []
        for level, stage in enumerate(self.down):
            if level < len(self.down) - 1:
                skips.append(stage[0](x))
                x = stage[1](F.leaky_relu(skips[-1], 0.2))
            else:
                x = stage(x)
        return Looked(picture, source, x, self.image(x.mean((2, 3))), tuple(skips))

    def make(self, looked: Looked, target: Tensor, z_source: Tensor, z_target: Tensor) -> Made:
        """The face that was looked at, its landmarks at `target`."""
        picture, side, target = looked.picture, looked.picture.shape[-1], untangle(looked.source, target)
        flow, lines = backward_flow(looked.source, target, min(FLOW_SIDE, side)), draw(target, side)
        code = torch.cat([looked.image, z_source, z_target - z_source], dim=1)
        x = self.turn(warp(looked.last, resize(flow, looked.last.shape[-1])), code)
        for stage, skip in zip(self.up, reversed(looked.skips), strict=True):
            size = skip.shape[-1]
            beside = torch.cat([warp(skip, resize(flow, size)), F.adaptive_avg_pool2d(lines, size)], dim=1)
            x = stage(x, beside, code)
        full = resize(flow, side)
        fine = F.pixel_shuffle(F.leaky_relu(self.fine(x), 0.2), 2)
        out = self.last(torch.cat([fine, warp(picture, full), lines], dim=1)).float()
        flow = full + REACH * torch.tanh(out[:, 4:]).permute(0, 2, 3, 1)
        moved = warp(picture.float(), flow)
        painted, mask = moved + 2 * torch.tanh(out[:, :3]), torch.sigmoid(out[:, 3:4])
        return Made(torch.lerp(moved, painted, mask), painted, mask, flow)


class Critic(nn.Module):
    """picture (B, 3, S, S) and the landmarks it should show (B, 68, 2) → realness of patches, features, expression.

    Conditioned on the landmarks' drawing; the expression head is the paper's, over as many classes as the data names.
    """

    def __init__(self, classes: int, widths: tuple[int, ...] = (32, 64, 128, 192)) -> None:
        super().__init__()
        given, stages = 3 + DRAWINGS, []
        for width in widths:
            stages.append(nn.Sequential(nn.Conv2d(given, width, 4, 2, 1), nn.LeakyReLU(0.2)))
            given = width
        self.stages = nn.ModuleList(stages)
        self.real = nn.Conv2d(given, 1, 3, 1, 1)
        self.expression = nn.Linear(given, classes)

    def forward(self, picture: Tensor, points: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        """→ (B, 1, s, s) logits, the stages' features, (B, classes) logits."""
        x, features = torch.cat([picture, draw(points, picture.shape[-1])], dim=1), []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return self.real(x), features, self.expression(x.mean((2, 3)))


class _Block(nn.Module):
    """Two convolutions beside a straight way."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.a, self.b = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        nn.init.zeros_(self.b.weight)
        nn.init.zeros_(self.b.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.b(F.leaky_relu(self.a(F.leaky_relu(self.norm(x), 0.2)), 0.2))


class _Styled(nn.Module):
    """The same with scale and shift from a code."""

    def __init__(self, width: int, about: int) -> None:
        super().__init__()
        self.norm, self.film = nn.GroupNorm(8, width, affine=False), nn.Linear(about, 2 * width)
        self.a, self.b = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)
        nn.init.zeros_(self.b.weight)
        nn.init.zeros_(self.b.bias)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        scale, shift = self.film(code)[:, :, None, None].chunk(2, dim=1)
        y = F.leaky_relu(self.norm(x) * (1 + scale) + shift, 0.2)
        return x + self.b(F.leaky_relu(self.a(y), 0.2))


class _Up(nn.Module):
    """Twice the size, the warped skip and the drawing joined in."""

    def __init__(self, given: int, width: int, beside: int, about: int) -> None:
        super().__init__()
        self.join = nn.Conv2d(given + beside, width, 3, 1, 1)
        self.styled = _Styled(width, about)

    def forward(self, x: Tensor, beside: Tensor, code: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self.styled(self.join(torch.cat([x, beside.to(x.dtype)], dim=1)), code)
