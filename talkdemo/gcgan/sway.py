"""Turns the head of a portrait by small angles: a smooth warp of the whole image.

The landmarks and a ring around the skull move as a rigid head would about the base of its skull, seen from where the
camera stands; the chest, and all that is farther from the head than its hair, stay. Between them a polyharmonic spline
(flow) moves hair and neck without a seam. Its knots do not move, so that a frame costs one product with a matrix.
"""

import numpy as np
import torch

from talkdemo.gcgan.flow import spline
from talkdemo.gcgan.portrait import Portrait

MOST = np.radians(10.0)  # of a turn; larger ones approach it
# In outer eye distances from between the eyes: x right, y down, z away.
SKULL = [(x, y, 0.7) for x, y in ((0, -1.35), (0.55, -1.25), (0.9, -0.85), (1.0, -0.3), (0.95, 0.3), (0.85, 0.75))]
NECK, CHEST = [(0.45, 1.75, 0.6)], [(0.6, 2.6, 0.5), (1.4, 2.5, 0.6), (0.0, 2.7, 0.4)]
FOLLOWS = 0.45  # share of the turn that the neck takes
STILL = (1.75, 2.05)  # half axes, across and down, of the oval around the head beyond which nothing moves
MIDDLE = (0.0, 0.25)  # of that oval
RING = 20  # knots on it
FIELD = 56  # points of the field's side
INNER = 0.8  # of the oval: from there to its edge the motion fades


class Sway:
    """One portrait, ready to be turned."""

    def __init__(self, portrait: Portrait) -> None:
        self.portrait = portrait
        frame, front, (height, width) = portrait.frame, portrait.front, portrait.image.shape[:2]
        self.eyes = float(np.linalg.norm(front[36, :2] - front[45, :2]))
        both = [(side * x, y, z) for x, y, z in (*SKULL, *NECK, *CHEST) for side in ((1, -1) if x else (1,))]
        count = sum(2 if x else 1 for x, _, _ in SKULL)
        self.own = np.concatenate([front[~frame.hidden], self.eyes * np.array(both)])
        moving = len(self.own) - len(both)
        self.follows = np.r_[np.ones(moving + count), np.full(2, FOLLOWS), np.zeros(len(both) - count - 2)]
        self.seen = frame.back(self.own)[:, :2]
        angle = np.linspace(0, 2 * np.pi, RING, endpoint=False)
        oval = np.stack([STILL[0] * np.cos(angle), STILL[1] * np.sin(angle)], axis=1) + MIDDLE
        ring = frame.back(self.eyes * np.concatenate([oval, np.full((RING, 1), 0.6)], axis=1))[:, :2]
        self.side = float(max(height, width))
        knots = torch.from_numpy(np.concatenate([self.seen, ring]) / self.side).float()[None]
        y, x = np.meshgrid(*(self.side * (np.arange(FIELD) + 0.5) / FIELD,) * 2, indexing="ij")
        at = np.stack([x, y], axis=-1).reshape(-1, 2)
        self.basis = spline(knots, torch.from_numpy(at / self.side).float()[None])[0].numpy()  # (FIELD², K)
        flat = (at - frame.middle[:2]) @ np.linalg.inv(frame.rotation[:2, :2]).T
        away = np.linalg.norm((flat / self.eyes - MIDDLE) / STILL, axis=1)
        fade = np.clip((1 - away) / (1 - INNER), 0, 1)
        self.fade = (fade * fade * (3 - 2 * fade)).astype(np.float32)[:, None]
        moves = np.argwhere(fade.reshape(FIELD, FIELD) > 0)  # cubic interpolation reaches two points further
        low, high = ((ends + by) * self.side / FIELD for ends, by in ((moves.min(0), -2), (moves.max(0), 3)))
        (top, left), (bottom, right) = (np.clip(x, 0, (height, width)).astype(int) for x in (low, np.ceil(high)))
        self.part = slice(top, bottom), slice(left, right)  # of the image; all else stays
        self.rows, self.columns = np.mgrid[self.part].astype(np.float32)

    def __call__(self, image: np.ndarray, head: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 of the portrait with its head turned by a rotation vector (3,), radians, as motions have."""
        import cv2

        size = float(np.linalg.norm(head))
        if size < 1e-4:
            return image
        head = np.asarray(head) * (MOST * np.tanh(size / MOST) / size)
        rotation, middle = self.portrait.frame.turned(head[None], self.eyes)
        there = (self.own @ rotation[0].T + middle[0])[:, :2]
        change = np.zeros((self.basis.shape[1], 2), np.float32)
        change[: len(self.own)] = (there - self.seen) * self.follows[:, None]
        field = ((self.basis @ change) * self.fade).reshape(FIELD, FIELD, 2)
        back = -field  # at p, what came from p − field(p − …): twice is exact enough for small turns
        line = np.arange(FIELD, dtype=np.float32)
        for _ in range(2):
            place = np.stack(np.meshgrid(line, line), axis=-1) + back * (FIELD / self.side)
            x, y = np.moveaxis(place.astype(np.float32), -1, 0)
            back = -cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        whole = cv2.resize(back, (round(self.side),) * 2, interpolation=cv2.INTER_CUBIC)[self.part]
        x, y = self.columns + whole[..., 0], self.rows + whole[..., 1]
        out = image.copy()
        out[self.part] = cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return out
