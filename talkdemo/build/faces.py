"""Draws the gallery of portraits (examples/faces): the ten characters at rest, with the landmarks MediaPipe finds.

    python -m talkdemo.build.faces

The model is trained on none of them.
"""

import json
from dataclasses import replace

import numpy as np
from PIL import Image

from talkdemo.build.images import close_up, reduced, remove_others, save
from talkdemo.face.characters import CHARACTERS, Character
from talkdemo.face.head import FaceModel
from talkdemo.files import replacing
from talkdemo.gcgan.gallery import FOLDER, LANDMARKS
from talkdemo.gcgan.portrait import find_face
from talkdemo.render.light import Light, Studio

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


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    model, landmarks = FaceModel.load(), {}
    for k, (name, character) in enumerate(CHARACTERS.items()):
        centre, edge = BACKGROUNDS[k % len(BACKGROUNDS)]
        landmarks[name] = draw(model, character, replace(SOFT, centre=centre, edge=edge))
        print(name, flush=True)
    with replacing(FOLDER / LANDMARKS) as temporary:
        rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in landmarks.items()]
        temporary.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    remove_others(FOLDER, landmarks)


def draw(model: FaceModel, character: Character, studio: Studio) -> list[list[float]]:
    """Write one portrait; returns the landmarks found in the file."""
    path = FOLDER / f"{character.name}.webp"
    image = close_up(model.drawable(character), 2 * SIDE, ZOOM, studio).image()
    save(reduced(image, SIDE), path, quality=90)
    with Image.open(path) as stored:
        face = find_face(np.asarray(stored.convert("RGB")), character.name)
    return [[round(float(x), 2), round(float(y), 2)] for x, y in face.landmarks]


if __name__ == "__main__":
    main()
