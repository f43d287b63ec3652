"""Draws over photographs what covers a mouth (a mask, a hand, a thing) or both eyes (sunglasses, a hand, a band).

They need not please: a network shall learn from them that skin, lips and lids are not to be seen. So they are flat, but
their colours, sizes, edges and textures differ from one to the next. All draw on an image (H, W, 3) uint8 by its
landmarks (68, 2) in pixels and give a new image; sizes are shares of the outer eye distance.
"""

from collections.abc import Callable

import numpy as np

EDGE = 0.008  # how soft an edge is
FABRICS = ((150, 190, 215), (235, 235, 235), (35, 35, 40), (200, 170, 180), (90, 110, 90), (180, 160, 130))
POINTING = (-25, -15, 0, 15, 25, 155, 165, 180, 195, 205, -80, -90, -100)  # degrees: from a side, or from below (-90)
FINGERS = 4
ARM = 2.5  # how far a hand reaches back

Draw = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def mask(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of cloth, from the bridge or the tip of the nose to the chin; most have folds."""
    bridge = points[29 + rng.integers(2)]
    left, right = points[35] + 0.3 * (points[14] - points[35]), points[31] + 0.3 * (points[2] - points[31])
    cover = _filled(image, np.concatenate([points[2:15], [left, bridge, right]]))
    colour = np.array(FABRICS[rng.integers(len(FABRICS))]) * rng.uniform(0.8, 1.1)
    down = points[8] - points[29]
    along = _along(image, points[29], down) / np.linalg.norm(down)
    count = rng.integers(2, 5) if rng.random() < 0.6 else 0
    cloth = colour * _light(image, points) * _grain(image, 0.03, rng)
    for fold in range(count):
        cloth *= 1 - 0.18 * np.exp(-(((along - (fold + 1) / (count + 1)) / 0.02) ** 2))[..., None]
    return _laid(image, cover, cloth, EDGE * _eyes(points))


def hand_on_mouth(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fingers from a side or from below."""
    return _fingers(image, points, points[48:68].mean(0), rng.choice(POINTING) + rng.normal(0, 5), 0.75, rng)


def hand_on_eyes(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fingers from a side, over both eyes."""
    return _fingers(image, points, points[36:48].mean(0), rng.choice([0, 180]) + rng.normal(0, 10), 1.1, rng)


def thing(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A plain or coarsely patterned box before the mouth: a cup, a telephone, a sheet of paper."""
    import cv2

    eyes = _eyes(points)
    middle = points[48:68].mean(0) + rng.normal(0, 0.05 * eyes, 2) + (0, 0.2 * eyes)
    size = rng.uniform(0.8, 1.3) * eyes, rng.uniform(0.75, 1.2) * eyes
    cover = _filled(image, _box(middle, size, rng.normal(0, 12)))
    spots = rng.normal(size=(*rng.integers(2, 8, 2), 3)).astype(np.float32)
    way = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_NEAREST
    pattern = cv2.resize(spots, image.shape[1::-1], interpolation=way)
    return _laid(image, cover, rng.uniform(20, 235, 3) + rng.uniform(0, 45) * pattern, EDGE * eyes)


def sunglasses(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Dark lenses, some of which let a little through and some of which mirror the room, in rims."""
    import cv2

    middles = np.stack([points[36:42].mean(0), points[42:48].mean(0)])
    apart = float(np.linalg.norm(middles[1] - middles[0]))
    across = (middles[1] - middles[0]) / apart
    down = np.array([-across[1], across[0]])
    half, tall, round_ = rng.uniform(0.42, 0.46) * apart, rng.uniform(0.30, 0.42) * apart, rng.uniform(0.6, 1.0)
    turn = np.linspace(0, 2 * np.pi, 60)
    x, y = (np.sign(wave) * np.abs(wave) ** round_ for wave in (np.cos(turn), np.sin(turn)))
    outline = half * x[:, None] * across + (tall * y[:, None] + 0.06 * apart) * down
    rims = np.zeros(image.shape[:2], np.float32)
    cover = np.zeros_like(rims)
    for middle in middles:
        cover = np.maximum(cover, _filled(image, middle + outline))
        lens = (middle + outline).astype(np.int32)
        cv2.polylines(rims, [lens], True, 1.0, max(1, round(0.03 * apart)), cv2.LINE_AA)
    start, end = ((middles[0] + half * across).astype(int).tolist(), (middles[1] - half * across).astype(int).tolist())
    cv2.line(rims, start, end, 1.0, max(1, round(0.04 * apart)), cv2.LINE_AA)
    opaque = rng.choice([1.0, 1.0, 0.97, 0.93])
    dark = rng.uniform(5, 50) * rng.uniform(0.8, 1.2, 3)
    height = _along(image, middles[0], down)[..., None] / tall
    mirrored = rng.uniform(0, 70) * np.clip(0.2 - height, 0, 1)  # the sky above
    if rng.random() < 0.35:
        room = rng.uniform(0, 90, (5, 9)).astype(np.float32)
        mirrored = mirrored + cv2.resize(room, image.shape[1::-1])[..., None]
    edge = 0.5 * EDGE * _eyes(points)
    return _laid(_laid(image, opaque * cover, dark + mirrored, edge), rims, np.array(rng.uniform(0, 60)), edge)


def band(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cloth over both eyes: a blindfold, a sleep mask."""
    eyes = _eyes(points)
    across = points[45] - points[36]
    size = rng.uniform(1.3, 1.7) * eyes, rng.uniform(0.35, 0.6) * eyes
    cover = _filled(image, _box(points[36:48].mean(0), size, np.degrees(np.arctan2(across[1], across[0]))))
    cloth = rng.uniform(5, 220, 3) * _light(image, points) * _grain(image, 0.02, rng)
    return _laid(image, cover, cloth, EDGE * eyes)


MOUTH: dict[str, Draw] = {"mask": mask, "hand on the mouth": hand_on_mouth, "thing": thing}
EYES: dict[str, Draw] = {"sunglasses": sunglasses, "hand on the eyes": hand_on_eyes, "band": band}


def _fingers(
    image: np.ndarray, points: np.ndarray, middle: np.ndarray, degrees: float, reach: float, rng: np.random.Generator
) -> np.ndarray:
    """Fingers in the colour of the forehead, side by side about a `middle` (2,). They point `degrees` clockwise from
    the image's right and end up to `reach` beyond the middle."""
    eyes = _eyes(points)
    left, top = np.clip(points[27] - (0.1 * eyes, 0.25 * eyes), 0, None).astype(int)
    forehead = image[top : top + round(0.2 * eyes) + 1, left : left + round(0.2 * eyes) + 1].reshape(-1, 3)
    skin = np.median(forehead, axis=0) * rng.uniform(0.85, 1.08) if len(forehead) else np.full(3, 128.0)
    middle = middle + rng.normal(0, 0.04 * eyes, 2)
    ahead = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    along, across = _along(image, middle, ahead), _along(image, middle, np.array([-ahead[1], ahead[0]]))
    wide = rng.uniform(0.19, 0.24) * eyes
    for finger in range(FINGERS):
        tip = reach * eyes * rng.uniform(0.75, 1.0)
        aside = (across - (finger - (FINGERS - 1) / 2) * wide) / (0.53 * wide)
        round_ = np.sqrt(np.clip(1 - aside**2, 0, 1))
        inside = (np.abs(aside) < 1) & (along < tip - 0.5 * wide * (1 - round_)) & (along > -ARM * eyes)
        shade = 0.72 + 0.33 * round_
        for knuckle in (0.35, 0.8):
            shade = shade * (1 - 0.10 * np.exp(-(((along - tip + knuckle * reach * eyes) / (0.02 * eyes)) ** 2)))
        colour = skin * shade[..., None] * _grain(image, 0.02, rng)
        image = _laid(image, inside.astype(np.float32), colour, EDGE * eyes)
    return image


def _eyes(points: np.ndarray) -> float:
    """Pixels between the outer corners of the eyes."""
    return float(np.linalg.norm(points[45] - points[36]))


def _filled(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(H, W) float32: 1 inside a polygon of (N, 2) corners."""
    import cv2

    cover = np.zeros(image.shape[:2], np.float32)
    cv2.fillPoly(cover, [corners.astype(np.int32)], 1.0)
    return cover


def _box(middle: np.ndarray, size: tuple[float, float], degrees: float) -> np.ndarray:
    """(4, 2) corners of a turned box."""
    turn = np.radians(degrees)
    ahead, beside = (
        np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * np.array(size)[:, None] / 2
    )
    return middle + np.stack([-ahead - beside, ahead - beside, ahead + beside, beside - ahead])


def _along(image: np.ndarray, start: np.ndarray, way: np.ndarray) -> np.ndarray:
    """(H, W): how many pixels each pixel lies from `start` along `way`."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return ((x - start[0]) * way[0] + (y - start[1]) * way[1]) / np.linalg.norm(way)


def _light(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(H, W, 1), about 1: the light of the photograph, which falls on what is drawn too."""
    import cv2

    grey = cv2.GaussianBlur(image.mean(2).astype(np.float32), (0, 0), 0.12 * _eyes(points))
    return (grey / (grey.mean() + 1))[..., None].clip(0.5, 1.5)


def _grain(image: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 1), about 1."""
    return 1 + strength * rng.normal(size=(*image.shape[:2], 1))


def _laid(image: np.ndarray, cover: np.ndarray, colour: np.ndarray, edge: float) -> np.ndarray:
    """A `colour` that broadcasts to the image, over it where it is covered (H, W); the edge `edge` pixels soft."""
    import cv2

    soft = cv2.GaussianBlur(cover, (0, 0), max(edge, 0.3))[..., None]
    return np.rint(np.clip(image * (1 - soft) + soft * colour, 0, 255)).astype(np.uint8)
