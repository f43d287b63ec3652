"""Measures motions on the default character, head held still: vertices, lip gap, mouth width, teeth distance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import torch

from talkdemo.face import arkit
from talkdemo.metrics.errors import distance, opening
from talkdemo.metrics.score import Measurement, Regions
from talkdemo.records import Motion

LIGHT_F = {"mouthRollLower": 0.35, "jawOpen": 0.06}  # a light /f/, from which lip and teeth count as touching


class Head(Protocol):
    """What is used of face.head.FaceModel."""

    masks: dict[str, torch.Tensor]
    inner_lip_middle: Any
    __call__: Callable[..., Any]  # (T, 52) tensor, None → (T, V, 3) tensor


class Measurer:
    """Measures motions on a head.

    landmarks: (T, V, 3) tensor → (T, 68, 3); skin: the vertices that count as the face (None: those of the masks);
    lip_and_teeth: vertices of the lower lip's inner edge and of the upper incisors' edge (None: not measured).
    """

    def __init__(
        self,
        head: Head,
        landmarks: Callable[[torch.Tensor], torch.Tensor],
        skin: np.ndarray | None = None,
        lip_and_teeth: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        self.head, self.landmarks, self.lip_and_teeth = head, landmarks, lip_and_teeth
        masks = {name: np.asarray(index) for name, index in head.masks.items()}
        self.vertices = np.unique(np.concatenate([*masks.values(), *([] if skin is None else [skin])]))
        place = np.full(self.vertices.max() + 1, -1)
        place[self.vertices] = np.arange(len(self.vertices))
        self.upper, self.lower = (int(i) for i in head.inner_lip_middle)
        self.regions = Regions(
            self._posed({})[0][self.vertices],
            place[masks["lips"]],
            place[masks["eyes"]],
            place[masks["upper_face"]],
            {"jaw": arkit.INDEX["jawOpen"], "pucker": arkit.INDEX["mouthPucker"]},
            np.array(arkit.LIPS),
            np.array(arkit.indices("eyeBlink")),
        )
        touching = self._teeth_distance(self._posed(LIGHT_F))
        self.contact = 0.0 if touching is None else float(touching[0])

    @classmethod
    def load(cls) -> Measurer:
        """On the default character."""
        from talkdemo.face import asset
        from talkdemo.face.head import FaceModel
        from talkdemo.face.landmarks import landmarks_68

        head = FaceModel.load()
        displacements = head.displacements().norm(dim=-1).numpy()  # (52, V)
        skin, teeth = (np.unique(asset.arrays()[f"part/{name}"]).astype(int) for name in ("skin", "teeth"))
        skin = skin[displacements[:, skin].max(axis=0) > 1e-4]  # without what never moves
        return cls(head, landmarks_68, skin, _lip_and_teeth(head, teeth, displacements[arkit.INDEX["jawOpen"]]))

    def measure(self, motion: Motion, mask: np.ndarray | None = None) -> Measurement:
        """Measure `motion`; channels outside `mask` (52,) bool are set to 0 first, as in the truth."""
        coefficients = np.ascontiguousarray(motion.coefficients, np.float32)
        if mask is not None:
            coefficients = coefficients * np.asarray(mask, np.float32)
        vertices = self._vertices(coefficients)
        marks = np.asarray(self.landmarks(torch.from_numpy(vertices)))
        return Measurement(
            coefficients,
            np.asarray(motion.head),
            vertices[:, self.vertices],
            opening(vertices, self.upper, self.lower),
            distance(marks, 48, 54),
            self._teeth_distance(vertices),
            self.contact,
        )

    def _posed(self, values: Mapping[str, float]) -> np.ndarray:
        """(1, V, 3) of one pose."""
        coefficients = np.zeros((1, len(arkit.NAMES)), np.float32)
        for name, value in values.items():
            coefficients[:, arkit.INDEX[name]] = value
        return self._vertices(coefficients)

    def _vertices(self, coefficients: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return self.head(torch.from_numpy(coefficients), None).numpy()

    def _teeth_distance(self, vertices: np.ndarray) -> np.ndarray | None:
        """Smallest distance (T,) of the lower lip's inner edge to the upper incisors, metres."""
        if self.lip_and_teeth is None:
            return None
        lip, teeth = (vertices[:, index] for index in self.lip_and_teeth)
        return np.linalg.norm(lip[:, :, None] - teeth[:, None], axis=-1).min(axis=(1, 2))


def _lip_and_teeth(head: Any, teeth: np.ndarray, jaw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower lip's inner edge and upper incisors' lower edge, near the middle. jaw: (V,) how far jawOpen moves each."""
    rest = head.neutral().numpy()
    inner = np.asarray(head.masks["inner_lips"])
    lip = inner[(np.abs(rest[inner, 0]) < 0.006) & (jaw[inner] > 0.010)]
    upper = teeth[(jaw[teeth] < 1e-5) & (np.abs(rest[teeth, 0]) < 0.008)]
    upper = upper[rest[upper, 2] > rest[upper, 2].max() - 0.006]
    return lip, np.unique(upper[rest[upper, 1] < rest[upper, 1].min() + 0.0025])
