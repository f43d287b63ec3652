"""Pieces of the head, with their own vertices, UVs and linear displacements, cut from the source geometry.

A piece's displacements come from the mesh it was cut from, or from an affine map fitted to nearby source vertices
(teeth, gums, eyeballs, hair), so that everything follows every action and every head shape.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from talkdemo.build.head.source import BODY, Source, package
from talkdemo.face.arkit import NAMES

Rows = np.ndarray | slice
RIDGE = 1e-3  # of affine fits
HALF_WIDTH, DEPTH = 0.205, 0.262  # metres from the skull base kept to each side and down (upper shoulders)


@dataclass(frozen=True)
class Piece:
    """Vertices that move together: A = 52 actions, K identity components."""

    name: str
    rest: np.ndarray  # (n, 3)
    faces: np.ndarray  # (f, 3)
    uv: np.ndarray  # (n, 2)
    actions: np.ndarray  # (A, n, 3)
    identities: np.ndarray  # (K, n, 3)
    turn: np.ndarray  # (n,) 1 follows the head's rotation fully, 0 stays with the shoulders
    weld: np.ndarray  # (n,)


def triangles(quads: np.ndarray) -> np.ndarray:
    """(f, 4) → (2f, 3)."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def stack(field: dict[str, np.ndarray], rows: Rows) -> np.ndarray:
    return np.stack([delta[rows] for delta in field.values()])


def bust(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Polygons (f, 4, 2) of head, neck and upper shoulders, and their UV chart numbers."""
    polygons = source.faces["body"]
    corners = source.rest[polygons[:, :, 0]]
    keep = (corners[..., 1] > -DEPTH).all(1) & (np.abs(corners[..., 0]) < HALF_WIDTH).all(1)
    polygons = polygons[keep]
    a, b = polygons[:, :, 1].ravel(), np.roll(polygons[:, :, 1], -1, axis=1).ravel()
    touch = coo_matrix((np.ones(len(a)), (a, b)), shape=(len(source.uv), len(source.uv)))
    chart = connected_components(touch, directed=False)[1][polygons[:, 0, 1]]
    return polygons, np.unique(chart, return_inverse=True)[1]


def follow_head(source: Source) -> np.ndarray:
    """(BODY,) share of the head's rotation each skin vertex takes, from the rig's neck weights, smoothed."""
    rig = json.loads((package() / "data/mpfb2/rigs/standard/weights.makehuman.json").read_text())["weights"]
    below = ("spine", "clavicle", "shoulder", "breast", "arm", "pelvis", "leg", "wrist", "finger", "foot", "toe")
    share = {"neck01": 0.2, "neck02": 0.5, "neck03": 0.8}
    turn, total = np.zeros(len(source.rest)), np.full(len(source.rest), 1e-9)
    for bone, weights in rig.items():
        for vertex, weight in weights:
            total[vertex] += weight
            turn[vertex] += weight * (0.0 if bone == "root" or any(b in bone for b in below) else share.get(bone, 1.0))
    turn = (turn / total)[:BODY]
    a, b = edges(source.faces["body"][:, :, 0])
    degree = np.bincount(a, minlength=BODY)
    for _ in range(12):
        smooth = np.bincount(a, turn[b], minlength=BODY) / np.maximum(degree, 1)
        turn = np.where((turn > 0.999) & (smooth > 0.98), 1.0, (turn + smooth) / 2)
    return turn


def edges(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directed edges, both ways, each once."""
    a, b = polygons.ravel(), np.roll(polygons, -1, axis=1).ravel()
    pairs = np.unique(np.concatenate([np.stack([a, b], 1), np.stack([b, a], 1)]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def from_source(source: Source, name: str, polygons: np.ndarray, uv: np.ndarray, turn: np.ndarray) -> Piece:
    """Cut polygons (f, 4, 2) out of the source; a vertex on a UV seam is doubled, its twins share a weld number."""
    pairs, inverse = np.unique(polygons.reshape(-1, 2), axis=0, return_inverse=True)
    vertex, coordinate = pairs[:, 0], pairs[:, 1]
    weld = np.unique(vertex, return_inverse=True)[1]
    return Piece(
        name,
        source.rest[vertex],
        triangles(inverse.reshape(-1, 4)),
        uv[coordinate],
        stack(source.actions, vertex),
        stack(source.identities, vertex),
        turn[vertex],
        weld,
    )


def affine_fit(anchor: np.ndarray, moved: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Least-squares affine field: anchor (n, 3) with displacements (..., n, 3) → function of points (m, 3)."""
    centre, scale = anchor.mean(0), anchor.std()
    design = np.c_[(anchor - centre) / scale, np.ones(len(anchor))]
    gram = design.T @ design + RIDGE * np.diag([1, 1, 1, 0]) * len(anchor)
    solved = np.linalg.solve(gram, np.einsum("nk,...nd->k...d", design, moved).reshape(4, -1))

    def field(points: np.ndarray) -> np.ndarray:
        basis = np.c_[(points - centre) / scale, np.ones(len(points))]
        flat = basis @ solved
        return np.moveaxis(flat.reshape(len(points), *moved.shape[:-2], 3), 0, -2)

    return field


def attached(
    source: Source, name: str, rest: np.ndarray, faces: np.ndarray, uv: np.ndarray, anchor: Rows, *, still: bool = False
) -> Piece:
    """A piece of our own making that moves affinely with the source vertices `anchor` (`still`: no actions)."""
    actions = affine_fit(source.rest[anchor], stack(source.actions, anchor))(rest)
    identities = affine_fit(source.rest[anchor], stack(source.identities, anchor))(rest)
    if still:
        actions = np.zeros((len(NAMES), len(rest), 3))
    return Piece(name, rest, faces, uv, actions, identities, np.ones(len(rest)), np.arange(len(rest)))


def join(name: str, pieces: list[Piece]) -> Piece:
    """One piece out of several, in order."""
    offsets = np.cumsum([0] + [len(p.rest) for p in pieces[:-1]])
    welds = np.cumsum([0] + [p.weld.max() + 1 for p in pieces[:-1]])
    return replace(
        pieces[0],
        name=name,
        rest=np.concatenate([p.rest for p in pieces]),
        faces=np.concatenate([p.faces + o for p, o in zip(pieces, offsets, strict=True)]),
        uv=np.concatenate([p.uv for p in pieces]),
        actions=np.concatenate([p.actions for p in pieces], axis=1),
        identities=np.concatenate([p.identities for p in pieces], axis=1),
        turn=np.concatenate([p.turn for p in pieces]),
        weld=np.concatenate([p.weld + w for p, w in zip(pieces, welds, strict=True)]),
    )
