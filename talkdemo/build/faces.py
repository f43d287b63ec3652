"""Draws the gallery of portraits (examples/faces): the ten characters at rest, and people whose photographs are harder.

    python -m talkdemo.build.faces

With each, the landmarks and pupils that MediaPipe finds; of heads that are turned, with their depths. The model is
trained on none of them.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image

from talkdemo.build.images import close_up, reduced, remove_others, save
from talkdemo.build.worn import with_beard, with_glasses
from talkdemo.face.arkit import NAMES, indices
from talkdemo.face.characters import CHARACTERS, Character, Weights, person
from talkdemo.face.head import FaceModel
from talkdemo.files import replacing
from talkdemo.gcgan.gallery import FOLDER, MARKS
from talkdemo.gcgan.portrait import find_face
from talkdemo.records import Face
from talkdemo.render.camera import portrait
from talkdemo.render.light import Light, Studio
from talkdemo.render.raster import Renderer

SIDE = 512  # pixels
ZOOM = 0.9  # field of view against that of the app's videos
SOFT = Studio(
    key=Light((-0.30, 0.50, 0.85), (0.78, 0.755, 0.72)),
    fill=Light((0.60, 0.15, 0.80), (0.36, 0.36, 0.37)),
    rim=Light((0.85, 0.45, -0.75), (0.65, 0.67, 0.70)),
    rim_left=Light((-0.90, 0.35, -0.80), (0.45, 0.44, 0.43)),
    sky=(0.38, 0.39, 0.41),
    ground=(0.27, 0.25, 0.24),
)
# Centre and corners of the background, sRGB.
BACKGROUNDS: tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...] = (
    ((203, 211, 214), (148, 160, 166)), ((214, 209, 200), (163, 155, 143)), ((222, 214, 201), (176, 163, 143)),
    ((196, 205, 196), (139, 152, 141)), ((211, 205, 214), (155, 147, 161)),
)  # fmt: skip
NECK = 0.6  # share of a turn that is the neck's; the rest is the camera's way around
GREY = np.array([0.30, 0.59, 0.11])


@dataclass(frozen=True)
class Photograph:
    """A photograph that is harder than one from the front in colour."""

    who: Character
    skin: Weights
    yaw: float = 0.0  # degrees, to the image's right
    pitch: float = 0.0  # degrees, up
    wears: Callable[[Face], Face] | None = None
    grey: bool = False


def _bearded(face: Face) -> Face:
    return with_beard(face, (0.14, 0.105, 0.08), 0.011, np.random.default_rng(15))


def _glasses(face: Face) -> Face:
    return with_glasses(face, (0.20, 0.10, 0.06))


PHOTOGRAPHS: tuple[Photograph, ...] = (
    Photograph(
        person("elena", "woman of 35, turned aside by 30°",
               {"female-young-caucasian": 0.85, "female-old-caucasian": 0.15},
               {"nose-hump-incr": 0.25, "cheek-bones-incr": 0.35, "mouth-lowerlip-volume-incr": 0.25},
               "hazel", "bob", (0.36, 0.21, 0.13), (0.47, 0.24, 0.22)),
        (("maya", 0.5), ("nora", 0.5)), yaw=30,
    ),
    Photograph(
        person("jonas", "man of 28, turned aside by 40° and looking up",
               {"male-young-caucasian": 0.8, "male-young-african": 0.2},
               {"nose-scale-depth-incr": 0.2, "chin-prominent-incr": 0.3, "cheek-bones-incr": 0.3},
               "brown", "short", (0.26, 0.17, 0.11), (0.26, 0.33, 0.40)),
        (("leo", 0.6), ("ravi", 0.4)), yaw=-40, pitch=14,
    ),
    Photograph(
        person("samir", "man of 41 with a full beard",
               {"male-young-caucasian": 0.6, "male-old-caucasian": 0.2, "male-young-asian": 0.2},
               {"nose-scale-vert-incr": 0.2, "nose-hump-incr": 0.35, "eyebrows-trans-forward": 0.3},
               "brown", "short", (0.14, 0.12, 0.105), (0.33, 0.30, 0.25)),
        (("ravi", 0.6), ("leo", 0.4)), wears=_bearded,
    ),
    Photograph(
        person("astrid", "woman of 50 with glasses",
               {"female-young-caucasian": 0.55, "female-old-caucasian": 0.45},
               {"nose-point-up": 0.2, "cheek-volume-incr": 0.2, "mouth-scale-horiz-incr": 0.2},
               "blue", "long", (0.52, 0.38, 0.25), (0.20, 0.38, 0.36)),
        (("maya", 0.55), ("ingrid", 0.45)), wears=_glasses,
    ),
    Photograph(
        person("walter", "man of 60 in black and white",
               {"male-old-caucasian": 0.55, "male-young-caucasian": 0.45},
               {"chin-width-incr": 0.35, "head-fat-incr": 0.2, "ear-scale-incr": 0.2, "nose-scale-horiz-incr": 0.2},
               "grey", "short", (0.60, 0.59, 0.58), (0.22, 0.22, 0.24)),
        (("tomas", 0.6), ("leo", 0.4)), grey=True,
    ),
)  # fmt: skip


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    model, landmarks = FaceModel.load(), {}
    for k, (name, character) in enumerate(CHARACTERS.items()):
        landmarks[name] = draw(model, character, _studio(k))
        print(name, flush=True)
    for k, taken in enumerate(PHOTOGRAPHS):
        landmarks[taken.who.name] = photograph(model, taken, _studio(k + 2))
        print(taken.who.about, flush=True)
    with replacing(FOLDER / MARKS) as temporary:
        rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in landmarks.items()]
        temporary.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    remove_others(FOLDER, landmarks)


def draw(model: FaceModel, character: Character, studio: Studio) -> list[list[float]]:
    """Write one portrait; returns the landmarks found in the file."""
    return _stored(character.name, close_up(model.drawable(character), 2 * SIDE, ZOOM, studio).image())


def photograph(model: FaceModel, taken: Photograph, studio: Studio) -> list[list[float]]:
    """Write one of the harder photographs; returns the landmarks found in the file, with depths where it is turned."""
    who = replace(taken.who, skin=taken.skin)
    face = model.drawable(who)
    if taken.wears is not None:
        face = taken.wears(face)
    yaw, pitch = math.radians(taken.yaw), math.radians(taken.pitch)
    coefficients = torch.zeros(1, len(NAMES))
    aside = ("eyeLookInLeft", "eyeLookOutRight") if yaw > 0 else ("eyeLookOutLeft", "eyeLookInRight")
    coefficients[0, indices(*aside)] = min(abs(taken.yaw) / 90, 0.3)  # eyes stay on the camera a little
    coefficients[0, indices("eyeLookDown")] = pitch / 2
    moved = model(coefficients, torch.tensor([[-NECK * pitch, NECK * yaw, 0.0]]), who)[0].numpy()
    vertices = face.neutral.copy()
    vertices[: len(moved)] = moved
    if (yaw or pitch) and len(moved) < len(vertices):
        raise ValueError(f"{who.name} wears something and is turned; what is worn does not turn with the head")
    plain = portrait(face, 2 * SIDE, 2 * SIDE)
    yaw, pitch = (NECK - 1) * yaw, (NECK - 1) * pitch
    target = np.asarray(plain.target)
    way = np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])
    x, y, z = target + (plain.position[2] - plain.target[2]) * way
    camera = replace(plain, position=(float(x), float(y), float(z)), fov=ZOOM * plain.fov)
    image = Renderer(face, 2 * SIDE, camera=camera, studio=studio).image(vertices)
    if taken.grey:
        image = np.rint(image @ GREY).astype(np.uint8)[..., None].repeat(3, 2)
    return _stored(who.name, image, deep=bool(taken.yaw or taken.pitch))


def _studio(number: int) -> Studio:
    centre, edge = BACKGROUNDS[number % len(BACKGROUNDS)]
    return replace(SOFT, centre=centre, edge=edge)


def _stored(name: str, image: np.ndarray, deep: bool = False) -> list[list[float]]:
    """Write the file; returns the landmarks found in it, with their depths if `deep`."""
    path = FOLDER / f"{name}.webp"
    save(reduced(image, SIDE), path, quality=90)
    with Image.open(path) as stored:
        face = find_face(np.asarray(stored.convert("RGB")), name)
    assert face.pupils is not None
    marks = face.points if deep else face.landmarks
    pupils = np.pad(face.pupils, ((0, 0), (0, marks.shape[1] - 2)))  # their depth is not used
    return np.round(np.concatenate([marks, pupils]).astype(float), 2).tolist()


if __name__ == "__main__":
    main()
