"""The style of a reference clip as a vector, and that vector as the condition of the denoiser (DiffPoseTalk).

The style encoder is a transformer over 4 s of motion, trained contrastively (train/talker/style.py): clips of one
person that say different things attract each other, so that it holds the style and not the words. After DiffPoseTalk
(arXiv 2310.00434); ours are a working positional encoding, channels that may be missing, a convolution in front that
halves the frame rate and sees speeds, and pooling of mean and spread (an amplitude is a spread).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from talkdemo import checkpoint
from talkdemo.condition.identity import AttentionPool
from talkdemo.records import CHANNELS, FPS, Reference

KIND = "style-encoder"
SHORTEST = 1.0  # seconds of reference at least


@dataclass(frozen=True)
class StyleConfig:
    channels: int = CHANNELS
    style: int = 128  # size of the style vector
    width: int = 128
    layers: int = 4
    heads: int = 4
    window: int = 100  # frames, at most, of one forward pass


class StyleEncoder(nn.Module):
    mean: torch.Tensor
    std: torch.Tensor
    position: torch.Tensor

    def __init__(self, config: StyleConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or StyleConfig()
        width = config.width
        self.register_buffer("mean", torch.zeros(config.channels))
        self.register_buffer("std", torch.ones(config.channels))
        self.motion_in = nn.Sequential(
            nn.Conv1d(2 * config.channels, width, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(width, width, 4, stride=2, padding=1),
        )
        layer = nn.TransformerEncoderLayer(
            width, config.heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, config.layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.pool = AttentionPool(width, width, config.heads, config.style)
        self.register_buffer("position", _sinusoids(config.window // 2, width), persistent=False)

    @classmethod
    def open(cls, name: str | Path = KIND) -> StyleEncoder:
        """Raises ValueError when no such checkpoint is there, or it is of another kind."""
        file = checkpoint.load(name, KIND)
        encoder = cls(StyleConfig(**file.config))
        encoder.load_state_dict(file.tensors, strict=True)
        return encoder.eval()

    def forward(self, motion: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Motion (B, T, 55) in its own units, T up to the window, and its known channels (B, 55) → (B, style) of
        length 1."""
        known = mask[:, None].to(motion)
        x = (motion - self.mean) / self.std * known
        x = torch.cat([x, known.expand_as(x)], dim=-1).transpose(1, 2)
        h = self.motion_in(x).transpose(1, 2)  # (B, T / 2, width)
        return F.normalize(self.pool(self.blocks(h + self.position[: h.shape[1]])).float(), dim=-1)

    @torch.no_grad()
    def embed(self, reference: Reference) -> torch.Tensor:
        """(style,) of length 1: the mean over windows that overlap by half. Raises ValueError for less than SHORTEST
        seconds, or another frame rate than FPS."""
        motion, window = reference.motion, self.config.window
        if motion.fps != FPS:
            raise ValueError(f"{reference.name} has {motion.fps:g} frames a second; {FPS} are wanted")
        if len(motion) < SHORTEST * FPS:
            seconds = len(motion) / FPS
            raise ValueError(f"{reference.name} holds {seconds:.1f} s of motion; at least {SHORTEST:g} s are wanted")
        tracks = torch.from_numpy(motion.tracks).float()
        mask = torch.ones(self.config.channels) if reference.mask is None else torch.from_numpy(reference.mask).float()
        count = max(1, math.ceil((len(tracks) - window) / (window // 2)) + 1)
        starts = np.linspace(0, max(0, len(tracks) - window), count).round().astype(int)
        device = self.mean.device
        cut = torch.stack([tracks[a : a + window] for a in starts]).to(device)
        parts = [self(some, mask.to(device).expand(len(some), -1)) for some in cut.split(64)]
        return F.normalize(torch.cat(parts).mean(0), dim=-1)


def blend(styles: Sequence[tuple[torch.Tensor, float]]) -> torch.Tensor:
    """Style vectors (style,) with weights → one of length 1 between them. Raises ValueError for weights below 0 or that
    add up to nothing."""
    weights = [weight for _, weight in styles]
    if not weights or min(weights) < 0 or not sum(weights) > 0:
        given = ", ".join(f"{weight:g}" for weight in weights) or "none"
        raise ValueError(f"the weights {given} were given to the references; 0 or more, and one above 0, are wanted")
    return F.normalize(torch.stack([weight * style for style, weight in styles]).sum(0), dim=-1)


@dataclass(frozen=True)
class StyleLibraryConfig:
    style: int = 128
    width: int = 128
    features: int = 211  # D of the speech encoder
    heads: int = 4
    encoder: str = KIND  # the checkpoint whose style vectors it was trained on


class StyleLibrary(nn.Module):
    """The denoiser's condition from a style vector: the style and what it retrieves from the speech by cross-attention,
    as its query. It does not depend on the step, so it is computed once a window."""

    def __init__(self, config: StyleLibraryConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.style_in = nn.Sequential(nn.Linear(config.style, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))
        self.null = nn.Parameter(torch.zeros(width))
        self.keys = nn.Linear(config.features, 2 * width)
        self.queries = nn.Linear(width, width)
        self.personal = nn.Linear(width, width)
        nn.init.zeros_(self.personal.weight)
        nn.init.zeros_(self.personal.bias)

    def forward(
        self,
        style: torch.Tensor,  # (B, style) of length 1
        features: torch.Tensor,  # (B, T, D) of the window, or the null features
        drop: torch.Tensor | None = None,  # (B,) bool: the null condition instead
    ) -> torch.Tensor:
        """The condition of the denoiser (B, width)."""
        row = self.style_in(style * math.sqrt(self.config.style))
        keys, values = self.keys(features).chunk(2, dim=-1)

        def split(x: torch.Tensor) -> torch.Tensor:
            return x.unflatten(-1, (self.config.heads, -1)).transpose(1, 2)  # (B, heads, T, width / heads)

        retrieved = F.scaled_dot_product_attention(split(self.queries(row)[:, None]), split(keys), split(values))
        condition = row + self.personal(retrieved.transpose(1, 2).flatten(1))
        return condition if drop is None else torch.where(drop[:, None], self.null.to(condition.dtype), condition)


def _sinusoids(length: int, width: int) -> torch.Tensor:
    """(length, width): sines and cosines of every position (Vaswani et al. 2017)."""
    position = torch.arange(length)[:, None]
    frequency = torch.exp(-math.log(10_000.0) * torch.arange(0, width, 2) / width)
    return torch.cat([(position * frequency).sin(), (position * frequency).cos()], dim=-1) * 0.3
