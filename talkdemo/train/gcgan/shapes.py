"""The 68 landmarks of random people (data/portraits/people.py) as linear functions of ARKit coefficients.

A head is linear in its coefficients, so 68 points at rest and what each coefficient adds suffice to draw any number of
faces' landmarks: the geometry's training data cost nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from scipy.spatial.transform import Rotation

from talkdemo import files
from talkdemo.data.portraits.expressions import EXPRESSIONS, coefficients
from talkdemo.data.portraits.people import sitter
from talkdemo.data.portraits.store import PEOPLE, SPLITS
from talkdemo.face.arkit import INDEX, LIPS, NAMES
from talkdemo.face.head import FaceModel
from talkdemo.face.landmarks import vertex_numbers
from talkdemo.gcgan.crop import steady

TURN = np.radians((4.0, 3.0, 1.0))  # standard deviations of what is left of a head's turn: down, left, tilt
DISTANCE = (4.0, 10.0)  # of the camera, in outer eye distances
NAMED, MIXED = 0.55, 0.35  # shares of the draws that are one named expression, and two of them


@dataclass(frozen=True)
class Shapes:
    """Landmarks of P people, metres, y up."""

    rest: np.ndarray  # (P, 68, 3) float32
    moves: np.ndarray  # (P, 52, 68, 3)

    @classmethod
    def open(cls, file: Path) -> Self:
        """From `file`, which is computed where it is not there (a few minutes)."""
        if not file.exists():
            model = FaceModel.load()
            rest, moves = (np.stack(x) for x in zip(*(cls._of(model, k) for k in range(PEOPLE)), strict=True))
            file.parent.mkdir(parents=True, exist_ok=True)
            with files.replacing(file) as part:
                np.savez(part, rest=rest, moves=moves)
        with np.load(file) as stored:
            return cls(stored["rest"], stored["moves"])

    @staticmethod
    def _of(model: FaceModel, number: int) -> tuple[np.ndarray, np.ndarray]:
        shape, rows = model.shape(sitter(number).character), vertex_numbers()
        rest, moves = shape.neutral[rows].numpy(), np.zeros((len(NAMES), 68, 3), np.float32)
        moving = rows < shape.actions.shape[1]
        moves[:, moving.numpy()] = shape.actions[:, rows[moving]].numpy()
        return rest, moves

    def split(self, name: str) -> Self:
        """The people of one part of the data."""
        rows = list(SPLITS[name])
        return type(self)(self.rest[rows], self.moves[rows])

    def seen(self, people: np.ndarray, faces: np.ndarray, turns: np.ndarray, far: np.ndarray) -> np.ndarray:
        """people (B,), coefficients (B, 52), turns (B, 3), distances (B,) → (B, 68, 3) as `steady` has it, and depths
        in the same unit, 0 between the eyes."""
        points = self.rest[people] + np.einsum("bc,bcnd->bnd", faces, self.moves[people], optimize=True)
        middle = (self.rest[people, 36] + self.rest[people, 45]) / 2
        across = np.linalg.norm(self.rest[people, 36] - self.rest[people, 45], axis=-1)
        points = np.einsum("bij,bnj->bni", Rotation.from_rotvec(turns).as_matrix(), points - middle[:, None])
        near = (far * across)[:, None]
        flat = points[..., :2] * (near / (near - points[..., 2]))[..., None]
        there = steady(flat * np.array([1.0, -1.0]))
        size = np.linalg.norm(there[:, 36] - there[:, 45], axis=-1) / np.linalg.norm(flat[:, 36] - flat[:, 45], axis=-1)
        return np.concatenate([there, -points[..., 2:] * size[:, None, None]], axis=-1).astype(np.float32)


class Draw:
    """Random expressions."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.named = np.stack([coefficients(name) for name in EXPRESSIONS])

    def expressions(self, count: int) -> np.ndarray:
        """(count, 52) in 0 … 1: one named at some strength, two mixed by halves of the face, or single channels."""
        rng, channels = self.rng, self.named.shape[1]
        first, second = self.named[rng.integers(0, len(self.named), (2, count))]
        strength = rng.uniform(0.15, 1.2, (2, count, 1))
        faces = strength[0] * first
        kind = rng.random(count)
        mixed = (kind > NAMED) & (kind < NAMED + MIXED)
        lips = np.ix_(mixed, np.array(LIPS))
        faces[lips] = (strength[1] * second)[lips]
        single = kind >= NAMED + MIXED
        loose = rng.random((count, channels)) * (rng.random((count, channels)) < 0.08)
        faces[single] = loose[single]
        faces = faces * rng.normal(1, 0.1, faces.shape) + np.abs(rng.normal(0, 0.05, faces.shape)) * (
            rng.random(faces.shape) < 0.1
        )
        faces[:, INDEX["mouthClose"]] = np.minimum(faces[:, INDEX["mouthClose"]], faces[:, INDEX["jawOpen"]])
        return faces.clip(0, 1).astype(np.float32)
