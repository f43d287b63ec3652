"""The faces found in each picture in, the one person's track out: the largest that stays.

A detection belongs to the face of the picture before that it overlaps most nearly in place and size. Pieces of one
person (who was lost and came back) are put together when they follow one another and fit in place and size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from talkdemo.face.track.landmarker import Found

NEAR = 0.9  # face sizes that a face moves from one look to the next at most
GROW = 1.7  # times that it grows or shrinks at most
ALIVE = 1.2  # seconds that a face is waited for
NEAR_AGAIN, GROW_AGAIN = 2.5, 1.6  # the same for a person that comes back later
STEADY = 0.5  # of the longest stay: who stays less passes by
ALIKE = 0.7  # of the largest size: two faces so alike, both steady, and nobody can tell who is meant


@dataclass
class Track:
    """One face over time: what was seen of it, in order."""

    times: list[float] = field(default_factory=list)  # seconds
    rows: list[np.ndarray] = field(default_factory=list)  # (52 + 9 + 3,): coefficients, rotation, centre, size

    def add(self, seconds: float, face: Found) -> None:
        self.times.append(seconds)
        row = [face.coefficients, face.rotation.ravel(), face.centre, [face.size]]
        self.rows.append(np.concatenate(row).astype(np.float32))

    @property
    def coefficients(self) -> np.ndarray:
        """(N, 52)"""
        return np.stack(self.rows)[:, :52]

    @property
    def rotations(self) -> np.ndarray:
        """(N, 3, 3)"""
        return np.stack(self.rows)[:, 52:61].reshape(-1, 3, 3).astype(np.float64)

    @property
    def sizes(self) -> np.ndarray:
        """(N,) pixels"""
        return np.stack(self.rows)[:, 63]


class Crowd:
    """Everybody who was seen so far: `add` picture by picture, then `person`."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.pictures = 0

    def add(self, seconds: float, faces: Sequence[Found]) -> None:
        """The faces of the next picture, each given to the track that it fits best or to a new one."""
        self.pictures += 1
        live = [track for track in self.tracks if seconds - track.times[-1] <= ALIVE]
        faces = sorted(faces, key=lambda face: -face.size)
        pairs = []
        for f, face in enumerate(faces):
            for t, track in enumerate(live):
                x, y, size = track.rows[-1][61:]
                apart, grown = misfit(face.centre, face.size, (x, y), size)
                if apart < NEAR and grown < GROW:
                    pairs.append((apart + np.log(grown), f, t))
        taken: dict[int, int] = {}
        for _, f, t in sorted(pairs):
            if f not in taken and t not in taken.values():
                taken[f] = t
                live[t].add(seconds, face=faces[f])
        for f, face in enumerate(faces):
            if f not in taken:
                self.tracks.append(Track())
                self.tracks[-1].add(seconds, face)

    def person(self, name: str) -> Track:
        """The largest face among those that stay. Raises ValueError: nobody at all, or two of like size."""
        if not self.tracks:
            raise ValueError(
                f"{name} shows no face in any of the {self.pictures} pictures looked at; wanted: one, from the front"
            )
        people = sorted(_people(self.tracks), key=lambda track: -len(track.times))
        steady = [track for track in people if len(track.times) >= STEADY * len(people[0].times)]
        steady.sort(key=lambda track: -float(np.median(track.sizes)))
        sizes = [float(np.median(track.sizes)) for track in steady]
        alike = [size for size in sizes if size >= ALIKE * sizes[0]]
        if len(alike) > 1:
            shown = " and ".join(f"{size:.0f}" for size in alike)
            raise ValueError(
                f"{name} shows {len(alike)} faces of like size ({shown} pixels) for most of the time; "
                "wanted: one person, or one who is clearly the largest"
            )
        return steady[0]


def misfit(centre: Sequence[float], size: float, other: Sequence[float], other_size: float) -> tuple[float, float]:
    """How far apart two boxes are, in sizes of the larger, and the ratio of their sizes (≥ 1)."""
    large, small = max(size, other_size, 1e-6), max(min(size, other_size), 1e-6)
    return float(np.hypot(centre[0] - other[0], centre[1] - other[1])) / large, large / small


def _people(tracks: Sequence[Track]) -> list[Track]:
    """Tracks put together to people, the weightiest pieces first; no two pieces of a person overlap in time."""
    people: list[list[Track]] = []
    for track in sorted(tracks, key=lambda track: -len(track.times) * float(np.median(track.sizes))):
        fits = []
        for person in people:
            before = [piece for piece in person if piece.times[-1] < track.times[0]]
            after = [piece for piece in person if piece.times[0] > track.times[-1]]
            if len(before) + len(after) < len(person):
                continue
            ends = [(max(before, key=lambda p: p.times[-1]).rows[-1], track.rows[0])] if before else []
            ends += [(min(after, key=lambda p: p.times[0]).rows[0], track.rows[-1])] if after else []
            misfits = [misfit(a[61:63], a[63], b[61:63], b[63]) for a, b in ends]
            if all(apart < NEAR_AGAIN and grown < GROW_AGAIN for apart, grown in misfits):
                fits.append((max(apart + float(np.log(grown)) for apart, grown in misfits), len(fits), person))
        if fits:
            min(fits)[2].append(track)
        else:
            people.append([track])
    return [_joined(person) for person in people]


def _joined(pieces: list[Track]) -> Track:
    pieces = sorted(pieces, key=lambda piece: piece.times[0])
    return Track([t for piece in pieces for t in piece.times], [row for piece in pieces for row in piece.rows])
