"""Shells of hair that follow head shape and head rotation.

A cut is one or more surfaces made of meridians: lines that start at the crown, run over the skull at some height above
it and end at the hairline or, at the sides and back, fall on as hanging hair. u goes round the head (constant along a
strand), v from tip (0) to root (1), so one texture of strands with ragged tips dresses every cut.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy.spatial import cKDTree

from talkdemo.build.head.eyes import grid_faces
from talkdemo.build.head.mesh import Piece, join, triangles
from talkdemo.build.head.skin import HAIRLINE, SKULL_Z, noise, step
from talkdemo.build.head.source import Source
from talkdemo.face.arkit import NAMES

CENTRE = np.array([0.0, 72.0, SKULL_Z])  # mm; the skull is seen from here
COLUMNS = 36


@dataclass(frozen=True)
class Shell:
    """One surface of a cut; heights over the skull in mm, angles in degrees from straight ahead."""

    texture: str
    crown: float
    edge: float  # height over the skull at the hairline
    rows: int = 9
    falls: tuple[tuple[float, ...], tuple[float, ...]] | None = None  # angle → height (mm) at which hanging hair ends
    line: tuple[tuple[float, ...], tuple[float, ...]] = HAIRLINE  # angle → height (mm) at which the rest ends
    fringe: float = 0.0  # mm the front comes down over the forehead
    lumps: float = 1.0
    side: float = 0.0  # extra mm over the ears


CLEAR_OF_EARS = (
    (0, 24, 40, 54, 64, 70, 80, 100, 116, 132, 150, 180),
    (95, 97, 90, 70, 45, 30, 50, 54, 34, 2, -22, -28),
)
CUTS: dict[str, tuple[Shell, ...]] = {
    "short": (
        Shell("short", 10, 1.2, line=CLEAR_OF_EARS, lumps=1.2), Shell("short2", 17, 2.5, line=CLEAR_OF_EARS, lumps=2.2),
    ),
    "cropped": (Shell("cropped", 2.6, 1.0, rows=8, line=CLEAR_OF_EARS, lumps=0.0),),
    "bob": (
        Shell("long", 13, 6.0, rows=16, fringe=26, side=11,
              falls=((0, 46, 58, 70, 100, 180), (np.nan, np.nan, -40, -74, -80, -76))),
    ),
    "long": (
        Shell("long", 12, 1.5, rows=17, side=13,
              falls=((0, 40, 55, 68, 80, 100, 180), (np.nan, np.nan, -20, -125, -168, -180, -178))),
    ),
    "curly": (Shell("curls", 16, 7.0, lumps=3.0, side=3), Shell("curls2", 27, 11.0, lumps=5.0, side=8),
              Shell("curls2", 37, 14.0, lumps=6.0, side=12)),
}  # fmt: skip


def build(source: Source, outside: np.ndarray, quads: np.ndarray) -> list[Piece]:
    """`outside`: source vertices of the head's skin, `quads` (f, 4) its polygons → a piece per cut and texture."""
    skull = _Skull(source, quads)
    pieces = []
    for cut, shells in CUTS.items():
        by_texture: dict[str, list[Piece]] = {}
        for number, shell in enumerate(shells):
            by_texture.setdefault(shell.texture, []).append(_shell(source, outside, skull, shell, number))
        pieces += [join(f"hair/{cut}/{texture}", made) for texture, made in by_texture.items()]
    return pieces


class _Skull:
    """Distance from CENTRE to the outermost skin in a direction."""

    def __init__(self, source: Source, quads: np.ndarray) -> None:
        points = source.rest * 1000 - CENTRE
        tri = points[triangles(quads)]
        self.a, self.e1, self.e2 = tri[:, 0], tri[:, 1] - tri[:, 0], tri[:, 2] - tri[:, 0]

    def reach(self, direction: np.ndarray) -> float:
        h = np.cross(direction, self.e2)
        det = (self.e1 * h).sum(1)
        safe = np.where(np.abs(det) < 1e-9, 1e-9, det)
        u = -(self.a * h).sum(1) / safe
        q = np.cross(-self.a, self.e1)
        v, t = (q @ direction) / safe, (self.e2 * q).sum(1) / safe
        hit = (u >= -1e-6) & (v >= -1e-6) & (u + v <= 1 + 1e-6) & (t > 0) & (np.abs(det) > 1e-9)
        return float(t[hit].max()) if hit.any() else np.nan

    def meridian(self, azimuth: float, low: float) -> np.ndarray:
        """Points (n, 3) from the crown down to height `low`, ears smoothed away by keeping the skull's width."""
        a, e = np.radians(azimuth), np.radians(np.arange(90.0, -56.0, -3.0))
        directions = np.stack([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)], axis=1)
        points = np.array([direction * self.reach(direction) for direction in directions])
        side = abs(abs(azimuth) - 90) < 30
        if side:  # an ear must not make a bump: no wider than the skull above it
            points[:, 0] = np.clip(points[:, 0], -82, 82)
        end = np.searchsorted(-(points[:, 1] + CENTRE[1]), -low)
        return points[: max(end + 1, 6)]


