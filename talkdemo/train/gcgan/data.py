"""Training pairs of GC-GAN from rendered people and photographs (runs/portraits).

A pair is one person twice, in one crop: any ordered pair of a person's images, as in GC-GAN (arXiv 1802.01822). Both
images are shifted, mirrored, coloured and occluded alike, so that a visitor's photograph is nothing new; the landmarks
are those of MediaPipe, as in use, now and then the head's own exact ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from talkdemo.data.portraits.store import STORED
from talkdemo.face.landmarks import MIRROR
from talkdemo.gcgan.crop import SIDE
from talkdemo.gcgan.flow import grid

EXACT = 0.15  # share of the renders whose landmarks are the head's own
POINT_NOISE = 0.0015  # shares of the side
SAME = 0.06  # share of the pairs that are one image twice: amount 0 changes nothing
NEUTRAL = 0.35  # share of the pairs that begin at rest, as most photographs do
TURN, ZOOM, SHIFT = 0.06, 0.06, 0.03  # standard deviations: radians, log scale, shares of the side
OCCLUDED = 0.15  # share of the pairs with something in front of the face
PAIRED = 3  # how many times as often somebody is drawn of whom there are two photographs
NOBODY = -1
SIDES = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Faces:
    """Crops of STORED pixels and what is known of them."""

    images: np.ndarray  # (N, STORED, STORED, 3) uint8
    seen: np.ndarray  # (N, 68, 2) float32, MediaPipe's landmarks, pixels
    exact: np.ndarray  # (N, 68, 2) the head's own; NaN for photographs
    person: np.ndarray  # (N,) int64
    expression: np.ndarray  # (N,) int64 into `names`, −1 for a blend or a photograph's smile
    real: np.ndarray  # (N,) bool: a photograph
    names: tuple[str, ...]  # of the expressions
    people: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.person)


def load(folder: Path, split: str) -> Faces:
    """All of one split. Raises FileNotFoundError, naming what makes them, where there are none."""
    rows: dict[str, list] = {key: [] for key in ("images", "seen", "exact", "person", "names", "real")}
    people: list[str] = []
    for file in sorted((folder / "renders").glob("p*.npz")):
        with np.load(file) as person:
            if str(person["split"]) != split:
                continue
            known = np.isfinite(person["seen"]).all((1, 2))
            people.append(file.stem)
            rows["images"].append(person["pictures"][known])
            for key in ("seen", "exact"):
                rows[key].append(person[key][known].astype(np.float32))
            rows["names"] += [str(name) for name in person["names"][known]]
            rows["person"] += [len(people) - 1] * int(known.sum())
            rows["real"] += [False] * int(known.sum())
    if not people:
        made_by = "python -m talkdemo train portrait_data renders"
        raise FileNotFoundError(f"{folder}/renders holds nobody of {split!r}; `{made_by}` makes them")
    if (folder / "photos.npz").exists():
        with np.load(folder / "photos.npz") as photos:
            chosen = np.flatnonzero(photos["split"] == split)
            rows["images"].append(photos["pictures"][chosen])
            rows["seen"].append(photos["seen"][chosen].astype(np.float32))
            rows["exact"].append(np.full((len(chosen), 68, 2), np.nan, np.float32))
            for k in chosen:
                name = f"{photos['corpus'][k]}/{photos['person'][k]}"
                if name not in people:
                    people.append(name)
                rows["person"].append(people.index(name))
                rows["names"].append("neutral" if photos["expression"][k] == "neutral" else "")
                rows["real"].append(True)
    names = tuple(dict.fromkeys(name for name in rows["names"] if name))
    number = {name: k for k, name in enumerate(names)} | {"": NOBODY}
    return Faces(
        np.concatenate(rows["images"]), np.concatenate(rows["seen"]), np.concatenate(rows["exact"]),
        np.array(rows["person"]), np.array([number[name] for name in rows["names"]]), np.array(rows["real"]),
        names, tuple(people),
    )  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """A batch: images in −1 … 1, landmarks in shares of the side."""

    source: Tensor  # (B, 3, SIDE, SIDE)
    target: Tensor
    source_points: Tensor  # (B, 68, 2)
    target_points: Tensor
    person: Tensor  # (B,)
    source_expression: Tensor  # (B,) −1: none of the named
    expression: Tensor  # (B,) of the target
    real: Tensor  # (B,) bool


class PairSampler:
    """Endless batches; `photographs` is the share of real people in them."""

    def __init__(self, faces: Faces, batch: int, photographs: float, seed: int, plain: bool = False) -> None:
        """`plain`: no augmentation of the colours and no occlusion."""
        self.faces, self.batch, self.photographs, self.plain = faces, batch, photographs, plain
        self.rng = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.of = {person: np.flatnonzero(faces.person == person) for person in range(len(faces.people))}
        real = [p for p, rows in self.of.items() if len(rows) and faces.real[rows[0]]]
        self.real = [p for p in real for _ in range(PAIRED if len(self.of[p]) > 1 else 1)]
        self.rendered = [p for p, rows in self.of.items() if len(rows) and not faces.real[rows[0]]]
        neutral = faces.names.index("neutral") if "neutral" in faces.names else None
        swapped = [_other_side(name) for name in faces.names]
        self.mirrored = torch.tensor([faces.names.index(n) if n in faces.names else NOBODY for n in swapped])
        self.rest = {p: rows[faces.expression[rows] == neutral] for p, rows in self.of.items()}

    def _pair(self) -> tuple[int, int]:
        real = self.real and self.rng.random() < self.photographs
        person = self.rng.choice(self.real if real else self.rendered)
        rows = self.of[person]
        if real and len(rows) > 1 and self.rng.random() > SAME:
            return tuple(self.rng.permutation(rows)[:2])
        if len(rows) == 1 or self.rng.random() < SAME:
            one = self.rng.choice(rows)
            return one, one
        begin = self.rng.choice(self.rest[person] if len(self.rest[person]) and self.rng.random() < NEUTRAL else rows)
        return begin, self.rng.choice(rows[rows != begin])

    def __iter__(self) -> Iterator[Pairs]:
        faces = self.faces
        while True:
            rows = np.array([self._pair() for _ in range(self.batch)])
            exact = (self.rng.random(self.batch) < EXACT) & ~faces.real[rows[:, 0]]
            points = np.where(exact[:, None, None, None], faces.exact[rows], faces.seen[rows]) / STORED
            images = torch.from_numpy(faces.images[rows])  # (B, 2, STORED, STORED, 3)
            moved, points, flip = self._move(images, torch.from_numpy(points.astype(np.float32)))
            if not self.plain:
                moved = self._colour(moved)
            points = points + POINT_NOISE * torch.randn(points.shape, generator=self.generator)
            expression = torch.from_numpy(faces.expression[rows])
            expression = torch.where(flip[:, None] & (expression >= 0), self.mirrored[expression], expression)
            yield Pairs(
                moved[:, 0], moved[:, 1], points[:, 0], points[:, 1], torch.from_numpy(faces.person[rows[:, 0]]),
                expression[:, 0], expression[:, 1], torch.from_numpy(faces.real[rows[:, 0]]),
            )  # fmt: skip

    def _move(self, images: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Both of a pair turned, scaled, shifted and mirrored alike, and cut to SIDE pixels; which are mirrored."""
        count, random = len(images), self.rng.normal(size=(len(images), 4)).astype(np.float32)
        angle, zoom = torch.from_numpy(TURN * random[:, 0]), torch.from_numpy(np.exp(ZOOM * random[:, 1]))
        shift = torch.from_numpy(SHIFT * random[:, 2:])
        scale = zoom * SIDE / STORED  # shares of the new side → of the old
        turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=1).view(-1, 2, 2)
        flip = torch.from_numpy(self.rng.random(count) < 0.5)
        at = (grid(SIDE).reshape(1, -1, 2) - 0.5).expand(count, -1, -1)
        at = torch.where(flip[:, None, None], at * torch.tensor([-1.0, 1.0]), at)
        at = scale[:, None, None] * (at @ turn.transpose(1, 2)) + 0.5 + shift[:, None]
        flat = images.permute(0, 1, 4, 2, 3).reshape(count, 6, STORED, STORED).float()
        cut = F.grid_sample(flat, (at * 2 - 1).view(count, SIDE, SIDE, 2), padding_mode="border", align_corners=False)
        new = ((points - 0.5 - shift[:, None, None]) / scale[:, None, None, None]) @ turn[:, None]
        new = torch.where(flip[:, None, None, None], (new * torch.tensor([-1.0, 1.0]))[:, :, list(MIRROR)], new) + 0.5
        return cut.view(count, 2, 3, SIDE, SIDE) / 127.5 - 1, new, flip

    def _colour(self, images: Tensor) -> Tensor:
        """Exposure, contrast, tint, softness and occlusion, alike for both of a pair. No noise: the best estimate of it
        would be a blur."""
        count, rng = len(images), self.rng

        def draw(spread: float, channels: int = 1) -> Tensor:
            drawn = rng.normal(scale=spread, size=(count, channels)).astype(np.float32)
            return torch.from_numpy(drawn)[:, None, :, None, None]

        x = (images + 1) / 2
        x = x.clamp(1e-3, 1) ** torch.exp(draw(0.18))
        x = (x - 0.5) * torch.exp(draw(0.12)) + 0.5 + draw(0.05)
        x = x * torch.exp(draw(0.06, 3))
        grey = x.mean(2, keepdim=True)
        x = grey + (x - grey) * torch.exp(draw(0.2))
        soft = torch.from_numpy(rng.random(count) < 0.25)
        blurred = F.avg_pool2d(x.flatten(0, 1), 3, 1, 1, count_include_pad=False).view_as(x)
        x = torch.where(soft[:, None, None, None, None], blurred, x)
        for k in np.flatnonzero(rng.random(count) < OCCLUDED):
            a, b = rng.integers(8, 40, 2)
            i, j = rng.integers(0, SIDE - a), rng.integers(0, SIDE - b)
            x[k, :, :, i : i + a, j : j + b] = torch.from_numpy(rng.random((3, 1, 1)).astype(np.float32))
        return x.clamp(0, 1) * 2 - 1


def _other_side(name: str) -> str:
    """wink_left → wink_right."""
    what, _, side = name.rpartition("_")
    return f"{what}_{SIDES[side]}" if side in SIDES else name
