"""The teacher of the speech encoder: Whisper's frozen features and a small head that reads phones off them at 100 Hz.

Whisper has heard many languages, the head learns from aligned phones of ours; what both know of a clip is its soft
labels, and the alignment of the next round follows them (`train.speech.align`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from talkdemo.audio.phones import INDEX, PHONES, SILENCE
from talkdemo.records import Phone
from talkdemo.train.speech.whisper import WIDTH

RATE = 100  # Hz of the posteriors
CROP, BATCH = 150, 24  # 50 Hz frames of Whisper, crops a step
EDGE = 1  # 100 Hz frames on either side of a boundary whose label is in doubt


class Head(nn.Module):
    """Features (B, T50, 1024) → phone scores (B, 2·T50, 40)."""

    def __init__(self, width: int = 256) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.LayerNorm(2 * WIDTH), nn.Dropout(0.2), nn.Linear(2 * WIDTH, width), nn.GELU())
        self.mix = nn.Sequential(
            nn.Conv1d(width, width, 5, padding=2), nn.GELU(), nn.Dropout(0.2),
            nn.Conv1d(width, width, 5, padding=2), nn.GELU(), nn.Dropout(0.1),
        )  # fmt: skip
        self.leave = nn.Linear(width, 2 * len(PHONES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.enter(x)
        h = h + self.mix(h.transpose(1, 2)).transpose(1, 2)
        return self.leave(h).unflatten(2, (2, len(PHONES))).flatten(1, 2)


def labels_at(phones: Sequence[Phone], frames: int, edge: int = EDGE) -> np.ndarray:
    """(T100,) index of the phone at the middle of each 100 Hz frame, −1 within `edge` frames of a boundary unless the
    phone would vanish."""
    labels = np.full(frames, INDEX[SILENCE])
    for phone in phones:
        first, last = round(phone.start * RATE), round(phone.end * RATE)
        labels[max(0, first) : max(0, last)] = INDEX[phone.label]
    for phone in phones:
        first, last = round(phone.start * RATE), round(phone.end * RATE)
        if last - first > 2 * edge + 1 and first > 0:
            labels[max(0, first - 1) : first + edge] = np.where(edge > 0, -1, labels[max(0, first - 1) : first + edge])
    return labels


def train_head(
    features: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    weights: Mapping[str, float],
    steps: int,
    head: Head | None = None,
    seed: int = 0,
) -> Head:
    """Cross-entropy on the labelled frames of clips drawn by `weights` (name → how often)."""
    torch.manual_seed(seed)
    head = (head or Head()).train()
    rng = np.random.default_rng(seed)
    names = [name for name in labels if len(features[name]) > 20]
    chance = np.array([weights[name] for name in names], float)
    chance /= chance.sum()
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    sums = 0.0
    for step in range(1, steps + 1):
        x = np.zeros((BATCH, CROP, 2 * WIDTH), np.float16)
        y = np.full((BATCH, 2 * CROP), -1)
        for b, i in enumerate(rng.choice(len(names), BATCH, p=chance)):
            whole, marks = features[names[i]], labels[names[i]]
            start = int(rng.integers(0, max(1, len(whole) - CROP + 1)))
            part = whole[start : start + CROP]
            x[b, : len(part)] = part
            found = marks[2 * start : 2 * (start + len(part))]
            y[b, : len(found)] = found
        with torch.autocast("cpu", torch.bfloat16):
            scores = head(torch.from_numpy(x).float())
        loss = F.cross_entropy(scores.float().flatten(0, 1), torch.from_numpy(y).flatten(), ignore_index=-1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        sums += float(loss.detach())
        if step % 100 == 0:
            print(f"head step {step}: cross-entropy {sums / 100:.3f}", flush=True)
            sums = 0.0
    return head.eval()


@torch.no_grad()
def posteriors(head: Head, features: np.ndarray) -> np.ndarray:
    """(T50, 1024) → (2·T50, 40)."""
    with torch.autocast("cpu", torch.bfloat16):
        scores = head(torch.from_numpy(np.asarray(features, np.float32))[None])[0]
    return scores.float().softmax(-1).numpy()


def store(found: Mapping[str, np.ndarray], file: Path) -> None:
    """Arrays of one width by name, float16, in one .npz: the soft labels of a corpus."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    lengths = [len(a) for a in found.values()]
    np.savez(part, whole=np.concatenate(list(found.values())).astype(np.float16), length=lengths, name=list(found))
    part.replace(file)


def stored(file: Path) -> dict[str, np.ndarray]:
    """What `store` wrote."""
    with np.load(file) as data:
        parts = np.split(data["whole"], np.cumsum(data["length"])[:-1])
        return dict(zip(data["name"].tolist(), parts, strict=True))