def _shell(source: Source, outside: np.ndarray, skull: _Skull, shell: Shell, number: int) -> Piece:
    rng = np.random.default_rng(11 + number)
    around = np.linspace(-180, 180, COLUMNS + 1)
    waves = [(rng.uniform(0.5, 1), int(rng.integers(5, 17)), rng.uniform(0, 6.3)) for _ in range(5)]
    columns = []
    for azimuth in around:
        away = abs(azimuth)
        line = float(np.interp(away, *shell.line)) - shell.fringe * step(np.array(50 - away), 0, 18)
        ragged = sum(a * np.sin(3 * k * np.radians(azimuth) + 2 * p) for a, k, p in waves)
        points = skull.meridian(azimuth, line + 0.7 * ragged * step(np.array(75 - away), 0, 20))
        share = np.linspace(0, 1, len(points))
        lump = sum(a * np.sin(k * np.radians(azimuth) + p + 2.5 * share) for a, k, p in waves) / 3
        height = shell.edge + (shell.crown - shell.edge) * (1 - share**2.2) + shell.lumps * lump
        height = height + shell.side * np.exp(-(((away - 92) / 26) ** 2)) * step(share, 0.45, 0.9)
        normal = points / np.linalg.norm(points, axis=1, keepdims=True)
        path = CENTRE + points + normal * np.maximum(height, 0.8)[:, None]
        if shell.falls is not None:
            end = float(np.interp(away, *shell.falls))
            if not np.isnan(end):
                path = _hang(path, end, azimuth)
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
        at = np.linspace(0, length[-1], shell.rows)
        columns.append(np.stack([np.interp(at, length, path[:, d]) for d in range(3)], 1))
    grid = np.stack(columns, 1)  # (rows, columns, 3) mm
    v = np.broadcast_to(np.linspace(1, 0, shell.rows)[:, None], grid.shape[:2])
    u = np.broadcast_to(np.linspace(0.001, 0.999, COLUMNS + 1)[None], grid.shape[:2])
    rest = grid.reshape(-1, 3) / 1000
    identities = _follow(source, outside, rest)
    turn = 1 - 0.55 * step(-grid[..., 1].ravel(), 70, 170)
    weld = np.arange(len(rest)).reshape(grid.shape[:2])
    weld[:, -1] = weld[:, 0]  # the seam at the back
    weld[0] = weld[0, 0]  # the crown
    return Piece(
        "hair",
        rest,
        grid_faces(shell.rows, COLUMNS + 1),
        np.stack([u, v], -1).reshape(-1, 2),
        np.zeros((len(NAMES), len(rest), 3)),
        identities,
        turn,
        np.unique(weld, return_inverse=True)[1].reshape(-1),
    )


def _hang(path: np.ndarray, end: float, azimuth: float) -> np.ndarray:
    """Cut the meridian where it is widest and let it fall, drawn slightly towards the neck, to height `end`."""
    out = np.hypot(path[:, 0], path[:, 2] - SKULL_Z)
    widest = int(np.argmax(out))
    fall = np.arange(path[widest, 1] - 6, end, -8.0)
    a = np.radians(azimuth)
    start = path[widest]
    drop = (start[1] - fall) / 100
    inward = 7 * drop**1.5 - 9 * step(-fall, 95, 150)  # in at the neck, out again on the shoulders
    if abs(azimuth) > 100:
        inward = inward + 5 * drop
    radius = out[widest] - inward
    hanging = np.stack([radius * np.sin(a), fall, SKULL_Z + radius * np.cos(a)], 1)
    hanging[:, 0] = np.sign(start[0]) * np.maximum(np.abs(hanging[:, 0]), 0) if abs(azimuth) < 179 else hanging[:, 0]
    return np.concatenate([path[: widest + 1], hanging])


