"""Loads held-out people, rendered and photographed, and pairs of their images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from talkdemo.data.portraits.store import Portraits
from talkdemo.gcgan.crop import Crop
from talkdemo.gcgan.portrait import Portrait
from talkdemo.metrics.portraits.landmarks import moved

SPLIT = "test"
MIN_MOVED = 0.02  # outer eye distances: below, the mouth hardly moves
NEUTRAL, SMILING = "neutral", "smiling"
TALKING = "grid"  # frames of one man, whom training knows


@dataclass(frozen=True)
class Person:
    """E images of one person in one frame of pixels, of one pose."""

    name: str
    images: np.ndarray  # (E, STORED, STORED, 3) uint8
    landmarks: np.ndarray  # (E, 68, 2) float32: MediaPipe's, read off the large original
    expressions: tuple[str, ...]  # (E,), "" for a blend
    depths: np.ndarray | None = None  # (E, 68) float32: of the landmarks
    pupils: np.ndarray | None = None  # (E, 2, 2) float32

    def portrait(self, row: int) -> Portrait:
        depth = None if self.depths is None else self.depths[row]
        pupils = None if self.pupils is None else self.pupils[row]
        return Portrait(self.images[row], self.landmarks[row], self.name, depth=depth, pupils=pupils)

    @cached_property
    def seen(self) -> np.ndarray:
        """(E, 70, 2): landmarks and pupils, or (E, 68, 2) where those are not known."""
        return self.landmarks if self.pupils is None else np.concatenate([self.landmarks, self.pupils], axis=1)

    def crop(self, row: int, side: int) -> Crop:
        """The canonical one of an image."""
        return Crop.around(self.landmarks[row], side, self.portrait(row).frame.upright)

    def row(self, expression: str) -> int | None:
        return self.expressions.index(expression) if expression in self.expressions else None

    @property
    def neutral(self) -> int:
        """The row of the neutral image, or the first."""
        return self.row(NEUTRAL) or 0

    def crops(self, side: int) -> np.ndarray:
        """(E, side, side, 3): every image in its own canonical crop."""
        return np.stack([self.crop(row, side).take(image) for row, image in enumerate(self.images)])


@dataclass(frozen=True)
class Pair:
    """One person's images `source` and `target`; all is measured in the source's canonical crop."""

    person: int  # index into the people
    source: int
    target: int
    crop: Crop
    start: np.ndarray  # (68, 2) landmarks of the source, pixels of the crop
    goal: np.ndarray  # (68, 2) of the target

    @cached_property
    def moves(self) -> bool:
        """Whether the mouth moves at all."""
        return bool(moved(self.start, self.goal) >= MIN_MOVED)


def rendered(folder: Path, limit: int | None = None, view: int = 0) -> list[Person]:
    """Held-out rendered people from one side, 0: the front. Raises FileNotFoundError with the command that makes them,
    where there are none."""
    people: list[Person] = []
    for path in sorted((folder / "renders").glob(f"p*-{view}.npz")):
        with np.load(path) as file:
            held_out = str(file["split"]) == SPLIT
        if held_out and (limit is None or len(people) < limit):
            stored = Portraits.load(path)
            found = np.isfinite(stored.seen).all((1, 2))
            names = tuple(str(name) for name in stored.names[found])
            seen = stored.seen[found]
            pupils = stored.pupils[found]
            people.append(Person(stored.person, stored.pictures[found], seen[..., :2], names, seen[..., 2], pupils))
    if not people:
        command = "python -m talkdemo train portrait_data renders"
        raise FileNotFoundError(f"{folder / 'renders'} holds no held-out people; `{command}` makes them")
    return people


def photographed(folder: Path, limit: int | None = None) -> list[Person]:
    """Held-out real people, those with two photographs first. FileNotFoundError as above."""
    path = folder / "photos.npz"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; `python -m talkdemo train portrait_data photos` makes it")
    with np.load(path) as file:
        rows = np.flatnonzero((file["split"] == SPLIT) & (file["corpus"] != TALKING))
        people = []
        for name in dict.fromkeys(file["person"][rows].tolist()):
            own = rows[file["person"][rows] == name]
            expressions = tuple(file["expression"][own].tolist())
            seen = file["seen"][own].astype(np.float32)
            pupils = file["pupils"][own].astype(np.float32)
            people.append(Person(name, file["pictures"][own], seen[..., :2], expressions, seen[..., 2], pupils))
    people.sort(key=lambda person: -len(person.images))
    if not people:
        raise FileNotFoundError(f"{path} holds no held-out people; others are wanted")
    return people[:limit]


def pair(people: Sequence[Person], person: int, source: int, target: int, side: int) -> Pair:
    one = people[person]
    crop = one.crop(source, side)
    return Pair(person, source, target, crop, crop.into(one.landmarks[source]), crop.into(one.landmarks[target]))


def rendered_pairs(people: Sequence[Person], count: int, side: int, seed: int = 0) -> list[Pair]:
    """`count` pairs, people in turn: half of them from the neutral image to a named expression (all equally often),
    half from any image to any other. Sorted by person and source."""
    rng = np.random.default_rng(seed)
    names = [name for name in dict.fromkeys(n for one in people for n in one.expressions) if name not in ("", NEUTRAL)]
    order: list[str] = []
    found: set[tuple[int, int, int]] = set()
    for attempt in range(20 * count):
        if len(found) == count:
            break
        k = attempt % len(people)
        one = people[k]
        rest = one.row(NEUTRAL)
        target: int | None
        if (attempt // len(people)) % 2 == 0 and rest is not None and names:
            order = order or rng.permutation(names).tolist()
            source, target = rest, one.row(order.pop())
        elif len(one.images) > 1:
            source, target = rng.choice(len(one.images), 2, replace=False).tolist()
        else:
            continue
        if target is not None and source != target:
            found.add((k, source, target))
    return [pair(people, *which, side) for which in sorted(found)]


def photographed_pairs(people: Sequence[Person], side: int) -> list[Pair]:
    """From the neutral photograph to the smiling one, of everybody with both."""
    found = []
    for k, one in enumerate(people):
        rest, smile = one.row(NEUTRAL), one.row(SMILING)
        if rest is not None and smile is not None:
            found.append(pair(people, k, rest, smile, side))
    return found
