"""Teeth and gums: a dental arch behind the lips that moves with the jaw.

The source's teeth are two smooth strips; here every tooth has its own rounded block, with widths and heights of adult
teeth, set along a parabola-like arch that fits behind the source's lips.
"""

from dataclasses import replace

import numpy as np

from talkdemo.build.head.eyes import grid_faces
from talkdemo.build.head.mesh import Piece, attached, join
from talkdemo.build.head.source import LOWER_TEETH, UPPER_TEETH, Source
from talkdemo.face.arkit import JAW

# From the middle outward, millimetres: incisors, canine, premolars, molar.
UPPER = {"width": (8.2, 6.4, 7.2, 6.8, 6.6, 9.5), "height": (10.0, 8.8, 9.8, 8.4, 8.0, 7.4)}
LOWER = {"width": (5.2, 5.8, 6.6, 6.8, 7.0, 10.0), "height": (8.6, 8.8, 9.6, 8.4, 8.0, 7.4)}
# Sizes, height of the biting edge at rest (lips touch at -0.0321), front, way to the gum and width of the arch.
JAWS = {"upper": (UPPER, -0.0341, 0.1052, 1.0, 1.0), "lower": (LOWER, -0.0336, 0.1030, -1.0, 0.95)}
HALF_WIDTH, DEPTH = 0.0262, 0.047  # of the upper arch
AROUND, THICK = 8, 0.0062


