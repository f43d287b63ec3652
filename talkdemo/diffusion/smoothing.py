"""Smooths a window that continues known frames: Whittaker's smoother (Eilers 2003), of second differences.

Students take out less noise in their few steps than the full model in its many: their heads turn with the same large
movements, and tremble between them. Lips need every frame and are left alone.
"""

import math
from functools import cache

import torch

from talkdemo.records import FPS

KNOWN = 2  # frames before the window that its first second differences reach


def smoothed(window: torch.Tensor, previous: torch.Tensor, hertz: float) -> torch.Tensor:
    """(K, L, C) after (K, P, C), P at least KNOWN, which stays as it is → the x (K, L, C) that minimises ‖x − window‖²
    + λ‖second differences of previous and x‖². In a long window movements of `hertz` keep half of their amplitude,
    those half as fast 94 %."""
    own, before = smoother(window.shape[1], hertz)
    known = previous[:, -KNOWN:]
    return own.to(window) @ window + before.to(window) @ known


@cache
def smoother(length: int, hertz: float) -> tuple[torch.Tensor, torch.Tensor]:
    """(L, L) on the window's frames and (L, KNOWN) on those before it. Raises ValueError for what FPS cannot show."""
    if not 0 < hertz < FPS / 2:
        raise ValueError(f"smoothing at {hertz} Hz was asked for; more than 0 and less than {FPS / 2} Hz is wanted")
    strength = (2 * math.sin(math.pi * hertz / FPS)) ** -4
    second = torch.eye(length + KNOWN, dtype=torch.float64).diff(n=2, dim=0)
    known, own = second[:, :KNOWN], second[:, KNOWN:]
    inverse = torch.linalg.inv(torch.eye(length, dtype=torch.float64) + strength * own.T @ own)
    return inverse.float(), (-strength * inverse @ own.T @ known).float()
