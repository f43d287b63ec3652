"""Learned talking identities and emotions as the condition of the denoiser (DiffusionTalker).

Each talking identity (and each emotion) is a row of a table learned together with the denoiser; rows may be mixed.
After DiffusionTalker (arXiv 2311.16565, 2503.18159); sizes and layers are ours:

- *Matching.* Speech is pooled by attention into a vector and trained contrastively against both tables (symmetric CLIP
  loss, Radford et al. 2021; several utterances of one identity in a batch all count as positives, Khosla et al. 2020),
  so that unknown speech finds the identity that matches it.
- *Personalising.* Identity and emotion are two queries of a cross-attention over the features of the speech; what they
  retrieve is added to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class IdentityConfig:
    identities: tuple[str, ...]
    emotions: tuple[str, ...]
    width: int = 128
    voice: int = 83  # numbers per frame that the voice is matched by
    features: int = 211  # D of the speech encoder
    heads: int = 4


class AttentionPool(nn.Module):
    """Frames (B, T, d) → (B, out): attentive statistics pooling, mean and spread per head (Okabe et al. 2018)."""

    def __init__(self, channels: int, width: int, heads: int, out: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Sequential(nn.Linear(channels, width), nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.score = nn.Linear(width, heads)
        self.out = nn.Sequential(nn.LayerNorm(2 * width), nn.Dropout(0.1), nn.Linear(2 * width, out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.project(x)
        weight = self.score(h).softmax(1)[..., None]  # (B, T, heads, 1), sums to 1 over T
        parts = h.unflatten(-1, (self.heads, -1))  # (B, T, heads, width / heads)
        mean = (weight * parts).sum(1)
        spread = ((weight * (parts - mean[:, None]).square()).sum(1) + 1e-5).sqrt()
        return self.out(torch.cat([mean.flatten(1), spread.flatten(1)], dim=-1))


class IdentityLibrary(nn.Module):
    voice_mean: torch.Tensor
    voice_std: torch.Tensor

    def __init__(self, config: IdentityConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.identity = nn.Parameter(torch.randn(len(config.identities), width) * 0.3)
        self.emotion = nn.Parameter(torch.randn(len(config.emotions), width) * 0.3)
        self.null = nn.Parameter(torch.zeros(width))
        self.register_buffer("voice_mean", torch.zeros(config.voice))
        self.register_buffer("voice_std", torch.ones(config.voice))
        self.pool = AttentionPool(config.voice, 192, config.heads, 2 * width)
        self.log_temperature = nn.Parameter(torch.tensor(1 / 0.07).log())
        self.keys = nn.Linear(config.features, 2 * width)
        self.queries = nn.Linear(width, width)
        self.personal = nn.Linear(2 * width, width)
        nn.init.zeros_(self.personal.weight)
        nn.init.zeros_(self.personal.bias)

    def weights(self, mix: Mapping[str, float]) -> torch.Tensor:
        """Names with weights → (I,) summing to 1. Raises ValueError for a name the library does not hold."""
        return _weights(mix, self.config.identities, "talking identity", "identities")

    def emotion_weights(self, mix: Mapping[str, float]) -> torch.Tensor:
        """Likewise for emotions: (E,) summing to 1."""
        return _weights(mix, self.config.emotions, "emotion", "emotions")

    def forward(
        self,
        weights: torch.Tensor,  # (B, I)
        emotion: torch.Tensor,  # (B, E)
        features: torch.Tensor,  # (B, T, D) of the window, or the null features
        drop: torch.Tensor | None = None,  # (B,) bool: the null condition instead
    ) -> torch.Tensor:
        """The condition of the denoiser (B, width)."""
        rows = torch.stack([weights @ self.identity, emotion @ self.emotion], dim=1)  # (B, 2, width)
        heads = self.config.heads

        def split(x: torch.Tensor) -> torch.Tensor:
            return x.unflatten(-1, (heads, -1)).transpose(1, 2)  # (B, heads, T, width / heads)

        keys, values = self.keys(features).chunk(2, dim=-1)
        retrieved = F.scaled_dot_product_attention(split(self.queries(rows)), split(keys), split(values))
        condition = rows.sum(1) + self.personal(retrieved.transpose(1, 2).flatten(1))
        return condition if drop is None else torch.where(drop[:, None], self.null.to(condition.dtype), condition)

    def similarity(self, voices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames of voices (B, T, voice) → scaled cosines to every identity (B, I) and to every emotion (B, E)."""
        voices = voices.to(self.voice_mean)  # they come from the CPU, wherever the weights are
        pooled = self.pool((voices - self.voice_mean) / self.voice_std)
        scale = self.log_temperature.exp().clamp(max=100)
        identity, emotion = (F.normalize(half, dim=-1) for half in pooled.chunk(2, dim=-1))
        rows = F.normalize(self.identity, dim=-1), F.normalize(self.emotion, dim=-1)
        return scale * identity @ rows[0].T, scale * emotion @ rows[1].T

    @torch.no_grad()
    def match(self, voice: torch.Tensor) -> dict[str, float]:
        """Frames of a voice (T, voice) → probability of each identity, best first."""
        return _ranked(self.similarity(voice[None])[0][0], self.config.identities)

    @torch.no_grad()
    def match_emotion(self, voice: torch.Tensor) -> dict[str, float]:
        """Frames of a voice (T, voice) → probability of each emotion, best first."""
        return _ranked(self.similarity(voice[None])[1][0], self.config.emotions)


def clip_loss(logits: torch.Tensor, row: torch.Tensor) -> torch.Tensor:
    """Symmetric cross-entropy of logits (B, rows) whose true row is `row` (B,), −1 = none; 0 without any true row."""
    known = row >= 0
    if not known.any():
        return logits.new_zeros(())
    logits, row = logits[known], row[known]
    voice_to_row = F.cross_entropy(logits, row)
    positive = row[:, None] == torch.arange(logits.shape[1], device=logits.device)
    present = positive.any(0)
    log_softmax = logits.log_softmax(0)[:, present]  # over the voices of the batch, for each row that is present
    mask = positive[:, present].float()
    row_to_voice = -(log_softmax * mask).sum(0) / mask.sum(0)
    return 0.5 * (voice_to_row + row_to_voice.mean())


def _weights(mix: Mapping[str, float], names: tuple[str, ...], kind: str, plural: str) -> torch.Tensor:
    row = torch.zeros(len(names))
    for name, weight in mix.items():
        if name not in names:
            raise ValueError(f"there is no {kind} {name!r}; known are {', '.join(names)}")
        if not weight >= 0:
            raise ValueError(f"the weight {weight} was given to {kind} {name}; 0 or more is wanted")
        row[names.index(name)] += weight
    if not row.sum() > 0:
        raise ValueError(f"the weights of the {plural} add up to nothing; at least one must be above 0")
    return row / row.sum()


def _ranked(logits: torch.Tensor, names: tuple[str, ...]) -> dict[str, float]:
    scores = logits.softmax(-1)
    return {names[int(i)]: float(scores[i]) for i in scores.argsort(descending=True)}