def arch(front: float, shrink: float, samples: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left half of the arch: points (n, 2) as x, z, outward normals (n, 2), arc length (n,)."""
    t = np.linspace(0, np.pi / 2, samples)
    points = np.stack([shrink * HALF_WIDTH * np.sin(t) ** 0.9, front - DEPTH * (1 - np.cos(t) ** 1.0)], 1)
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return points, np.stack([-tangent[:, 1], tangent[:, 0]], 1), length


def tooth_row(jaw: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All teeth of one jaw: vertices, triangles, UV (u: from the middle to the back, v: gum to edge)."""
    sizes, edge, front, up, shrink = JAWS[jaw]
    points, normals, length = arch(front, shrink)
    vertices: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    uvs: list[np.ndarray] = []
    for side in (1.0, -1.0):
        start = 0.0
        for n, (width, height) in enumerate(zip(sizes["width"], sizes["height"], strict=True)):
            width, height = width * 0.94e-3, height * 1e-3
            at = np.searchsorted(length, start + width / 2)
            start += width
            middle, outward = points[at], normals[at]
            along = np.array([outward[1], -outward[0]])
            block, uv = _tooth(width, height, THICK * (0.85 if n < 3 else 1.25), pointed=n == 2, molar=n > 2)
            xz = middle + block[:, :1] * along + (block[:, 2:] - THICK / 2) * outward
            lift = {0: 0.0, 1: 5e-4, 2: 0.0}.get(n, 8e-4)
            y = edge + up * (lift + block[:, 1])
            world = np.stack([xz[:, 0] * side, y, xz[:, 1]], 1)
            offset = sum(len(v) for v in vertices)
            vertices.append(world)
            uvs.append(np.stack([(n + 0.5) / 6 + 0 * uv[:, 0], uv[:, 1]], 1))
            triangles = grid_faces(len(block) // AROUND, AROUND, closed=True)
            wound = triangles if side * up > 0 else triangles[:, ::-1]
            faces.append(wound + offset)
    return np.concatenate(vertices), np.concatenate(faces), np.concatenate(uvs)


def _tooth(width: float, height: float, thick: float, *, pointed: bool, molar: bool) -> tuple[np.ndarray, np.ndarray]:
    """One tooth as rings from the biting edge up: (n, 3) = along the arch, up from the edge, outward; and UV."""
    angle = np.linspace(0, 2 * np.pi, AROUND + 1)[:-1]
    square = 0.55  # superellipse exponent: rounded box
    shape = np.stack([np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** square,
                      np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** square], 1)  # fmt: skip
    rings, uv = [], []
    # (height share, width share, thickness share, how far the front leans back)
    levels: tuple[tuple[float, float, float], ...]
    levels = ((0, 0, 0), (0, 0.80, 0.35), (0.07, 0.96, 0.55), (0.45, 1, 0.9), (0.8, 0.86, 1), (1.15, 0.7, 0.9))
    if molar:
        levels = ((0.1, 0, 0), (0, 0.7, 0.65), (0.1, 0.95, 0.9), (0.5, 1, 1), (0.85, 0.9, 0.95), (1.15, 0.75, 0.85))
    for share, wide, deep in levels:
        x = shape[:, 0] * width / 2 * wide
        z = shape[:, 1] * thick / 2 * deep + (thick / 2 * (0.62 if not molar else 0.5) - thick / 4)
        y = np.full(AROUND, share * height)
        if pointed and share < 0.05:
            y = y + np.abs(x) * 0.35
        rings.append(np.stack([x, y, z + thick * 0.25 - thick * 0.15], 1))
        uv.append(np.stack([np.linspace(0, 1, AROUND), np.full(AROUND, 1 - min(share, 1.0))], 1))
    return np.concatenate(rings), np.concatenate(uv)


def gum_row(jaw: str, segments: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A rounded ridge over the tooth roots: scalloped at the necks; v from the neck in front over the top to behind."""
    sizes, edge, front, up, shrink = JAWS[jaw]
    points, normals, length = arch(front, shrink)
    borders = np.cumsum([0.0, *(w * 0.94e-3 for w in sizes["width"])])
    heights = np.array(sizes["height"]) * 1e-3
    s = np.linspace(-borders[-1], borders[-1], 2 * segments + 1)
    rows = []
    # (up from the neck line, outward from the arch's middle line), millimetres
    for rise, out in ((-0.3, -0.6), (0.2, 1.0), (2.2, 1.7), (5.5, 1.0), (6.0, -3.0), (3.0, -6.6), (-0.5, -7.2)):
        at = np.clip(np.searchsorted(length, np.abs(s)), 0, len(length) - 1)
        tooth = np.clip(np.searchsorted(borders, np.abs(s), side="right") - 1, 0, len(heights) - 1)
        within = (np.abs(s) - borders[tooth]) / (borders[tooth + 1] - borders[tooth])
        dip = 1.6e-3 * np.abs(2 * within - 1) ** 2.5 if rise < 1 else 0.0  # papillae between the teeth
        neck = edge + up * (np.interp(np.abs(s), (borders[1:] + borders[:-1]) / 2, heights) * 0.86 - dip)
        xz = points[at] + normals[at] * out * 1e-3
        rows.append(np.stack([xz[:, 0] * np.sign(s), neck + up * rise * 1e-3, xz[:, 1]], 1))
    grid = np.stack(rows)  # (7, 2 segments + 1, 3)
    u = np.abs(s) / borders[-1]
    uv = np.stack(np.broadcast_arrays(u[None], np.linspace(0, 1, len(rows))[:, None]), -1)
    faces = grid_faces(len(rows), len(s))
    return grid.reshape(-1, 3), faces if up > 0 else faces[:, ::-1], uv.reshape(-1, 2)


def teeth_and_gums(source: Source) -> tuple[Piece, Piece]:
    """Two pieces; the upper halves never move with an action, the lower ones ride on the jaw."""
    parts = {}
    for kind, maker in (("teeth", tooth_row), ("gums", gum_row)):
        upper = attached(source, kind, *maker("upper"), UPPER_TEETH, still=True)
        lower = attached(source, kind, *maker("lower"), LOWER_TEETH)
        parts[kind] = join(kind, [upper, only_jaw(lower)])
    return parts["teeth"], parts["gums"]


def only_jaw(piece: Piece) -> Piece:
    """Lower teeth answer the jaw's four channels and nothing else."""
    actions = np.zeros_like(piece.actions)
    actions[JAW] = piece.actions[JAW]
    return replace(piece, actions=actions)
