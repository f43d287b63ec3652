"""Warps an image so that a face's landmarks move to their targets (polyharmonic splines).

The spline (Duchon 1977) maps the target's landmarks back to the source's, with the edges of the crop held still. Its
kernel is the distance: the smoother thin plate (r² log r) overshoots where points are close together, so that a shut
eye moved its brow. Points are fractions of the crop's side, 0 … 1.
"""

from functools import cache

import torch
from torch import Tensor

from talkdemo.face.landmarks import LANDMARKS

# Points of an upper rim and those below them, lids and inner lips, and how near they may come as fractions of the side.
UPPER, LOWER = (37, 38, 43, 44, 61, 62, 63), (41, 40, 47, 46, 67, 66, 65)
MIN_GAP = (0.003, 0.003, 0.003, 0.003, 0.001, 0.001, 0.001)
# Upper and lower rim of each eye from left to right, and its brow.
EYES = (
    ([36, 37, 38, 39], [36, 41, 40, 39], range(17, 22)),
    ([42, 43, 44, 45], [42, 47, 46, 45], range(22, 27)),
)
SHUT, OPEN = 0.08, 0.16  # mean gap over width of an eye that is shut, as MediaPipe reads it, and of one that is not
ARCH = 0.55  # exponent of the curve of a rim
UNDER = 0.7  # of the way to the brow, where the skin begins that a lid stretches
RIM, BEYOND = 0.03, 0.08  # eye widths: the lashes, and how far a shut lid goes over the lower one
EDGE = 6  # fixed points along each edge
SMOOTH = 1e-4  # regularisation; lips that touch would otherwise tear the map
UNSEEN = 3.0  # of landmarks that the face hides: they hardly pull at what is seen in their place


def untangle(source: Tensor, target: Tensor) -> Tensor:
    """(B, 68, 2) each → the target without crossed rims of eyes or lips: a map that takes the upper lid below the lower
    one would turn its surroundings inside out. Rims may come as near as they are in the source."""
    gap = target[:, LOWER, 1] - target[:, UPPER, 1]
    own = (source[:, LOWER, 1] - source[:, UPPER, 1]).clamp_min(0)
    missing = (torch.minimum(target.new_tensor(MIN_GAP), own) - gap).clamp_min(0) / 2
    moved = target.clone()
    moved[:, UPPER, 1] -= missing
    moved[:, LOWER, 1] += missing
    return moved


def shutting(source: Tensor, target: Tensor) -> Tensor:
    """(B, 2): how far each eye shuts, 0 to 1. MediaPipe leaves a gap between lids that are shut, and a warp by the few
    landmarks of a lid would leave a larger one."""

    def gap(points: Tensor, upper: list[int], lower: list[int]) -> Tensor:  # (B,), mean over the width of the eye
        wide = (points[:, upper[0]] - points[:, upper[-1]]).norm(dim=1).clamp_min(1e-6)
        return (points[:, lower[1:-1]] - points[:, upper[1:-1]]).norm(dim=2).mean(1) / wide

    shares = []
    for upper, lower, _ in EYES:
        own, there = gap(source, upper, lower), gap(target, upper, lower)
        less = 2 * (1 - there / own.clamp_min(1e-6))  # of an eye that was shut already, nothing
        shares.append(((OPEN - there) / (OPEN - SHUT)).clamp(0, 1) * less.clamp(0, 1))
    return torch.stack(shares, dim=1)


def held_open(source: Tensor, target: Tensor, shares: Tensor) -> Tensor:
    """The target with lids as far apart as the source's where they shut: `_lids` shuts them."""
    moved = target.clone()
    for k, (upper, lower, _) in enumerate(EYES):
        rows, corners = [*upper[1:-1], *lower[1:-1]], [upper[0], upper[-1]]
        away = (target - source)[:, corners].mean(1, keepdim=True)
        moved[:, rows] = torch.lerp(target[:, rows], source[:, rows] + away, shares[:, k, None, None])
    return moved


