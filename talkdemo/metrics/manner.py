"""Motion in, numbers of a manner of moving out; and the nearest of several known manners: whose motion is this?

The vector of a take (`manner`): mean, standard deviation and mean speed of each of the 52 coefficients and of the three
head angles, and the number of blinks. A manner that is known (`Manners.fit`) is the mean of such vectors; a new take
belongs to the nearest one by Mahalanobis' distance with the covariance within manners, shrunken towards its diagonal
(as in regularised discriminant analysis, Friedman 1989), so that numbers which scatter in everybody count little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.metrics.blink import blinks
from talkdemo.records import FPS, Motion

SHRINK = 0.5  # share of the diagonal in the covariance
DYNAMICS = slice(55, None)  # the vector without the means: how the face moves, not how it is held
FLOOR = np.r_[np.full(52, 0.01), np.full(3, 0.005)]  # coefficients, radians: what moves less says nothing


def manner(motion: Motion, lids: Sequence[int]) -> np.ndarray:
    """(166,) numbers of one take; lids: columns of the two eyelids. Compare takes of at least 15 s."""
    tracks = np.concatenate([motion.coefficients, motion.head], axis=1).astype(np.float64)  # (T, 55)
    if len(tracks) < 2:
        raise ValueError(f"got a motion of {len(tracks)} frame; wanted at least 2")
    spread, speed = tracks.std(axis=0), np.abs(np.diff(tracks, axis=0)).mean(axis=0) * FPS
    found = blinks(tracks[:, list(lids)].mean(axis=1))
    return np.concatenate(
        [tracks.mean(axis=0) / FLOOR, np.log(spread / FLOOR + 1), np.log(speed / FLOOR + 1), [found.per_minute / 10]]
    )


@dataclass(frozen=True)
class Manners:
    """Known manners of moving."""

    names: tuple[str, ...]
    means: np.ndarray  # (N, D)
    scale: np.ndarray  # (D,) standard deviation within manners
    precision: np.ndarray  # (D, D) inverse of the shrunken correlation within manners

    @classmethod
    def fit(cls, vectors: np.ndarray, names: Sequence[str], shrink: float = SHRINK) -> Manners:
        """From vectors (S, D) of takes and whose they are (S,). Raises ValueError with only one take of somebody."""
        vectors, labels = np.asarray(vectors, np.float64), np.asarray(names)
        known = tuple(dict.fromkeys(names))
        least = min(int((labels == name).sum()) for name in known)
        if least < 2:
            raise ValueError(f"got {least} take of somebody; wanted at least 2 of everybody")
        means = np.stack([vectors[labels == name].mean(axis=0) for name in known])
        within = vectors - means[[known.index(name) for name in names]]
        scale = np.maximum(within.std(axis=0), 0.05)
        scaled = within / scale
        together = (1 - shrink) * scaled.T @ scaled / len(scaled)
        return cls(known, means, scale, np.linalg.inv(together + shrink * np.eye(len(scale))))

    def distances(self, vector: np.ndarray) -> np.ndarray:
        """Squared distances (N,) of one take (D,) to every manner."""
        away = (np.asarray(vector) - self.means) / self.scale
        return np.einsum("nd,de,ne->n", away, self.precision, away)

    def nearest(self, vector: np.ndarray) -> str:
        """Whose manner one take (D,) is in."""
        return self.names[int(self.distances(vector).argmin())]
