"""Crops of faces in; a network that reads landmarks, person and expression off them (`… train gcgan_reader`).

Not shipped: the portrait model's training holds against it what it makes — are the landmarks where they should be, is
it the same person, do its features look as those of the true picture (perceptual loss). Figures are never taken from
it: those are read by MediaPipe and by a recogniser of its own (evaluate_portraits).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkdemo.data.portraits.store import MARGIN
from talkdemo.gcgan.crop import SIDE
from talkdemo.train.gcgan.data import Pairs, PairSampler, load
from talkdemo.train.loop import LoopConfig, train

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
    """picture (B, 3, 128, 128) in −1 … 1 → Read."""

    def __init__(self, people: int, expressions: int) -> None:
        super().__init__()
        stages, given = [], 3
        for width in WIDTHS:
            down = nn.Sequential(nn.Conv2d(given, width, 4, 2, 1), nn.GroupNorm(8, width), nn.LeakyReLU(0.2))
            more = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.GroupNorm(8, width), nn.LeakyReLU(0.2))
            stages.append(nn.Sequential(down, more) if given > 3 else down)
            given = width
        self.stages = nn.ModuleList(stages)
        self.register_buffer("middle", torch.zeros(68, 2))
        self.points = nn.Sequential(nn.Conv2d(given, 40, 1), nn.Flatten(), nn.LeakyReLU(0.2), nn.Linear(40 * 64, 136))
        self.person = nn.Sequential(nn.Conv2d(given, 40, 1), nn.Flatten(), nn.LeakyReLU(0.2), nn.Linear(2560, LIKENESS))
        self.expression = nn.Linear(given, expressions)
        self.people = nn.Parameter(F.normalize(torch.randn(people, LIKENESS), dim=1))

    def forward(self, picture: Tensor) -> Read:
        x, features = picture, []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        points = self.middle + 0.05 * self.points(x).float().view(-1, 68, 2)
        return Read(
            points, F.normalize(self.person(x).float(), dim=1), self.expression(x.mean((2, 3))).float(), features
        )


def reader_loss(reader: Reader, batch: Pairs) -> Mapping[str, Tensor]:
    """Both pictures of every pair."""
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
    kept = torch.load(file, weights_only=True)
    reader = Reader(len(kept["people"]), len(kept["expression.bias"]))
    reader.load_state_dict(kept)
    return reader.eval().requires_grad_(False)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train gcgan_reader", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"))
    parser.add_argument("--run", type=Path, default=Path("runs/gcgan-reader"), help="folder of the run; resumes")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--batch", type=int, default=24, help="pairs")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-steps", type=int)
    args = parser.parse_args(arguments)

    torch.manual_seed(args.seed)
    faces = load(args.data, "train")
    reader = Reader(len(faces.people), len(faces.names))
    reader.middle.copy_(torch.from_numpy((faces.seen.mean(0) - MARGIN) / SIDE))
    batches = iter(PairSampler(faces, args.batch, 0.25, args.seed))

    def save(average: Reader, steps: int, minutes: float) -> None:
        torch.save(average.state_dict(), args.run / "reader.part")
        (args.run / "reader.part").replace(args.run / "reader.pt")

    config = LoopConfig(args.minutes, args.rate, save_every=60, log_every=50, average=0.995, clip=5.0)
    train(reader, batches, reader_loss, config, args.run, save, args.max_steps)


if __name__ == "__main__":
    main()
