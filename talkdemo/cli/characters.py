"""Nothing in; the names of the heads, one a line, out. With --pictures their portraits for the app are drawn anew."""

from __future__ import annotations

import argparse

from talkdemo.files import ASSETS

PICTURES = ASSETS / "characters"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pictures", action="store_true", help=f"draw {PICTURES.name}/NAME.webp for every character")
    parser.add_argument("--size", type=int, default=384, help="side of a portrait in pixels (384)")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.face.characters import CHARACTERS

    if arguments.pictures:
        draw_portraits(list(CHARACTERS), arguments.size)
    print("\n".join(CHARACTERS))
    return 0


def draw_portraits(names: list[str], size: int) -> None:
    """Render every character with a slight smile, at twice the size, into assets/characters."""
    import numpy as np
    import torch
    from PIL import Image

    from talkdemo.face.arkit import indices
    from talkdemo.face.characters import CHARACTERS
    from talkdemo.face.head import FaceModel
    from talkdemo.files import replacing
    from talkdemo.render.raster import Renderer

    PICTURES.mkdir(parents=True, exist_ok=True)
    model = FaceModel.load()
    smile = torch.zeros(1, 52)
    smile[:, indices("mouthSmile")] = 0.25
    smile[:, indices("cheekSquint")] = 0.1
    for name in names:
        character = CHARACTERS[name]
        renderer = Renderer(model.drawable(character), size=2 * size)
        with torch.no_grad():
            vertices = model(smile, None, character)[0].numpy()
        (frame,) = renderer.frames([vertices])
        picture = Image.fromarray(np.asarray(frame)).resize((size, size), Image.Resampling.LANCZOS)
        with replacing(PICTURES / f"{name}.webp") as temporary:
            picture.save(temporary, quality=82, method=6)
