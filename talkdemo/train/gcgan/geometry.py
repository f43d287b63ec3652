"""Trains the geometry of GC-GAN: the manifold of expressions, from landmarks of random people, seen from the front.

Three terms, as GC-GAN (arXiv 1802.01822) with a decoder conditioned on the face's shape: reconstruction of landmarks
from the expression of one person and the shape of another; the contrastive term on z_g, its references other people;
and the same for what MediaPipe measures on the renders and photographs, so that codes of real landmarks mean what those
of the head mean. `--plain` leaves out the contrastive term, and with it all knowledge of who makes the same expression:
a bare auto-encoder, for comparison.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from talkdemo.data.portraits.expressions import EXPRESSIONS, coefficients
from talkdemo.data.portraits.store import SPLITS
from talkdemo.face.landmarks import MIRROR
from talkdemo.gcgan.crop import EYES
from talkdemo.gcgan.geometry import UNIT, Geometry, GeometryConfig, contrastive
from talkdemo.gcgan.model import GCGAN, GCGANConfig
from talkdemo.train import recipe
from talkdemo.train.gcgan.data import Faces, load
from talkdemo.train.gcgan.shapes import DISTANCE, TURN, Draw, Shapes
from talkdemo.train.loop import train

SAME = 0.5  # share of the compared pairs that make the same expression
APART = 0.02  # outer eye distances: pairs labelled as different differ by this on the mean face
NOISE = 0.004  # shares of the side, on what is encoded
SHIFTED = 0.002  # shares of the side, the same for all of a person's images: annotators have habits
CONTRAST = 0.15  # weight of the contrastive term; the reconstruction is a mean square in units of the decoder
SHOWN = 600  # points of the manifold's map
BLOCKS, SITTERS, EXPRESSIONS_EACH = 40, 30, 60  # of the bank of drawn faces


@dataclass(frozen=True)
class Batch:
    """Points are (B, 68, 2) from the front in shares of the canonical crop."""

    one: Tensor  # expression e by person A …
    shape: Tensor  # … and any expression by person B
    goal: Tensor  # (B, 68, 3): e by B, with depths
    other: Tensor  # somebody else's, the same expression or another
    same: Tensor  # (B,) bool
    seen: Tensor  # MediaPipe's landmarks of an image …
    seen_shape: Tensor  # … of another of the same person
    exact: Tensor  # the head's own landmarks of `seen`
    known: Tensor  # (B,) bool: `exact` is there


class LandmarkBatches:
    """Endless batches of drawn and of seen landmarks, from a bank of BLOCKS × SITTERS × EXPRESSIONS_EACH drawn faces:
    those of a block make the same expressions, each sitter in one pose before one camera."""

    def __init__(self, shapes: Shapes, faces: Faces, size: int, seed: int) -> None:
        self.shapes, self.size, self.draw = shapes, size, Draw(seed)
        self.known = np.isfinite(faces.coefficients).all(1)
        self.seen, self.exact = faces.front, faces.front.copy()
        numbers = np.array([int(name[1:]) if name[1:].isdigit() else -1 for name in faces.people])
        own = numbers[faces.person[self.known]]
        plain = np.zeros((len(own), 3)), np.full(len(own), 6.0)
        self.exact[self.known] = shapes.seen(own, faces.coefficients[self.known], *plain)[..., :2]
        self.person = faces.person
        self.of = [np.flatnonzero(faces.person == p) for p in range(len(faces.people))]
        self.habit = (self.seen - self.exact)[self.known].mean(0)  # of MediaPipe, against the head's own points
        self.faces = self.draw.expressions(BLOCKS * EXPRESSIONS_EACH).reshape(BLOCKS, EXPRESSIONS_EACH, -1)
        self.bank = np.stack([self._block(block) for block in self.faces])
        self.plain = np.stack([self._at_rest(faces, np.zeros(3), 6.0, person=0) for faces in self.faces])

    def _at_rest(self, faces: np.ndarray, turn: np.ndarray, far: float, person: int) -> np.ndarray:
        count = len(faces)
        return self.shapes.seen(np.full(count, person), faces, np.tile(turn, (count, 1)), np.full(count, far))

    def _block(self, faces: np.ndarray) -> np.ndarray:
        """(E, 52) → (SITTERS, E, 68, 3)."""
        people = self.draw.rng.choice(SPLITS["train"], SITTERS, replace=False)
        turns, far = self.draw.rng.normal(size=(SITTERS, 3)) * TURN, self.draw.rng.uniform(*DISTANCE, SITTERS)
        return np.stack([self._at_rest(faces, t, d, p) for p, t, d in zip(people, turns, far, strict=True)])

    def __iter__(self) -> Iterator[Batch]:
        rng, size = self.draw.rng, self.size
        while True:
            block, (e, other, looks) = rng.integers(0, BLOCKS, size), rng.integers(0, EXPRESSIONS_EACH, (3, size))
            same = rng.random(size) < SAME
            same |= np.abs(self.plain[block, e] - self.plain[block, other])[..., :2].max((1, 2)) < APART * EYES
            other = np.where(same, e, other)
            a, b, c = rng.integers(0, SITTERS, (3, size))
            goal, flat = self.bank[block, b, e], self.bank[..., :2]
            one, shape, someone = flat[block, a, e], flat[block, b, looks], flat[block, c, other]
            habits = self.habit * (rng.random((3, size, 1, 1)) < 0.6) + SHIFTED * rng.normal(size=(3, size, 68, 2))
            goal, shape = goal + np.pad(habits[1], ((0, 0), (0, 0), (0, 1))), shape + habits[1]
            rows = rng.integers(0, len(self.person), size)
            again = np.array([rng.choice(self.of[self.person[k]]) for k in rows])
            arrays = (
                self._noisy(one + habits[0]), self._noisy(shape), goal, self._noisy(someone + habits[2]), same,
                self.seen[rows], self.seen[again], self.exact[rows], self.known[rows],
            )  # fmt: skip
            tensors = [torch.from_numpy(np.asarray(x, bool if x.dtype == bool else np.float32)) for x in arrays]
            yield self._mirrored(tensors)

    def _noisy(self, points: np.ndarray) -> np.ndarray:
        return points + NOISE * self.draw.rng.normal(size=points.shape)

    def _mirrored(self, tensors: list[Tensor]) -> Batch:
        """All or nothing of a batch from left to right."""
        if self.draw.rng.random() < 0.5:
            tensors = [
                x if x.dtype == torch.bool else torch.cat([1 - x[..., :1], x[..., 1:]], dim=-1)[:, list(MIRROR)]
                for x in tensors
            ]
        return Batch(*tensors)


def geometry_loss(geometry: Geometry, batch: Batch, plain: bool) -> dict[str, Tensor]:
    """Reconstruction, and contrast unless `plain`."""

    def error(decoded: Tensor, target: Tensor) -> Tensor:
        known = decoded[..., : target.shape[-1]]  # no image has exact depths
        return (geometry.numbers(known) - geometry.numbers(target)).square().mean()

    z_seen, seen = geometry(batch.seen, batch.seen_shape)
    if plain:
        z, own = geometry(batch.goal[..., :2], batch.shape)
        return {"drawn": error(own, batch.goal), "seen": error(seen, batch.seen), "small": 1e-4 * z.square().mean()}
    z, across = geometry(batch.one, batch.shape)
    z_other, margin = geometry.encode(batch.other), geometry.config.margin
    known = batch.known.float()
    near = (z_seen - geometry.encode(batch.exact)).square().sum(1)
    return {
        "drawn": error(across, batch.goal),
        "seen": error(seen, batch.seen),
        "contrast": CONTRAST * contrastive(z, z_other, batch.same, margin),
        "habit": 0.5 * CONTRAST * (known * near).sum() / known.sum().clamp_min(1),
    }


@torch.no_grad()
def describe(
    geometry: Geometry, shapes: Shapes, presets: Sequence[str], seed: int = 0
) -> tuple[Tensor, Tensor, list[int]]:
    """Codes (P, 32) of the presets, mean over people, and SHOWN codes for the map with the preset of each."""
    people = np.arange(len(shapes.rest))
    plain = np.zeros((len(people), 3)), np.full(len(people), 6.0)

    def codes(faces: np.ndarray) -> Tensor:
        return geometry.encode(torch.from_numpy(shapes.seen(people, faces, *plain)[..., :2].copy()))

    rng, means, shown, of = np.random.default_rng(seed), [], [], []
    for k, name in enumerate(presets):
        each = codes(np.repeat(coefficients(name)[None], len(people), 0))
        means.append(each.mean(0))
        rows = rng.choice(len(people), SHOWN // len(presets), replace=False)
        shown.append(each[rows])
        of += [k] * len(rows)
    return torch.stack(means), torch.cat(shown), of


def main(arguments: Sequence[str] | None = None) -> None:
    run = "runs/gcgan-geometry"
    parser = recipe.argument_parser("gcgan_geometry", __doc__, minutes=6.0, batch=256, rate=2e-3, run=run)
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"))
    parser.add_argument("--out", type=Path, help="gcgan checkpoint, its generator untrained (<run>/gcgan.safetensors)")
    parser.add_argument("--plain", action="store_true", help="without the contrastive term")
    args = parser.parse_args(arguments)

    device = recipe.begin(args)
    shapes, faces = Shapes.open(args.data / "shapes.npz"), load(args.data, "train")
    presets = tuple(EXPRESSIONS)
    shown = tuple(k for k in range(len(presets)) for _ in range(SHOWN // len(presets)))
    whole = GCGAN(GCGANConfig(geometry=GeometryConfig(axes=3), presets=presets, shown=shown))
    batches = LandmarkBatches(shapes, faces, args.batch, args.seed)
    shapes = shapes.split("train")
    mean = np.concatenate([batches.seen, batches.exact[batches.known]]).mean(0)
    depths = batches.bank[..., 2:].mean((0, 1, 2))
    mean = torch.from_numpy(np.concatenate([mean, depths], axis=1, dtype=np.float32))
    whole.geometry.middle.copy_(whole.geometry.numbers(mean[None])[0] * UNIT)

    def save(average: Geometry, steps: int, minutes: float) -> None:
        model = copy.deepcopy(whole).cpu().eval()
        model.geometry.load_state_dict(average.state_dict())
        model.describe(*describe(model.geometry, shapes, presets))
        sources = ["landmarks of random people of the project's own head"]
        provenance = recipe.provenance("gcgan.geometry", sources, steps, minutes, contrastive=not args.plain)
        model.save(args.out or args.run / "gcgan.safetensors", provenance)

    loss = partial(geometry_loss, plain=args.plain)
    config = recipe.loop_config(args, weight_decay=1e-5, save_every=60, log_every=500, autocast=False)
    landmarks = recipe.on_device(batches, device)
    train(whole.geometry.to(device), landmarks, loss, config, args.run, save, [batches.draw.rng])
