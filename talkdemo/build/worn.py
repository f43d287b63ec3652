"""Puts a beard or glasses on a head as further parts of it, so that light, shadow and pose treat them as the rest."""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from talkdemo.face.characters import Colour
from talkdemo.face.landmarks import vertex_numbers
from talkdemo.records import Face, Material, Part

HAIRS = 26_000
THICK = 0.00022  # metres of a hair's half width at its root
SEGMENTS = 3
LOWER_FACE = (*range(3, 14), 31, 33, 35)
Surface = tuple[np.ndarray, np.ndarray]  # vertices (N, 3), triangles (M, 3)


def with_beard(face: Face, colour: Colour, length: float, generator: np.random.Generator) -> Face:
    """`length`: metres of the hairs on the chin. The skin beneath takes the colour in part."""
    skin = next(part for part in face.parts if part.name == "skin")
    roots, normals, uv, share = _roots(face, skin.faces, generator)
    down = np.array([0.0, -1.0, 0.25]) + generator.normal(0, 0.35, roots.shape)
    way = 0.55 * normals + down * (0.4 + 0.6 * generator.random((len(roots), 1)))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    long = length * (0.45 + 0.55 * share) * generator.uniform(0.55, 1.15, len(roots))
    across = np.cross(way, normals)
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    steps = np.linspace(0, 1, SEGMENTS + 1)
    rows = []
    for t in steps:  # they curl back towards the skin
        middle = roots + long[:, None] * (t * way - 0.35 * t * t * normals)
        half = THICK * (1 - 0.75 * t) * across
        rows += [middle - half, middle + half]
    strips = np.stack(rows, axis=1)  # (H, 2 (SEGMENTS + 1), 3)
    corner = np.concatenate([[(k, k + 1, k + 2), (k + 1, k + 3, k + 2)] for k in range(0, 2 * SEGMENTS, 2)])
    faces = (np.arange(len(roots))[:, None, None] * strips.shape[1] + corner).reshape(-1, 3)
    shade = np.repeat(generator.random(len(roots)), strips.shape[1])  # a column of the texture for each hair
    edge = np.tile(np.arange(strips.shape[1]) % 2, len(roots)) * 0.01
    coordinates = np.stack([0.005 + 0.98 * shade + edge, np.tile(np.repeat(steps, 2), len(roots))], axis=1)
    look = Material(_strand_colours(colour, generator), roughness=0.6, double_sided=True)
    shaded = _shadowed(skin.material.texture, uv, share, colour)
    parts = [
        replace(part, material=replace(part.material, texture=shaded)) if part is skin else part for part in face.parts
    ]
    return _added(replace(face, parts=tuple(parts)), "beard", (strips.reshape(-1, 3), faces), coordinates, look)


