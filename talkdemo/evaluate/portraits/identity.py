"""Made pictures in, whose faces they still are out: nearest of all held-out people by two measures.

A recogniser of our own, trained on other people (talkdemo/train/gcgan/recogniser.py) and never shown to the model,
knows a person whatever the expression; how often it is right about true pictures stands in the row of the truth. It
notices a loss: with another's face laid over by a quarter, 97 % of renders are still taken for themselves, by a half 55
%, by three quarters none; exposure and white balance change nothing. The other measure has learned nothing: SSIM of the
face without mouth and eyes, at 64².
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from talkdemo import checkpoint
from talkdemo.evaluate.portraits.people import NEUTRAL, Pair, Person
from talkdemo.metrics.portraits.recogniser import KIND, SIDE, Recogniser, RecogniserConfig, oval
from talkdemo.metrics.portraits.ssim import ssim

EYES, MOUTH = (slice(36, 48), 1.35), (slice(48, 68), 1.5)  # points, and by how much their boxes are enlarged


def open_recogniser(path: Path) -> Recogniser:
    """ValueError, naming what makes it, where it is not."""
    if not path.exists():
        raise ValueError(f"{path} is not there; `python -m talkdemo train recogniser --out {path}` makes it")
    file = checkpoint.load(path, KIND)
    config = {key: tuple(value) if isinstance(value, list) else value for key, value in file.config.items()}
    recogniser = Recogniser(RecogniserConfig(**config))
    recogniser.load_state_dict(file.tensors, strict=True)
    return recogniser.eval()


def still_mask(points: np.ndarray, side: int) -> np.ndarray:
    """(K, 68, 2) landmarks in pixels of a crop → (side, side): the face's oval without the boxes around mouth and eyes
    in any of the K."""
    mask = oval(side).numpy().astype(np.float64)
    for rows, larger in (EYES, MOUTH):
        for part in np.split(points[:, rows], 2, axis=1) if rows is EYES[0] else [points[:, rows]]:
            low, high = part.min((0, 1)), part.max((0, 1))
            middle, half = (low + high) / 2, (high - low) / 2 * larger + side / 64
            (x0, y0), (x1, y1) = np.clip([middle - half, middle + half], 0, side).round().astype(int)
            mask[y0:y1, x0:x1] = 0
    return mask


@dataclass(frozen=True)
class Gallery:
    """What is known of the held-out people: all their true pictures, each in its own crop."""

    people: Sequence[Person]
    recogniser: Recogniser | None
    alike: bool  # whether there are so few pictures of each that the pair's own have to stay in

    @classmethod
    def of(cls, people: Sequence[Person], recogniser: Recogniser | None) -> Self:
        return cls(people, recogniser, min(len(one.pictures) for one in people) < 4)

    @cached_property
    def vectors(self) -> list[np.ndarray]:
        """(E, D) for every person."""
        assert self.recogniser is not None
        return [self.recogniser.embed(one.crops(SIDE)) for one in self.people]

    @cached_property
    def rest(self) -> np.ndarray:
        """(P, 64, 64, 1) grey: everybody's neutral picture."""
        chosen = [one.crops(SIDE)[one.row(NEUTRAL) or 0] for one in self.people]
        return np.stack(chosen).mean(-1, keepdims=True)

    def recognised(self, made: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
        """(N, S, S, 3) → (N,) bool: nearest to the mean vector of its own person, to which the pair's own two pictures
        are not counted. With few pictures of each it is everybody's neutral one, the pair's source among them."""
        if self.recogniser is None:
            return np.full(len(made), np.nan)
        sums = np.stack([v.sum(0) for v in self.vectors])
        if self.alike:
            sums = np.stack([v[one.row(NEUTRAL) or 0] for v, one in zip(self.vectors, self.people, strict=True)])
        queries, right = self.recogniser.embed(made), []
        for pair, query in zip(pairs, queries, strict=True):
            known = sums.copy()
            if not self.alike:
                known[pair.person] -= self.vectors[pair.person][[pair.source, pair.target]].sum(0)
            scores = (known / np.linalg.norm(known, axis=1, keepdims=True)) @ query
            right.append(scores.argmax() == pair.person)
        return np.array(right)

    def like(self, made: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
        """(N, S, S, 3) → (N,) bool: most like the neutral picture of its own person, by SSIM beside mouth and eyes."""
        import cv2

        right = []
        for pair, picture in zip(pairs, made, strict=True):
            small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).mean(-1, keepdims=True)
            points = np.stack([pair.start, pair.goal]) * (SIDE / pair.crop.side)
            query = np.broadcast_to(small, self.rest.shape)
            scores = ssim(query, self.rest, still_mask(points, SIDE))
            right.append(scores.argmax() == pair.person)
        return np.array(right)
