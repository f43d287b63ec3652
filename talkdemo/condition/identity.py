"""A name or a voice in, a condition vector out: the learned talking identities and emotions.

Each talking identity (and each emotion) is a row of a table learned together with the denoiser; rows may be mixed.
A second, small network maps a summary of the voice to the same space, trained contrastively against the table
(symmetric CLIP loss, Radford et al. 2021; several utterances of one identity in a batch all count as positives,
Khosla et al. 2020), so that unknown speech can be matched with the identity that fits it.
"""

from __future__ import annotations

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
    voice: int = 163  # size of the voice summary


class IdentityLibrary(nn.Module):
    def __init__(self, config: IdentityConfig) -> None:
        super().__init__()
        self.config = config
        self.identity = nn.Parameter(torch.randn(len(config.identities), config.width) * 0.3)
        self.emotion = nn.Parameter(torch.randn(len(config.emotions), config.width) * 0.3)
        self.null = nn.Parameter(torch.zeros(config.width))
        self.register_buffer("voice_mean", torch.zeros(config.voice))
        self.register_buffer("voice_std", torch.ones(config.voice))
        self.voice = nn.Sequential(
            nn.Linear(config.voice, 256), nn.GELU(), nn.Dropout(0.2), nn.Linear(256, config.width)
        )
        self.log_temperature = nn.Parameter(torch.tensor(1 / 0.07).log())

    def weights(self, mix: Mapping[str, float]) -> torch.Tensor:
        """Names with weights → (I,) summing to 1. Raises ValueError for a name the library does not hold."""
        row = torch.zeros(len(self.config.identities))
        for name, weight in mix.items():
            if name not in self.config.identities:
                known = ", ".join(self.config.identities)
                raise ValueError(f"there is no talking identity {name!r}; the library holds {known}")
            row[self.config.identities.index(name)] += weight
        if not row.sum() > 0:
            raise ValueError("the weights of the identities add up to nothing; at least one must be above 0")
        return row / row.sum()

    def emotion_index(self, emotion: str) -> int:
        if emotion not in self.config.emotions:
            raise ValueError(f"there is no emotion {emotion!r}; known are {', '.join(self.config.emotions)}")
        return self.config.emotions.index(emotion)

    def forward(self, weights: torch.Tensor, emotion: torch.Tensor, drop: torch.Tensor | None = None) -> torch.Tensor:
        """Weights (B, I) and emotion numbers (B,) → (B, width); where `drop` (B,) is true, the null condition."""
        condition = weights @ self.identity + self.emotion[emotion]
        return condition if drop is None else torch.where(drop[:, None], self.null, condition)

    def similarity(self, voices: torch.Tensor) -> torch.Tensor:
        """Voice summaries (B, voice) → scaled cosine to every identity (B, I)."""
        voices = voices.to(self.voice_mean)  # summaries are made on the CPU, wherever the weights are
        audio = F.normalize(self.voice((voices - self.voice_mean) / self.voice_std), dim=-1)
        return self.log_temperature.exp().clamp(max=100) * audio @ F.normalize(self.identity, dim=-1).T

    def match(self, voice: torch.Tensor) -> dict[str, float]:
        """Voice summary (voice,) → probability of each identity, best first."""
        with torch.no_grad():
            scores = self.similarity(voice[None].to(self.voice_mean.device))[0].softmax(-1)
        order = scores.argsort(descending=True)
        return {self.config.identities[int(i)]: float(scores[i]) for i in order}

    def contrastive_loss(self, voices: torch.Tensor, identity: torch.Tensor) -> torch.Tensor:
        """Symmetric contrastive loss of voices (B, voice) against the table, true rows `identity` (B,)."""
        logits = self.similarity(voices)  # (B, I)
        to_identity = F.cross_entropy(logits, identity)
        positive = identity[:, None] == torch.arange(logits.shape[1], device=logits.device)  # (B, I)
        present = positive.any(0)
        log_share = logits.log_softmax(0)[:, present]  # over the voices of the batch, for each identity present
        mask = positive[:, present].float()
        to_voice = -(log_share * mask).sum(0) / mask.sum(0)
        return 0.5 * (to_identity + to_voice.mean())
