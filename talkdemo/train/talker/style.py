"""Trains the style encoder by contrast: windows of one style are alike, whatever is said.

NT-Xent (Chen et al. 2020) on pairs of windows of one person and emotion from two sessions: the paper's loss, but our
pairs say different things. Beside it, while training only, two linear readouts: the numbers by which the
articulation model's styles differ, and the emotion. They keep similar styles neighbours, so that styles can be blended.
"""

from collections.abc import Sequence
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
from talkdemo.records import COEFFICIENTS, HEAD_CHANNELS
from talkdemo.train import recipe
from talkdemo.train.loop import Loss, train
from talkdemo.train.talker.recipe import TRAINED_ON, fit
from talkdemo.train.talker.style_data import Pairs, PairWindows, Take, TrackedBatch, TrackedWindows, labels, takes

TEMPERATURE = 0.1
CAPTURES = "Live Link Face captures (MIT, A. Donciu-Julin), without sound"


class StyleTask(nn.Module):
    """The encoder and the two readouts, which are not shipped."""

    def __init__(self, encoder: StyleEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.style = nn.Linear(encoder.config.style, len(RANGES))
        self.emotion = nn.Linear(encoder.config.style, len(EMOTIONS))


def style_loss(task: StyleTask, batch: Pairs) -> dict[str, torch.Tensor]:
    """Contrast and readouts."""
    motion = torch.cat([batch.first, batch.second])
    vectors = task.encoder(motion, torch.cat([batch.first_mask, batch.second_mask]))
    with torch.autocast(motion.device.type, enabled=False):
        scaled = vectors * vectors.shape[1] ** 0.5
        target, emotion = batch.style.repeat(2, 1), batch.emotion.repeat(2)
        known = ~target.isnan().any(1)
        count = known.sum().clamp(min=1)  # a batch may hold real people alone, which have no labels
        error = task.style(scaled)[known] - target[known]
        logits = task.emotion(scaled)[known]
        return {
            "contrast": nt_xent(*vectors.chunk(2)),
            "style": 0.5 * error.square().mean(1).sum() / count,
            "emotion": 0.3 * F.cross_entropy(logits, emotion[known], reduction="sum") / count,
        }


class AdaptLoss:
    """Adapts an encoder to tracks: it shall embed them as `before` embeds the performances behind them, and leave the
    space as it is, so that models that follow its vectors need not be trained again."""

    def __init__(self, before: StyleEncoder) -> None:
        self.before = before.eval().requires_grad_(False)

    def __call__(self, task: StyleTask, batch: TrackedBatch) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            target = self.before(batch.clean, batch.clean_mask)
        mask = torch.cat([batch.clean_mask, batch.tracked_mask])
        clean, tracked = task.encoder(torch.cat([batch.clean, batch.tracked]), mask).chunk(2)
        with torch.autocast(target.device.type, enabled=False):
            near = F.cross_entropy(tracked @ target.T / TEMPERATURE, torch.arange(len(tracked), device=tracked.device))
            return {
                "clean": 4 * (1 - (clean * target).sum(1)).mean(),
                "tracked": 2 * (1 - (tracked * target).sum(1)).mean(),
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
    floor = np.repeat([0.05, 0.01], [COEFFICIENTS, HEAD_CHANNELS]).astype(np.float32)  # a tracker is off by as much
    fit(encoder.mean, encoder.std, motion, floor)


def main(arguments: Sequence[str] | None = None) -> None:
    out = checkpoint.WEIGHTS / f"{KIND}.safetensors"
    parser = recipe.argument_parser("style", __doc__, minutes=15.0, batch=128, rate=1e-3, out=out)
    parser.add_argument(
        "--cache", type=Path, default=Path("runs/talker"), help="what `train talker_data styles` filled"
    )
    parser.add_argument(
        "--adapt", metavar="NAME", help="start from this encoder, keep its space, learn to embed tracks"
    )
    args = parser.parse_args(arguments)

    device = recipe.begin(args)
    found = takes(args.cache, "train")
    encoder = StyleEncoder.open(args.adapt).train() if args.adapt else StyleEncoder(StyleConfig())
    if not args.adapt:
        fit_statistics(encoder, found)
    keys = {take.key for take in found}
    real = sorted(key.removeprefix("real/") for key in keys if key.startswith("real/"))
    recorded = [TRAINED_ON[name] for name in real if name in TRAINED_ON]
    sources = [TRAINED_ON["synthetic"], *recorded, *([CAPTURES] if len(real) > len(recorded) else [])]
    print(f"{len(found)} takes of {len(keys)} styles, {len(real)} of them real people", flush=True)
    more = {"adapted": "to tracks, from an encoder of this recipe"} if args.adapt else {}

    def save(average: StyleTask, steps: int, minutes: float) -> None:
        provenance = recipe.provenance("talker.style", sources, steps, minutes, styles=len(keys), **more)
        checkpoint.save(args.out, average.encoder, KIND, asdict(encoder.config), provenance)

    windows: PairWindows | TrackedWindows
    loss: Loss
    if args.adapt:
        windows = TrackedWindows(found, args.batch, args.seed)
        loss = AdaptLoss(StyleEncoder.open(args.adapt).to(device))
    else:
        windows, loss = PairWindows(found, labels("train"), args.batch, args.seed), style_loss
    batches = recipe.on_device(windows, device)
    config = recipe.loop_config(args, average=0.99 if args.adapt else 0.995, save_every=120)
    train(StyleTask(encoder).to(device), batches, loss, config, args.run, save, [windows.rng])
