"""Finds the ARKit coefficients with which the 3D head makes the expression of landmarks.

The landmarks are retargeted to the head, as to any portrait; the coefficients are those that bring its own landmarks
nearest to them, by least squares within 0 … 1. The head's landmarks are all but linear in them.
"""

from functools import cached_property

import numpy as np
from scipy.optimize import lsq_linear

from talkdemo.face.arkit import NAMES, indices
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait

UNSEEN = ("tongueOut", "jawForward", "cheekPuff", *(f"eyeLook{way}" for way in ("In", "Out", "Up", "Down")))
SMALL = 0.02  # outer eye distances that a coefficient of 1 costs: what landmarks do not show stays at rest
ROUNDS = 3  # of fitting what the linear model leaves


class HeadTwin:
    """The default head of an Expresser. Keeps nothing of a request."""

    def __init__(self, expresser: Expresser) -> None:
        self.expresser = expresser

    def coefficients(self, portrait: Portrait, landmarks: np.ndarray) -> np.ndarray:
        """(68, 2) of the portrait in its pixels → (52,) float32 with which the head makes the same expression."""
        front = portrait.front
        flat = portrait.frame.flattened(landmarks, front)
        seen = np.concatenate([flat, front[:, 2:]], axis=1)
        return self.nearest(self.expresser.transfer(self.rest, seen))

    def nearest(self, points: np.ndarray) -> np.ndarray:
        """(68, 2) landmarks of the head itself, in pixels of `rest` → (52,) float32."""
        rest, basis, rows = self.rest.landmarks, self.basis, self.seen
        cost = SMALL * np.eye(len(rows)) * self.eyes
        found, goal = np.zeros(len(NAMES)), (points - rest).ravel().astype(np.float64)
        shown = np.zeros_like(goal)
        for _ in range(ROUNDS):
            left = goal - shown + basis @ found[rows]  # what the linear part is to explain
            matrix, wanted = np.concatenate([basis, cost]), np.concatenate([left, np.zeros(len(rows))])
            found[rows] = lsq_linear(matrix, wanted, bounds=(0, 1)).x
            shown = (self._points(found[None])[0] - rest).ravel()
        return found.astype(np.float32)

    @cached_property
    def rest(self) -> Portrait:
        """The head at rest as a portrait without an image, its landmarks in units of `points`."""
        points = self._points(np.zeros((1, len(NAMES))))[0]
        return Portrait(np.zeros((1, 1, 3), np.uint8), points.astype(np.float32), "the head")

    @cached_property
    def eyes(self) -> float:
        """The distance of the outer corners of its eyes."""
        return float(np.linalg.norm(self.rest.landmarks[36] - self.rest.landmarks[45]))

    @cached_property
    def seen(self) -> list[int]:
        """The coefficients that move landmarks."""
        return sorted(set(range(len(NAMES))) - set(indices(*UNSEEN)))

    @cached_property
    def basis(self) -> np.ndarray:
        """(136, N): what each of them at 1 adds to the landmarks."""
        return (self._points(np.eye(len(NAMES))[self.seen]) - self.rest.landmarks).reshape(len(self.seen), -1).T

    def _points(self, coefficients: np.ndarray) -> np.ndarray:
        return self.expresser.head_landmarks(coefficients)
