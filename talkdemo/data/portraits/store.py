"""Renders and stores portraits of random people: many expressions of each, with exact landmarks.

The images of one person share light, room, camera and crop; only the expression, the gaze and a small rotation of the
head differ. `exact` landmarks are projected vertices of the head, `seen` ones are found by MediaPipe.
"""

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
from talkdemo.face.track.landmarker import DetectedFace, open_landmarker
from talkdemo.face.track.photo import to_68
from talkdemo.files import replacing
from talkdemo.gcgan.crop import SIDE, Crop
from talkdemo.render.raster import Renderer

PEOPLE = 450
SPLITS = {"train": range(400), "test": range(400, 440), "val": range(440, PEOPLE)}
MARGIN = 16  # pixels around the canonical crop, so that training can shift and rotate it
STORED = SIDE + 2 * MARGIN
RENDERED = 256  # pixels of a rendered image
SAMPLES = 4

See = Callable[..., list[DetectedFace]]  # of an image (H, W, 3)


@dataclass(frozen=True)
class Portraits:
    """E images of one person in one crop."""

    person: str
    split: str  # "train", "test" or "val"
    pictures: np.ndarray  # (E, 160, 160, 3) uint8
    exact: np.ndarray  # (E, 68, 2) float32, pixels of these images
    seen: np.ndarray  # (E, 68, 2) float32; NaN where MediaPipe found no face
    coefficients: np.ndarray  # (E, 52) float32
    head: np.ndarray  # (E, 3) float32, radians
    names: np.ndarray  # (E,) str: of EXPRESSIONS, "" for a random blend; neutral first
    strengths: np.ndarray  # (E,) float32

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            np.savez(temporary, allow_pickle=False, **vars(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path) as file:
            if missing := cls.__dataclass_fields__.keys() - set(file.files):
                names = ", ".join(sorted(missing))
                raise ValueError(f"{path} lacks {names}; wanted: what `portrait_data renders` wrote")
            arrays = {key: file[key] for key in cls.__dataclass_fields__}
        return cls(str(arrays.pop("person")), str(arrays.pop("split")), **arrays)


def split_of(number: int) -> str:
    """The split of a person."""
    split = next((split for split, numbers in SPLITS.items() if number in numbers), None)
    if split is None:
        raise ValueError(f"person {number} was asked for; there are 0 to {PEOPLE - 1}")
    return split


def stored_crop(points: np.ndarray) -> Crop:
    """The canonical crop around (68, 2) landmarks with MARGIN pixels more on every side."""
    matrix = Crop.around(points).matrix.copy()
    matrix[:, 2] += MARGIN
    return Crop(matrix, STORED)


def landmarks_seen(image: np.ndarray, see: See) -> np.ndarray:
    """(68, 2) float32 of the largest face that MediaPipe finds; NaN where it finds none."""
    faces = see(image)
    if not faces:
        return np.full((68, 2), np.nan, np.float32)
    return to_68(max(faces, key=lambda face: face.size)).astype(np.float32)


def render(person: Sitter, split: str, model: FaceModel, see: See, generator: np.random.Generator) -> Portraits:
    """Render all images of a person."""
    performance = perform(generator)
    with torch.inference_mode():
        faces = torch.from_numpy(performance.coefficients), torch.from_numpy(performance.head)
        vertices = model(*faces, person.character)
        points = landmarks_68(vertices).numpy()
    face = person.with_skin(model.drawable(person.character))
    renderer = Renderer(face, RENDERED, camera=person.camera(face, RENDERED), studio=person.studio, samples=SAMPLES)
    try:
        exact = renderer.camera.project(points)
        images, seen = [], []
        for frame in renderer.frames(vertices.numpy()):  # the next one is rendered meanwhile
            images.append(person.curve[frame, np.arange(3)])
            seen.append(landmarks_seen(images[-1], see))
    finally:
        renderer.close()
    crop = stored_crop(seen[0] if np.isfinite(seen[0]).all() else exact[0])
    cropped = np.stack([crop.take(image) for image in images])
    return Portraits(
        person.name, split, cropped, crop.into(exact), crop.into(np.stack(seen)),
        performance.coefficients, performance.head, np.array(performance.names), performance.strengths,
    )  # fmt: skip


def render_people(numbers: Iterable[int], out: Path, seed: int = 0) -> Iterator[Portraits]:
    """Write out/<person>.npz for those that are missing; yields them."""
    missing = [k for k in numbers if not (out / f"p{k:03d}.npz").exists()]
    if not missing:
        return
    model = FaceModel.load()
    with open_landmarker(video=False) as see:
        for k in missing:
            portraits = render(sitter(k, seed), split_of(k), model, see, np.random.default_rng([seed, 70, k]))
            portraits.save(out / f"{portraits.person}.npz")
            yield portraits
