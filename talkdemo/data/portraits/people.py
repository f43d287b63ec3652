"""Random people for portraits: face, skin and hair, and the light, camera and room of the photograph.

Person k depends on the seed and k alone. The light is one of STUDIOS setups (the renderer compiles a setup into its
shaders, which costs more than ten images); exposure and white balance are individual.
"""

import math
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from talkdemo.face import asset
from talkdemo.face.characters import Character
from talkdemo.records import Face
from talkdemo.render.camera import FIELD_OF_VIEW, Camera, portrait
from talkdemo.render.light import Light, Studio

STUDIOS = 48
GENDERS, AGES, ORIGINS = ("female", "male"), ("child", "young", "old"), ("african", "asian", "caucasian")
# Gender, age and origin of each skin, so that it suits the face.
SKINS: dict[str, tuple[str, str, str]] = {
    "maya": ("female", "young", "caucasian"), "leo": ("male", "young", "caucasian"),
    "amara": ("female", "young", "african"), "kenji": ("male", "young", "asian"),
    "ingrid": ("female", "old", "caucasian"), "kwame": ("male", "old", "african"),
    "mei": ("female", "young", "asian"), "tomas": ("male", "old", "caucasian"),
    "nora": ("female", "child", "caucasian"), "ravi": ("male", "young", "asian"),
}  # fmt: skip
SKIN_SIDE = 512
WALL_SIDE = 128
IRISES = {
    "african": ("darkbrown", "brown"), "asian": ("darkbrown", "brown", "hazel"),
    "caucasian": ("brown", "hazel", "blue", "grey", "green"),
}  # fmt: skip
HAIRCUTS = {"female": ("bob", "long", "curly", "short", "none"), "male": ("short", "cropped", "none", "curly", "bob")}
HAIRCUT_SHARES = {"female": (0.28, 0.34, 0.16, 0.14, 0.08), "male": (0.42, 0.28, 0.17, 0.08, 0.05)}
HAIR_COLOURS = (
    (0.12, 0.11, 0.10), (0.15, 0.12, 0.10), (0.24, 0.15, 0.10), (0.33, 0.22, 0.14), (0.45, 0.32, 0.20),
    (0.62, 0.46, 0.28), (0.72, 0.60, 0.42), (0.52, 0.24, 0.11),
)  # fmt: skip
# Changes that would make a caricature get smaller.
DELICATE = ("eye-scale-incr", "ear-scale-incr", "ear-wing-incr", "head-scale-horiz-incr", "head-scale-vert-incr",
            "neck-double-incr", "head-angle-out", "eye-trans-out")  # fmt: skip


@dataclass(frozen=True)
class Room(Studio):
    """A studio with an image for a background."""

    wall: np.ndarray = field(default_factory=lambda: np.zeros((1, 1, 3), np.uint8))  # (H, W, 3) uint8

    def background(self, width: int, height: int) -> np.ndarray:
        import cv2

        return cv2.resize(self.wall, (width, height), interpolation=cv2.INTER_CUBIC)


@dataclass(frozen=True)
class Sitter:
    """One random person and the settings of the photograph."""

    name: str
    character: Character
    skin: np.ndarray  # (S, S, 3) uint8 texture
    studio: Room
    turn: tuple[float, float]  # of the camera around the head: yaw, pitch, radians
    shift: tuple[float, float]  # of the face in the image, as shares of its side
    zoom: float  # above 1: smaller
    fov: float  # radians
    curve: np.ndarray  # (256, 3) uint8: exposure, contrast and white balance

    def with_skin(self, face: Face) -> Face:
        """The drawable face in this sitter's skin."""
        parts = [
            replace(part, material=replace(part.material, texture=self.skin)) if part.name == "skin" else part
            for part in face.parts
        ]
        return replace(face, parts=tuple(parts))

    def camera(self, face: Face, side: int) -> Camera:
        """The portrait camera, moved; the face has the same size with every lens."""
        plain = portrait(face, side, side)
        distance = plain.position[2] - plain.target[2]
        seen = 2 * distance * math.tan(FIELD_OF_VIEW / 2) * self.zoom
        far = seen / (2 * math.tan(self.fov / 2))
        x, y, z = plain.target
        x, y = x + self.shift[0] * seen, y + self.shift[1] * seen
        yaw, pitch = self.turn
        across, up, ahead = math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)
        position = float(x + far * across), float(y + far * up), float(z + far * ahead)
        return replace(plain, position=position, target=(float(x), float(y), float(z)), fov=self.fov)


