"""Compares two motions of one speech: lips in millimetres, closures, blinks, time and speed-up.

All lengths are measured on the default character with the head held still, as in the score table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from talkdemo.compare.settings import Takes, stage_seconds
from talkdemo.face.arkit import indices
from talkdemo.face.head import FaceModel
from talkdemo.metrics.blink import blinks
from talkdemo.metrics.errors import METRES_TO_MM, distances, opening
from talkdemo.metrics.openness import correlation
from talkdemo.metrics.phones import CLOSED, relative_gap
from talkdemo.records import Motion

SLACK = 1  # frames two closures may lie apart and still be one event of the speech
SHUT = 0.5e-3  # metres: a mouth that never opens wider than this is closed throughout
CHUNK = 1000  # frames measured at a time, so that ten minutes need little memory


@dataclass(frozen=True)
class Lips:
    """The mouth of one motion with the head held still."""

    vertices: np.ndarray  # (T, L, 3) metres, all vertices of the lips
    gap: np.ndarray  # (T,) metres between the middles of the inner lips, never negative


@dataclass(frozen=True)
class Comparison:
    """The figures of two takes; tracks in millimetres at the motions' frame rate."""

    takes: Takes
    gaps: tuple[np.ndarray, np.ndarray]  # each (T,) inner-lip gap
    apart: np.ndarray  # (T,) farthest lip vertex of each frame
    distance: Mapping[str, float]  # `spread` of it
    other_seed: Mapping[str, float] | None
    opening_r: float  # correlation of the two gaps; nan when a mouth does not move
    closures: tuple[int, int]
    shared_closures: int
    blinks: tuple[float, float]  # per minute

    @property
    def agreement(self) -> float | None:
        """2 · shared / (closures of one + closures of the other), 0..1; None when neither closes."""
        total = sum(self.closures)
        return 2 * self.shared_closures / total if total else None

    def speed_up(self, *stages: str) -> float:
        """How many times quicker the second setting is in these stages."""
        first, second = (stage_seconds(motion, stages) for motion in self.takes.motions)
        return first / max(second, 1e-9)


def lips(face: FaceModel, motion: Motion) -> Lips:
    """Pose the lips alone."""
    upper, lower = (int(vertex) for vertex in face.inner_lip_middle)
    edge = face.masks["lips"]
    with torch.no_grad():
        posed = face.subset(torch.cat([edge, torch.tensor([upper, lower])]))(torch.from_numpy(motion.coefficients))
    vertices = posed.numpy()
    return Lips(vertices[:, : len(edge)], opening(vertices[:, len(edge) :], 0, 1))


def compare(face: FaceModel, takes: Takes) -> Comparison:
    """Measure two takes on one face. Raises ValueError when they differ in length or rate."""
    first, second = takes.motions
    if (len(first), first.fps) != (len(second), second.fps):
        raise ValueError(
            f"got motions of {len(first)} frames at {first.fps:g} and {len(second)} at {second.fps:g} per second; "
            "wanted two of one speech"
        )
    mouths = [lips(face, motion) for motion in takes.motions]
    apart = lip_distance(mouths[0], mouths[1])
    other = None
    if takes.other_seed is not None:
        other = spread(lip_distance(mouths[takes.quicker], lips(face, takes.other_seed)))
    runs = [closed_runs(mouth.gap) for mouth in mouths]
    lids = indices("eyeBlink")
    first_rate, second_rate = (blinks(m.coefficients[:, lids].mean(axis=1), m.fps).per_minute for m in takes.motions)
    return Comparison(
        takes,
        (mouths[0].gap * METRES_TO_MM, mouths[1].gap * METRES_TO_MM),
        apart,
        spread(apart),
        other,
        correlation(mouths[0].gap, mouths[1].gap),
        (len(runs[0]), len(runs[1])),
        shared(runs[0], runs[1]),
        (first_rate, second_rate),
    )


def lip_distance(a: Lips, b: Lips) -> np.ndarray:
    """(T,) millimetres: the lip vertex that lies farthest apart, per frame; its mean is the LVE between them."""
    parts = [slice(start, start + CHUNK) for start in range(0, len(a.vertices), CHUNK)]
    farthest = [distances(a.vertices[part], b.vertices[part]).max(axis=1) for part in parts]
    return np.concatenate(farthest) * METRES_TO_MM


def spread(track: np.ndarray) -> dict[str, float]:
    """Mean, 95th percentile and maximum of a track (T,), in its unit."""
    return {"mean": float(track.mean()), "p95": float(np.percentile(track, 95)), "max": float(track.max())}


def closed_runs(gap: np.ndarray) -> list[tuple[int, int]]:
    """Stretches [begin, end) of frames in which the inner-lip gap (T,) in metres is below CLOSED of its 95th
    percentile."""
    closed = relative_gap(gap, SHUT) < CLOSED
    edges = np.flatnonzero(np.diff(np.concatenate([[False], closed, [False]]).astype(int)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def shared(a: Sequence[tuple[int, int]], b: Sequence[tuple[int, int]], slack: int = SLACK) -> int:
    """How many closures of `a` have one of `b` (each used once) that overlaps them or begins within `slack` frames."""
    i = j = count = 0
    while i < len(a) and j < len(b):
        if a[i][0] - slack < b[j][1] and b[j][0] - slack < a[i][1]:
            count, i, j = count + 1, i + 1, j + 1
        elif a[i][1] <= b[j][1]:
            i += 1
        else:
            j += 1
    return count
