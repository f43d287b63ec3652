"""Refuses results that would swell or fold a face, before they are painted.

Two measures, in the face's own frame: the width of the visible outline against what it was, and the share of the face's
pixels at which the warp turns the image inside out (the determinant of its derivative is not positive).
"""

import numpy as np
import torch
from torch import Tensor

NARROW, WIDE = 0.82, 1.22  # of the outline's width: no expression is beyond, however exaggerated
FOLDED = 0.02  # share of the face's pixels
OUTLINE = slice(0, 17)


def outline(front: np.ndarray, moved: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """(…, 68, 2) from the front against (68, 2): width of the visible outline over what it was."""
    rows = np.flatnonzero(~hidden[OUTLINE])
    return np.ptp(moved[..., rows, 0], axis=-1) / np.ptp(front[rows, 0])


def folded(flow: Tensor, points: Tensor) -> Tensor:
    """Warps (B, S, S, 2), shifts as fractions of the side, and the landmarks (B, 68, 2) they lead to → (B,): share of
    the box around the face that is inside out."""
    side = flow.shape[1]
    down, across = (torch.diff(flow, dim=axis) * side for axis in (1, 2))
    down, across = down[:, :, :-1], across[:, :-1]
    turned = (1 + across[..., 0]) * (1 + down[..., 1]) - across[..., 1] * down[..., 0] <= 0
    line = (torch.arange(side - 1) + 1) / side
    low, high = points.amin(1)[:, None], points.amax(1)[:, None]  # (B, 1, 2)
    columns, rows = ((line > low[..., k]) & (line < high[..., k]) for k in (0, 1))
    box = rows[:, :, None] & columns[:, None, :]
    return (turned & box).flatten(1).sum(1) / box.flatten(1).sum(1).clamp_min(1)


def check(name: str, widths: np.ndarray, shares: Tensor) -> None:
    """ValueError in one sentence for what should not be shown."""
    for width in widths:
        if not NARROW <= width <= WIDE:
            what = "swell" if width > 1 else "shrink"
            raise ValueError(
                f"{name} would {what} to {width:.2f} times its width, which is not shown; "
                f"landmarks that keep the face's outline within {NARROW:g} to {WIDE:g} are wanted"
            )
    if (worst := float(shares.max())) > FOLDED:
        raise ValueError(
            f"{name} would be folded at {100 * worst:.0f} % of its face, which is not shown; "
            "landmarks that keep their order are wanted"
        )