def sitter(number: int, seed: int = 0) -> Sitter:
    """Person `number` of the world `seed`."""
    if number < 0:
        raise ValueError(f"person {number} was asked for; people count from 0")
    g = np.random.default_rng([seed, 68, number])
    gender = GENDERS[int(g.random() < 0.5)]
    age = AGES[g.choice(3, p=(0.07, 0.63, 0.30))]
    origin = ORIGINS[g.choice(3, p=(0.27, 0.27, 0.46))]
    name = f"p{number:03d}"
    character = Character(
        name, _shape(gender, age, origin, g), (("maya", 1.0),), _iris(origin, g),
        HAIRCUTS[gender][g.choice(5, p=HAIRCUT_SHARES[gender])], _hair_colour(age, origin, g),
        _rgb((g.random() * 0.7 + 0.15 + g.normal(0, 0.1, 3)).clip(0.05, 0.95)), "random",
    )  # fmt: skip
    light = studios(seed)[g.integers(STUDIOS)]
    room = Room(**{key: getattr(light, key) for key in light.__dataclass_fields__}, wall=_wall(g))
    yaw, pitch = np.radians(g.normal(0, (5.0, 3.0)).clip(-12, 12))
    return Sitter(
        name, character, _skin(gender, age, origin, g), room, (float(yaw), float(pitch)),
        tuple(g.uniform(-0.03, 0.03, 2)), float(g.uniform(1.02, 1.22)), math.radians(g.uniform(14, 42)), _curve(g),
    )  # fmt: skip