def _roots(
    face: Face, triangles: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points on the skin with their normals, texture coordinates and how thickly the beard grows there (0 … 1)."""
    corners = face.neutral[triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(cross, axis=1)
    near = growth(face, corners.mean(1)) > 0.01
    weight = area * near
    chosen = generator.choice(len(triangles), 3 * HAIRS, p=weight / weight.sum())
    a, b = np.sqrt(generator.random(3 * HAIRS)), generator.random(3 * HAIRS)
    mix = np.stack([1 - a, a * (1 - b), a * b], axis=1)[..., None]
    points = (corners[chosen] * mix).sum(1)
    share = growth(face, points)
    kept = np.flatnonzero(generator.random(len(points)) < share)[:HAIRS]
    chosen = chosen[kept]
    normals = cross[chosen] / area[chosen, None]
    return points[kept], normals, (face.uv[triangles[chosen]] * mix[kept]).sum(1), share[kept]


def growth(face: Face, points: np.ndarray) -> np.ndarray:
    """(N, 3) points on the skin → (N,) in 0 … 1: how thickly a beard grows there."""
    marks = face.neutral[vertex_numbers().numpy()]
    eyes = float(np.linalg.norm(marks[36] - marks[45]))
    x, y, z = (points - marks[51]).T / eyes  # from the middle of the upper lip, in outer eye distances
    aside = np.abs(x)
    nose, chin, corner = (marks[k] - marks[51] for k in (33, 8, 54))
    ear = (marks[16] - marks[51]) / eyes
    # The upper edge runs from the moustache over the cheek to the ear, the lower one under the jaw.
    line = np.interp(aside, [0, 0.30, 0.55, 0.80, 1.2], [nose[1] / eyes + 0.03, 0.08, 0.14, ear[1], ear[1] + 0.2])
    low = np.interp(aside, [0, 0.4, 0.75], [chin[1] / eyes - 0.10, chin[1] / eyes + 0.04, -0.1])
    below, above = _step(line - y, 0.0, 0.05), _step(y - low, -0.05, 0.06)
    ears = _step(z - (ear[2] + 0.10), -0.03, 0.06)
    lips = cKDTree(marks[[*range(48, 60), *range(60, 68)]]).query(points)[0] / eyes
    wide = corner[0] / eyes
    middle = (marks[57] - marks[51]) / eyes
    inside = ((x / (wide * 1.02)) ** 2 + ((y - middle[1] / 2) / (abs(middle[1]) * 0.62)) ** 2) < 1
    bare = np.where(inside, 0.0, _step(lips, 0.005, 0.035))
    soul = _step(np.hypot((aside - 0.17) / 0.06, (y - middle[1] + 0.07) / 0.06), 0.5, 1.2)  # bare beside the lower lip
    moustache = np.where(y > middle[1] / 2, _step(wide * 1.25 - aside, -0.02, 0.08) + _step(aside - 0.36, 0, 0.08), 1.0)
    return below * above * ears * bare * (0.35 + 0.65 * soul) * moustache.clip(0, 1)


def _step(x: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _strand_colours(colour: Colour, generator: np.random.Generator) -> np.ndarray:
    """(8, 64, 3) uint8: a column for every shade, lighter towards the tips; some hairs are grey."""
    base = np.array(colour) * np.exp(generator.normal(0, 0.28, (1, 64, 1)))
    grey = generator.random((1, 64, 1)) < 0.05
    base = np.where(grey, 0.5, base)
    return np.rint(255 * (base * np.linspace(0.8, 1.15, 8)[:, None, None]).clip(0, 1)).astype(np.uint8)


def _shadowed(texture: np.ndarray, uv: np.ndarray, share: np.ndarray, colour: Colour) -> np.ndarray:
    """The skin (H, W, 3) darkened where hairs have their roots (uv)."""
    import cv2

    side = texture.shape[0]
    dense: np.ndarray = np.zeros((side, side), np.float32)
    at = (np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1) * (side - 1)).round().astype(int)
    np.add.at(dense, (at[:, 1], at[:, 0]), share.astype(np.float32))
    dense = cv2.GaussianBlur(dense, (0, 0), side / 200)
    cover = 0.6 * (dense / np.quantile(dense[dense > 1e-4], 0.7)).clip(0, 1)[..., None]
    return np.rint(texture * (1 - cover) + 255 * 0.9 * np.array(colour) * cover).astype(np.uint8)


def with_glasses(face: Face, colour: Colour) -> Face:
    """Clear glasses in a thin frame."""
    marks = face.neutral[vertex_numbers().numpy()]
    skin = face.neutral[np.unique(next(part.faces for part in face.parts if part.name == "skin"))]
    eyes = [marks[36:42].mean(0), marks[42:48].mean(0)]
    apart = eyes[1][0] - eyes[0][0]
    front = marks[27][2] + 0.004
    half, tall, out = 0.42 * apart, 0.33 * apart, 0.54 * apart
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    pieces, glass = [], []
    for side in (-1, 1):
        centre = np.array([side * out, eyes[0][1] - 0.06 * apart])
        c, s = np.cos(turn), np.sin(turn)
        x = centre[0] + half * np.sign(c) * np.abs(c) ** 0.72
        y = centre[1] + tall * np.sign(s) * np.abs(s) ** 0.78 + 0.04 * tall * np.abs(c)
        rim = np.stack([x, y, _bend(x, front)], axis=1)
        pieces.append(_tube(rim, 0.0011, closed=True))
        glass.append(_disc(rim, np.array([*centre, _bend(centre[0], front)])))
        outer = centre[0] + side * half
        hinge = np.array([outer, centre[1] + 0.45 * tall, _bend(outer, front)])
        ear = marks[16 if side > 0 else 0]
        wide = np.abs(skin[(np.abs(skin[:, 1] - hinge[1]) < 0.012) & (skin[:, 2] > ear[2] + 0.02)][:, 0]).max() + 0.002
        wide = max(wide, abs(outer) + 0.002)
        stops = np.array(
            [
                hinge,
                [side * (wide + abs(outer)) / 2, hinge[1], hinge[2] - 0.022],
                [side * wide, hinge[1], hinge[2] - 0.05],
                [side * wide, hinge[1] - 0.002, ear[2] + 0.03],
                [side * (wide + 0.001), hinge[1] - 0.006, ear[2] + 0.005],
                [side * wide, hinge[1] - 0.022, ear[2] - 0.012],
            ]
        )
        pieces.append(_tube(_smooth(stops), 0.0011))
    inner = out - half
    x = np.linspace(-inner, inner, 17)
    y = eyes[0][1] + 0.0 * apart + 0.0035 * (1 - (x / inner) ** 2)
    pieces.append(_tube(np.stack([x, y, _bend(x, front) + 0.0015 * (1 - (x / inner) ** 2)], axis=1), 0.0011))
    frame = Material(np.full((4, 4, 3), np.rint(255 * np.array(colour)), np.uint8), roughness=0.25)
    surface = _joined(pieces)
    face = _added(face, "glasses", surface, np.full((len(surface[0]), 2), 0.5), frame)
    surface = _joined(glass)
    low, size = surface[0].min(0)[:2], np.ptp(surface[0], axis=0)[:2]
    lens = Material(_reflection(), roughness=0.2, alpha="blend", double_sided=True)
    return _added(face, "glasses/lenses", surface, (surface[0][:, :2] - low) / size, lens)


def _bend(x: np.ndarray | float, front: float) -> np.ndarray:
    """Depth of the frame, which follows the face a little."""
    return front - 2.2 * np.asarray(x) ** 2


def _reflection() -> np.ndarray:
    """(128, 256, 4) uint8: a window's faint light on two lenses."""
    y, x = np.mgrid[0:128, 0:256] / (128.0, 256.0)[0]
    along = ((x % 1.0) + 0.6 * y) % 1.0
    alpha = 0.03 + 0.07 * np.exp(-(((along - 0.55) / 0.10) ** 2)) + 0.05 * np.exp(-(((along - 0.80) / 0.04) ** 2))
    alpha *= 1.3 - y
    white = np.full((128, 256, 3), 235)
    return np.concatenate([white, np.rint(255 * alpha)[..., None]], axis=2).astype(np.uint8)


def _smooth(stops: np.ndarray, count: int = 24) -> np.ndarray:
    from scipy.interpolate import PchipInterpolator

    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(stops, axis=0), axis=1))])
    return PchipInterpolator(length, stops)(np.linspace(0, length[-1], count))


