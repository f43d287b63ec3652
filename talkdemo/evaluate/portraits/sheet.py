"""Held-out people in, a contact sheet of what the model makes of them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from talkdemo.evaluate.portraits.people import NEUTRAL, SMILING, Person
from talkdemo.gcgan.crop import Crop
from talkdemo.gcgan.edit import Expresser

TARGETS = ("happy", "surprised", "sad", "angry", "aa", "kiss", "wink_left", "sneer")  # rendered people, truth beneath
PRESETS = ("happy", "laugh", "surprised", "sad", "angry", "oo")  # photographs, of which there is no truth
PEOPLE = 6
SIDE = 128
GAP = 4  # pixels
HEAD = 22  # of the line of titles


def rendered_sheet(people: Sequence[Person], expresser: Expresser) -> np.ndarray:
    """(H, W, 3): input, then results of TARGETS; beneath each the true picture of it."""
    blocks = []
    for one in people[:PEOPLE]:
        rest, crop = _rest(one)
        rows = [one.row(name) for name in TARGETS]
        targets = np.stack([one.seen[rest if row is None else row] for row in rows])
        made = [crop.take(picture) for picture in expresser.express_all(one.portrait(rest), targets)]
        shown = crop.take(one.pictures[rest])
        true = [shown if row is None else crop.take(one.pictures[row]) for row in rows]
        blocks.append(_stack([_beside([shown, *made]), _beside([np.full_like(shown, 255), *true])], 0))
    return _stack([_titles(["input", *TARGETS]), *blocks], GAP)


def photographed_sheet(people: Sequence[Person], expresser: Expresser) -> np.ndarray:
    """(H, W, 3): input, the result and the truth of smiling, results of PRESETS."""
    known = [name for name in PRESETS if name in expresser.presets]
    blocks = []
    for one in [one for one in people if one.row(SMILING) is not None][: PEOPLE + 2]:
        rest, crop = _rest(one)
        smile, portrait = one.row(SMILING), one.portrait(rest)
        targets = np.stack([one.seen[smile], *(expresser.preset(portrait, name) for name in known)])
        made = [crop.take(picture) for picture in expresser.express_all(portrait, targets)]
        truth = crop.take(one.pictures[smile])
        blocks.append(_beside([crop.take(one.pictures[rest]), made[0], truth, *made[1:]]))
    return _stack([_titles(["input", "smile", "true smile", *known]), *blocks], GAP)


def save(sheet: np.ndarray, path: Path) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(path, quality=85)


def _rest(one: Person) -> tuple[int, Crop]:
    rest = one.row(NEUTRAL) or 0
    return rest, Crop.around(one.seen[rest], SIDE)


def _beside(pictures: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(pictures, axis=1)


def _stack(parts: Sequence[np.ndarray], gap: int) -> np.ndarray:
    white = np.full((gap, parts[0].shape[1], 3), 255, np.uint8)
    return np.concatenate([piece for part in parts for piece in (part, white)][: -1 if gap else None])


def _titles(names: Sequence[str]) -> np.ndarray:
    from PIL import Image, ImageDraw

    line = Image.new("RGB", (SIDE * len(names), HEAD), "white")
    pen = ImageDraw.Draw(line)
    for k, name in enumerate(names):
        pen.text(((k + 0.5) * SIDE, HEAD / 2), name.replace("_", " "), fill=(40, 40, 40), anchor="mm")
    return np.asarray(line)
