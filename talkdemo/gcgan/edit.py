"""Gives a portrait the expression of landmarks, a preset, another face or a moving head.

The model sees 128² pixels. Where it moves skin, the photograph's own pixels are moved; what it paints is laid over them
with the fine grain of the photograph, so that the result is as sharp as its source wherever the source shows it.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from talkdemo.face import landmarks as head_landmarks
from talkdemo.face.arkit import NAMES
from talkdemo.face.head import FaceModel, FaceSubset
from talkdemo.face.landmarks import LANDMARKS
from talkdemo.gcgan import gaze, parallel
from talkdemo.gcgan.crop import Crop, check_landmarks, steady
from talkdemo.gcgan.frame import frontal
from talkdemo.gcgan.model import GCGAN, KIND
from talkdemo.gcgan.portrait import Portrait
from talkdemo.gcgan.sitting import BATCH, Sitting
from talkdemo.records import MAX_AMOUNT, check_stop

CAMERA_FAR = 8.0  # distance of the camera from the head, in outer eye distances: almost no perspective


@dataclass(frozen=True)
class ManifoldMap:
    """Expressions of the training faces on the two main axes of the manifold."""

    points: np.ndarray  # (N, 2) float32
    names: tuple[str, ...]  # of each point; "" for a blend
    presets: dict[str, tuple[float, float]]  # the place of each preset


class Expresser:
    """The trained model with its presets. Keeps nothing of a request; calls may come from any thread."""

    def __init__(self, model: GCGAN, provenance: Mapping[str, Any] | None = None) -> None:
        self.model, self.provenance = model.eval(), dict(provenance or {})
        self.presets: tuple[str, ...] = model.config.presets
        self.side = model.config.generator.side
        places = (model.preset_codes - model.map_middle) @ model.map_axes
        self.map = ManifoldMap(
            model.map_points.numpy(),
            tuple("" if k < 0 else self.presets[k] for k in model.config.shown),
            {name: (float(x), float(y)) for name, (x, y) in zip(self.presets, places, strict=True)},
        )
        self._head: FaceSubset | None = None

    @classmethod
    def load(cls, name: str = KIND) -> Self:
        """By the checkpoint's name or path. Raises ValueError for one that is absent or of another kind."""
        model, file = GCGAN.open(name)
        return cls(model, file.provenance)

    def preset(self, portrait: Portrait, name: str) -> np.ndarray:
        """(68, 2) pixels: the portrait's landmarks with a preset. Raises ValueError for an unknown one."""
        if name not in self.presets:
            raise ValueError(f"expression {name!r} given; one of {', '.join(self.presets)} is wanted")
        return self._retargeted(portrait, self.model.preset_codes[self.presets.index(name)][None])[0]

    def transfer(self, portrait: Portrait, landmarks: np.ndarray, pupils: np.ndarray | None = None) -> np.ndarray:
        """(68, 2), or (68, 3) with depths, of another face, in its own pixels, whichever way it looks → (68, 2) of the
        portrait making the same expression; with the other's `pupils` (2, 2), if its own are known, (70, 2)."""
        moved = self._retargeted(portrait, self.codes(landmarks[None]))[0]
        if pupils is None or portrait.pupils is None:
            return moved
        return gaze.at(moved, gaze.of(np.concatenate([landmarks[:, :2], pupils])))

    def follow(self, portrait: Portrait, coefficients: np.ndarray) -> np.ndarray:
        """(T, 52) ARKit coefficients → (T, 68, 2): the portrait's landmarks making the expressions of a moving head, or
        (T, 70, 2) with its pupils, if they are known. The head's rotation is ignored: the portrait keeps its own."""
        moved = self._retargeted(portrait, self.codes(self.head_landmarks(coefficients)))
        if portrait.pupils is None:
            return moved
        return gaze.at(moved, gaze.of(portrait.seen) + (coefficients @ gaze.MOVES)[:, None])

    def codes(self, landmarks: np.ndarray) -> Tensor:
        """(N, 68, 2 or 3) landmarks of any faces in their own pixels → z_g (N, 32)."""
        return self._codes(np.stack([frontal(points) for points in landmarks]))

    def place(self, portrait: Portrait, landmarks: np.ndarray) -> np.ndarray:
        """(N, 68 or 70, 2) of the portrait → (N, 2) on `map`."""
        codes = self._codes(portrait.frame.flattened(landmarks[:, :LANDMARKS], portrait.front))
        return ((codes - self.model.map_middle) @ self.model.map_axes).numpy()

    def path(
        self, portrait: Portrait, target: np.ndarray, amounts: Sequence[float], along: str = "manifold"
    ) -> np.ndarray:
        """(N, 68, 2): from the portrait's landmarks (amount 0) to `target` (1) and beyond, interpolated linearly in
        landmarks or between the two codes of the manifold. (N, 70, 2) where the pupils of both are known."""
        _check_amounts(amounts)
        source, target = _alike(portrait, target)
        t = np.asarray(amounts, np.float32)[:, None, None]
        straight = source + t * (target - source)
        if along == "landmarks":
            return straight
        if along != "manifold":
            raise ValueError(f"a path along {along!r} given; 'manifold' or 'landmarks' is wanted")
        flat = np.stack([source, target])[:, :LANDMARKS]
        begin, end = self._codes(portrait.frame.flattened(flat, portrait.front)).split(1)
        codes = torch.lerp(begin, end, torch.from_numpy(t[:, :, 0]))
        curved, rows = self._retargeted(portrait, torch.cat([codes, end])), slice(LANDMARKS)
        # the decoder's error at the end is distributed over the path
        return np.concatenate([curved[:-1] + t * (target[rows] - curved[-1]), straight[:, LANDMARKS:]], axis=1)

    def express(self, portrait: Portrait, target: np.ndarray, amount: float = 1.0) -> np.ndarray:
        """(H, W, 3) uint8: the portrait with its landmarks moved by `amount` (1: all the way) to `target` (68, 2), or
        (70, 2) with pupils."""
        _check_amounts([amount])
        source, target = _alike(portrait, target)
        return next(self.express_all(portrait, [source + np.float32(amount) * (target - source)]))

    def express_all(
        self, portrait: Portrait, targets: Iterable[np.ndarray], stop: threading.Event | None = None
    ) -> Iterator[np.ndarray]:
        """One image for each (68 or 70, 2) target, in order; some are made at a time, in threads. Raises Stopped when
        `stop` is set, ValueError for a target at which the face would swell or fold."""
        sitting = parallel.once(lambda: Sitting(self.model, portrait))

        def batches() -> Iterator[list[np.ndarray]]:
            left = iter(targets)
            while batch := list(islice(left, BATCH)):
                check_stop(stop)
                yield batch

        threads = min(parallel.MOST, torch.get_num_threads())
        for images in parallel.in_order(sitting.paint, batches(), threads):
            check_stop(stop)
            yield from images

    def _codes(self, fronts: np.ndarray) -> Tensor:
        """(N, 68, 2) from the front → z_g (N, 32)."""
        with torch.no_grad():
            return self.model.geometry.encode(torch.from_numpy(steady(fronts)))

    def _retargeted(self, portrait: Portrait, codes: Tensor) -> np.ndarray:
        """z_g (N, 32) → (N, 68, 2) pixels: moved in the face's own frame, and seen as the face is."""
        front = portrait.front
        crop = Crop.around(front[:, :2], 1)
        own = np.concatenate([crop.into(front[:, :2]), front[:, 2:] * np.float32(crop.scale)], axis=1)
        moved = self.model.retarget(torch.from_numpy(own)[None], codes).numpy()
        moved = np.concatenate([crop.back(moved[..., :2]), moved[..., 2:] / np.float32(crop.scale)], axis=-1)
        return portrait.frame.back(moved)[..., :2].astype(np.float32)

    def head_landmarks(self, coefficients: np.ndarray) -> np.ndarray:
        """(T, 52) → (T, 68, 2) of the default head, seen from the front; y down."""
        coefficients = np.asarray(coefficients, np.float32)
        if coefficients.ndim != 2 or coefficients.shape[1] != len(NAMES) or not np.isfinite(coefficients).all():
            wanted = f"frames of {len(NAMES)} numbers are wanted"
            raise ValueError(f"coefficients of shape {coefficients.shape} given; {wanted}")
        if self._head is None:
            self._head = FaceModel.load().subset(head_landmarks.vertex_numbers())
        with torch.no_grad():
            points = self._head(torch.from_numpy(coefficients).clamp(0, 1)).numpy()
        across = np.linalg.norm(points[0, 36] - points[0, 45])
        far = CAMERA_FAR * across
        depth = far / (far + points[0, 27, 2] - points[..., 2:])
        return points[..., :2] * depth * np.array([1.0, -1.0], np.float32)


def _alike(portrait: Portrait, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The portrait's landmarks and the target's, (68, 2) each, or (70, 2) where both know pupils."""
    target = check_landmarks(target, pupils=True).astype(np.float32)
    known = min(len(portrait.seen), len(target))
    return portrait.seen[:known].astype(np.float32), target[:known]


def _check_amounts(amounts: Sequence[float]) -> None:
    for amount in amounts:
        if not 0 <= amount <= MAX_AMOUNT:
            raise ValueError(f"amount {amount} given; a number from 0 to {MAX_AMOUNT} is wanted")
