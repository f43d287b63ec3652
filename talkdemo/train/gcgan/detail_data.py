"""Mouths and eyes for GC-GAN's second stage: what a trained first stage shows of pairs of portraits, and the truth.

The first stage stays as it is, so it runs once for every pair; steps then cost the second stage alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from talkdemo import files
from talkdemo.face.landmarks import MIRROR
from talkdemo.gcgan.detail import PARTS, look, sharpened
from talkdemo.gcgan.gaze import CORNERS
from talkdemo.gcgan.model import GCGAN
from talkdemo.train.gcgan.data import Pairs, PairSampler

# Upper and lower landmarks of an opening, and its corners; the eye is the right one, as its network sees both.
OPENINGS = {"mouth": ((61, 62, 63), (67, 66, 65), (60, 64)), "eye": ((37, 38), (41, 40), (36, 39))}
LEAST = 0.25  # weight of a part that needs no painting, against 1
ENOUGH = 0.35  # opening, or change of the eye's, in widths, from which it weighs 1
ELSEWHERE = 5  # of how many batches one shows gazes that nobody in the data has, as the warp shows them
GAZES = (0.2, 0.08)  # eye widths by which they differ at most, across and down


@dataclass(frozen=True)
class Parts:
    """N looks of one network, and what is true."""

    shown: Tensor  # (N, 3, S, S) uint8
    was: Tensor
    truth: Tensor
    before: Tensor  # (N, 68, 2) float32, fractions of S
    after: Tensor

    def __getitem__(self, rows: Tensor) -> "Parts":
        return Parts(*(x[rows] for x in vars(self).values()))

    def weights(self, network: str) -> Tensor:
        """(N,) how often each is to be drawn: open mouths, and eyes that open or close, more than others."""
        before, after = (opening(points, network) for points in (self.before, self.after))
        much = after if network == "mouth" else (after - before).abs()
        return LEAST + (1 - LEAST) * (much / ENOUGH).clamp(0, 1)


def opening(points: Tensor, network: str) -> Tensor:
    """(N, 68, 2) → (N,): height of the opening in its widths."""
    upper, lower, (left, right) = OPENINGS[network]
    gap = (points[:, list(lower)] - points[:, list(upper)]).norm(dim=-1).mean(1)
    return gap / (points[:, right] - points[:, left]).norm(dim=-1).clamp_min(1e-3)


@torch.no_grad()
def collect(model: GCGAN, sampler: PairSampler, pairs: int) -> dict[str, Parts]:
    """By network: the parts of so many pairs, as the first stage shows them. Where only the gaze differs, and widely,
    that is true."""
    rows: dict[str, list[Parts]] = {part.network: [] for part in PARTS.values()}
    batches = iter(sampler)
    for number in range(-(-pairs // sampler.batch)):
        elsewhere = number % ELSEWHERE == 0
        batch = looking_elsewhere(next(batches), sampler.generator) if elsewhere else next(batches)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            generated = model(batch.source, batch.begin, batch.end)
        shown = sharpened(batch.source_fine, batch.source, generated)
        for name, part in PARTS.items():
            seen = look(name, shown, batch.source_fine, batch.source_points, batch.target_points)
            truth = shown if elsewhere else batch.target_fine
            shown_as, was, truth = map(_bytes, (seen.shown, seen.was, seen.cut.take(truth)))
            rows[part.network].append(Parts(shown_as, was, truth, seen.before, seen.after))
    return {
        network: Parts(*(torch.cat(column) for column in zip(*(vars(p).values() for p in parts), strict=True)))
        for network, parts in rows.items()
    }


def looking_elsewhere(batch: Pairs, generator: torch.Generator) -> Pairs:
    """The sources as they are but for their gazes."""
    left, right = (batch.source_points[:, [pair[k] for pair in CORNERS]] for k in (0, 1))
    away = (torch.rand(len(left), 1, 2, generator=generator) * 2 - 1) * torch.tensor(GAZES)
    return replace(
        batch, target=batch.source, target_fine=batch.source_fine, target_points=batch.source_points,
        target_front=batch.source_front,
        target_pupils=batch.source_pupils + away * (right - left).norm(dim=2, keepdim=True),
    )  # fmt: skip


def collected(
    path: Path, model: GCGAN, pairs: int, sampler: Callable[[], PairSampler]
) -> tuple[dict[str, Parts], bool]:
    """The same, kept in a file, and whether photographs are among them; `sampler` is opened where the file is not."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = sampler()
        parts = {network: vars(of) for network, of in collect(model, opened, pairs).items()}
        with files.replacing(path) as part:
            torch.save({"parts": parts, "photographs": opened.photographs > 0}, part)
    stored = torch.load(path, weights_only=True)
    return {network: Parts(**columns) for network, columns in stored["parts"].items()}, stored["photographs"]


class PartSampler:
    """Endless batches by network: Parts with images in −1 … 1; mouths are mirrored at random."""

    def __init__(self, parts: Mapping[str, Parts], batch: int, seed: int) -> None:
        self.parts, self.batch, self.generator = parts, batch, torch.Generator().manual_seed(seed)
        self.chance = {network: of.weights(network) for network, of in parts.items()}

    def __iter__(self) -> Iterator[dict[str, Parts]]:
        while True:
            yield {network: self._batch(network) for network in self.parts}

    def _batch(self, network: str) -> Parts:
        drawn = torch.multinomial(self.chance[network], self.batch, replacement=True, generator=self.generator)
        shown, was, truth, before, after = vars(self.parts[network][drawn]).values()
        shown, was, truth = (x.float() / 127.5 - 1 for x in (shown, was, truth))
        if network == "mouth":
            flip = torch.rand(self.batch, generator=self.generator)[:, None, None] < 0.5
            shown, was, truth = (torch.where(flip[..., None], x.flip(-1), x) for x in (shown, was, truth))
            before, after = (torch.where(flip, mirrored(x), x) for x in (before, after))
        return Parts(shown, was, truth, before, after)


def mirrored(points: Tensor) -> Tensor:
    """(N, 68, 2) fractions of a mirrored image."""
    return torch.stack([1 - points[..., 0], points[..., 1]], dim=-1)[:, list(MIRROR)]


def _bytes(image: Tensor) -> Tensor:
    return ((image.clamp(-1, 1) + 1) * 127.5).round().byte()
