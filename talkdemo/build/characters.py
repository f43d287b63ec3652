"""Draws the portrait of every character for the app, with a slight smile: python -m talkdemo.build.characters"""

import numpy as np

from talkdemo.build.images import close_up, reduced, save
from talkdemo.face.arkit import NAMES, indices
from talkdemo.face.characters import CHARACTERS
from talkdemo.face.head import FaceModel
from talkdemo.files import CHARACTER_IMAGES
from talkdemo.records import Motion

SIDE = 384  # pixels


def main() -> None:
    CHARACTER_IMAGES.mkdir(parents=True, exist_ok=True)
    model = FaceModel.load()
    smile = np.zeros((1, len(NAMES)), np.float32)
    smile[:, indices("mouthSmile")], smile[:, indices("cheekSquint")] = 0.25, 0.1
    for name in CHARACTERS:
        vertices = model.vertices(Motion(smile, np.zeros((1, 3), np.float32)), name)
        (frame,) = close_up(model.drawable(name), 2 * SIDE).frames(vertices)
        save(reduced(frame, SIDE), CHARACTER_IMAGES / f"{name}.webp", quality=82)
        print(name, flush=True)


if __name__ == "__main__":
    main()
