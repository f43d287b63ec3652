"""Renders and stores portraits of random people: many expressions of each in several poses, with exact landmarks.

The images of one view of a person share light, room, camera, pose and crop; only the expression, the gaze and a small
rotation of the head differ. `exact` landmarks are projected vertices of the head, `seen` ones are found by MediaPipe.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch

from talkdemo.data.portraits.expressions import Performance, perform
from talkdemo.data.portraits.people import Sitter, sitter
from talkdemo.face.head import FaceModel
from talkdemo.face.landmarks import LANDMARKS, landmarks_68
from talkdemo.face.track.landmarker import DetectedFace, open_landmarker
from talkdemo.face.track.photo import PUPILS, TO_68
from talkdemo.files import replacing
from talkdemo.gcgan.crop import SIDE, Crop
from talkdemo.gcgan.frame import Frame, lifted
from talkdemo.gcgan.gaze import ALL
from talkdemo.render.raster import Renderer

PEOPLE = 450
SPLITS = {"train": range(400), "test": range(400, 440), "val": range(440, PEOPLE)}
FINE = 2  # stored pixels for one of the canonical crop's: mouths and eyes are learned at their own scale
MARGIN = 16  # pixels around the canonical crop, so that training can shift and rotate it
STORED = FINE * (SIDE + 2 * MARGIN)
RENDERED = 384  # pixels of a rendered image
ZOOM = 0.92  # of the sitters' cameras: faces fill the image
SAMPLES = 4
VIEWS = 3  # of a person: from the front, half and far aside
EACH = 12  # images of a view of training people; of held-out people all expressions are rendered from the front
ASIDE, NOD = (np.radians((10.0, 30.0)), np.radians((28.0, 50.0))), np.radians(25.0)  # of training people
TESTED = np.radians((30.0, 45.0))  # yaws of the held-out people's other views
CAMERA = (0.4, 1.0)  # share of a turn that is the camera's way around the head; the rest is the neck's

See = Callable[..., list[DetectedFace]]  # of an image (H, W, 3)


@dataclass(frozen=True)
class Portraits:
    """E images of one view of a person, in one crop."""

    person: str
    split: str  # "train", "test" or "val"
    view: int  # 0: from the front
    pictures: np.ndarray  # (E, STORED, STORED, 3) uint8
    exact: np.ndarray  # (E, 68, 2) float32, pixels of these images
    seen: np.ndarray  # (E, 68, 3) float32, depths too; NaN where MediaPipe found no face
    pupils: np.ndarray  # (E, 2, 2) float32, as seen
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
        person, split, view = str(arrays.pop("person")), str(arrays.pop("split")), int(arrays.pop("view"))
        return cls(person, split, view, **arrays)


def split_of(number: int) -> str:
    """The split of a person."""
    split = next((split for split, numbers in SPLITS.items() if number in numbers), None)
    if split is None:
        raise ValueError(f"person {number} was asked for; there are 0 to {PEOPLE - 1}")
    return split


def stored_crop(points: np.ndarray) -> Crop:
    """The canonical crop around (68, 3) landmarks with MARGIN pixels more on every side."""
    matrix = Crop.around(points[:, :2], FINE * SIDE, Frame.of(points).upright).matrix.copy()
    matrix[:, 2] += FINE * MARGIN
    return Crop(matrix, STORED)


def into(crop: Crop, points: np.ndarray) -> np.ndarray:
    """(…, N, 3) pixels of the image, depths too → of the crop."""
    return np.concatenate([crop.into(points[..., :2]), points[..., 2:] * crop.scale], axis=-1).astype(np.float32)


def landmarks_seen(image: np.ndarray, see: See) -> np.ndarray:
    """(70, 3) float32 of the largest face that MediaPipe finds: landmarks and pupils, with depths; NaN where it finds
    none."""
    faces = see(image)
    if not faces:
        return np.full((ALL, 3), np.nan, np.float32)
    face, rows = max(faces, key=lambda face: face.size), [*TO_68, *PUPILS]
    assert face.depth is not None
    return np.concatenate([face.points[rows], face.depth[rows, None]], axis=1).astype(np.float32)


def pose(person: Sitter, view: int, split: str, generator: np.random.Generator) -> tuple[Sitter, np.ndarray]:
    """How a view is taken: the sitter with the camera where it stands, and what the neck turns, (3,) radians."""
    if view == 0:
        return person, np.zeros(3)
    side = generator.choice([-1, 1])
    if split == "train":
        yaw, pitch = side * generator.uniform(*ASIDE[view - 1]), generator.uniform(-NOD, NOD) / view
    else:
        yaw, pitch = side * TESTED[view - 1], 0.0
    share = generator.uniform(*CAMERA)
    camera = person.turn[0] / 2 + share * yaw, person.turn[1] / 2 + share * pitch
    return replace(person, turn=camera), (1 - share) * np.array([pitch, -yaw, 0.0])


def chosen(played: Performance, split: str, view: int, generator: np.random.Generator) -> Performance:
    """Of a performance what is rendered: the neutral face and some others, or everything."""
    if split != "train" and view == 0:
        return played
    rows = np.r_[0, 1 + np.sort(generator.choice(len(played.names) - 1, EACH - 1, replace=False))]
    names = tuple(played.names[row] for row in rows)
    return Performance(names, played.strengths[rows], played.coefficients[rows], played.head[rows])


def render(
    person: Sitter, split: str, view: int, model: FaceModel, see: See, generator: np.random.Generator
) -> Portraits:
    """Render all images of a view of a person."""
    performance = chosen(perform(generator), split, view, generator)
    person, turn = pose(replace(person, zoom=ZOOM * person.zoom), view, split, generator)
    performance = replace(performance, head=(performance.head + turn).astype(np.float32))
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
    found = next((points for points in seen if np.isfinite(points).all()), None)
    crop = stored_crop(lifted(exact[0]) if found is None else found[:LANDMARKS])
    marks = into(crop, np.stack(seen))
    cropped = np.stack([crop.take(image) for image in images])
    return Portraits(
        person.name, split, view, cropped, crop.into(exact), marks[:, :LANDMARKS], marks[:, LANDMARKS:, :2],
        performance.coefficients, performance.head, np.array(performance.names), performance.strengths,
    )  # fmt: skip


def render_people(numbers: Iterable[int], out: Path, seed: int = 0) -> Iterator[Portraits]:
    """Write out/<person>-<view>.npz for those that are missing; yields them."""
    missing = [(k, view) for k in numbers for view in range(VIEWS) if not (out / f"p{k:03d}-{view}.npz").exists()]
    if not missing:
        return
    model = FaceModel.load()
    with open_landmarker(video=False) as see:
        for k, view in missing:
            generator = np.random.default_rng([seed, 70, k, view])
            portraits = render(sitter(k, seed), split_of(k), view, model, see, generator)
            portraits.save(out / f"{portraits.person}-{view}.npz")
            yield portraits
