"""Evaluates whether edited portraits still show the same person, among all held-out people, by two measures.

A recogniser of our own, trained on other people (talkdemo/train/gcgan/recogniser.py) and never shown to the model,
recognises a person whatever the expression; its accuracy on true images is in the row of the truth. It notices a loss:
with another's face blended in by a quarter, 97 % of renders are still recognised, by a half 55 %, by three quarters
none; exposure and white balance change nothing. The other measure is not learned: SSIM of the face without mouth and
eyes, at 64².
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from talkdemo import checkpoint
from talkdemo.evaluate.portraits.people import Pair, Person
from talkdemo.metrics.portraits.recogniser import KIND, SIDE, Recogniser, RecogniserConfig, oval
from talkdemo.metrics.portraits.ssim import ssim

MIN_IMAGES = 4  # of everybody, so that a pair's own images can be left out of the gallery


def open_recogniser(path: Path) -> Recogniser:
    """ValueError with the command that makes it, where it is absent."""
    if not path.exists():
        raise ValueError(f"{path} is not there; `python -m talkdemo train recogniser --out {path}` makes it")
    file = checkpoint.load(path, KIND)
    config: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in file.config.items()}
    recogniser = Recogniser(RecogniserConfig(**config))
    recogniser.load_state_dict(file.tensors, strict=True)
    return recogniser.eval()


def still_mask(points: np.ndarray, side: int) -> np.ndarray:
    """(K, 68, 2) landmarks in pixels of a crop → (side, side): the face's oval without the boxes around mouth and eyes
    in any of the K."""
    mask = oval(side).numpy().astype(np.float64)
    left_eye, right_eye, mouth = slice(36, 42), slice(42, 48), slice(48, 68)
    for rows, enlargement in ((left_eye, 1.35), (right_eye, 1.35), (mouth, 1.5)):
        low, high = points[:, rows].min((0, 1)), points[:, rows].max((0, 1))
        middle, half = (low + high) / 2, (high - low) / 2 * enlargement + side / 64
        (x0, y0), (x1, y1) = np.clip([middle - half, middle + half], 0, side).round().astype(int)
        mask[y0:y1, x0:x1] = 0
    return mask


@dataclass(frozen=True)
class Gallery:
    """All true images of the held-out people, each in its own crop."""

    people: Sequence[Person]
    recogniser: Recogniser | None

    @property
    def small(self) -> bool:
        """Fewer than MIN_IMAGES of somebody."""
        return min(len(one.images) for one in self.people) < MIN_IMAGES

    @cached_property
    def vectors(self) -> list[np.ndarray]:
        """(E, D) for every person."""
        assert self.recogniser is not None
        return [self.recogniser.embed(one.crops(SIDE)) for one in self.people]

    @cached_property
    def neutral(self) -> np.ndarray:
        """(P, 64, 64, 1) grey: everybody's neutral image."""
        return np.stack([one.crops(SIDE)[one.neutral] for one in self.people]).mean(-1, keepdims=True)

    def by_recogniser(self, crops: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
        """(N, S, S, 3) → (N,): 1 where the nearest person is the own one, by the mean vector of each, in which the
        pair's own two images are not counted. In a small gallery it is everybody's neutral one, the pair's source among
        them. NaN without a recogniser."""
        if self.recogniser is None:
            return np.full(len(crops), np.nan)
        sums = np.stack([v.sum(0) for v in self.vectors])
        if self.small:
            sums = np.stack([v[one.neutral] for v, one in zip(self.vectors, self.people, strict=True)])
        right = []
        for pair, query in zip(pairs, self.recogniser.embed(crops), strict=True):
            known = sums.copy()
            if not self.small:
                known[pair.person] -= self.vectors[pair.person][[pair.source, pair.target]].sum(0)
            scores = (known / np.linalg.norm(known, axis=1, keepdims=True)) @ query
            right.append(scores.argmax() == pair.person)
        return np.array(right, float)

    def by_ssim(self, crops: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
        """(N, S, S, 3) → (N,): 1 where, of everybody's neutral images, the own one is most similar, by SSIM without
        mouth and eyes."""
        import cv2

        right = []
        for pair, crop in zip(pairs, crops, strict=True):
            small = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA).mean(-1, keepdims=True)
            points = np.stack([pair.start, pair.goal]) * (SIDE / pair.crop.side)
            query = np.broadcast_to(small, self.neutral.shape)
            right.append(ssim(query, self.neutral, still_mask(points, SIDE)).argmax() == pair.person)
        return np.array(right, float)
