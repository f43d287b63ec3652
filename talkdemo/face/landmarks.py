"""The 68 iBUG landmarks of the head."""

from functools import cache

import torch
from torch import Tensor

from talkdemo.face import asset

LANDMARKS = 68
# The lines of the face, as rows of landmarks; closed where last = first.
LINES: tuple[tuple[int, ...], ...] = (
    tuple(range(17)), tuple(range(17, 22)), tuple(range(22, 27)), tuple(range(27, 31)), tuple(range(31, 36)),
    (*range(36, 42), 36), (*range(42, 48), 42), (*range(48, 60), 48), (*range(60, 68), 60),
)  # fmt: skip
MIRROR: tuple[int, ...] = (
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
    41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip


@cache
def vertex_numbers() -> Tensor:
    """(68,) vertices of FaceModel in iBUG order (0 at the character's right ear)."""
    return torch.from_numpy(asset.arrays()["landmarks/vertices"].astype("int64"))


def landmarks_68(vertices: Tensor) -> Tensor:
    """(..., V, 3) vertices of the whole head → (..., 68, 3)."""
    return vertices[..., vertex_numbers().to(vertices.device), :]
