"""The second stage of GC-GAN: paints mouth and eyes at their own scale over what the generator shows.

The generator sees a whole face in 128² pixels, in which a mouth has 30. Each part is cut out of its result, as sharp as
the photograph allows, beside the same part of the photograph as it was; a small network sees both and line drawings of
the landmarks, and changes what is there. Untrained, it changes nothing. The left eye is seen mirrored, by the network
of the right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkdemo.face.landmarks import MIRROR
from talkdemo.gcgan.crop import edge_fade
from talkdemo.gcgan.drawing import DRAWINGS, draw
from talkdemo.gcgan.flow import grid, resize, shut, warp
from talkdemo.gcgan.networks import Block, Generated, Styled, Up, start_at_zero

GRAIN = 0.2  # change of colour (−1 … 1) at which the photograph's grain is left out
WIDTHS = (32, 48, 72, 96)  # channels at a half of the size, a quarter, an eighth, a sixteenth
FADE = 0.12  # of a part's side, over which its change fades into the face


@dataclass(frozen=True)
class Part:
    """What is cut out of a face."""

    network: str
    rows: tuple[int, ...]  # landmarks that it is centred on
    size: float  # fraction of the crop's side
    side: int  # pixels
    mirrored: bool = False


PARTS = {
    "mouth": Part("mouth", tuple(range(48, 68)), 0.44, 128),
    "right eye": Part("eye", tuple(range(36, 42)), 0.24, 64),
    "left eye": Part("eye", tuple(range(42, 48)), 0.24, 64, mirrored=True),
}


def sharpened(large: Tensor, small: Tensor, generated: Generated, fade: Tensor | None = None) -> Tensor:
    """The generator's result for crops `small` (B, 3, S, S) with the pixels of the same `large` ones (B, 3, R, R): they
    are warped, and what is painted is laid over them. Where much is painted the crop's own grain is removed: it belongs
    to skin, not to teeth. `fade` (B,): how much of all that is done."""
    flow, ends = generated.flow, (generated.source, generated.target)
    paint = generated.image - warp(small, shut(flow, *ends))
    if fade is not None:
        flow, paint = flow * fade[:, None, None, None], paint * fade[:, None, None, None]
    size, side = large.shape[-1], paint.shape[-1]
    warped = warp(large, shut(resize(flow, size), *ends))
    coarse = F.interpolate(warped, size=(side, side), mode="bilinear", antialias=True)
    removed = 1 - torch.exp(-(paint.abs().amax(1, keepdim=True) / GRAIN).square())
    joined = F.interpolate(torch.cat([paint, coarse, removed], dim=1), size=(size, size), mode="bicubic")
    return warped + joined[:, :3] - joined[:, 6:].clamp(0, 1) * (warped - joined[:, 3:6])


class Cut(NamedTuple):
    """Where a part lies in B crops."""

    part: Part
    middle: Tensor  # (B, 2) fractions of the crop's side

    def take(self, image: Tensor) -> Tensor:
        """(B, 3, R, R) → (B, 3, side, side)."""
        at = self.middle[:, None, None] + (grid(self.part.side).to(image) - 0.5) * self._reach(image)
        return F.grid_sample(image, at * 2 - 1, padding_mode="border", align_corners=False)

    def points(self, points: Tensor) -> Tensor:
        """(B, 68, 2) fractions of the crop's side → of the part's."""
        moved = (points - self.middle[:, None]) / self._reach(points) + 0.5
        return moved[:, list(MIRROR)] if self.part.mirrored else moved

    def put(self, image: Tensor, change: Tensor) -> None:
        """Adds a change (B, 3, side, side) to (B, 3, R, R), in place."""
        size, faded = image.shape[-1], change * _fade(self.part.side).to(change)
        for k, (x, y) in enumerate(self.middle.tolist()):
            left, top = (max(0, int((v - self.part.size / 2) * size)) for v in (x, y))
            right, bottom = (min(size, int((v + self.part.size / 2) * size) + 2) for v in (x, y))
            if right <= left or bottom <= top:
                continue
            at = (torch.arange(top, bottom) + 0.5) / size, (torch.arange(left, right) + 0.5) / size
            rows, columns = torch.meshgrid(*at, indexing="ij")
            place = (torch.stack([columns, rows], dim=-1).to(image) - self.middle[k]) / self._reach(image) * 2
            image[k, :, top:bottom, left:right] += F.grid_sample(
                faded[k : k + 1], place[None], padding_mode="zeros", align_corners=False
            )[0]

    def _reach(self, like: Tensor) -> Tensor:
        return like.new_tensor([-self.part.size if self.part.mirrored else self.part.size, self.part.size])


class Look(NamedTuple):
    """What a network sees of a part, S pixels wide, in B crops; the left eye mirrored."""

    cut: Cut
    shown: Tensor  # (B, 3, S, S) in −1 … 1, as it is shown
    was: Tensor  # (B, 3, S, S) as it was in the photograph
    before: Tensor  # (B, 68, 2) the face's landmarks, fractions of S
    after: Tensor


class Detail(nn.Module):
    """One network: a part of `rows` as it is shown and as it was → its change. Pixels are seen four at a time."""

    def __init__(self, rows: tuple[int, ...]) -> None:
        super().__init__()
        self.rows = list(rows)
        condition = 4 * len(rows)  # the part's landmarks before and after
        self.first = nn.Conv2d(4 * 6 + DRAWINGS, WIDTHS[0], 3, 1, 1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(WIDTHS))
        self.blocks = nn.ModuleList(Block(width) for width in WIDTHS[1:])
        self.turn = Styled(WIDTHS[-1], condition)
        self.up = nn.ModuleList(Up(b, a, a, condition) for a, b in list(pairwise(WIDTHS))[::-1])
        self.last = nn.Conv2d(WIDTHS[0], 4 * 3, 3, 1, 1)
        start_at_zero(self.last)

    def forward(self, shown: Tensor, was: Tensor, before: Tensor, after: Tensor) -> Tensor:
        """A look's → (B, 3, S, S)."""
        own, there = before[:, self.rows], after[:, self.rows]
        condition = torch.cat([own.flatten(1) - 0.5, (there - own).flatten(1)], dim=1) * 4
        pixels = F.pixel_unshuffle(torch.cat([shown, was], dim=1), 2)
        lines = draw(after, pixels.shape[-1])
        x = self.first(torch.cat([pixels, lines], dim=1).contiguous(memory_format=torch.channels_last))
        skips = []
        for down, block in zip(self.down, self.blocks, strict=True):
            skips.append(x)
            x = block(down(F.leaky_relu(x, 0.2)))
        x = self.turn(x, condition)
        for up, skip in zip(self.up, reversed(skips), strict=True):
            x = up(x, skip, condition)
        # no mask: where painting does not help at first it would close, and nothing be learnt any more
        return 2 * torch.tanh(F.pixel_shuffle(self.last(F.leaky_relu(x, 0.2)).float(), 2))


class Details(nn.Module):
    """The networks of all parts."""

    def __init__(self) -> None:
        super().__init__()
        self.networks = nn.ModuleDict({part.network: Detail(part.rows) for part in PARTS.values() if not part.mirrored})

    def forward(self, shown: Tensor, was: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """`shown` (B, 3, R, R) with all parts repainted; `was`: the photograph; landmarks (B, 68, 2) of both."""
        out = shown.clone()
        for name, part in PARTS.items():
            seen = look(name, shown, was, source, target)
            seen.cut.put(out, self.networks[part.network](*seen[1:]))
        return out


def look(name: str, shown: Tensor, was: Tensor, source: Tensor, target: Tensor) -> Look:
    """A part of crops (B, 3, R, R) with landmarks (B, 68, 2)."""
    part = PARTS[name]
    here, there = (Cut(part, points[:, list(part.rows)].mean(1)) for points in (target, source))
    return Look(here, here.take(shown), there.take(was), there.points(source), here.points(target))


def _fade(side: int) -> Tensor:
    return torch.from_numpy(edge_fade(side, FADE))