def _follow(source: Source, outside: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(K, n, 3) displacement of hair under each identity: that of the nearest skin above the jaw, smoothly mixed."""
    scalp = outside[(source.rest[outside, 1] > 0.0) & (source.rest[outside, 2] < 0.095)]
    at = rest.copy()
    at[:, 1] = np.maximum(at[:, 1], 0.03)  # hanging hair follows the head at ear height
    distance, index = cKDTree(source.rest[scalp]).query(at, k=12)
    weight = 1 / (distance + 0.004) ** 2
    weight /= weight.sum(1, keepdims=True)
    return np.stack([(delta[scalp][index] * weight[..., None]).sum(1) for delta in source.identities.values()])


def strands(size: tuple[int, int], *, count: int, tip: float, gaps: float, curl: float, seed: int) -> np.ndarray:
    """(height, width, 4) grey strands running down the texture; alpha frays over the last `tip` of the way."""
    height, width = size
    rng = np.random.default_rng(seed)
    shade = Image.new("L", (width, height), 84)
    cover = Image.new("L", (width, height), 0)
    paint, mask = ImageDraw.Draw(shade), ImageDraw.Draw(cover)
    for n in range(count):
        x = rng.uniform(-10, width + 10)
        stop = height * (1 - tip * rng.beta(1.4, 1.6) * (n > count * 0.04))
        begin = rng.uniform(-0.2, 0.6) * height if n > count * 0.35 else -4
        y = np.linspace(begin, stop, 14)
        sway = curl * np.sin(y / height * rng.uniform(9, 16) + rng.uniform(0, 6.3))
        sway = sway + rng.normal(0, 3) * (y / height) ** 2
        points = list(zip(x + sway, y, strict=True))
        wide = int(rng.integers(1, 4))
        paint.line(points, fill=int(np.clip(rng.normal(128, 34), 40, 225)), width=wide)
        mask.line(points, fill=255, width=wide + (2 if gaps == 0 else 1))
    alpha = np.asarray(cover.filter(ImageFilter.GaussianBlur(0.7))).astype(np.float32)
    grey: np.ndarray = np.asarray(shade.filter(ImageFilter.GaussianBlur(0.5))).astype(np.float32)
    down = np.linspace(0, 1, height)[:, None]
    sheen = 0.80 + 0.28 * np.exp(-(((down - 0.34) / 0.2) ** 2))
    grey = grey * sheen * (1 + 0.05 * noise(max(size), 9, seed))[:height, :width]
    solid = 255 * (1 - gaps) * (1 - step(down, 1 - tip * 1.05, 1 - tip * 0.35))
    alpha = np.maximum(alpha * (1 if gaps == 0 else 0.92), np.broadcast_to(solid, alpha.shape) if gaps < 1 else 0)
    out = np.repeat(grey[..., None], 4, -1)
    out[..., 3] = alpha
    return np.clip(out, 0, 255).astype(np.uint8)


def curls(size: tuple[int, int], *, cover: float, seed: int) -> np.ndarray:
    """(height, width, 4) small grey ringlets; alpha is broken up everywhere and frays at the edge."""
    height, width = size
    rng = np.random.default_rng(seed)
    shade, mask = Image.new("L", (width, height), 70), Image.new("L", (width, height), 0)
    paint, alpha = ImageDraw.Draw(shade), ImageDraw.Draw(mask)
    for _ in range(int(5200 * cover)):
        x, y, r = rng.uniform(0, width), rng.uniform(0, height) ** 1.0, rng.uniform(4, 11)
        if y > height * (0.97 - 0.16 * rng.random() ** 2):
            continue
        start, wide = rng.uniform(0, 360), int(rng.integers(2, 5))
        box = (x - r, y - r, x + r, y + r)
        grey = int(np.clip(rng.normal(122, 36), 40, 230))
        paint.arc(box, start, start + rng.uniform(150, 320), fill=grey, width=wide)
        alpha.arc(box, start, start + 320, fill=255, width=wide + 2)
    out = np.repeat(np.asarray(shade.filter(ImageFilter.GaussianBlur(0.7)))[..., None], 4, -1).astype(np.float32)
    out[..., 3] = np.asarray(mask.filter(ImageFilter.GaussianBlur(0.8)))
    return np.clip(out, 0, 255).astype(np.uint8)


def cropped(size: tuple[int, int], seed: int) -> np.ndarray:
    """(height, width, 4) hair of a few millimetres: a fine, nearly closed grain that thins out at the edge."""
    height, width = size
    grain = noise(max(size), 0.8, seed)[:height, :width]
    down = np.linspace(0, 1, height)[:, None]
    out = np.repeat((96 + 26 * grain)[..., None], 4, -1)
    out[..., 3] = (205 + 45 * grain) * (1 - step(down + 0.03 * noise(max(size), 5, seed)[:height, :width], 0.80, 0.97))
    return np.clip(out, 0, 255).astype(np.uint8)


def textures() -> dict[str, np.ndarray]:
    return {
        "texture/hair/short": strands((320, 1024), count=4200, tip=0.30, gaps=0.0, curl=3, seed=21),
        "texture/hair/short2": strands((320, 1024), count=1900, tip=0.42, gaps=1.0, curl=6, seed=22),
        "texture/hair/cropped": cropped((256, 1024), seed=26),
        "texture/hair/long": strands((640, 1024), count=5200, tip=0.10, gaps=0.0, curl=5, seed=23),
        "texture/hair/curls": curls((384, 1024), cover=1.0, seed=24),
        "texture/hair/curls2": curls((384, 1024), cover=0.5, seed=25),
    }
