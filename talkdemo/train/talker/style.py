"""Cached performances in, the style encoder's weights out (`python -m talkdemo train style`).

NT-Xent (Chen et al. 2020) on pairs of windows of one person and emotion from two sessions: the paper's loss, but our
pairs say different things. Beside it, while training only, two linear readers: the numbers by which the teacher's
styles differ, and the emotion. They keep neighbours in manner neighbours in the space, so that styles can be blended.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from talkdemo import checkpoint
from talkdemo.condition.style import KIND, StyleConfig, StyleEncoder
from talkdemo.data.articulation.emotions import EMOTIONS
from talkdemo.data.articulation.styles import RANGES
from talkdemo.train.loop import LoopConfig, train
from talkdemo.train.talker.diffusiontalker import TRAINED_ON
from talkdemo.train.talker.style_data import Pairs, PairWindows, Seen, SeenWindows, Take, known, takes

TEMPERATURE = 0.1
CAPTURES = "Live Link Face captures (MIT, A. Donciu-Julin), without sound"


class StyleTask(nn.Module):
    """The encoder and the two readers, which are not shipped."""

    def __init__(self, encoder: StyleEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.style = nn.Linear(encoder.config.style, len(RANGES))
        self.emotion = nn.Linear(encoder.config.style, len(EMOTIONS))


class StyleLoss:
    """The loss as one object: named terms of one batch."""

    def __init__(self, style: float = 0.5, emotion: float = 0.3) -> None:
        self.style, self.emotion = style, emotion

    def __call__(self, task: StyleTask, batch: Pairs) -> Mapping[str, torch.Tensor]:
        motion = torch.cat([batch.first, batch.second])
        vectors = task.encoder(motion, torch.cat([batch.first_mask, batch.second_mask]))
        with torch.autocast(motion.device.type, enabled=False):
            scaled = vectors * vectors.shape[1] ** 0.5
            read, mood = task.style(scaled), task.emotion(scaled)
            target, feeling = batch.style.repeat(2, 1), batch.emotion.repeat(2)
            told = ~target.isnan().any(1)
            count = told.sum().clamp(min=1)  # real people alone may be drawn: nothing is known of them
            return {
                "contrast": nt_xent(*vectors.chunk(2)),
                "style": self.style * (read[told] - target[told]).square().mean(1).sum() / count,
                "emotion": self.emotion * F.cross_entropy(mood[told], feeling[told], reduction="sum") / count,
            }


class AdaptLoss:
    """Named terms of one batch for an encoder that shall see tracks as `teacher` sees the performances behind them,
    and leave the space as it is: models that follow its vectors need not be trained again."""

    def __init__(self, teacher: StyleEncoder) -> None:
        self.teacher = teacher.eval().requires_grad_(False)

    def __call__(self, task: StyleTask, batch: Seen) -> Mapping[str, torch.Tensor]:
        with torch.no_grad():
            target = self.teacher(batch.clean, batch.clean_mask)
        made = task.encoder(torch.cat([batch.clean, batch.tracked]), torch.cat([batch.clean_mask, batch.tracked_mask]))
        clean, seen = made.chunk(2)
        with torch.autocast(target.device.type, enabled=False):
            near = F.cross_entropy(seen @ target.T / TEMPERATURE, torch.arange(len(seen), device=seen.device))
            return {
                "clean": 4 * (1 - (clean * target).sum(1)).mean(),
                "tracked": 2 * (1 - (seen * target).sum(1)).mean(),
                "nearest": 0.2 * near,
            }


def nt_xent(first: torch.Tensor, second: torch.Tensor, temperature: float = TEMPERATURE) -> torch.Tensor:
    """Normalised, temperature-scaled cross-entropy of unit vectors (B, D) and their partners (B, D): every vector has
    to find its partner among the 2B − 1 others."""
    both = torch.cat([first, second])
    cosine = both @ both.T / temperature
    cosine = cosine.masked_fill(torch.eye(len(both), dtype=torch.bool, device=both.device), -torch.inf)
    partner = torch.arange(len(both), device=both.device).roll(len(first))
    return F.cross_entropy(cosine, partner)


def fit_statistics(encoder: StyleEncoder, found: Sequence[Take]) -> None:
    """Mean and standard deviation of every channel over the takes without a mask; still channels get a floor."""
    motion = np.concatenate([take.motion[::11] for take in found if take.mask is None]).astype(np.float32)
    floor = np.r_[np.full(52, 0.05), np.full(3, 0.01)].astype(np.float32)  # a tracker is off by as much
    encoder.mean.copy_(torch.from_numpy(motion.mean(0)))
    encoder.std.copy_(torch.from_numpy(np.maximum(motion.std(0), floor)))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train style", description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("runs/talker"), help="what `talker_data manners` filled")
    parser.add_argument("--adapt", metavar="NAME", help="start from this encoder, keep its space, learn to see tracks")
    parser.add_argument("--run", type=Path, default=Path("runs/style"), help="folder of the run; resumes")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--batch", type=int, default=128, help="pairs")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--out", type=Path, default=checkpoint.WEIGHTS / f"{KIND}.safetensors")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-steps", type=int, help="stop after so many optimiser steps, whatever the minutes")
    args = parser.parse_args(arguments)

    torch.manual_seed(args.seed)
    found = takes(args.cache, "train")
    encoder = StyleEncoder.open(args.adapt).train() if args.adapt else StyleEncoder(StyleConfig())
    if not args.adapt:
        fit_statistics(encoder, found)
    keys = {take.key for take in found}
    real = sorted(key.removeprefix("real/") for key in keys if key.startswith("real/"))
    recorded = [TRAINED_ON[name] for name in real if name in TRAINED_ON]
    sources = [TRAINED_ON["synthetic"], *recorded, *([CAPTURES] if len(real) > len(recorded) else [])]
    print(f"{len(found)} takes of {len(keys)} manners, {len(real)} of them real people", flush=True)

    def save(average: StyleTask, steps: int, minutes: float) -> None:
        provenance = {
            "trained_on": sources,
            "licence": "Apache-2.0",
            "recipe": "talkdemo.train.talker.style",
            "manners": len(keys),
            "steps": steps,
            "minutes": round(minutes, 1),
            **({"adapted": "to tracks, from an encoder of this recipe"} if args.adapt else {}),
        }
        checkpoint.save(args.out, average.encoder, KIND, asdict(encoder.config), provenance)

    config = LoopConfig(args.minutes, args.rate, average=0.99 if args.adapt else 0.995, save_every=120)
    if args.adapt:
        batches, loss = iter(SeenWindows(found, args.batch, args.seed)), AdaptLoss(StyleEncoder.open(args.adapt))
    else:
        batches, loss = iter(PairWindows(found, known("train"), args.batch, args.seed)), StyleLoss()
    train(StyleTask(encoder), batches, loss, config, args.run, save, args.max_steps)


if __name__ == "__main__":
    main()
