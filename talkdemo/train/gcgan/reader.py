"""Trains a network that reads landmarks, person and expression off crops of faces, for the losses of GC-GAN.

Not shipped: GC-GAN is trained against it — are the landmarks where they should be, is it the same person, are its
features those of the true image (perceptual loss). Figures are never taken from it: those are measured by MediaPipe and
by a separate recogniser (evaluate/portraits).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkdemo import files
from talkdemo.data.portraits.store import FINE, MARGIN
from talkdemo.gcgan.crop import SIDE
from talkdemo.train import recipe
from talkdemo.train.gcgan.data import Pairs, PairSampler, load
from talkdemo.train.loop import train

WIDTHS = (24, 56, 96, 144)
LIKENESS = 64  # numbers that say who it is
SHARPNESS = 16.0  # of the softmax over people
IMPORTANT = (*range(36, 68),)  # eyes and mouth


class Read(NamedTuple):
    points: Tensor  # (B, 68, 2) in shares of the side
    person: Tensor  # (B, LIKENESS) of length 1
    expression: Tensor  # (B, classes) logits
    features: list[Tensor]


class Reader(nn.Module):
    """Image (B, 3, 128, 128) in −1 … 1 → Read."""

    middle: Tensor

    def __init__(self, people: int, expressions: int) -> None:
        super().__init__()
        stages, channels = [], 3
        for width in WIDTHS:
            down = nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.GroupNorm(8, width), nn.LeakyReLU(0.2))
            more = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.GroupNorm(8, width), nn.LeakyReLU(0.2))
            stages.append(nn.Sequential(down, more) if channels > 3 else down)
            channels = width
        self.stages = nn.ModuleList(stages)
        self.register_buffer("middle", torch.zeros(68, 2))
        self.points = _head(channels, 2 * 68)
        self.person = _head(channels, LIKENESS)
        self.expression = nn.Linear(channels, expressions)
        self.people = nn.Parameter(F.normalize(torch.randn(people, LIKENESS), dim=1))

    def forward(self, image: Tensor) -> Read:
        x, features = image, []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        points = self.middle + 0.05 * self.points(x).float().view(-1, 68, 2)
        person = F.normalize(self.person(x).float(), dim=1)
        return Read(points, person, self.expression(x.mean((2, 3))).float(), features)


def _head(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, 40, 1), nn.Flatten(), nn.LeakyReLU(0.2), nn.Linear(40 * 64, out))


def reader_loss(reader: Reader, batch: Pairs) -> dict[str, Tensor]:
    """Of both images of every pair."""
    read = reader(torch.cat([batch.source, batch.target]))
    points = torch.cat([batch.source_points, batch.target_points])
    labels = torch.cat([batch.source_expression, batch.expression])
    likeness = SHARPNESS * read.person @ F.normalize(reader.people, dim=1).T
    return {
        "points": 100 * (read.points - points).abs().mean() + 100 * (read.points - points)[:, IMPORTANT].abs().mean(),
        "person": 0.3 * F.cross_entropy(likeness, batch.person.repeat(2)),
        "expression": 0.3 * F.cross_entropy(read.expression, labels, ignore_index=-1),
    }


def open_reader(file: Path) -> Reader:
    """As it was saved."""
    state = torch.load(file, map_location="cpu", weights_only=True)
    reader = Reader(len(state["people"]), len(state["expression.bias"]))
    reader.load_state_dict(state)
    return reader.eval().requires_grad_(False)


def main(arguments: Sequence[str] | None = None) -> None:
    run = "runs/gcgan-reader"
    parser = recipe.argument_parser("gcgan_reader", __doc__, minutes=8.0, batch=24, rate=1e-3, run=run)
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"))
    args = parser.parse_args(arguments)

    device = recipe.begin(args)
    faces = load(args.data, "train")
    reader = Reader(len(faces.people), len(faces.names)).to(device)
    reader.middle.copy_(torch.from_numpy((faces.seen.mean(0) / FINE - MARGIN) / SIDE))
    sampler = PairSampler(faces, args.batch, 0.25, args.seed)

    def save(average: Reader, steps: int, minutes: float) -> None:
        with files.replacing(args.run / "reader.pt") as part:
            torch.save(average.state_dict(), part)

    config = recipe.loop_config(args, save_every=60, log_every=50, average=0.995, clip=5.0)
    batches = recipe.on_device(sampler, device)
    train(reader, batches, reader_loss, config, args.run, save, [sampler.rng, sampler.generator])
