"""A knitted shirt: the shape of the skin below a round collar, a little thicker, cut by alpha."""

from dataclasses import replace

import numpy as np

from talkdemo.build.head.mesh import Piece, from_source
from talkdemo.build.head.skin import noise, step
from talkdemo.build.head.source import Source
from talkdemo.render.normals import Normals
from talkdemo.render.occlusion import open_edges

THICK = 0.0045  # metres over the skin
REACH, EDGE = 0.2, 0.75  # metres of the texture's height; v of the collar's edge


def below_collar(points: np.ndarray) -> np.ndarray:
    """(..., 3) metres → metres below (+) or above (-) the collar's edge, which dips in front."""
    angle = np.arctan2(points[..., 0], points[..., 2])
    edge = -0.116 - 0.024 * np.clip(np.cos(angle), 0, 1) ** 2 + 0.004 * np.clip(-np.cos(angle), 0, 1)
    return edge - points[..., 1]


def shirt(source: Source, polygons: np.ndarray, turn: np.ndarray) -> tuple[Piece, np.ndarray]:
    """polygons (f, 4, 2) of the bust → the piece (v falls from the collar, u goes round) and its source vertices."""
    depth = below_collar(source.rest[polygons[:, :, 0]])
    below = polygons[(depth > -0.004).any(1) & (depth.min(1) > -(1 - EDGE) * REACH)].copy()
    below[:, :, 1] = below[:, :, 0]
    uv = np.zeros((len(source.rest), 2))
    angle = np.arctan2(source.rest[:, 0], source.rest[:, 2])
    uv[:, 0] = np.abs(angle) / np.pi
    uv[:, 1] = np.clip(EDGE - below_collar(source.rest) / REACH, 0.0, 1.0)
    piece = from_source(source, "shirt", below, uv, turn)
    normal = Normals(piece.faces, np.arange(len(piece.rest)))(piece.rest)
    thickened = replace(piece, rest=piece.rest + THICK * normal, actions=np.zeros_like(piece.actions))
    return thickened, np.unique(below[:, :, 0])


def texture(size: int = 512) -> np.ndarray:
    """(size, size, 4) light grey knit; a ribbed band at the collar; transparent above its edge."""
    u, v = np.meshgrid(np.linspace(0, 1, size), np.linspace(1, 0, size))
    knit = 0.5 + 0.5 * np.sin(u * 2 * np.pi * 170 + np.sin(v * 2 * np.pi * 60))
    rib = 0.5 + 0.5 * np.sin(u * 2 * np.pi * 90)
    band = step(v, EDGE - 0.094, EDGE - 0.086)
    grey = 150 + (1 - band) * 12 * (knit - 0.5) + band * 34 * (rib - 0.5) + 4 * noise(size, 1.0, 31)
    grey = grey - 46 * np.exp(-(((v - EDGE + 0.09) / 0.008) ** 2))
    out = np.repeat(grey[..., None], 4, -1)
    out[..., 3] = 255 * step(-v, -EDGE - 0.003, -EDGE + 0.003)
    return np.clip(out, 0, 255).astype(np.uint8)


def tuck_in(weld: np.ndarray, source_vertex: np.ndarray, first_row: np.ndarray, start: int, piece: Piece) -> None:
    """Give the shirt's upper edge, in place, the weld numbers of the skin below it, so that it is no open edge."""
    open_edge = np.unique(open_edges(piece.faces))
    rows = open_edge[piece.uv[open_edge, 1] > EDGE]
    weld[start + rows] = weld[first_row[source_vertex[rows]]]
