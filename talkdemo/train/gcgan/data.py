"""Training pairs of GC-GAN from rendered people and photographs (runs/portraits).

A pair is one person twice, in one crop: any ordered pair of a view's images, as in GC-GAN (arXiv 1802.01822). Both
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

from talkdemo.data.portraits.store import FINE, STORED
from talkdemo.face.landmarks import LANDMARKS, MIRROR
from talkdemo.gcgan.crop import SIDE, steady
from talkdemo.gcgan.flow import grid
from talkdemo.gcgan.frame import Frame
from talkdemo.gcgan.model import FacePoints
from talkdemo.train.gcgan.overlays import overlaid

EXACT = 0.15  # share of the renders whose landmarks are the head's own
POINT_NOISE = 0.0015  # shares of the side
SAME = 0.06  # share of the pairs that are one image twice: amount 0 changes nothing
NEUTRAL = 0.35  # share of the pairs that begin at rest, as most photographs do
TURN, ZOOM, SHIFT = 0.06, 0.06, 0.03  # standard deviations: radians, log scale, shares of the side
COLOURLESS = 0.2  # share of the pairs that are grey, sepia or tinted
PAIRED = 3  # how many times as often somebody is drawn of whom there are two photographs
TALKING = 0.2  # share of the photographs that are frames of a talking person, of whom there are more than two
NOBODY = -1
SIDES = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Faces:
    """Crops of STORED pixels and what is known of them."""

    images: np.ndarray  # (N, STORED, STORED, 3) uint8
    seen: np.ndarray  # (N, 68, 2) float32, MediaPipe's landmarks, pixels
    pupils: np.ndarray  # (N, 2, 2) MediaPipe's too
    exact: np.ndarray  # (N, 68, 2) the head's own; NaN for photographs
    front: np.ndarray  # (N, 68, 2) MediaPipe's from the front, fractions of the canonical crop
    hidden: np.ndarray  # (N, 68) bool: behind the face itself
    coefficients: np.ndarray  # (N, 52) ARKit; NaN for photographs
    person: np.ndarray  # (N,) int64
    view: np.ndarray  # (N,) int64: the same person, light and pose
    expression: np.ndarray  # (N,) int64 into `names`, −1 for a blend or a photograph's smile
    real: np.ndarray  # (N,) bool: a photograph
    names: tuple[str, ...]  # of the expressions
    people: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.person)


def load(folder: Path, split: str) -> Faces:
    """All of one split. Raises FileNotFoundError, naming what makes them, where there are none."""
    rows: dict[str, list] = {
        key: [] for key in ("images", "seen", "pupils", "exact", "coefficients", "person", "view", "names", "real")
    }
    people: list[str] = []
    for file in sorted((folder / "renders").glob("p*.npz")):
        with np.load(file) as person:
            if str(person["split"]) != split:
                continue
            known = np.isfinite(person["seen"]).all((1, 2))
            name = file.stem.split("-")[0]
            if name not in people:
                people.append(name)
            rows["images"].append(person["pictures"][known])
            for key in ("seen", "pupils", "exact", "coefficients"):
                rows[key].append(person[key][known].astype(np.float32))
            rows["names"] += [str(name) for name in person["names"][known]]
            rows["person"] += [people.index(name)] * int(known.sum())
            rows["view"] += [file.stem] * int(known.sum())
            rows["real"] += [False] * int(known.sum())
    if not people:
        made_by = "python -m talkdemo train portrait_data renders"
        raise FileNotFoundError(f"{folder}/renders holds nobody of {split!r}; `{made_by}` makes them")
    if (folder / "photos.npz").exists():
        with np.load(folder / "photos.npz") as photos:
            chosen = np.flatnonzero(photos["split"] == split)
            rows["images"].append(photos["pictures"][chosen])
            for key in ("seen", "pupils"):
                rows[key].append(photos[key][chosen].astype(np.float32))
            rows["exact"].append(np.full((len(chosen), 68, 2), np.nan, np.float32))
            rows["coefficients"].append(np.full((len(chosen), 52), np.nan, np.float32))
            for k in chosen:
                name = f"{photos['corpus'][k]}/{photos['person'][k]}"
                if name not in people:
                    people.append(name)
                rows["person"].append(people.index(name))
                rows["view"].append(f"{name}/{photos['view'][k]}")
                rows["names"].append("neutral" if photos["expression"][k] == "neutral" else "")
                rows["real"].append(True)
    names = tuple(dict.fromkeys(name for name in rows["names"] if name))
    number = {name: k for k, name in enumerate(names)} | {"": NOBODY}
    seen = np.concatenate(rows["seen"])
    frames = [Frame.of(points) for points in seen]
    front = np.stack([frame.front(points)[:, :2] for frame, points in zip(frames, seen, strict=True)])
    return Faces(
        np.concatenate(rows["images"]), seen[..., :2].copy(), np.concatenate(rows["pupils"]),
        np.concatenate(rows["exact"]), steady(front),
        np.stack([frame.hidden for frame in frames]), np.concatenate(rows["coefficients"]), np.array(rows["person"]),
        np.unique(rows["view"], return_inverse=True)[1], np.array([number[name] for name in rows["names"]]),
        np.array(rows["real"]), names, tuple(people),
    )  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """A batch: images in −1 … 1, landmarks in shares of the side."""

    source: Tensor  # (B, 3, SIDE, SIDE)
    target: Tensor
    source_points: Tensor  # (B, 68, 2)
    target_points: Tensor
    source_pupils: Tensor  # (B, 2, 2)
    target_pupils: Tensor
    source_front: Tensor  # (B, 68, 2) from the front
    target_front: Tensor
    hidden: Tensor  # (B, 68) bool, of the source
    source_fine: Tensor  # (B, 3, FINE SIDE, FINE SIDE)
    target_fine: Tensor
    person: Tensor  # (B,)
    source_expression: Tensor  # (B,) −1: none of the named
    expression: Tensor  # (B,) of the target
    real: Tensor  # (B,) bool
    rows: Tensor  # (B, 2) int64: source and target among the faces
    mirrored: Tensor  # (B,) bool, both of them

    @property
    def begin(self) -> FacePoints:
        return FacePoints(torch.cat([self.source_points, self.source_pupils], 1), self.source_front, self.hidden)

    @property
    def end(self) -> FacePoints:
        return FacePoints(torch.cat([self.target_points, self.target_pupils], 1), self.target_front, self.hidden)


class PairSampler:
    """Endless batches; `photographs` is the share of real people in them."""

    def __init__(self, faces: Faces, batch: int, photographs: float, seed: int, plain: bool = False) -> None:
        """`plain`: no augmentation of the colours, nothing before the face."""
        self.faces, self.batch, self.photographs, self.plain = faces, batch, photographs, plain
        self.rng = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.of = {view: np.flatnonzero(faces.view == view) for view in np.unique(faces.view)}
        real = [p for p, rows in self.of.items() if len(rows) and faces.real[rows[0]]]
        self.talking = [p for p in real if len(self.of[p]) > 2]
        self.real = [p for p in real if len(self.of[p]) <= 2 for _ in range(PAIRED if len(self.of[p]) == 2 else 1)]
        self.rendered = [p for p, rows in self.of.items() if len(rows) and not faces.real[rows[0]]]
        neutral = faces.names.index("neutral") if "neutral" in faces.names else None
        swapped = [_other_side(name) for name in faces.names]
        self.mirrored = torch.tensor([faces.names.index(n) if n in faces.names else NOBODY for n in swapped])
        self.rest = {p: rows[faces.expression[rows] == neutral] for p, rows in self.of.items()}

    def _pair(self) -> tuple[int, int]:
        real = self.real and self.rng.random() < self.photographs
        talking = real and self.talking and self.rng.random() < TALKING
        view = self.rng.choice(self.talking if talking else self.real if real else self.rendered)
        rows = self.of[view]
        if real and len(rows) > 1 and self.rng.random() > SAME:
            return tuple(self.rng.permutation(rows)[:2])
        if len(rows) == 1 or self.rng.random() < SAME:
            one = self.rng.choice(rows)
            return one, one
        begin = self.rng.choice(self.rest[view] if len(self.rest[view]) and self.rng.random() < NEUTRAL else rows)
        return begin, self.rng.choice(rows[rows != begin])

    def __iter__(self) -> Iterator[Pairs]:
        while True:
            yield self._batch()

    @torch.autocast("cpu", enabled=False)  # landmarks in 16 bits would be off by half a pixel
    def _batch(self) -> Pairs:
        faces = self.faces
        rows = np.array([self._pair() for _ in range(self.batch)])
        exact = (self.rng.random(self.batch) < EXACT) & ~faces.real[rows[:, 0]]
        points = np.where(exact[:, None, None, None], faces.exact[rows], faces.seen[rows])
        points = np.concatenate([points, faces.pupils[rows]], axis=2) / STORED
        images = torch.from_numpy(faces.images[rows])  # (B, 2, STORED, STORED, 3)
        fine, points, flip = self._move(images, torch.from_numpy(points.astype(np.float32)))
        if not self.plain:
            fine = self._colour(overlaid(fine, points[:, :, :LANDMARKS], self.rng))
        moved = F.avg_pool2d(fine.flatten(0, 1), FINE).unflatten(0, (self.batch, 2))
        front, hidden = torch.from_numpy(faces.front[rows]), torch.from_numpy(faces.hidden[rows[:, 0]])
        front = torch.where(flip[:, None, None, None], _other_way(front), front)
        hidden = torch.where(flip[:, None], hidden[:, list(MIRROR)], hidden)
        points, front = (x + POINT_NOISE * torch.randn(x.shape, generator=self.generator) for x in (points, front))
        expression = torch.from_numpy(faces.expression[rows])
        expression = torch.where(flip[:, None] & (expression >= 0), self.mirrored[expression], expression)
        return Pairs(
            moved[:, 0], moved[:, 1], points[:, 0, :LANDMARKS], points[:, 1, :LANDMARKS],
            points[:, 0, LANDMARKS:], points[:, 1, LANDMARKS:], front[:, 0], front[:, 1], hidden,
            fine[:, 0], fine[:, 1], torch.from_numpy(faces.person[rows[:, 0]]), expression[:, 0],
            expression[:, 1], torch.from_numpy(faces.real[rows[:, 0]]), torch.from_numpy(rows), flip,
        )  # fmt: skip

    def _move(self, images: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Both of a pair turned, scaled, shifted and mirrored alike, and cut to FINE · SIDE pixels; which are
        mirrored."""
        count, random = len(images), self.rng.normal(size=(len(images), 4)).astype(np.float32)
        angle, zoom = torch.from_numpy(TURN * random[:, 0]), torch.from_numpy(np.exp(ZOOM * random[:, 1]))
        shift = torch.from_numpy(SHIFT * random[:, 2:])
        side = FINE * SIDE
        scale = zoom * side / STORED  # shares of the new side → of the old
        turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=1).view(-1, 2, 2)
        flip = torch.from_numpy(self.rng.random(count) < 0.5)
        at = (grid(side).reshape(1, -1, 2) - 0.5).expand(count, -1, -1)
        at = torch.where(flip[:, None, None], at * torch.tensor([-1.0, 1.0]), at)
        at = scale[:, None, None] * (at @ turn.transpose(1, 2)) + 0.5 + shift[:, None]
        flat = images.permute(0, 1, 4, 2, 3).reshape(count, 6, STORED, STORED).float()
        cut = F.grid_sample(flat, (at * 2 - 1).view(count, side, side, 2), padding_mode="border", align_corners=False)
        new = ((points - 0.5 - shift[:, None, None]) / scale[:, None, None, None]) @ turn[:, None]
        new = torch.where(flip[:, None, None, None], _other_way(new + 0.5), new + 0.5)
        return cut.view(count, 2, 3, side, side) / 127.5 - 1, new, flip

    def _colour(self, images: Tensor) -> Tensor:
        """Exposure, contrast, tint and softness, alike for both of a pair; some are grey, sepia or of one tint. No
        noise: the best estimate of it would be a blur."""
        rng = self.rng
        for pair in images:
            gamma, contrast, light = np.exp(rng.normal(0, 0.18)), np.exp(rng.normal(0, 0.12)), rng.normal(0, 0.05)
            tint, share = np.exp(rng.normal(0, 0.06, 3)), np.exp(rng.normal(0, 0.2))
            matrix = contrast * ((1 - share) / 3 + share * np.eye(3)) * tint
            if rng.random() < COLOURLESS:
                tint = np.exp(rng.normal(0, 0.12) * np.array([1, 0.15, -1.1]) * (rng.random() < 0.6))
                matrix = contrast * np.outer(tint, (0.3, 0.59, 0.11))
            shift = tint * (0.5 + light - contrast / 2)
            x = pair.add_(1).mul_(0.5).clamp_(1e-3, 1).pow_(gamma)
            x = torch.einsum("ij,njhw->nihw", torch.from_numpy(matrix).float(), x)
            x = (x + torch.from_numpy(shift).float()[:, None, None]).clamp_(0, 1)
            if rng.random() < 0.25:
                x = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
            pair.copy_(x.mul_(2).sub_(1))
        return images


def _other_way(points: Tensor) -> Tensor:
    """(…, 68 or 70, 2) mirrored."""
    order = [*MIRROR, LANDMARKS + 1, LANDMARKS][: points.shape[-2]]
    return torch.stack([1 - points[..., 0], points[..., 1]], dim=-1)[..., order, :]


def _other_side(name: str) -> str:
    """wink_left → wink_right."""
    what, _, side = name.rpartition("_")
    return f"{what}_{SIDES[side]}" if side in SIDES else name
