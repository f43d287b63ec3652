"""Numbers of random people in, their portraits out: the same face with many expressions and its exact 68 landmarks.

Pictures of one person share light, room, camera and crop; only the expression, the gaze and a small turn of the head
differ. `exact` landmarks are vertices of the head seen through the camera, `seen` ones are what MediaPipe finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch

from talkdemo.data.portraits.expressions import perform
from talkdemo.data.portraits.people import Sitter, sitter
from talkdemo.face.head import FaceModel
from talkdemo.face.landmarks import landmarks_68
from talkdemo.face.track.landmarker import Found, open_landmarker
from talkdemo.face.track.photo import to_68
from talkdemo.gcgan.crop import SIDE, Crop
from talkdemo.render.raster import Renderer

PEOPLE = 450
SPLITS = {"train": range(400), "test": range(400, 440), "val": range(440, PEOPLE)}
MARGIN = 16  # pixels around the canonical crop, so that training may shift and turn it
STORED = SIDE + 2 * MARGIN
DRAWN = 256  # pixels of a rendered picture
SAMPLES = 4

See = Callable[[np.ndarray], list[Found]]


@dataclass(frozen=True)
class Portraits:
    """E pictures of one person in one crop."""

    person: str
    split: str  # "train", "test" or "val"
    pictures: np.ndarray  # (E, 160, 160, 3) uint8
    exact: np.ndarray  # (E, 68, 2) float32, pixels of these pictures
    seen: np.ndarray  # (E, 68, 2) float32; NaN where MediaPipe saw no face
    coefficients: np.ndarray  # (E, 52) float32
    head: np.ndarray  # (E, 3) float32, radians
    names: np.ndarray  # (E,) str: of EXPRESSIONS, "" for a random blend; neutral first
    strengths: np.ndarray  # (E,) float32

    def save(self, path: Path) -> None:
        """Whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, **vars(self))
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path) as file:
            if missing := cls.__dataclass_fields__.keys() - set(file.files):
                names = ", ".join(sorted(missing))
                raise ValueError(f"{path} lacks {names}; wanted: what `portrait_data renders` wrote")
            arrays = {key: file[key] for key in cls.__dataclass_fields__}
        return cls(str(arrays.pop("person")), str(arrays.pop("split")), **arrays)


def split_of(number: int) -> str:
    """Which part of the data a person belongs to."""
    found = next((split for split, numbers in SPLITS.items() if number in numbers), None)
    if found is None:
        raise ValueError(f"person {number} was asked for; there are 0 to {PEOPLE - 1}")
    return found


def stored_crop(points: np.ndarray) -> Crop:
    """The canonical crop around (68, 2) landmarks with MARGIN pixels more on every side."""
    matrix = Crop.around(points).matrix.copy()
    matrix[:, 2] += MARGIN
    return Crop(matrix, STORED)


def landmarks_seen(picture: np.ndarray, see: See) -> np.ndarray:
    """(68, 2) float32 of the largest face that MediaPipe sees; NaN where it sees none."""
    faces = see(picture)
    if not faces:
        return np.full((68, 2), np.nan, np.float32)
    return to_68(max(faces, key=lambda face: face.size)).astype(np.float32)


def render(person: Sitter, split: str, model: FaceModel, see: See, generator: np.random.Generator) -> Portraits:
    """One person's pictures."""
    played = perform(generator)
    with torch.inference_mode():
        faces = torch.from_numpy(played.coefficients), torch.from_numpy(played.head)
        vertices = model(*faces, person.character)
        points = landmarks_68(vertices).numpy()
    face = person.dressed(model.drawable(person.character))
    renderer = Renderer(face, DRAWN, camera=person.camera(face, DRAWN), studio=person.studio, samples=SAMPLES)
    try:
        pictures, seen, crop = [], [], None
        exact = renderer.camera.project(points)
        for drawn in renderer.frames(vertices.numpy()):  # the next one is drawn while this one is looked at
            picture = _developed(drawn, person.curve)
            seen.append(landmarks_seen(picture, see))
            crop = crop or stored_crop(seen[0] if np.isfinite(seen[0]).all() else exact[0])
            pictures.append(crop.take(picture))
    finally:
        renderer.close()
    return Portraits(
        person.name, split, np.stack(pictures), crop.into(exact), crop.into(np.stack(seen)),
        played.coefficients, played.head, np.array(played.names), played.strengths,
    )  # fmt: skip


def render_people(numbers: Iterable[int], out: Path, seed: int = 0) -> Iterator[Portraits]:
    """Write out/<person>.npz for those that are not there; yields what was written."""
    missing = [k for k in numbers if not (out / f"p{k:03d}.npz").exists()]
    if not missing:
        return
    model = FaceModel.load()
    with open_landmarker(video=False) as see:
        for k in missing:
            made = render(sitter(k, seed), split_of(k), model, see, np.random.default_rng([seed, 70, k]))
            made.save(out / f"{made.person}.npz")
            yield made


def _developed(picture: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 through a (256, 3) curve."""
    return np.stack([curve[picture[..., i], i] for i in range(3)], axis=-1)