def _lids(points: Tensor, shares: Tensor, at: Tensor) -> Tensor:
    """Landmarks (B, 68, 2) with open eyes, how far each shuts (B, 2), places (P, 2) → shifts (B, P, 2). Along the axis
    of each eye, the skin from the upper rim to under the brow is stretched down over it."""
    shift = torch.zeros(len(points), len(at), 2, device=at.device)
    for k, (upper, lower, brow) in enumerate(EYES):
        first, last = points[:, upper[0], None], points[:, upper[-1], None]
        wide = (last - first).norm(dim=2, keepdim=True).clamp_min(1e-6)
        across = (last - first) / wide
        down = torch.stack([-across[..., 1], across[..., 0]], dim=-1)
        place = (at - first) / wide
        u, v = (place * across).sum(-1), (place * down).sum(-1)  # (B, P)
        arch = (4 * u * (1 - u)).clamp_min(0) ** ARCH
        heights = (((points - first) / wide) * down).sum(-1)  # (B, 68)
        high, low = (heights[:, rim[1:-1]].mean(1, keepdim=True) * arch / (8 / 9) ** ARCH for rim in (upper, lower))
        top = high + UNDER * (heights[:, list(brow)].mean(1, keepdim=True) - high)
        end = high + shares[:, k, None] * (low + BEYOND * arch - high)
        share = ((v - top) / (end - top).clamp_min(1e-6)).clamp(0, 1)
        change = top + share * (high - RIM * shares[:, k, None] * arch - top) - v
        inside = (v > top) & (v < end) & (arch > 0)
        shift += (change * inside)[..., None] * wide * down
    return shift


@cache
def _edge_points() -> Tensor:
    """(K, 2) points around the crop, a little outside."""
    line = torch.linspace(-0.05, 1.05, EDGE)
    low, high = torch.full_like(line, -0.05), torch.full_like(line, 1.05)
    sides = [(line, low), (line, high), (low[1:-1], line[1:-1]), (high[1:-1], line[1:-1])]
    return torch.cat([torch.stack(side, dim=1) for side in sides])


@cache
def grid(side: int) -> Tensor:
    """(side, side, 2) middles of the pixels, x right, y down."""
    line = (torch.arange(side) + 0.5) / side
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], dim=-1)


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """(B, N, 2), (B, M, 2) → (B, N, M)."""
    return -torch.cdist(a, b, compute_mode="use_mm_for_euclid_dist")


def backward_flow(source: Tensor, target: Tensor, side: int, hidden: Tensor | None = None) -> Tensor:
    """Landmarks (B, 68, 2) each → (B, side, side, 2) shifts as fractions of the side: pixel p of the new image is found
    at p + shift in the source. `hidden` (B, 68) bool: landmarks behind something. Eyes that shut are left open: that is
    `shut`'s, at any size."""
    with torch.autocast(source.device.type, enabled=False):
        source, target = source[:, :LANDMARKS].float(), target[:, :LANDMARKS].float()  # pupils move nothing around them
        count, device = len(source), source.device
        shares = shutting(source, target)
        target = held_open(source, target, shares)
        fixed = _edge_points().to(device).expand(count, -1, -1)
        knots = torch.cat([target, fixed], dim=1)
        loose = torch.full(knots.shape[:2], SMOOTH, device=device)
        if hidden is not None:
            loose[:, : hidden.shape[1]].masked_fill_(hidden, UNSEEN)
        values = torch.cat([source - target, torch.zeros_like(fixed), target.new_zeros(count, 3, 2)], dim=1)
        weights = torch.linalg.solve(_system(knots, loose), values.double()).float()
        places = grid(side).to(device).reshape(-1, 2)
        return _field(places, knots, weights).view(count, side, side, 2)


def _field(at: Tensor, knots: Tensor, weights: Tensor) -> Tensor:
    """Places (P, 2), knots (B, K, 2), weights (B, K + 3, 2) → (B, P, 2): `_basis` times the weights, without a matrix
    of that size being copied."""
    count, k = knots.shape[:2]
    places = at.T.expand(count, -1, -1)
    away = torch.baddbmm(knots.square().sum(2, keepdim=True), knots, places, alpha=-2)  # (B, K, P)
    away = away.add_(at.square().sum(1)).clamp_min_(0).sqrt_()
    moved = torch.baddbmm(weights[:, k, :, None], weights[:, k + 1 :].transpose(1, 2), places)
    return torch.baddbmm(moved, weights[:, :k].transpose(1, 2), away, alpha=-1).transpose(1, 2).contiguous()


def spline(knots: Tensor, at: Tensor) -> Tensor:
    """Knots (B, K, 2) and places (B, P, 2) → (B, P, K): the spline's value at each place is its product with the values
    at the knots."""
    count, k = knots.shape[:2]
    loose = torch.full((count, k), SMOOTH, device=knots.device)
    values = torch.eye(k + 3, k, dtype=torch.float64, device=knots.device).expand(count, -1, -1)
    return _basis(at, knots) @ torch.linalg.solve(_system(knots, loose), values).float()


