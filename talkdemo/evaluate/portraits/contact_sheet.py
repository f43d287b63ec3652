"""Draws contact sheets of edited portraits of held-out people."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from talkdemo.evaluate.portraits.people import SMILING, Person
from talkdemo.files import replacing
from talkdemo.gcgan.edit import Expresser

TARGETS = ("happy", "surprised", "sad", "angry", "aa", "kiss", "wink_left", "sneer")  # rendered people, truth beneath
PRESETS = ("happy", "laugh", "surprised", "sad", "angry", "oo")  # photographs, which have no truth
PEOPLE = 6
SIDE = 128
GAP = 4  # pixels
HEAD = 22  # of the line of titles


def rendered_sheet(people: Sequence[Person], expresser: Expresser) -> np.ndarray:
    """(H, W, 3): input, then results of TARGETS; beneath each the true image."""
    blocks = []
    for one in people[:PEOPLE]:
        rest, crop = one.neutral, one.crop(one.neutral, SIDE)
        rows = [one.row(name) for name in TARGETS]
        targets = np.stack([one.landmarks[rest if row is None else row] for row in rows])
        results = [crop.take(image) for image in expresser.express_all(one.portrait(rest), targets)]
        source = crop.take(one.images[rest])
        truths = [source if row is None else crop.take(one.images[row]) for row in rows]
        blocks.append(np.vstack([np.hstack([source, *results]), np.hstack([np.full_like(source, 255), *truths])]))
    return _stack([_titles(["input", *TARGETS]), *blocks])


def photographed_sheet(people: Sequence[Person], expresser: Expresser) -> np.ndarray:
    """(H, W, 3): input, the result and the truth of smiling, results of PRESETS."""
    known = [name for name in PRESETS if name in expresser.presets]
    smiling = [(one, row) for one in people if (row := one.row(SMILING)) is not None]
    blocks = []
    for one, smile in smiling[: PEOPLE + 2]:
        rest, crop = one.neutral, one.crop(one.neutral, SIDE)
        portrait = one.portrait(rest)
        targets = np.stack([one.landmarks[smile], *(expresser.preset(portrait, name) for name in known)])
        first, *others = (crop.take(image) for image in expresser.express_all(portrait, targets))
        blocks.append(np.hstack([crop.take(one.images[rest]), first, crop.take(one.images[smile]), *others]))
    return _stack([_titles(["input", "smile", "true smile", *known]), *blocks])


def save(sheet: np.ndarray, path: Path) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        Image.fromarray(sheet).save(temporary, quality=85)


def _stack(parts: Sequence[np.ndarray]) -> np.ndarray:
    white = np.full((GAP, parts[0].shape[1], 3), 255, np.uint8)
    return np.vstack([piece for part in parts for piece in (part, white)][:-1])


def _titles(names: Sequence[str]) -> np.ndarray:
    from PIL import Image, ImageDraw

    line = Image.new("RGB", (SIDE * len(names), HEAD), "white")
    pen = ImageDraw.Draw(line)
    for k, name in enumerate(names):
        pen.text(((k + 0.5) * SIDE, HEAD / 2), name.replace("_", " "), fill=(40, 40, 40), anchor="mm")
    return np.asarray(line)
