"""Pairs in, how steadily the picture goes from the one to the other as the amount grows out, a table of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from talkdemo.evaluate.portraits.eye import Eye
from talkdemo.evaluate.portraits.makers import WARP, Maker, by, warped
from talkdemo.evaluate.portraits.people import NEUTRAL, Pair, Person, pair
from talkdemo.gcgan.edit import Expresser
from talkdemo.metrics.portraits.landmark_error import MOUTH, displacement_share
from talkdemo.metrics.portraits.smoothness import flicker, rising
from talkdemo.records import MAX_AMOUNT

STEPS = 16
EXPRESSIONS = ("happy", "surprised", "kiss", "aa", "laugh", "sad")  # people in turn
COLUMNS = {  # title, digits, factor
    "rising_1": ("grows, amounts to 1 %", 1, 100),
    "rising": ("grows, to 1.5 %", 1, 100),
    "least": ("least step / mean step", 2, 1),
    "at_1": ("achieved at 1 %", 1, 100),
    "at_end": ("at 1.5 %", 1, 100),
    "flicker": ("flicker of the pictures", 3, 1),
    "flicker_read": ("of the landmarks read", 3, 1),
    "zero": ("changed at 0 (grey levels)", 1, 1),
}


def rendered_sweeps(people: Sequence[Person], side: int) -> list[Pair]:
    """Everybody from the neutral picture to one of EXPRESSIONS that moves their mouth."""
    found = []
    for k, one in enumerate(people):
        rest, target = one.row(NEUTRAL), one.row(EXPRESSIONS[k % len(EXPRESSIONS)])
        if rest is not None and target is not None and (made := pair(people, k, rest, target, side)).moves:
            found.append(made)
    return found


def sweep(one: Person, pair: Pair, make: Maker, paths: np.ndarray, amounts: np.ndarray, eye: Eye) -> dict[str, float]:
    """One pair along targets `paths` (N, 68, 2) in the pixels of the pictures → every column."""
    portrait = one.portrait(pair.source)
    pictures = make(portrait, paths)
    crops = np.stack([pair.crop.take(picture) for picture in pictures])
    read = eye(crops)
    if not read.found.all():
        return dict.fromkeys(COLUMNS, float("nan"))
    shares = displacement_share(read.points, read.points[:1], pair.goal)
    to_one = amounts <= 1 + 1e-6
    steps = np.diff(shares[to_one])
    return {
        "rising_1": rising(shares[to_one]),
        "rising": rising(shares),
        "least": float(steps.min() / steps.mean()) if steps.mean() > 0 else float("nan"),
        "at_1": float(np.interp(1, amounts, shares)),
        "at_end": float(shares[-1]),
        "flicker": flicker(crops),
        "flicker_read": flicker(read.points[:, MOUTH]),
        "zero": float(np.abs(pictures[0].astype(int) - portrait.picture).max()),
    }


def lines(people: Sequence[Person], pairs: Sequence[Pair], expresser: Expresser, eye: Eye, name: str) -> list[str]:
    """Markdown: the model along the manifold and straight, the warp."""
    if not pairs:
        raise ValueError("no pair of pictures was found whose mouth moves; people with two pictures each are wanted")
    amounts = np.linspace(0, MAX_AMOUNT, STEPS)
    systems = {
        f"{name}, along the manifold": (by(expresser), "manifold"),
        f"{name}, straight": (by(expresser), "landmarks"),
        WARP: (warped, "landmarks"),
    }
    shown = [f"| system | {' | '.join(title for title, *_ in COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for title, (make, along) in systems.items():
        rows = []
        for asked in pairs:
            one = people[asked.person]
            paths = expresser.path(one.portrait(asked.source), one.seen[asked.target], amounts.tolist(), along)
            rows.append(sweep(one, asked, make, paths, amounts, eye))
        cells = []
        for column, (_, digits, factor) in COLUMNS.items():
            values = [row[column] for row in rows if np.isfinite(row[column])]
            cells.append(f"{factor * np.mean(values):.{digits}f}" if values else "–")
        shown.append(f"| {title} | {' | '.join(cells)} |")
        print(f"evaluate_portraits: sweep of {title} done", file=sys.stderr)
    return [*shown, ""]
