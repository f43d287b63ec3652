"""Tells what is covered in a portrait: its mouth, or both its eyes.

MediaPipe finds landmarks under hands, masks and sunglasses too. A small network looks at the mouth and at each eye,
from the front: 18 × 14 grey pixels, whatever their light, contrast and texture. `python -m talkdemo train covered` made
its weights and these figures, of people to whom it was not fitted: 68 photographs as they are, with drawn beards, with
drawn glasses and with only the other part covered, and 240 renders. Of 646 uncovered mouths and 648 uncovered pairs of
eyes it holds none for covered. What covers faces was drawn too; no real mask or hand was tried. It finds masks 91 %,
hands 84 % and things 84 %; sunglasses 99 %, hands over eyes 100 % and bands 97 %. Of a kind that was left out of the
training it finds less: masks 54 %, hands 25 % and things 66 %; sunglasses 93 %, hands over eyes 58 % and bands 82 %.
Much that was never drawn will be missed.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from talkdemo.gcgan.portrait import Portrait

NAME = "covered.npz"
WIDTH, HEIGHT = 36, 28  # pixels of a part
# Landmarks of a part, its width and height in outer eye distances.
PARTS: dict[str, tuple[slice, float, float]] = {
    "mouth": (slice(48, 68), 0.95, 0.74),
    "right": (slice(36, 42), 0.56, 0.435),
    "left": (slice(42, 48), 0.56, 0.435),
}
SIDES = {"mouth": ("mouth",), "eyes": ("right", "left")}  # what must look covered for the sentence to say so
GREY = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Network:
    """From features to log odds, by one layer of H units; float32."""

    mean: np.ndarray  # (255,)
    spread: np.ndarray  # (255,)
    first: np.ndarray  # (H, 255)
    first_bias: np.ndarray  # (H,)
    second: np.ndarray  # (1, H)
    second_bias: np.ndarray  # (1,)
    sure: np.ndarray  # (): log odds above which a part counts as covered

    def odds(self, values: np.ndarray) -> np.ndarray:
        """(N, 255) features → (N,) log odds."""
        hidden = np.tanh((values - self.mean) / self.spread @ self.first.T + self.first_bias)
        return (hidden @ self.second.T + self.second_bias)[:, 0]


def warning(portrait: Portrait) -> str:
    """One sentence about what is covered; nothing where all can be seen."""
    parts = [name for name, odds in scores(portrait).items() if odds > float(network(name).sure)]
    if not parts:
        return ""
    verb, rest = ("are", "they") if parts != ["mouth"] else ("is", "it")
    return f"The {' and the '.join(parts)} {verb} covered, so that {rest} can hardly take another expression."


def scores(portrait: Portrait) -> dict[str, float]:
    """Log odds that the mouth, and that both eyes, are covered."""
    seen = {name: [features(patch(portrait, side)) for side in sides] for name, sides in SIDES.items()}
    return {name: float(network(name).odds(np.stack(rows)).min()) for name, rows in seen.items()}


def patch(portrait: Portrait, part: str) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) uint8: a part of the face in its own plane; a left eye is mirrored."""
    import cv2

    rows, width, height = PARTS[part]
    eyes = float(np.linalg.norm(portrait.points[36] - portrait.points[45]))
    step = np.array([width * eyes / WIDTH, height * eyes / HEIGHT])
    middle = portrait.points[rows, :2].mean(0)
    turn = portrait.frame.rotation[:2, :2] * step
    low = np.clip((middle - 1.2 * width * eyes).astype(int), 0, None)
    high = np.clip((middle + 1.2 * width * eyes).astype(int), low + 1, None)
    image = portrait.image[low[1] : high[1], low[0] : high[0]]
    if not image.size:
        return np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    if step.max() > 1:
        image = cv2.GaussianBlur(image, (0, 0), 0.5 * step.max())
    shift = middle - turn @ np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2]) - 0.5 - low
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    matrix = np.column_stack([turn, shift])
    seen = cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(seen[:, ::-1] if part == "left" else seen)


def features(patch: np.ndarray) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) → (255,) float32."""
    import cv2

    grey = patch.astype(np.float32) @ GREY
    small = cv2.resize(grey, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA).ravel()
    spread, bright = small.std(), max(float(small.mean()), 10.0)
    fine = np.array([np.abs(np.diff(grey, axis=axis)).mean() for axis in (0, 1)]) / bright
    looks = (small - small.mean()) / max(float(spread), 6.0)
    return np.concatenate([looks, [np.log(spread / bright + 0.01)], np.log(fine + 0.003)]).astype(np.float32)


@cache
def network(name: str) -> Network:
    """The one that ships for the "mouth" or the "eyes"."""
    with (files("talkdemo") / "assets" / NAME).open("rb") as stream, np.load(stream) as stored:
        return Network(**{key: stored[f"{name}/{key}"].astype(np.float32) for key in Network.__dataclass_fields__})
