"""What the renderer knows of each vertex beyond its position, as vertex attributes of a GLB: occlusion, welds, lips."""

import numpy as np

from talkdemo.records import Face
from talkdemo.render.occlusion import solidity
from talkdemo.render.raster import Renderer

SIZE = 16  # pixels of a renderer that draws no image
FULL_BYTE, FULL = 255, np.iinfo(np.uint16).max


def occlusion(face: Face) -> np.ndarray | None:
    """(V, 4) uint8: how much of the sky each vertex sees, as an opaque grey; None on a machine without OpenGL."""
    try:
        renderer = Renderer(face, SIZE, samples=0)
    except RuntimeError:
        return None
    grey = np.round(renderer.open_sky * FULL_BYTE).astype(np.uint8)
    renderer.close()
    return np.column_stack([grey, grey, grey, np.full_like(grey, FULL_BYTE)])


def surface(face: Face, lips: np.ndarray) -> np.ndarray:
    """(V, 4) uint16: number of the weld (vertices of one weld share a normal), solidity of the bust (65535 = 1), 1 for
    each of the `lips` (a list of vertices), 0."""
    weld = np.unique(face.weld, return_inverse=True)[1]
    solid = np.round(solidity(face) * FULL)
    lip = np.zeros(len(weld))
    lip[lips] = 1
    return np.column_stack([weld, solid, lip, np.zeros_like(weld)]).astype(np.uint16)
