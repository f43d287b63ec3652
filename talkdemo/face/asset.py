"""Reads assets/head.npz, once: its arrays and decoded textures."""

import io
from functools import cache
from importlib.resources import files

import numpy as np

NAME = "head.npz"


@cache
def arrays() -> dict[str, np.ndarray]:
    """Everything in the file but textures; float16 stays float16. Raises FileNotFoundError with how to build it."""
    path = files("talkdemo") / "assets" / NAME
    if not path.is_file():
        raise FileNotFoundError(f"talkdemo/assets/{NAME} is missing; python -m talkdemo.build.head makes it")
    with path.open("rb") as stream, np.load(stream) as stored:
        return {key: stored[key] for key in stored.files}


@cache
def texture(name: str) -> np.ndarray:
    """Texture `name` as (H, W, 3) or (H, W, 4) uint8."""
    from PIL import Image

    key = f"texture/{name}"
    if key not in arrays():
        known = ", ".join(k.removeprefix("texture/") for k in arrays() if k.startswith("texture/"))
        raise ValueError(f"the head has no texture {name!r}; it has {known}")
    return np.asarray(Image.open(io.BytesIO(arrays()[key].tobytes())))
