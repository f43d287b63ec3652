"""Measures what moves in a portrait's film and should not: texture of a still face, and the background."""

from collections.abc import Iterable, Mapping

import numpy as np

from talkdemo.evaluate.reporting import Column, Table
from talkdemo.face.arkit import INDEX
from talkdemo.film import portrait as film
from talkdemo.gcgan.crop import Crop
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait
from talkdemo.gcgan.sway import FIELD, Sway
from talkdemo.records import FPS, Motion

FRAMES = 24
NOISE = 0.1  # pixels by which landmarks read off a still face tremble
COLUMNS = [Column("portrait"), Column("film of"), Column("mean", ".3f"), Column("largest", ".0f")]


def evaluate(expresser: Expresser, portraits: Mapping[str, Portrait], seed: int = 0) -> Table:
    """Grey levels between a frame and the next, of the face, and of the background while the head speaks and turns."""
    rows: list[list[object]] = []
    for name, whole in portraits.items():
        portrait = film.crop(whole)
        face, behind = regions(portrait)
        said = talk()
        (target,) = expresser.follow(portrait, said.coefficients[FRAMES // 4 : FRAMES // 4 + 1])
        trembling = target + np.random.default_rng(seed).normal(0, NOISE, (FRAMES, *target.shape)).astype(np.float32)
        cases: dict[str, tuple[Iterable[np.ndarray], np.ndarray]] = {
            "still landmarks": (expresser.express_all(portrait, [target] * FRAMES), face),
            f"landmarks that tremble by {NOISE:g} pixels": (expresser.express_all(portrait, trembling), face),
            "speech: the background": (film.pictures(expresser, portrait, said), behind),
            "speech: the face": (film.pictures(expresser, portrait, said), face),
        }
        rows += [[name, case, *changes(frames, where)] for case, (frames, where) in cases.items()]
    note = f"Grey levels between two of {FRAMES} frames. Background: all that lies beyond head, neck and shoulders."
    return Table(COLUMNS, rows, note=note)


def changes(frames: Iterable[np.ndarray], where: np.ndarray) -> tuple[float, float]:
    """Of (H, W, 3) uint8 frames, at the pixels (H, W) bool: mean and largest change from one to the next."""
    seen = np.stack([frame[where] for frame in frames]).astype(np.int16)
    change = np.abs(np.diff(seen, axis=0))
    return (float(change.mean()), float(change.max())) if change.size else (0.0, 0.0)


def regions(portrait: Portrait) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) bool each: the crop that the model sees, and what neither it nor a turn of the head reaches."""
    import cv2

    height, width = portrait.image.shape[:2]
    y, x = np.mgrid[:height, :width] + 0.5
    place = Crop.around(portrait.landmarks, 1, portrait.frame.upright).into(np.stack([x, y], axis=-1))
    face = np.asarray(((place > 0) & (place < 1)).all(-1))
    sway = Sway(portrait)
    moves = (sway.fade > 0).reshape(FIELD, FIELD).astype(np.uint8)
    moves = cv2.dilate(moves, np.ones((5, 5), np.uint8))  # the field is interpolated
    moves = cv2.resize(moves, (round(sway.side),) * 2, interpolation=cv2.INTER_NEAREST)[:height, :width]
    return face, ~face & (moves == 0)


def talk() -> Motion:
    """A jaw that opens and shuts, a head that turns."""
    swing = np.sin(np.linspace(0, 2 * np.pi, FRAMES, dtype=np.float32))
    coefficients = np.zeros((FRAMES, len(INDEX)), np.float32)
    coefficients[:, INDEX["jawOpen"]] = 0.3 + 0.3 * swing
    head = np.stack([0.5 * swing, swing, 0.3 * swing], axis=1) * np.float32(np.radians(6))
    return Motion(coefficients, head, FPS)
