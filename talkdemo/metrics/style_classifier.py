"""Classifies motion by talking style: statistics of all channels, compared with those of known styles.

The features of a motion (`style_features`): mean, standard deviation and mean speed of each of the 52 coefficients and
of the three head angles, and the blink rate. A known style is the mean of such vectors; a motion is assigned to the
nearest style by Mahalanobis distance, with the within-style covariance shrunk towards its diagonal (regularised
discriminant analysis, Friedman 1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.face.arkit import NAMES, indices
from talkdemo.metrics.blink import blinks
from talkdemo.records import FPS, Motion

SHRINK = 0.5  # weight of the diagonal in the covariance
CHANNELS = len(NAMES) + 3
DYNAMICS = slice(CHANNELS, None)  # the features without the means: how the face moves, not its resting pose
FLOOR = np.r_[np.full(len(NAMES), 0.01), np.full(3, 0.005)]  # coefficients, radians: smaller movements are noise
LIDS = indices("eyeBlink")


def style_features(motion: Motion) -> np.ndarray:
    """(166,) features of one motion; motions of at least 15 s are comparable. ValueError with fewer than 2 frames."""
    tracks = np.concatenate([motion.coefficients, motion.head], axis=1).astype(np.float64)  # (T, 55)
    if len(tracks) < 2:
        raise ValueError(f"got a motion of {len(tracks)} frame; wanted at least 2")
    spread, speed = tracks.std(axis=0), np.abs(np.diff(tracks, axis=0)).mean(axis=0) * FPS
    rate = blinks(tracks[:, LIDS].mean(axis=1)).per_minute
    return np.concatenate(
        [tracks.mean(axis=0) / FLOOR, np.log(spread / FLOOR + 1), np.log(speed / FLOOR + 1), [rate / 10]]
    )


@dataclass(frozen=True)
class StyleClassifier:
    """Nearest-mean classifier of style features."""

    names: tuple[str, ...]
    means: np.ndarray  # (N, D)
    scale: np.ndarray  # (D,) standard deviation within styles
    precision: np.ndarray  # (D, D) inverse of the shrunk correlation within styles

    @classmethod
    def fit(cls, vectors: np.ndarray, names: Sequence[str], shrink: float = SHRINK) -> StyleClassifier:
        """From features (S, D) of motions and the names (S,) of their styles. ValueError with one motion of a style."""
        vectors, labels = np.asarray(vectors, np.float64), np.asarray(names)
        known = tuple(dict.fromkeys(names))
        least = min(int((labels == name).sum()) for name in known)
        if least < 2:
            raise ValueError(f"got {least} motion of a style; wanted at least 2 of each")
        means = np.stack([vectors[labels == name].mean(axis=0) for name in known])
        within = vectors - means[[known.index(name) for name in names]]
        scale = np.maximum(within.std(axis=0), 0.05)
        scaled = within / scale
        correlation = (1 - shrink) * scaled.T @ scaled / len(scaled)
        return cls(known, means, scale, np.linalg.inv(correlation + shrink * np.eye(len(scale))))

    def distances(self, vector: np.ndarray) -> np.ndarray:
        """Squared distances (N,) of one motion's features (D,) to every style."""
        away = (np.asarray(vector) - self.means) / self.scale
        return np.einsum("nd,de,ne->n", away, self.precision, away)

    def nearest(self, vector: np.ndarray) -> str:
        """The style of one motion's features (D,)."""
        return self.names[int(self.distances(vector).argmin())]
