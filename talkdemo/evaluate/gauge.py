"""A motion in, everything the metrics look at on the default character's face out; the head is held still."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from talkdemo.face import arkit
from talkdemo.metrics.opening import distance, opening
from talkdemo.metrics.score import Measurement, Regions
from talkdemo.records import Motion

BITE = {"mouthRollLower": 0.35, "jawOpen": 0.06}  # a light /f/: lip and teeth count as touching from here on


class Gauge:
    """Measures motions on the default character with the head held still.

    face: (T, 52) tensor, None → (T, V, 3) tensor, with `masks` and `inner_lip_middle` (face.head.FaceModel);
    landmarks: (T, V, 3) tensor → (T, 68, 3); skin: the vertices that count as the face (None = those of the masks);
    bite: vertices of the lower lip's inner edge and of the upper incisors' edge (None = lip to teeth not measured).
    """

    def __init__(
        self,
        face: Callable[[torch.Tensor, None], torch.Tensor],
        landmarks: Callable[[torch.Tensor], torch.Tensor],
        skin: np.ndarray | None = None,
        bite: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        self.face, self.landmarks, self.bite = face, landmarks, bite
        masks = {name: np.asarray(index) for name, index in face.masks.items()}
        self.kept = np.unique(np.concatenate([*masks.values(), *([] if skin is None else [skin])]))
        place = np.full(self.kept.max() + 1, -1)
        place[self.kept] = np.arange(len(self.kept))
        self.upper, self.lower = (int(i) for i in face.inner_lip_middle)
        rest = np.zeros((1, len(arkit.NAMES)), np.float32)
        self.regions = Regions(
            self._vertices(rest)[0][self.kept],
            place[masks["lips"]],
            place[masks["eyes"]],
            place[masks["upper_face"]],
            {"jaw": arkit.INDEX["jawOpen"], "pucker": arkit.INDEX["mouthPucker"]},
            np.array(arkit.LIPS),
            np.array(arkit.indices("eyeBlink")),
        )
        light = rest.copy()
        for name, value in BITE.items():
            light[:, arkit.INDEX[name]] = value
        self.contact = float(self._bite(self._vertices(light))[0]) if bite else 0.0

    @classmethod
    def load(cls) -> Gauge:
        from talkdemo.face import asset
        from talkdemo.face.head import FaceModel
        from talkdemo.face.landmarks import landmarks_68

        face = FaceModel.load()
        moves = face.displacements().norm(dim=-1).numpy()  # (52, V)
        skin, teeth = (np.unique(asset.arrays()[f"part/{name}"]).astype(int) for name in ("skin", "teeth"))
        skin = skin[moves[:, skin].max(axis=0) > 1e-4]  # what can move at all
        return cls(face, landmarks_68, skin, _bite_vertices(face, teeth, moves[arkit.INDEX["jawOpen"]]))

    def take(self, motion: Motion, mask: np.ndarray | None = None) -> Measurement:
        """Measure `motion`; channels outside `mask` (52,) bool are set to 0 first, as in the truth beside them."""
        coefficients = np.asarray(motion.coefficients, np.float32)
        if mask is not None:
            coefficients = coefficients * np.asarray(mask, np.float32)
        vertices = self._vertices(coefficients)
        marks = np.asarray(self.landmarks(torch.from_numpy(vertices)))
        return Measurement(
            coefficients,
            np.asarray(motion.head),
            vertices[:, self.kept],
            opening(vertices, self.upper, self.lower),
            distance(marks, 48, 54),
            self._bite(vertices) if self.bite else None,
            self.contact,
        )

    def _vertices(self, coefficients: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return self.face(torch.from_numpy(coefficients), None).numpy()

    def _bite(self, vertices: np.ndarray) -> np.ndarray:
        """Smallest distance (T,) of the lower lip's inner edge to the upper incisors, metres."""
        lip, teeth = (vertices[:, some] for some in self.bite)
        return np.linalg.norm(lip[:, :, None] - teeth[:, None], axis=-1).min(axis=(1, 2))


def _bite_vertices(face, teeth: np.ndarray, jaw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower lip's inner edge and upper incisors' lower edge, near the middle. jaw: (V,) how far jawOpen moves each."""
    rest = face.neutral().numpy()
    inner = np.asarray(face.masks["inner_lips"])
    lip = inner[(np.abs(rest[inner, 0]) < 0.006) & (jaw[inner] > 0.010)]
    upper = teeth[(jaw[teeth] < 1e-5) & (np.abs(rest[teeth, 0]) < 0.008)]
    upper = upper[rest[upper, 2] > rest[upper, 2].max() - 0.006]
    return lip, np.unique(upper[rest[upper, 1] < rest[upper, 1].min() + 0.0025])
