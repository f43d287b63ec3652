"""Tells apart the faces of a video: which detections belong to one person, and who stays and is largest.

A detection belongs to the track whose last box it overlaps most nearly in place and size. Pieces of one person, who was
lost and found again, are joined when they follow one another and match in place and size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from talkdemo.face.track.landmarker import Box, DetectedFace

NEAR = 0.9  # face sizes that a face moves between two detections at most
GROW = 1.7  # factor by which it grows or shrinks at most
ALIVE = 1.2  # seconds for which a lost face is waited for
NEAR_AGAIN, GROW_AGAIN = 2.5, 1.6  # the same for a person who comes back later
STEADY = 0.5  # of the longest presence: whoever is seen for less is a passer-by
ALIKE = 0.7  # of the largest size: with two steady faces of like size, nobody can tell who is meant


@dataclass
class Track:
    """One face over time."""

    times: list[float] = field(default_factory=list)  # seconds
    coefficients: list[np.ndarray] = field(default_factory=list)  # (52,)
    rotations: list[np.ndarray] = field(default_factory=list)  # (3, 3)
    boxes: list[Box] = field(default_factory=list)

    def add(self, seconds: float, face: DetectedFace) -> None:
        self.times.append(seconds)
        self.coefficients.append(face.coefficients)
        self.rotations.append(face.rotation)
        self.boxes.append(face.box)

    @property
    def size(self) -> float:
        """Median over time, pixels."""
        return float(np.median([box.size for box in self.boxes]))


class Crowd:
    """All faces of a video: `add` them frame by frame, then ask for the `person`."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.frames = 0

    def add(self, seconds: float, faces: Sequence[DetectedFace]) -> None:
        """Assign each face of the next frame to the track it matches best, or to a new one."""
        self.frames += 1
        live = [track for track in self.tracks if seconds - track.times[-1] <= ALIVE]
        faces = sorted(faces, key=lambda face: -face.size)
        pairs = []
        for f, face in enumerate(faces):
            for t, track in enumerate(live):
                distance, growth = mismatch(face.box, track.boxes[-1])
                if distance < NEAR and growth < GROW:
                    pairs.append((distance + np.log(growth), f, t))
        assigned: dict[int, int] = {}
        for _, f, t in sorted(pairs):
            if f not in assigned and t not in assigned.values():
                assigned[f] = t
                live[t].add(seconds, faces[f])
        for f, face in enumerate(faces):
            if f not in assigned:
                self.tracks.append(Track())
                self.tracks[-1].add(seconds, face)

    def person(self, name: str) -> Track:
        """The largest of the faces that stay. Raises ValueError: no face at all, or two of like size."""
        if not self.tracks:
            raise ValueError(
                f"{name} shows no face in any of the {self.frames} frames looked at; wanted: one, from the front"
            )
        people = sorted(_people(self.tracks), key=lambda track: -len(track.times))
        steady = [track for track in people if len(track.times) >= STEADY * len(people[0].times)]
        steady.sort(key=lambda track: -track.size)
        alike = [track.size for track in steady if track.size >= ALIKE * steady[0].size]
        if len(alike) > 1:
            sizes = " and ".join(f"{size:.0f}" for size in alike)
            raise ValueError(
                f"{name} shows {len(alike)} faces of like size ({sizes} pixels) for most of the time; "
                "wanted: one person, or one who is clearly the largest"
            )
        return steady[0]


def mismatch(a: Box, b: Box) -> tuple[float, float]:
    """The distance of two boxes, in sizes of the larger, and the ratio of their sizes (≥ 1)."""
    large, small = max(a.size, b.size, 1e-6), max(min(a.size, b.size), 1e-6)
    return float(np.hypot(a.x - b.x, a.y - b.y)) / large, large / small


def _people(tracks: Sequence[Track]) -> list[Track]:
    """Tracks joined to people, the weightiest pieces first; no two pieces of a person overlap in time."""
    people: list[list[Track]] = []
    for track in sorted(tracks, key=lambda track: -len(track.times) * track.size):
        matches: list[tuple[float, int, list[Track]]] = []
        for person in people:
            before = [piece for piece in person if piece.times[-1] < track.times[0]]
            after = [piece for piece in person if piece.times[0] > track.times[-1]]
            if len(before) + len(after) < len(person):
                continue
            ends = [(max(before, key=lambda p: p.times[-1]).boxes[-1], track.boxes[0])] if before else []
            ends += [(min(after, key=lambda p: p.times[0]).boxes[0], track.boxes[-1])] if after else []
            mismatches = [mismatch(a, b) for a, b in ends]
            if all(distance < NEAR_AGAIN and growth < GROW_AGAIN for distance, growth in mismatches):
                worst = max(distance + float(np.log(growth)) for distance, growth in mismatches)
                matches.append((worst, len(matches), person))
        if matches:
            min(matches)[2].append(track)
        else:
            people.append([track])
    return [_joined(person) for person in people]


def _joined(pieces: list[Track]) -> Track:
    track = Track()
    for piece in sorted(pieces, key=lambda piece: piece.times[0]):
        track.times += piece.times
        track.coefficients += piece.coefficients
        track.rotations += piece.rotations
        track.boxes += piece.boxes
    return track
