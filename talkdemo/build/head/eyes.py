"""Eyeballs that turn with eyeLook*, and lashes rooted on the edge of the lids."""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from talkdemo.build.head.mesh import Piece, attached, join, stack
from talkdemo.build.head.rings import LOWER_LID, UPPER_LID
from talkdemo.build.head.source import LEFT_EYE, RIGHT_EYE, Source
from talkdemo.face.arkit import INDEX

RADIUS = 0.0159  # metres; the mesh's eye openings are made for large eyes
POLAR = np.radians([0, 5, 10, 15, 18.5, 21, 23, 27, 35, 47, 60, 75, 92, 110])  # rings round the eye's axis
SEGMENTS = 24
IRIS = np.radians(21.5)  # polar angle of the limbus
CORNEA = 0.0005  # metres the cornea stands out
TURN = {"In": 24.0, "Out": 24.0, "Up": 15.0, "Down": 20.0}  # degrees of eyeball rotation at 1
UPPER_LASH, LOWER_LASH = 0.0085, 0.0045  # metres


def centre(source: Source, side: str) -> np.ndarray:
    return source.rest[LEFT_EYE if side == "Left" else RIGHT_EYE].mean(0) - np.array([0.0, 0.0, 0.0002])


def look(side: str, direction: str) -> np.ndarray:
    """Rotation matrix (3, 3) of one eyeball at eyeLook = 1; +y turns to the character's left, +x looks down."""
    outward = 1.0 if side == "Left" else -1.0
    axis = {"In": (0, -outward, 0), "Out": (0, outward, 0), "Up": (-1, 0, 0), "Down": (1, 0, 0)}[direction]
    return Rotation.from_rotvec(np.radians(TURN[direction]) * np.array(axis, float)).as_matrix()


def eyeball(source: Source, side: str) -> Piece:
    """A ball open at the back, with a slight cornea; UV is polar: the pole (pupil) in the middle of the square."""
    middle = centre(source, side)
    angle = np.linspace(0, 2 * np.pi, SEGMENTS + 1)[:-1]
    theta, phi = np.meshgrid(POLAR, angle, indexing="ij")
    bulge = CORNEA * np.clip(np.cos(theta / IRIS * np.pi / 2), 0, 1) * (theta < IRIS)
    radius = RADIUS + bulge
    points = (
        np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1) * radius[..., None]
    )  # (rings, segments, 3)
    reach = theta / np.radians(115) / 2
    uv = np.stack([0.5 + reach * np.cos(phi), 0.5 + reach * np.sin(phi)], -1)
    uv = uv.reshape(-1, 2)
    faces = grid_faces(len(POLAR), SEGMENTS, closed=True)
    left = points.reshape(-1, 3) + centre(source, "Left")
    piece = attached(source, f"eye{side}", left, faces, uv, LEFT_EYE, still=True)
    if side == "Right":  # the left one's mirror image, vertex by vertex
        flip = np.array([-1.0, 1.0, 1.0])
        uv = np.stack([1 - uv[:, 0], uv[:, 1]], 1)
        piece = replace(piece, rest=left * flip, faces=faces[:, ::-1], uv=uv, identities=piece.identities * flip)
    rest, actions = piece.rest, piece.actions.copy()
    for direction in TURN:
        rotation = look(side, direction)
        actions[INDEX[f"eyeLook{direction}{side}"]] = (rest - middle) @ rotation.T - (rest - middle)
    weld = np.arange(len(rest))
    weld[:SEGMENTS] = 0  # the pole is doubled for its UVs
    return replace(piece, actions=actions, weld=np.unique(weld, return_inverse=True)[1])


def grid_faces(rows: int, columns: int, *, closed: bool = False) -> np.ndarray:
    """Triangles of a (rows, columns) grid of vertices, counter-clockwise where rows grow outward, columns leftward."""
    width = columns if closed else columns - 1
    r, c = np.meshgrid(np.arange(rows - 1), np.arange(width), indexing="ij")
    a, b = r * columns + c, r * columns + (c + 1) % columns
    d, e = a + columns, b + columns
    return np.concatenate([np.stack([a, d, e], -1).reshape(-1, 3), np.stack([a, e, b], -1).reshape(-1, 3)])


def lashes(source: Source, rings: np.ndarray) -> Piece:
    """Strips of lash on both lids of both eyes: rows root, bend, tip; u along the lid, v from root to tip."""
    pieces = []
    for side in ("Left", "Right"):
        to_side = (lambda v: v) if side == "Left" else (lambda v: source.mirror[v])
        flip = np.array([1.0, 1.0, 1.0]) if side == "Left" else np.array([-1.0, 1.0, 1.0])
        for lid, columns, length in (("upper", UPPER_LID, UPPER_LASH), ("lower", LOWER_LID[1:-1], LOWER_LASH)):
            pieces.append(_strip(source, to_side(rings[2][list(columns)]), side, lid, length, flip))
    return join("lashes", pieces)


def _strip(source: Source, roots: np.ndarray, side: str, lid: str, length: float, flip: np.ndarray) -> Piece:
    rest = source.rest[roots]
    middle = centre(source, side)
    out = (rest - middle) * np.array([1.0, 0.0, 1.0])
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    along = np.linspace(0, 1, len(roots)) if lid == "upper" else np.linspace(1, 0, len(roots))
    taper = (0.45 + 0.55 * np.sin(np.pi * np.clip(along * 0.9 + 0.12, 0, 1)))[:, None]
    rise = np.array([0.0, 1.0, 0.0]) if lid == "upper" else np.array([0.0, -1.0, 0.0])
    fan = np.array([1.0, 0.0, 0.0]) * flip * (along[:, None] - 0.35) * 0.6

    def directions(tilt: float) -> np.ndarray:
        d = out + fan + rise * tilt
        return d / np.linalg.norm(d, axis=1, keepdims=True)

    open_bend, open_tip = directions(0.25), directions(0.95)
    rows = [rest, rest + open_bend * length * taper * 0.55, rest + (open_bend * 0.5 + open_tip * 0.5) * length * taper]
    count = len(roots)
    points = np.concatenate(rows)
    uv = np.concatenate([np.stack([along, np.full(count, v)], 1) for v in (0.02, 0.5, 0.98)])
    uv[:, 1] = uv[:, 1] * 0.5 + (0.5 if lid == "upper" else 0.0)
    actions = np.concatenate([stack(source.actions, roots)] * 3, axis=1)
    identities = np.concatenate([stack(source.identities, roots)] * 3, axis=1)
    if lid == "upper":  # closing, the lashes swing down with the lid
        shut = directions(-0.32)
        swing = np.concatenate([np.zeros_like(rest), (shut - open_bend) * length * taper * 0.55,
                                (shut - (open_bend + open_tip) / 2) * length * taper])  # fmt: skip
        actions[INDEX[f"eyeBlink{side}"]] += swing
        actions[INDEX[f"eyeLookDown{side}"]] += 0.35 * swing
    faces = grid_faces(3, count)
    turn, weld = np.ones(len(points)), np.arange(len(points))
    return Piece(f"lash{side}{lid}", points, faces, uv, actions, identities, turn, weld)
