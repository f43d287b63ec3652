"""A small face recogniser, which measures whether an edited portrait still shows the same person.

It sees an oval of the face at 64², without hair and background, which all images of a rendered person share. It is
trained with CosFace (Wang et al. 2018) on people outside the test set, in all their expressions, and takes no part in
training the models it evaluates.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

KIND = "recogniser"
SIDE = 64
OVAL = (0.5, 0.56, 0.31, 0.43)  # middle x, y and half axes, shares of the canonical crop's side
SOFT = 0.04  # over which the oval fades


@dataclass(frozen=True)
class RecogniserConfig:
    widths: tuple[int, ...] = (32, 64, 96, 128)  # at 1/2, 1/4, 1/8, 1/16 of the side
    vector: int = 128


class Recogniser(nn.Module):
    """(B, 3, 64, 64) from `prepare` → (B, vector) unit embeddings; cosine similarity tells persons apart."""

    oval: Tensor

    def __init__(self, config: RecogniserConfig) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        channels = 3
        for width in config.widths:
            layers += [nn.Conv2d(channels, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.Conv2d(width, width, 3, 1, 1, groups=8, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        across = SIDE >> len(config.widths)
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2))
        self.vector = nn.Linear(channels * across * across, config.vector)
        self.register_buffer("oval", oval(SIDE))

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.vector(self.body(x * self.oval)).float(), dim=1)

    @torch.no_grad()
    def embed(self, crops: np.ndarray, batch: int = 64) -> np.ndarray:
        """(N, S, S, 3) uint8 canonical crops of any side → (N, vector) float32."""
        parts = [self(prepare(crops[i : i + batch])) for i in range(0, len(crops), batch)]
        return torch.cat(parts).numpy() if parts else np.zeros((0, self.config.vector), np.float32)


def prepare(crops: np.ndarray) -> Tensor:
    """(N, S, S, 3) uint8 → (N, 3, 64, 64) in −1 … 1."""
    crops = np.asarray(crops)
    if crops.ndim != 4 or crops.shape[1] != crops.shape[2] or crops.shape[3] != 3:
        raise ValueError(f"got crops {crops.shape}; wanted (N, S, S, 3)")
    x = torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return x if x.shape[-1] == SIDE else F.interpolate(x, size=(SIDE, SIDE), mode="bilinear", antialias=True)


def oval(side: int) -> Tensor:
    """(side, side): 1 on the face, fading to 0."""
    line = (torch.arange(side) + 0.5) / side
    x, y, a, b = OVAL
    away = (((line - x) / a).square()[None] + ((line - y) / b).square()[:, None]).sqrt()
    return ((1 + SOFT - away) / (2 * SOFT)).clamp(0, 1)
