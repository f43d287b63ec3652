"""What each vertex of a face keeps in every pose: ambient occlusion, and how solid the bust is there."""

from collections.abc import Callable

import numpy as np
from trimesh import geometry, graph, grouping

from talkdemo.records import Face
from talkdemo.render.shader import kind

DIRECTIONS = 48
BIAS = 0.002  # metres: closer than this a surface does not hide itself
FLOOR = 0.22  # what bounces into the deepest fold
FADE = 0.05  # metres over which the bust ends softly
MOUTH_DEPTH = 0.022  # metres behind the foremost tooth at which the mouth is 1/e as bright


def orthographic(direction: np.ndarray, centre: np.ndarray, reach: float) -> np.ndarray:
    """(4, 4) world → clip space of a parallel light from `direction` that covers a ball of radius `reach` metres."""
    back = direction / np.linalg.norm(direction)
    right = np.cross((0.0, 1.0, 0.0) if abs(back[1]) < 0.95 else (1.0, 0.0, 0.0), back)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(back, right), -back]) / reach
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, -rotation @ centre
    return matrix


def around(count: int) -> np.ndarray:
    """(count, 3) unit vectors spread evenly over the sphere (Fibonacci lattice)."""
    i = np.arange(count) + 0.5
    y, turn = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i
    r = np.sqrt(1 - y * y)
    return np.stack([r * np.cos(turn), y, r * np.sin(turn)], axis=1)


def open_sky(face: Face, normals: np.ndarray, depth_map: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(V,) float32 in 0..1, weighted by the cosine to `normals` (V, 3); `depth_map` draws the resting face.

    `depth_map` takes a (4, 4) matrix and gives (S, S) depths in 0..1, row 0 at the bottom. Eyes are left open (they
    turn under the lids: the shader darkens them), and the mouth, closed at rest, gets darker towards its back instead.
    """
    centre = (face.neutral.min(axis=0) + face.neutral.max(axis=0)) / 2
    reach = float(np.linalg.norm(face.neutral - centre, axis=1).max()) * 1.01
    seen, total = np.zeros(len(normals)), np.full(len(normals), 1e-6)
    for direction in around(DIRECTIONS):
        matrix = orthographic(direction, centre, reach)
        depth = depth_map(matrix)
        at = (face.neutral @ matrix[:3, :3].T + matrix[:3, 3]) * 0.5 + 0.5
        x, y = (np.clip((at[:, i] * len(depth)).astype(int), 0, len(depth) - 1) for i in (0, 1))
        weight = np.maximum(normals @ direction, 0.0)
        total += weight
        seen += weight * (at[:, 2] - BIAS / (2 * reach) / np.maximum(weight, 0.2) <= depth[y, x])
    sky = _smooth(np.where(total > 0.05, seen / total, 1.0), face)
    sky = FLOOR + (1 - FLOOR) * sky
    kinds = {part.name: kind(part.name) for part in face.parts}
    mouth = [part.faces.ravel() for part in face.parts if kinds[part.name] == "mouth"]
    front = max((face.neutral[m, 2].max() for m in mouth), default=0.0)
    for part in face.parts:
        of = part.faces.ravel()
        if kinds[part.name] == "mouth":
            sky[of] = np.exp(-np.maximum(front - face.neutral[of, 2], 0) / MOUTH_DEPTH)
        elif kinds[part.name] == "eye":
            sky[of] = 1.0
    return sky.astype(np.float32)


def solidity(face: Face) -> np.ndarray:
    """(V,) float32: 0 on the edge where head and shoulders are cut from the body, 1 from FADE metres off it.

    Only the lowest of the open edges of skin and clothes counts: eye sockets, mouth and collar are open edges too.
    """
    from scipy.spatial import cKDTree

    solid = np.ones(len(face.neutral), dtype=np.float32)
    skin = [part.faces for part in face.parts if kind(part.name) in ("skin", "cloth")]
    if not skin:
        return solid
    _, first, group = np.unique(face.weld, return_index=True, return_inverse=True)
    edges = open_edges(group[np.concatenate(skin)])
    if not len(edges):
        return solid
    loop = graph.connected_component_labels(edges, len(first))[edges[:, 0]]  # (E,)
    ends = face.neutral[first[edges]]  # (E, 2, 3)
    low, high = face.neutral[:, 1].min(), face.neutral[:, 1].max()
    lowest = min(np.unique(loop), key=lambda i: ends[loop == i, :, 1].mean())
    ends = ends[loop == lowest]
    if ends[:, :, 1].mean() < low + 0.4 * (high - low):
        points = np.concatenate([ends[:, 0] * (1 - s) + ends[:, 1] * s for s in (0.0, 0.25, 0.5, 0.75, 1.0)])
        distance = cKDTree(points).query(face.neutral)[0]
        fade = np.clip(distance / FADE, 0, 1)
        solid[:] = fade * fade * (3 - 2 * fade)
    return solid


def open_edges(faces: np.ndarray) -> np.ndarray:
    """(F, 3) vertices → (E, 2) vertices of the edges that only one of these triangles has."""
    edges = np.sort(geometry.faces_to_edges(faces), axis=1)
    return edges[grouping.group_rows(edges, require_count=1)]


def _smooth(values: np.ndarray, face: Face) -> np.ndarray:
    """Each vertex with the mean of its triangles, once over: takes away the grain of few directions."""
    faces = np.concatenate([part.faces for part in face.parts])
    _, group = np.unique(face.weld, return_inverse=True)
    triangles = geometry.index_sparse(group.max() + 1, group[faces], dtype=np.float64)
    count = triangles.sum(axis=1).A1[group]
    total = (triangles @ values[faces].mean(axis=1))[group]
    return np.where(count > 0, total / np.maximum(count, 1), values)