def _rgb(colour: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = map(float, colour)
    return red, green, blue


def _shape(gender: str, age: str, origin: str, g: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """A blend of the 18 phenotypes, mostly of one kind, and modest changes of single features."""

    def shares(names: tuple[str, ...], chosen: str, purity: float) -> np.ndarray:
        loose = g.dirichlet([0.5] * len(names))
        own = np.array([name == chosen for name in names], float)
        keep = purity + (1 - purity) * g.random()
        return keep * own + (1 - keep) * loose

    corners = np.einsum(
        "i,j,k->ijk", shares(GENDERS, gender, 0.6), shares(AGES, age, 0.55), shares(ORIGINS, origin, 0.45)
    )
    weights = {
        f"{a}-{b}-{c}": float(corners[i, j, k])
        for i, a in enumerate(GENDERS) for j, b in enumerate(AGES) for k, c in enumerate(ORIGINS)
    }  # fmt: skip
    names = [n for n in asset.arrays()["identity/names"].tolist() if n not in weights]
    for name in g.choice([n for n in names if n not in ("heavy", "thin", "muscular")], 16, replace=False):
        size = 0.12 if name in DELICATE else 0.28
        weights[str(name)] = float(np.clip(g.normal(0, size), -2 * size, 2 * size))
    weights[str(g.choice(["heavy", "thin", "muscular"]))] = float(min(abs(g.normal(0, 0.3)), 0.7))
    return tuple(sorted(weights.items()))


def _iris(origin: str, g: np.random.Generator) -> tuple[tuple[str, float], ...]:
    first, second = (str(name) for name in g.choice(IRISES[origin], 2))
    share = float(g.uniform(0.6, 1.0))
    return ((first, 1.0),) if first == second else ((first, share), (second, 1 - share))


def _hair_colour(age: str, origin: str, g: np.random.Generator) -> tuple[float, float, float]:
    last = len(HAIR_COLOURS) if origin == "caucasian" else 3
    colour = np.array(HAIR_COLOURS[g.integers(last)]) * g.uniform(0.85, 1.2)
    if age == "old":
        grey = g.uniform(0.3, 1.0)
        colour = (1 - grey) * colour + grey * g.uniform(0.5, 0.75) * np.array([1.0, 0.99, 0.97])
    return _rgb((colour * g.normal(1, 0.04, 3)).clip(0.05, 0.9))


@cache
def _skin_texture(name: str) -> np.ndarray:
    """(S, S, 3) float32; a finer one would not show in small images."""
    import cv2

    image = asset.texture(f"skin/{name}")[..., :3]
    return cv2.resize(image, (SKIN_SIDE, SKIN_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)


def _skin(gender: str, age: str, origin: str, g: np.random.Generator) -> np.ndarray:
    """Two or three skins that suit the face, mixed and tinted, with blotches and, on some, freckles."""
    import cv2

    likeness = [
        1.2 * (a == gender) + 1.0 * (b == age) + 2.5 * (c == origin) + g.gumbel(0, 0.7) for a, b, c in SKINS.values()
    ]
    chosen = np.argsort(likeness)[::-1][:3]
    shares = np.sort(g.dirichlet([0.8, 0.8, 0.8]))[::-1]
    names = list(SKINS)
    texture = sum(share * _skin_texture(names[i]) for i, share in zip(chosen, shares, strict=True))
    tint = g.uniform(0.84, 1.05) * (1 + np.array([0.5, 0.0, -0.5]) * g.normal(0, 0.05)) * g.normal(1, 0.012, 3)
    blotches = cv2.resize(g.normal(0, 1, (24, 24)).astype(np.float32), (SKIN_SIDE,) * 2, interpolation=cv2.INTER_CUBIC)
    relief = 1 + 0.018 * blotches[..., None] * (0.6, 1.0, 1.0)
    if g.random() < 0.3:
        dots = (g.random((SKIN_SIDE, SKIN_SIDE)) < g.uniform(0.004, 0.02)).astype(np.float32)
        spots = cv2.GaussianBlur(dots, (0, 0), g.uniform(0.7, 1.3)) * 4
        relief = relief * (1 - g.uniform(0.06, 0.22) * spots.clip(0, 1)[..., None] * (0.6, 1.0, 1.2))
    return (texture * tint * relief).clip(0, 255).astype(np.uint8)


@cache
def studios(seed: int) -> tuple[Studio, ...]:
    """STUDIOS setups of lights: frontal, from a side, from above, flat; warm and cool."""
    g = np.random.default_rng([seed, 69])
    return tuple(_studio(g) for _ in range(STUDIOS))


def _studio(g: np.random.Generator) -> Studio:
    side = math.radians(float(np.clip(g.normal(0, 38), -75, 75)))
    height = math.radians(float(g.uniform(5, 55)))
    flat = g.random()  # 0 hard … 1 flat

    def tinted(strength: float, spread: float = 0.045) -> tuple[float, float, float]:
        warm = g.normal(0, spread)
        return _rgb(strength * np.array([1 + warm, 1.0, 1 - 1.3 * warm]))

    def light(azimuth: float, elevation: float, strength: float, spread: float = 0.045) -> Light:
        across = math.cos(elevation)
        direction = math.sin(azimuth) * across, math.sin(elevation), math.cos(azimuth) * across
        return Light(direction, tinted(max(strength, 0.0), spread))

    back = math.radians(130)
    return Studio(
        key=light(side, height, g.uniform(0.7, 1.05) * (1 - 0.45 * flat)),
        fill=light(-side - math.copysign(0.5, side), 0.05, 0.15 + 0.45 * flat * g.random()),
        rim=light(back, 0.45, g.uniform(-0.5, 1.2), 0.1),
        rim_left=light(-back, 0.35, g.uniform(-0.5, 0.9), 0.1),
        sky=tinted(g.uniform(0.30, 0.42) + 0.25 * flat),
        ground=tinted(g.uniform(0.16, 0.24) + 0.22 * flat),
    )


def _wall(g: np.random.Generator) -> np.ndarray:
    """(S, S, 3) uint8: plain, a gradient, a blurred room, or the lights of a blurred street."""
    import cv2

    def colour() -> np.ndarray:
        base = g.uniform(25, 245)
        return (base + g.normal(0, 22, 3) * (g.random() < 0.55)).clip(5, 250)

    side = WALL_SIDE
    kind = g.choice(4, p=(0.3, 0.3, 0.3, 0.1))
    y, x = np.mgrid[0:side, 0:side] / (side - 1)
    if kind == 0:
        image = np.broadcast_to(colour(), (side, side, 3)).copy()
    elif kind == 1:
        if g.random() < 0.5:
            share = np.clip(np.hypot(x - g.uniform(0.2, 0.8), y - g.uniform(0.2, 0.6)) / g.uniform(0.6, 1.0), 0, 1)
        else:
            angle = g.uniform(0, 2 * math.pi)
            share = np.clip((x - 0.5) * math.cos(angle) + (y - 0.5) * math.sin(angle) + 0.5, 0, 1)
        first = colour()
        second = first * g.uniform(0.45, 0.9) if g.random() < 0.6 else colour()
        image = first * (1 - share[..., None]) + second * share[..., None]
    else:
        cells = int(g.integers(3, 12))
        image = colour() + g.normal(0, 38, (cells, cells, 1)) + g.normal(0, 16, (cells, cells, 3))
        image = cv2.resize(image, (side, side), interpolation=g.choice([cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
        image = cv2.GaussianBlur(image, (0, 0), g.uniform(2, 7))
        for _ in range(int(g.integers(4, 14)) if kind == 3 else 0):
            at = tuple(int(v) for v in g.integers(0, side, 2))
            lamp = np.zeros_like(image)
            cv2.circle(lamp, at, int(g.integers(3, 10)), tuple(float(c) for c in g.uniform(60, 220, 3)), -1)
            image = image + cv2.GaussianBlur(lamp, (0, 0), 1.2)
    return (image + g.normal(0, 0.7, (side, side, 1))).clip(0, 255).astype(np.uint8)


def _curve(g: np.random.Generator) -> np.ndarray:
    """(256, 3) uint8 per channel, monotone."""
    level = np.arange(256)[:, None] / 255
    warm = g.normal(0, 0.035)
    gain = math.exp(g.normal(-0.04, 0.12)) * np.array([1 + warm, 1 + g.normal(0, 0.012), 1 - warm])
    contrast = g.uniform(-0.15, 0.25)
    curved = (level * gain) ** g.uniform(0.85, 1.15)
    soft = np.where(curved < 0.8, curved, 1 - 0.2 * np.exp(-(curved - 0.8) / 0.2))
    return np.rint(255 * (soft + contrast * soft * (1 - soft) * (2 * soft - 1)).clip(0, 1)).astype(np.uint8)
