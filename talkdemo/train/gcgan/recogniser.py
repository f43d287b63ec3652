"""Rendered people and photographs in, the recogniser's weights out (`python -m talkdemo train recogniser`).

It only judges (talkdemo.evaluate.portraits.report) and is not shipped. People of the split "train" alone; every picture
of a person, with any expression, is one class. Pictures are moved, mirrored, lit and coloured at random, so that it is
the face that tells, not the light.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkdemo import checkpoint
from talkdemo.data.portraits.store import STORED, Portraits
from talkdemo.gcgan.crop import SIDE as CROP
from talkdemo.metrics.portraits.recogniser import KIND, SIDE, Recogniser, RecogniserConfig

OUT = Path("runs/recogniser.safetensors")
KEPT = SIDE * STORED // CROP  # pixels of a crop with its margin
SCALE, MARGIN = 20.0, 0.2  # of CosFace
PHOTOGRAPHS = 0.4  # share of a batch


@dataclass(frozen=True)
class People:
    """All pictures of the people to tell apart."""

    pictures: Tensor  # (N, 3, KEPT, KEPT) uint8
    person: np.ndarray  # (N,) 0 … count − 1
    real: np.ndarray  # (N,) bool: a photograph

    @property
    def count(self) -> int:
        return int(self.person.max()) + 1


def people(folder: Path) -> People:
    """Raises FileNotFoundError, naming what makes them, where there are no pictures."""
    pictures, names, real = [], [], []
    for path in sorted((folder / "renders").glob("p*.npz")):
        with np.load(path) as file:  # the pictures of all but the training people are not even read
            split = str(file["split"])
        if split == "train":
            found = Portraits.load(path)
            pictures.append(_small(found.pictures))
            names += [found.person] * len(found.pictures)
            real += [False] * len(found.pictures)
    if (folder / "photos.npz").exists():
        with np.load(folder / "photos.npz") as file:
            rows = np.flatnonzero(file["split"] == "train")
            if len(rows):
                pictures.append(_small(file["pictures"][rows]))
            names += [f"photo {name}" for name in file["person"][rows]]
            real += [True] * len(rows)
    if not pictures:
        made_by = "python -m talkdemo train portrait_data renders"
        raise FileNotFoundError(f"{folder} holds no training pictures; `{made_by}` makes them")
    return People(torch.cat(pictures), np.unique(names, return_inverse=True)[1], np.array(real))


def _small(pictures: np.ndarray) -> Tensor:
    import cv2

    small = [cv2.resize(picture, (KEPT, KEPT), interpolation=cv2.INTER_AREA) for picture in pictures]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2)


def batches(found: People, size: int, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless (B, 3, SIDE, SIDE) in −1 … 1 and (B,) people; a person as often as any other of their kind."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    kinds = [[np.flatnonzero(found.person == p) for p in np.unique(found.person[found.real == k])] for k in (0, 1)]
    while True:
        rows = []
        for _ in range(size):
            kind = kinds[int(rng.random() < PHOTOGRAPHS)] or kinds[0] or kinds[1]
            rows.append(rng.choice(kind[rng.integers(len(kind))]))
        yield augmented(found.pictures[rows], generator), torch.from_numpy(found.person[rows])


def augmented(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 3, KEPT, KEPT) uint8 → (B, 3, SIDE, SIDE): each moved, mirrored, lit, coloured and blurred on its own."""
    count = len(pictures)

    def draw(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    angle, zoom = 0.05 * draw(), torch.exp(0.04 * draw()) * CROP / STORED
    flip = torch.where(draw() > 0, 1.0, -1.0)
    turn = torch.stack([angle.cos() * flip, -angle.sin(), angle.sin() * flip, angle.cos()], dim=1).view(-1, 2, 2)
    matrix = torch.cat([turn * zoom[:, None, None], 0.03 * draw(2, 1)], dim=2)
    at = F.affine_grid(matrix, [count, 3, SIDE, SIDE], align_corners=False)
    x = F.grid_sample(pictures.float() / 127.5 - 1, at, padding_mode="border", align_corners=False)
    blurred = F.interpolate(F.avg_pool2d(x, 2), size=(SIDE, SIDE), mode="bilinear")
    x = torch.lerp(x, blurred, torch.rand(count, 1, 1, 1, generator=generator))
    line = torch.linspace(-1, 1, SIDE)
    light = 1 + 0.15 * draw(1, 1, 1) * line + 0.1 * draw(1, 1, 1) * line[:, None]
    x = ((x + 1) * light * torch.exp(0.15 * draw(1, 1, 1) + 0.06 * draw(3, 1, 1)) - 1) + 0.04 * draw(1, 1, 1)
    return (x + 0.02 * torch.randn(x.shape, generator=generator)).clamp(-1, 1)


class Task(nn.Module):
    """The recogniser and a direction for every person, which is not kept."""

    def __init__(self, recogniser: Recogniser, count: int) -> None:
        super().__init__()
        self.recogniser = recogniser
        self.people = nn.Parameter(torch.randn(count, recogniser.config.vector) * 0.05)


def loss(task: Task, pictures: Tensor, person: Tensor) -> Tensor:
    """CosFace: the cosine with one's own direction must exceed all others by MARGIN."""
    cosine = task.recogniser(pictures) @ F.normalize(task.people, dim=1).T
    own = F.one_hot(person, len(task.people)) * MARGIN
    return F.cross_entropy(SCALE * (cosine - own), person)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train recogniser", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"), help="what `portrait_data` filled")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    torch.manual_seed(args.seed)
    found = people(args.data)
    print(f"{len(found.person)} pictures of {found.count} people, {int(found.real.sum())} photographs", flush=True)
    task = Task(Recogniser(RecogniserConfig()), found.count).train()
    optimiser = torch.optim.AdamW(task.parameters(), lr=args.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, args.rate, args.steps + 1, pct_start=0.15)
    drawn = batches(found, args.batch, args.seed)
    for step in range(1, args.steps + 1):
        value = loss(task, *next(drawn))
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            print(f"step {step} loss {float(value.detach()):.3f}, {time.process_time():.0f} s", flush=True)
        if step == args.steps or step % 250 == 0:
            provenance = {"recipe": "talkdemo.train.gcgan.recogniser", "people": found.count, "steps": step}
            checkpoint.save(args.out, task.recogniser, KIND, asdict(task.recogniser.config), provenance)


if __name__ == "__main__":
    main()