def _system(knots: Tensor, loose: Tensor) -> Tensor:
    """(B, K, 2), (B, K) how little each knot's value binds → (B, K + 3, K + 3) float64."""
    count, k = knots.shape[:2]
    affine = torch.cat([torch.ones_like(knots[..., :1]), knots], dim=2)
    matrix = torch.zeros(count, k + 3, k + 3, device=knots.device)
    matrix[:, :k, :k] = _kernel(knots, knots) + torch.diag_embed(loose)
    matrix[:, :k, k:], matrix[:, k:, :k] = affine, affine.transpose(1, 2)
    return matrix.double()


def _basis(at: Tensor, knots: Tensor) -> Tensor:
    """(B, P, 2), (B, K, 2) → (B, P, K + 3)."""
    return torch.cat([_kernel(at, knots), torch.ones_like(at[..., :1]), at], dim=2)


def shut(flow: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """The flow (B, S, S, 2) of landmarks (B, 68, 2) each, with lids over eyes that shut; at S pixels, as the edge of a
    lid is a jump."""
    shares = shutting(source, target)
    if not bool((shares > 0).any()):
        return flow
    held, side = held_open(source, target, shares), flow.shape[1]
    rows, columns = _eyes(held, shares, side)
    at = grid(side).to(flow)[rows, columns]
    lids = _lids(held, shares, at.reshape(-1, 2)).view(len(flow), *at.shape)
    below = torch.nn.functional.grid_sample(
        flow.permute(0, 3, 1, 2), (at + lids) * 2 - 1, padding_mode="border", align_corners=False
    )
    out = flow.clone()
    out[:, rows, columns] = lids + below.permute(0, 2, 3, 1)
    return out


def _eyes(points: Tensor, shares: Tensor, side: int) -> tuple[slice, slice]:
    """Landmarks (B, 68, 2) with open eyes, how far each shuts (B, 2) → rows and columns, of `side` pixels, beyond which
    `_lids` moves nothing."""
    corners = []
    for k, (upper, lower, brow) in enumerate(EYES):
        face = points[shares[:, k] > 0]
        first, across = face[:, upper[0]], face[:, upper[-1]] - face[:, upper[0]]
        down = torch.stack([-across[:, 1], across[:, 0]], dim=-1)
        size = across.square().sum(1).clamp_min(1e-12)
        seen = face[:, [*upper, *lower, *brow]] - first[:, None]
        heights = (seen * down[:, None]).sum(2) / size[:, None]  # in eye widths
        for height in (1.1 * heights.amin(1) - 0.02, 1.1 * heights.amax(1) + 0.02 + BEYOND):
            corners += [first + height[:, None] * down, first + across + height[:, None] * down]
    at = torch.cat(corners) * side
    low, high = at.amin(0).floor().long() - 1, at.amax(0).ceil().long() + 1
    (left, top), (right, bottom) = low.clamp(0, side - 1).tolist(), high.clamp(1, side).tolist()
    return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))


def lidded(source: Tensor, target: Tensor, side: int) -> Tensor:
    """Landmarks (B, 68, 2) each → (B, 1, side, side): 1 where a shut lid covers an eye."""
    shares = shutting(source, target)
    if not bool((shares > 0).any()):
        return torch.zeros(len(source), 1, side, side, device=source.device)
    held = held_open(source, target, shares)
    rows, columns = _eyes(held, shares, side)
    at = grid(side).to(source.device)[rows, columns]
    shift = _lids(held, shares, at.reshape(-1, 2))
    cover = torch.zeros(len(source), 1, side, side, device=source.device)
    cover[:, 0, rows, columns] = (shift.norm(dim=2) * side).clamp(0, 1).view(-1, *at.shape[:2])
    return torch.nn.functional.avg_pool2d(torch.nn.functional.max_pool2d(cover, 3, 1, 1), 3, 1, 1)


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """(B, C, H, W) sampled at (B, h, w, 2) shifts → (B, C, h, w); beyond the edge its last pixels are repeated."""
    at = (grid(flow.shape[1]).to(flow) + flow) * 2 - 1
    return torch.nn.functional.grid_sample(image, at.to(image), padding_mode="border", align_corners=False)


def resize(flow: Tensor, side: int) -> Tensor:
    """(B, h, w, 2) → (B, side, side, 2)."""
    if flow.shape[1] == side:
        return flow
    moved = flow.permute(0, 3, 1, 2)
    moved = torch.nn.functional.interpolate(moved, size=(side, side), mode="bilinear", align_corners=False)
    return moved.permute(0, 2, 3, 1)
