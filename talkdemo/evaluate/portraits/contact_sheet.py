"""Draws contact sheets of edited portraits of held-out people."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from talkdemo.evaluate.portraits.people import SMILING, Person
from talkdemo.files import replacing
from talkdemo.gcgan import gaze
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait

TARGETS = ("happy", "surprised", "sad", "angry", "aa", "kiss", "wink_left", "sneer")  # rendered people, truth beneath
OPENINGS = ("mm", "ff", "ee", "oh", "aa", "jaw_open", "laugh", "tongue")  # how far the mouth opens
PRESETS = ("happy", "laugh", "surprised", "sad", "angry", "oo")  # photographs, which have no truth
PEOPLE = 6
SIDE = 128
GAP = 4  # pixels
HEAD = 22  # of the line of titles
TINTS = {"grey": (1.0, 1.0, 1.0), "sepia": (1.12, 0.98, 0.74), "blue": (0.82, 0.98, 1.2)}
GREY = (0.30, 0.59, 0.11)  # shares of the colours in a grey picture


def rendered_sheets(views: Sequence[Sequence[Person]], expresser: Expresser) -> dict[str, np.ndarray]:
    """Name → sheet of people seen from the front and from the sides, as TARGETS; by yaw; by colours; as OPENINGS."""
    front, pairs = views[0][:PEOPLE], PEOPLE // 2
    turned = [one for people in zip(*(people[:pairs] for people in views), strict=True) for one in people]
    tinted = [painted for one in front[:2] for painted in (one, *(_tinted(one, tint) for tint in TINTS.values()))]
    return {
        "": rendered_sheet(front, expresser),
        "_yaw": rendered_sheet(turned, expresser),
        "_colour": rendered_sheet(tinted, expresser),
        "_opening": rendered_sheet(front, expresser, OPENINGS),
    }


def rendered_sheet(people: Sequence[Person], expresser: Expresser, names: Sequence[str] = TARGETS) -> np.ndarray:
    """(H, W, 3): input, then results of the expressions `names`; beneath each the true image. Of those that were not
    rendered the preset is shown."""
    blocks = []
    for one in people:
        rest, crop = one.neutral, one.crop(one.neutral, SIDE)
        rows, portrait = [one.row(name) for name in names], one.portrait(rest)
        known = [_preset(expresser, portrait, name) for name in names]
        targets = [own if row is None else one.seen[row] for own, row in zip(known, rows, strict=True)]
        results = [crop.take(image) for image in expresser.express_all(portrait, targets)]
        source = crop.take(one.images[rest])
        white = np.full_like(source, 255)
        truths = [white if row is None else crop.take(one.images[row]) for row in rows]
        blocks.append(np.vstack([np.hstack([source, *results]), np.hstack([white, *truths])]))
    return _stack([_titles(["input", *names]), *blocks])


def _preset(expresser: Expresser, portrait: Portrait, name: str) -> np.ndarray:
    """(68, 2), or (70, 2) that look the same way; the landmarks as they are where there is no such preset."""
    points = expresser.preset(portrait, name) if name in expresser.presets else portrait.landmarks
    return points if portrait.pupils is None else gaze.at(points, gaze.of(portrait.seen))


def _tinted(one: Person, tint: Sequence[float]) -> Person:
    """The same pictures without colours of their own."""
    light = (one.images / 255.0) @ np.array(GREY)
    return replace(one, images=np.rint(255 * (light[..., None] * tint).clip(0, 1)).astype(np.uint8))


def photographed_sheet(people: Sequence[Person], expresser: Expresser) -> np.ndarray:
    """(H, W, 3): input, the result and the truth of smiling, results of PRESETS."""
    known = [name for name in PRESETS if name in expresser.presets]
    smiling = [(one, row) for one in people if (row := one.row(SMILING)) is not None]
    blocks = []
    for one, smile in smiling[: PEOPLE + 2]:
        rest, crop = one.neutral, one.crop(one.neutral, SIDE)
        portrait = one.portrait(rest)
        targets = [one.seen[smile], *(expresser.preset(portrait, name) for name in known)]
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
