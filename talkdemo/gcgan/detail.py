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

from talkdemo.face.landmarks import LANDMARKS, MIRROR
from talkdemo.gcgan.crop import edge_fade
from talkdemo.gcgan.drawing import DRAWINGS, draw
from talkdemo.gcgan.flow import grid, warp
from talkdemo.gcgan.gaze import with_eyes
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
    """The generator's B results for crops `small` (B or 1, 3, S, S) with the pixels of the same `large` ones (B or 1,
    3, R, R): they are warped, and what is painted is laid over them. Where much is painted the crop's own grain is
    removed: it belongs to skin, not to teeth. `fade` (B,): how much of all that is done. For images only, without
    gradients: the enlarging, most of its time, is OpenCV's."""
    import cv2

    ends, count = (generated.source, generated.target), len(generated.image)
    share = torch.ones(count, 1, 1, 1) if fade is None else fade[:, None, None, None]
    warped_small = warp(small.expand(count, -1, -1, -1), with_eyes(generated.flow, *ends))
    paint, flow = (generated.image - warped_small) * share, (generated.flow * share).numpy()
    side, size = paint.shape[-1], large.shape[-1]
    removed = 1 - torch.exp(-(paint.abs().amax(1, keepdim=True) / GRAIN).square())
    out = []
    for k, crop in enumerate(large.expand(count, -1, -1, -1).split(1)):
        own = torch.from_numpy(cv2.resize(flow[k], (size, size), interpolation=cv2.INTER_LINEAR))[None]
        at = with_eyes(own, *(points[k : k + 1] for points in ends)).add(grid(size)).mul_(2).sub_(1)
        warped = F.grid_sample(crop, at, padding_mode="border", align_corners=False)
        coarse = F.interpolate(warped, size=(side, side), mode="bilinear", antialias=True)
        joined = torch.empty(7, size, size)
        for plane, to in zip(torch.cat([paint[k], coarse[0], removed[k]]).numpy(), joined.numpy(), strict=True):
            cv2.resize(plane, (size, size), dst=to, interpolation=cv2.INTER_CUBIC)
        grain = joined[3:6].neg_().add_(warped[0]).mul_(joined[6].clamp_(0, 1))
        out.append(warped[0].add_(joined[:3]).sub_(grain))
    return torch.stack(out)


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
        """`shown` (B, 3, R, R) with all parts repainted; `was`: the photograph; landmarks (B, 68 or 70, 2) of
        both."""
        out = shown.clone()
        for name, network in self.networks.items():
            looks = [look(part, shown, was, source, target) for part in PARTS if PARTS[part].network == name]
            changes = network(*(torch.cat(seen) for seen in zip(*(one[1:] for one in looks), strict=True)))
            for one, change in zip(looks, changes.split(len(shown)), strict=True):
                one.cut.put(out, change)
        return out


def look(name: str, shown: Tensor, was: Tensor, source: Tensor, target: Tensor) -> Look:
    """A part of crops (B, 3, R, R) with landmarks (B, 68, 2)."""
    part, source, target = PARTS[name], source[:, :LANDMARKS], target[:, :LANDMARKS]
    here, there = (Cut(part, points[:, list(part.rows)].mean(1)) for points in (target, source))
    return Look(here, here.take(shown), there.take(was), there.points(source), here.points(target))


def _fade(side: int) -> Tensor:
    return torch.from_numpy(edge_fade(side, FADE))
