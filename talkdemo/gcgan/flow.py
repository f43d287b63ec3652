"""Warps an image so that a face's landmarks move to their targets (polyharmonic splines).

The spline (Duchon 1977) maps the target's landmarks back to the source's, with the edges of the crop held still. Its
kernel is the distance: the smoother thin plate (r² log r) overshoots where points are close together, so that a shut
eye moved its brow. Points are fractions of the crop's side, 0 … 1.
"""

from functools import cache

import torch
from torch import Tensor

# Points of an upper rim and those below them, lids and inner lips, and how near they may come as fractions of the side.
UPPER, LOWER = (37, 38, 43, 44, 61, 62, 63), (41, 40, 47, 46, 67, 66, 65)
MIN_GAP = (0.003, 0.003, 0.003, 0.003, 0.001, 0.001, 0.001)
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
    at p + shift in the source. `hidden` (B, 68) bool: landmarks behind something."""
    with torch.autocast(source.device.type, enabled=False):
        source, target = source.float(), target.float()
        count, device = len(source), source.device
        fixed = _edge_points().to(device).expand(count, -1, -1)
        knots = torch.cat([target, fixed], dim=1)
        loose = torch.full(knots.shape[:2], SMOOTH, device=device)
        if hidden is not None:
            loose[:, : hidden.shape[1]].masked_fill_(hidden, UNSEEN)
        values = torch.cat([source - target, torch.zeros_like(fixed), target.new_zeros(count, 3, 2)], dim=1)
        weights = torch.linalg.solve(_system(knots, loose), values.double()).float()
        at = grid(side).to(device).reshape(1, -1, 2).expand(count, -1, -1)
        return (_basis(at, knots) @ weights).view(count, side, side, 2)


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
