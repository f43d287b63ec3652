"""Draws 68 landmarks as soft images, by which generator and critic see an expression.

Five of lines, and two of surfaces: how far the mouth is open, and the eyes.
"""

import torch
from torch import Tensor

from talkdemo.gcgan.flow import grid

# Lines by group, one image each: outline, brows and nose, eyes, outer lips, inner lips. Closed where last = first.
GROUPS: tuple[tuple[tuple[int, ...], ...], ...] = (
    (tuple(range(17)),),
    (tuple(range(17, 22)), tuple(range(22, 27)), tuple(range(27, 31)), tuple(range(31, 36))),
    ((*range(36, 42), 36), (*range(42, 48), 42)),
    ((*range(48, 60), 48),),
    ((*range(60, 68), 60),),
)
# Upper and lower rim of an opening, from left to right.
MOUTH = ((60, 61, 62, 63, 64), (60, 67, 66, 65, 64))
EYES = (((36, 37, 38, 39), (36, 41, 40, 39)), ((42, 43, 44, 45), (42, 47, 46, 45)))
DRAWINGS = len(GROUPS) + 2
SOFT = 0.006  # width of a rim, fraction of the side
WIDTH = 0.010  # standard deviation of a line, fraction of the side
MAX_SIDE = 64  # pixels at which lines are drawn; they are soft, and larger drawings are interpolated


def draw(points: Tensor, side: int) -> Tensor:
    """(B, 68, 2) as fractions of the side → (B, DRAWINGS, side, side) in 0 … 1."""
    if side > MAX_SIDE:
        return torch.nn.functional.interpolate(draw(points, MAX_SIDE), size=(side, side), mode="bilinear")
    with torch.autocast(points.device.type, enabled=False):
        return _drawn(points.float(), side)


def _drawn(points: Tensor, side: int) -> Tensor:
    at = grid(side).to(points).reshape(-1, 2)
    first = [k for lines in GROUPS for line in lines for k in line[:-1]]
    second = [k for lines in GROUPS for line in lines for k in line[1:]]
    a, along = points[:, first], points[:, second] - points[:, first]  # (B, S, 2)
    length = along.square().sum(-1, keepdim=True).clamp_min(1e-9)
    # |p − a − t (b − a)|² at its minimum over t in 0 … 1, without a number per axis, segment and pixel
    on = torch.baddbmm(-(a * along).sum(-1, keepdim=True), along, at.T.expand(len(points), -1, -1))  # (B, S, side²)
    t = (on / length).clamp_(0, 1)
    square = (t * length).sub_(on, alpha=2).mul_(t)
    square += torch.baddbmm(a.square().sum(-1, keepdim=True), a, at.T.expand(len(points), -1, -1), alpha=-2)
    square += at.square().sum(-1)
    images, begin = [], 0
    for lines in GROUPS:
        end = begin + sum(len(line) - 1 for line in lines)
        images.append(torch.exp(-square[:, begin:end].amin(1).clamp_min(0) / (2 * WIDTH**2)))
        begin = end
    images.append(_opening(points, at, *MOUTH))
    images.append(torch.maximum(*(_opening(points, at, *rims) for rims in EYES)))
    return torch.stack(images, dim=1).view(len(points), DRAWINGS, side, side)


def _opening(points: Tensor, at: Tensor, upper: tuple[int, ...], lower: tuple[int, ...]) -> Tensor:
    """(B, side²): 1 between two rims of an upright face; 0 where they meet."""
    x, y = at[:, 0], at[:, 1]
    above, below = rim(points[:, list(upper)], x), rim(points[:, list(lower)], x)
    gap = (below - above).clamp_min(0)
    inside = torch.sigmoid((y - above) / SOFT) * torch.sigmoid((below - y) / SOFT) * (gap / (gap + SOFT))
    left, right = points[:, upper[0], :1], points[:, upper[-1], :1]
    return inside * torch.sigmoid((x - left) / SOFT) * torch.sigmoid((right - x) / SOFT)


def rim(points: Tensor, x: Tensor) -> Tensor:
    """(B, N, 2) from left to right, (P,) → (B, P): the height of the line through them at every x."""
    height = points[:, :1, 1].expand(-1, len(x))
    for a, b in zip(points.unbind(1), points.unbind(1)[1:], strict=False):
        wide = (b[:, :1] - a[:, :1]).clamp_min(1e-4)
        height = height + (b[:, 1:] - a[:, 1:]) / wide * (x - a[:, :1]).clamp_min(0).minimum(wide)
    return height
