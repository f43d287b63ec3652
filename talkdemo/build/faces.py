"""Nothing in; examples/faces out: the ten characters at rest in soft light from the front, with MediaPipe's landmarks.

None of them is among the people whose portraits are trained on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from talkdemo.face.characters import CHARACTERS, Character
from talkdemo.face.head import FaceModel
from talkdemo.files import replacing
from talkdemo.gcgan.gallery import FOLDER, LANDMARKS
from talkdemo.gcgan.portrait import find_face
from talkdemo.render.camera import portrait
from talkdemo.render.light import Light, Studio
from talkdemo.render.raster import Renderer

SIDE, FINER = 512, 2  # pixels of a picture, and how many times finer it is drawn
CLOSER = 0.9  # the camera's field of view against that of the app's videos
QUALITY = 90
SOFT = Studio(
    key=Light((-0.30, 0.50, 0.85), (0.78, 0.755, 0.72)),
    fill=Light((0.60, 0.15, 0.80), (0.36, 0.36, 0.37)),
    rim=Light((0.85, 0.45, -0.75), (0.65, 0.67, 0.70)),
    rim_left=Light((-0.90, 0.35, -0.80), (0.45, 0.44, 0.43)),
    sky=(0.38, 0.39, 0.41),
    ground=(0.27, 0.25, 0.24),
)
ROOMS: tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...] = (  # middle and corners of the background, sRGB
    ((203, 211, 214), (148, 160, 166)), ((214, 209, 200), (163, 155, 143)), ((222, 214, 201), (176, 163, 143)),
    ((196, 205, 196), (139, 152, 141)), ((211, 205, 214), (155, 147, 161)),
)  # fmt: skip


def make(report: Callable[[str, float], None]) -> list[str]:
    """Draw everybody anew; what belongs to nobody any more is deleted. The names that were drawn."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    model, points = FaceModel.load(), {}
    for k, (name, character) in enumerate(CHARACTERS.items()):
        report("portraits", k / len(CHARACTERS))
        points[name] = _draw(model, character, *ROOMS[k % len(ROOMS)])
    with replacing(FOLDER / LANDMARKS) as temporary:
        rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in points.items()]
        temporary.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    for path in FOLDER.glob("*.webp"):
        if path.stem not in points:
            path.unlink()
    report("portraits", 1.0)
    return list(points)


def _draw(
    model: FaceModel, character: Character, centre: tuple[int, int, int], edge: tuple[int, int, int]
) -> list[list[float]]:
    """Write one picture; the landmarks as they are read off the file."""
    from PIL import Image

    face, fine = model.drawable(character), SIDE * FINER
    camera = portrait(face, fine, fine)
    camera = replace(camera, fov=CLOSER * camera.fov)
    picture = Renderer(face, fine, camera=camera, studio=replace(SOFT, centre=centre, edge=edge)).image()
    path = FOLDER / f"{character.name}.webp"
    with replacing(path) as temporary:
        small = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        small.save(temporary, "webp", quality=QUALITY, method=6)
    with Image.open(path) as image:
        found = find_face(np.asarray(image.convert("RGB")), character.name)
    return [[round(float(x), 2), round(float(y), 2)] for x, y in found.landmarks]
