"""Evaluates how steadily an edited portrait changes as the amount of the expression grows."""

from collections.abc import Sequence

import numpy as np

from talkdemo.evaluate.portraits.landmark_reader import Reader
from talkdemo.evaluate.portraits.people import NEUTRAL, Pair, Person, pair
from talkdemo.evaluate.portraits.systems import WARP, System, model_system, warp_landmarks
from talkdemo.evaluate.reporting import PERCENT, Column, Scores, note
from talkdemo.gcgan.edit import Expresser
from talkdemo.metrics.portraits.landmarks import MOUTH, displacement_share, flicker, rising
from talkdemo.records import MAX_AMOUNT

STEPS = 16
EXPRESSIONS = ("happy", "surprised", "kiss", "aa", "laugh", "sad")  # people in turn
COLUMNS = {
    "rising_1": PERCENT("grows, amounts to 1 %"),
    "rising": PERCENT("grows, to 1.5 %"),
    "least": Column("least step / mean step", ".2f"),
    "at_1": PERCENT("achieved at 1 %"),
    "at_end": PERCENT("at 1.5 %"),
    "flicker": Column("flicker of the images", ".3f"),
    "flicker_read": Column("of the landmarks read", ".3f"),
    "zero": Column("changed at 0 (grey levels)", ".1f"),
}


def rendered_sweeps(people: Sequence[Person], side: int) -> list[Pair]:
    """Everybody from the neutral image to one of EXPRESSIONS that moves their mouth."""
    found = []
    for k, one in enumerate(people):
        rest, target = one.row(NEUTRAL), one.row(EXPRESSIONS[k % len(EXPRESSIONS)])
        if rest is not None and target is not None and (candidate := pair(people, k, rest, target, side)).moves:
            found.append(candidate)
    return found


def sweep(
    one: Person, pair: Pair, system: System, path: np.ndarray, amounts: np.ndarray, reader: Reader
) -> dict[str, float]:
    """One pair along targets `path` (N, 68, 2) in the pixels of the images → every column."""
    portrait = one.portrait(pair.source)
    images = system(portrait, path)
    crops = np.stack([pair.crop.take(image) for image in images])
    reading = reader(crops)
    if not reading.found.all():
        return dict.fromkeys(COLUMNS, float("nan"))
    shares = displacement_share(reading.points, reading.points[:1], pair.goal)
    to_one = amounts <= 1 + 1e-6
    steps = np.diff(shares[to_one])
    return {
        "rising_1": rising(shares[to_one]),
        "rising": rising(shares),
        "least": float(steps.min() / steps.mean()) if steps.mean() > 0 else float("nan"),
        "at_1": float(np.interp(1, amounts, shares)),
        "at_end": float(shares[-1]),
        "flicker": flicker(crops),
        "flicker_read": flicker(reading.points[:, MOUTH]),
        "zero": float(np.abs(images[0].astype(int) - portrait.image).max()),
    }


def evaluate(
    people: Sequence[Person], pairs: Sequence[Pair], expresser: Expresser, reader: Reader, name: str
) -> dict[str, Scores]:
    """The model along the manifold and straight, the warp."""
    if not pairs:
        raise ValueError("no pair of images moves the mouth; people with two images each are wanted")
    amounts = np.linspace(0, MAX_AMOUNT, STEPS)
    systems = {
        f"{name}, along the manifold": (model_system(expresser), "manifold"),
        f"{name}, straight": (model_system(expresser), "landmarks"),
        WARP: (warp_landmarks, "landmarks"),
    }
    found: dict[str, Scores] = {}
    for title, (system, along) in systems.items():
        rows = []
        for asked in pairs:
            one = people[asked.person]
            path = expresser.path(one.portrait(asked.source), one.landmarks[asked.target], amounts.tolist(), along)
            rows.append(sweep(one, asked, system, path, amounts, reader))
        found[title] = {name: np.array([row[name] for row in rows]) for name in COLUMNS}
        note(f"sweep of {title} done")
    return found
