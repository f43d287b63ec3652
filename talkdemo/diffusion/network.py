"""The diffusion transformer: predicts clean motion from noisy motion, step, speech features and condition (x0).

One token per frame; the last P frames of the window before stand in front of the window's L frames, clean. Blocks are
modulated by step, identity and emotion through adaptive layer norm (DiT, Peebles & Xie 2023) with one shared
modulation network and a learned offset per block (PixArt-α, Chen et al. 2024). The speech is aligned with the frames,
so it enters each token directly, together with its neighbours through a small convolution.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from talkdemo.records import CHANNELS


@dataclass(frozen=True)
class NetworkConfig:
    channels: int = CHANNELS
    features: int = 211  # D of the speech encoder
    condition: int = 128  # size of the identity (or style) embedding
    width: int = 256
    layers: int = 6
    heads: int = 4
    mlp: int = 4
    window: int = 100  # L
    previous: int = 10  # P
    guided: bool = False  # the guidance weights are an input: guidance costs no further evaluation (a student)


def sinusoid(t: torch.Tensor, width: int, longest: float = 10_000.0) -> torch.Tensor:
    """(B,) numbers → (B, width) sines and cosines at geometrically spaced frequencies."""
    frequency = torch.exp(-math.log(longest) * torch.arange(width // 2, device=t.device) / (width // 2))
    angle = t.float()[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class Block(nn.Module):
    """Self-attention with a learned bias per distance in frames, then a feed-forward; both gated: (B, T, width)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(width, elementwise_affine=False)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, config.mlp * width), nn.GELU(approximate="tanh"), nn.Linear(config.mlp * width, width)
        )
        self.offset = nn.Parameter(torch.randn(6, width) / width**0.5)

    def forward(self, x: torch.Tensor, modulation: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """`modulation` (B or 1, 6, width), `bias` (1, heads, T, T)."""
        batch, frames, width = x.shape
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.offset).unsqueeze(2).unbind(1)  # (B, 1, w)
        h = _modulated(self.norm1, x, scale1, shift1)
        q, k, v = self.qkv(h).view(batch, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        h = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        x = torch.addcmul(x, gate1, self.out(h.transpose(1, 2).reshape(batch, frames, width)).to(x.dtype))
        h = _modulated(self.norm2, x, scale2, shift2)
        return torch.addcmul(x, gate2, self.feed(h).to(x.dtype))


def _modulated(norm: nn.LayerNorm, x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """norm(x) (1 + scale) + shift; one operation where the batch shares scale and shift (B or 1, 1, width)."""
    if len(scale) == 1:
        return F.layer_norm(x, norm.normalized_shape, 1 + scale[0, 0], shift[0, 0], norm.eps)
    return norm(x) * (1 + scale) + shift


@dataclass(frozen=True)
class Window:
    """What the network knows of a window and no step changes: computed once, not once a step. B is 1 where the whole
    batch of noisy motions shares it."""

    front: torch.Tensor  # (B, P, width) tokens of the clean frames
    frames: torch.Tensor  # (B, L, width) the others, without their noisy motion
    vector: torch.Tensor  # (B, width) condition and guidance
    bias: torch.Tensor  # (1, heads, P + L, P + L) of attention


class Network(nn.Module):
    distance: torch.Tensor
    guidance_in: nn.Sequential | None

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        width, frames = config.width, config.previous + config.window
        self.motion_in = nn.Linear(config.channels + 1, width)  # + flag: 1 on the clean frames in front
        self.speech_in = nn.Sequential(
            nn.Conv1d(config.features, width, 5, padding=2), nn.GELU(), nn.Conv1d(width, width, 5, padding=2)
        )
        self.position = nn.Parameter(torch.randn(frames, width) * 0.02)
        self.distance_bias = nn.Parameter(torch.zeros(config.heads, 2 * frames - 1))
        self.step_in = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.condition_in = nn.Linear(config.condition, width)
        self.guidance_in = None
        if config.guided:  # zero at first: a student begins as its unguided teacher
            last = nn.Linear(width, width)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            self.guidance_in = nn.Sequential(nn.Linear(2, width), nn.SiLU(), last)
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.motion_out = nn.Linear(width, config.channels)
        nn.init.zeros_(self.motion_out.weight)
        nn.init.zeros_(self.motion_out.bias)
        position = torch.arange(frames)
        self.register_buffer("distance", position[:, None] - position[None, :] + frames - 1, persistent=False)

    def window(
        self,
        features: torch.Tensor,  # (B, P + L, D)
        previous: torch.Tensor,  # (B, P, channels) clean motion in front of the window
        condition: torch.Tensor,  # (B, condition)
        guidance: torch.Tensor | None = None,  # (B, 2) weights on speech and style, for a guided network; None = (1, 1)
    ) -> Window:
        """Each argument's B may be 1."""
        p = self.config.previous
        tokens = self.speech_in(features.transpose(1, 2)).transpose(1, 2) + self.position
        front = self.motion_in(torch.cat([previous, torch.ones_like(previous[..., :1])], dim=-1)) + tokens[:, :p]
        vector = self.condition_in(condition)
        if self.guidance_in is not None and guidance is not None:
            vector = vector + self.guidance_in((guidance - 1).to(vector.dtype))
        elif self.guidance_in is not None:
            vector = vector + self.guidance_in(vector.new_zeros(1, 2))
        return Window(front, tokens[:, p:] + self.motion_in.bias, vector, self.distance_bias[:, self.distance][None])

    def forward(self, z: torch.Tensor, t: torch.Tensor, window: Window) -> torch.Tensor:
        """Noisy motion (B, L, channels) and step numbers (B,), one for all or each its own → x̂ (B, L, channels)."""
        motion = F.linear(z, self.motion_in.weight[:, :-1])  # the flag of noisy frames is 0
        frames = motion + window.frames
        x = torch.cat([window.front.expand(len(frames), -1, -1), frames], dim=1)  # (B, P + L, width)
        vector = self.step_in(sinusoid(t, self.config.width).to(x.dtype)) + window.vector
        modulation = self.modulation(vector).unflatten(1, (6, -1))
        for block in self.blocks:
            x = block(x, modulation, window.bias)
        return self.motion_out(self.norm(x[:, self.config.previous :]))
