"""Draws what people wear on their faces over training pairs: glasses, fringes, beards, and plain things before them.

Glasses and fringes stay where the bones are; a beard moves with the skin.
"""

import numpy as np
import torch
from torch import Tensor

from talkdemo.gcgan.flow import backward_flow, resize, warp

GLASSES, FRINGE, BEARD, THING = 0.12, 0.06, 0.12, 0.06  # shares of the pairs
COARSE = 64  # pixels at which a beard's motion is computed
JAW = (*range(2, 15), 35, 33, 31)  # the outline of a beard: the jaw, and up to the nose
MOUSTACHE = (48, 31, 33, 35, 54, 52, 51, 50)
LIPS = tuple(range(48, 60))


def overlaid(images: Tensor, points: Tensor, rng: np.random.Generator) -> Tensor:
    """Pairs (B, 2, 3, S, S) in −1 … 1 with landmarks (B, 2, 68, 2) in shares of the side → the same, dressed."""
    out = images.clone()
    for k in range(len(images)):
        kinds = rng.random(4) < (GLASSES, FRINGE, BEARD, THING)
        for draw, chosen in zip((glasses, _fringe, beard, _thing), kinds, strict=True):
            if not chosen:
                continue
            colour, cover = draw(points[k, 0].numpy(), images.shape[-1], rng)
            layer = torch.from_numpy(np.concatenate([colour * 2 - 1, cover[..., None]], 2).astype(np.float32))
            both = layer.permute(2, 0, 1).expand(2, -1, -1, -1)
            if draw is beard:
                flow = backward_flow(points[k, :1], points[k, 1:], COARSE)
                both = torch.stack([both[0], warp(both[:1], resize(flow, both.shape[-1]))[0]])
            out[k] = torch.lerp(out[k], both[:, :3], both[:, 3:])
    return out


Layer = tuple[np.ndarray, np.ndarray]  # (S, S, 3) and (S, S), both 0 … 1


def glasses(points: np.ndarray, side: int, rng: np.random.Generator) -> Layer:
    import cv2

    cover = np.zeros((side, side), np.float32)
    eyes = [points[36:42].mean(0) * side, points[42:48].mean(0) * side]
    apart = float(np.linalg.norm(eyes[1] - eyes[0])) or 1.0
    tilt = float(np.degrees(np.arctan2(*(eyes[1] - eyes[0])[::-1])))
    size, thick = apart * rng.uniform(0.3, 0.42), max(1, round(apart * rng.uniform(0.02, 0.07)))
    shape = (round(size), round(size * rng.uniform(0.65, 1.0)))
    for eye in eyes:
        cv2.ellipse(cover, (tuple(map(int, eye))), shape, tilt, 0, 360, 1.0, thick, cv2.LINE_AA)
    inner = [eye + (other - eye) * size / apart for eye, other in (eyes, eyes[::-1])]
    start, end = (point.astype(int).tolist() for point in inner)
    cv2.line(cover, start, end, 1.0, thick, cv2.LINE_AA)
    return np.broadcast_to(rng.random(3) * rng.uniform(0, 0.8), (side, side, 3)), cover


def _fringe(points: np.ndarray, side: int, rng: np.random.Generator) -> Layer:
    """Strands down to somewhere between brows and lids."""
    strands = np.interp(np.arange(side), np.linspace(0, side, 40), rng.normal(0, 0.02, 40))
    end = points[17:27, 1].mean() + rng.uniform(-0.06, 0.05) + strands
    y = (np.arange(side) + 0.5)[:, None] / side
    grain = np.interp(np.arange(side), np.linspace(0, side, 90), rng.normal(0, 0.15, 90))[None, :, None]
    return (_hair(rng) * np.exp(grain)).clip(0, 1).repeat(side, 0), 1 / (1 + np.exp((y - end) * 120))


def beard(points: np.ndarray, side: int, rng: np.random.Generator) -> Layer:
    import cv2

    cover = np.zeros((side, side), np.float32)
    corners = points * side
    outline = MOUSTACHE if rng.random() < 0.4 else JAW
    cv2.fillPoly(cover, [corners[list(outline)].astype(np.int32)], 1.0)
    cv2.fillPoly(cover, [corners[list(LIPS)].astype(np.int32)], 0.0)
    soft = cv2.GaussianBlur(cover, (0, 0), 0.012 * side)
    fine = cv2.GaussianBlur(rng.normal(size=(side, side)).astype(np.float32), (0, 0), 0.004 * side)
    fine = fine / fine.std()
    return (_hair(rng) * np.exp(0.3 * fine[..., None])).clip(0, 1), soft * (0.4 + 0.5 * rng.random() + 0.1 * fine).clip(
        0, 1
    )


def _thing(points: np.ndarray, side: int, rng: np.random.Generator) -> Layer:
    cover = np.zeros((side, side), np.float32)
    high, wide = rng.integers(side // 16, side // 3, 2)
    top, left = rng.integers(0, side - high), rng.integers(0, side - wide)
    cover[top : top + high, left : left + wide] = 1
    return np.broadcast_to(rng.random(3), (side, side, 3)), cover


def _hair(rng: np.random.Generator) -> np.ndarray:
    """(1, 1, 3): black, brown, blond or grey."""
    grey = rng.random() < 0.25
    return rng.uniform(0.05, 0.5) * (np.ones(3) if grey else np.array([1.0, rng.uniform(0.6, 0.85), 0.45]))[None, None]
