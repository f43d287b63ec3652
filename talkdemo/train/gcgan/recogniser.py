"""Trains the recogniser that judges whether an edited portrait still shows the same person.

For the evaluation alone (evaluate/portraits), not shipped. Of the split "train"; a person's images,
whatever the expression, are one class. Images are shifted, mirrored, lit and coloured at random, so that the face
decides, not the light.
"""

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
from talkdemo.train import recipe
from talkdemo.train.loop import train

OUT = Path("runs/recogniser.safetensors")
KEPT = SIDE * STORED // CROP  # pixels of a crop with its margin
SCALE, MARGIN = 20.0, 0.2  # of CosFace
PHOTOGRAPHS = 0.4  # share of a batch


@dataclass(frozen=True)
class People:
    """All images of the people to tell apart."""

    images: Tensor  # (N, 3, KEPT, KEPT) uint8
    person: np.ndarray  # (N,) 0 … count − 1
    real: np.ndarray  # (N,) bool: a photograph

    @property
    def count(self) -> int:
        return int(self.person.max()) + 1


def people(folder: Path) -> People:
    """Raises FileNotFoundError, naming what makes them, where there are no images."""
    images, names, real = [], [], []
    for path in sorted((folder / "renders").glob("p*.npz")):
        with np.load(path) as file:  # the images of all but the training people are not even read
            split = str(file["split"])
        if split == "train":
            found = Portraits.load(path)
            images.append(_small(found.pictures))
            names += [found.person] * len(found.pictures)
            real += [False] * len(found.pictures)
    if (folder / "photos.npz").exists():
        with np.load(folder / "photos.npz") as file:
            rows = np.flatnonzero(file["split"] == "train")
            if len(rows):
                images.append(_small(file["pictures"][rows]))
            names += [f"photo {name}" for name in file["person"][rows]]
            real += [True] * len(rows)
    if not images:
        made_by = "python -m talkdemo train portrait_data renders"
        raise FileNotFoundError(f"{folder} holds no training images; `{made_by}` makes them")
    return People(torch.cat(images), np.unique(names, return_inverse=True)[1], np.array(real))


def _small(images: np.ndarray) -> Tensor:
    import cv2

    small = [cv2.resize(image, (KEPT, KEPT), interpolation=cv2.INTER_AREA) for image in images]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Batch:
    images: Tensor  # (B, 3, SIDE, SIDE) in −1 … 1
    person: Tensor  # (B,)


class Batches:
    """Endless; a person as often as any other of their kind."""

    def __init__(self, found: People, size: int, seed: int = 0) -> None:
        self.people, self.size = found, size
        self.rng, self.generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)

    def __iter__(self) -> Iterator[Batch]:
        person, real = self.people.person, self.people.real
        kinds = [[np.flatnonzero(person == p) for p in np.unique(person[real == k])] for k in (0, 1)]
        while True:
            rows = []
            for _ in range(self.size):
                kind = kinds[int(self.rng.random() < PHOTOGRAPHS)] or kinds[0] or kinds[1]
                rows.append(self.rng.choice(kind[self.rng.integers(len(kind))]))
            yield Batch(augmented(self.people.images[rows], self.generator), torch.from_numpy(person[rows]))


def augmented(images: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 3, KEPT, KEPT) uint8 → (B, 3, SIDE, SIDE): each moved, mirrored, lit, coloured and blurred on its own."""
    count = len(images)

    def draw(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    angle, zoom = 0.05 * draw(), torch.exp(0.04 * draw()) * CROP / STORED
    flip = torch.where(draw() > 0, 1.0, -1.0)
    turn = torch.stack([angle.cos() * flip, -angle.sin(), angle.sin() * flip, angle.cos()], dim=1).view(-1, 2, 2)
    matrix = torch.cat([turn * zoom[:, None, None], 0.03 * draw(2, 1)], dim=2)
    at = F.affine_grid(matrix, [count, 3, SIDE, SIDE], align_corners=False)
    x = F.grid_sample(images.float() / 127.5 - 1, at, padding_mode="border", align_corners=False)
    blurred = F.interpolate(F.avg_pool2d(x, 2), size=(SIDE, SIDE), mode="bilinear")
    x = torch.lerp(x, blurred, torch.rand(count, 1, 1, 1, generator=generator))
    line = torch.linspace(-1, 1, SIDE)
    light = 1 + 0.15 * draw(1, 1, 1) * line + 0.1 * draw(1, 1, 1) * line[:, None]
    x = ((x + 1) * light * torch.exp(0.15 * draw(1, 1, 1) + 0.06 * draw(3, 1, 1)) - 1) + 0.04 * draw(1, 1, 1)
    return (x + 0.02 * torch.randn(x.shape, generator=generator)).clamp(-1, 1)


class Task(nn.Module):
    """The recogniser and a direction for every person, which is not saved."""

    def __init__(self, recogniser: Recogniser, count: int) -> None:
        super().__init__()
        self.recogniser = recogniser
        self.people = nn.Parameter(torch.randn(count, recogniser.config.vector) * 0.05)


def loss(task: Task, batch: Batch) -> dict[str, Tensor]:
    """CosFace (Wang et al. 2018): the cosine with one's own direction must exceed all others by MARGIN."""
    cosine = task.recogniser(batch.images) @ F.normalize(task.people, dim=1).T
    own = F.one_hot(batch.person, len(task.people)) * MARGIN
    return {"person": F.cross_entropy(SCALE * (cosine - own), batch.person)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = recipe.argument_parser("recogniser", __doc__, minutes=10.0, batch=64, rate=3e-3, out=OUT)
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"), help="what `portrait_data` filled")
    parser.set_defaults(max_steps=1500)
    args = parser.parse_args(arguments)
    device = recipe.begin(args)
    found = people(args.data)
    print(f"{len(found.person)} images of {found.count} people, {int(found.real.sum())} photographs", flush=True)

    def save(average: Task, steps: int, minutes: float) -> None:
        sources = ["renders and photographs of the portraits' training people"]
        provenance = recipe.provenance("gcgan.recogniser", sources, steps, minutes, people=found.count)
        checkpoint.save(args.out, average.recogniser, KIND, asdict(average.recogniser.config), provenance)

    batches = Batches(found, args.batch, args.seed)
    config = recipe.loop_config(args, average=0.99, save_every=60, autocast=False)
    task = Task(Recogniser(RecogniserConfig()), found.count).to(device)
    train(task, recipe.on_device(batches, device), loss, config, args.run, save, [batches.rng, batches.generator])
