"""The folder of portraits in, people nobody trained on and pairs of their pictures out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from talkdemo.data.portraits.store import Portraits
from talkdemo.gcgan.crop import Crop
from talkdemo.gcgan.portrait import Portrait
from talkdemo.metrics.portraits.landmark_error import moved

SPLIT = "test"
LEAST_MOVED = 0.02  # outer eye distances: below, the mouth has nowhere to go
NEUTRAL, SMILING = "neutral", "smiling"


@dataclass(frozen=True)
class Person:
    """E pictures of one person in one frame of pixels."""

    name: str
    pictures: np.ndarray  # (E, 160, 160, 3) uint8
    seen: np.ndarray  # (E, 68, 2) float32: MediaPipe's landmarks, read off the large original
    expressions: tuple[str, ...]  # (E,), "" for a blend

    def portrait(self, row: int) -> Portrait:
        return Portrait(self.pictures[row], self.seen[row], self.name)

    def row(self, expression: str) -> int | None:
        return self.expressions.index(expression) if expression in self.expressions else None

    def crops(self, side: int) -> np.ndarray:
        """(E, side, side, 3): every picture in its own canonical crop."""
        taken = [Crop.around(p, side).take(x) for p, x in zip(self.seen, self.pictures, strict=True)]
        return np.stack(taken)


@dataclass(frozen=True)
class Pair:
    """One person's pictures `source` and `target`; all is measured in the source's canonical crop."""

    person: int  # among the people
    source: int
    target: int
    crop: Crop
    start: np.ndarray  # (68, 2) landmarks of the source, pixels of the crop
    goal: np.ndarray  # (68, 2) of the target

    @cached_property
    def moves(self) -> bool:
        """Whether the mouth moves at all."""
        return bool(moved(self.start, self.goal) >= LEAST_MOVED)


def rendered(folder: Path, limit: int | None = None) -> list[Person]:
    """Held-out rendered people. Raises FileNotFoundError, naming what makes them, where there are none."""
    people = []
    for path in sorted((folder / "renders").glob("p*.npz")):
        with np.load(path) as file:
            held_out = str(file["split"]) == SPLIT
        if held_out and (limit is None or len(people) < limit):
            made = Portraits.load(path)
            known = np.isfinite(made.seen).all((1, 2))
            names = tuple(str(name) for name in made.names[known])
            people.append(Person(made.person, made.pictures[known], made.seen[known], names))
    if not people:
        made_by = "python -m talkdemo train portrait_data renders"
        raise FileNotFoundError(f"{folder / 'renders'} holds no held-out people; `{made_by}` makes them")
    return people


def photographed(folder: Path, limit: int | None = None) -> list[Person]:
    """Held-out real people, those of whom there are two photographs first. FileNotFoundError as above."""
    path = folder / "photos.npz"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; `python -m talkdemo train portrait_data photos` makes it")
    with np.load(path) as file:
        rows = np.flatnonzero(file["split"] == SPLIT)
        people = []
        for name in dict.fromkeys(file["person"][rows].tolist()):
            own = rows[file["person"][rows] == name]
            expressions = tuple(file["expression"][own].tolist())
            people.append(Person(name, file["pictures"][own], file["seen"][own].astype(np.float32), expressions))
    people.sort(key=lambda person: -len(person.pictures))
    if not people:
        raise FileNotFoundError(f"{path} holds no held-out people; others are wanted")
    return people[:limit]


def pair(people: Sequence[Person], person: int, source: int, target: int, side: int) -> Pair:
    one = people[person]
    crop = Crop.around(one.seen[source], side)
    return Pair(person, source, target, crop, crop.into(one.seen[source]), crop.into(one.seen[target]))


def rendered_pairs(people: Sequence[Person], count: int, side: int, seed: int = 0) -> list[Pair]:
    """`count` pairs, people in turn: half of them from the neutral picture to a named expression (all equally often),
    half from any picture to any other. Sorted by person and source."""
    rng = np.random.default_rng(seed)
    names = [name for name in dict.fromkeys(n for one in people for n in one.expressions) if name not in ("", NEUTRAL)]
    order: list[str] = []
    found: set[tuple[int, int, int]] = set()
    for tried in range(20 * count):
        if len(found) == count:
            break
        k = tried % len(people)
        one = people[k]
        rest = one.row(NEUTRAL)
        if (tried // len(people)) % 2 == 0 and rest is not None and names:
            order = order or rng.permutation(names).tolist()
            source, target = rest, one.row(order.pop())
        elif len(one.pictures) > 1:
            source, target = rng.choice(len(one.pictures), 2, replace=False).tolist()
        else:
            continue
        if target is not None and source != target:
            found.add((k, int(source), int(target)))
    return [pair(people, *which, side) for which in sorted(found)]


def photographed_pairs(people: Sequence[Person], side: int) -> list[Pair]:
    """From the neutral photograph to the smiling one, of everybody of whom there are both."""
    found = []
    for k, one in enumerate(people):
        rest, smile = one.row(NEUTRAL), one.row(SMILING)
        if rest is not None and smile is not None:
            found.append(pair(people, k, rest, smile, side))
    return found