def _tube(path: np.ndarray, radius: float, closed: bool = False, sides: int = 10) -> Surface:
    """Around a line (N, 3); a little deeper than it is wide."""
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    deep = np.array([0.0, 0.0, 1.0]) - ahead * ahead[:, 2:]
    flat = np.linalg.norm(deep, axis=1) < 0.3  # a temple runs backwards
    deep[flat] = np.array([0.0, 1.0, 0.0]) - ahead[flat] * ahead[flat, 1:2]
    deep /= np.linalg.norm(deep, axis=1, keepdims=True)
    wide = np.cross(deep, ahead)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.cos(angle)[:, None] * wide[:, None] + 1.4 * np.sin(angle)[:, None] * deep[:, None]
    points = (path[:, None] + radius * ring).reshape(-1, 3)
    count = len(path)
    faces = []
    for i in range(count if closed else count - 1):
        for k in range(sides):
            a, b = i * sides + k, i * sides + (k + 1) % sides
            c, d = ((i + 1) % count) * sides + k, ((i + 1) % count) * sides + (k + 1) % sides
            faces += [(a, b, c), (b, d, c)]
    return points, np.array(faces)


def _disc(rim: np.ndarray, middle: np.ndarray) -> Surface:
    order = np.arange(len(rim))
    faces = np.stack([np.full(len(rim), len(rim)), order, np.roll(order, -1)], axis=1)
    return np.concatenate([rim, middle[None]]), faces


def _joined(pieces: list[Surface]) -> Surface:
    starts = np.cumsum([0, *(len(points) for points, _ in pieces)])
    faces = [faces + start for (_, faces), start in zip(pieces, starts, strict=False)]
    return np.concatenate([points for points, _ in pieces]), np.concatenate(faces)


def _added(face: Face, name: str, surface: Surface, uv: np.ndarray, look: Material) -> Face:
    points, faces = surface
    count = len(face.neutral)
    part = Part(name, (faces + count).astype(np.int32), look)
    return Face(
        np.concatenate([face.neutral, points]).astype(np.float32),
        np.concatenate([face.uv, uv]).astype(np.float32),
        np.concatenate([face.weld, face.weld.max() + 1 + np.arange(len(points))]).astype(np.int32),
        (*face.parts, part),
    )
