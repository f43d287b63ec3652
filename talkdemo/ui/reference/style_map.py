"""The style vectors of all references in, a map of them out: those of similar manner lie together; a click chooses one.

The map shows the two directions in which the styles differ most (principal components). Its directions are named after
what changes along them most plainly. Points that would cover each other are moved apart a little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

import gradio as gr
import numpy as np

from talkdemo.metrics import style_summary
from talkdemo.reference import GalleryItem
from talkdemo.ui.parts.scripted import scripted_html

WIDTH, HEIGHT, EDGE = 640, 440, 34  # the picture's units; EDGE keeps points off the border
APART = 22.0  # units between two points at least
LETTER, LINE = 7.4, 17.0  # size of a label's letters: where labels would touch, only one is shown
ROOM = 0.7  # exponent of the distance from the middle: below 1, a few far-off references do not squeeze the others
PLAIN_ENOUGH = 0.4  # rank correlation at which a direction is named
NEAREST = 2
DIRECTIONS = {  # of style_summary.StyleSummary: less and more
    "jaw": ("smaller jaw", "wider jaw"),
    "lips": ("quieter lips", "busier lips"),
    "head": ("stiller head", "livelier head"),
    "blinks": ("fewer blinks", "more blinks"),
    "brows": ("quieter brows", "busier brows"),
    "smile": ("graver", "more smiling"),
}
KINDS = {"reference": "Performance", "identity": "Learned identity"}


class Styles(Protocol):
    """What the map needs of pipeline.SpeechToFace."""

    def style(self, reference: object) -> np.ndarray: ...


@dataclass(frozen=True)
class Point:
    """A reference on the map, in the picture's units."""

    item: GalleryItem
    x: float
    y: float
    labelled: bool  # its label is shown at all times


class StyleMap:
    """The map of one talker's references; computed once, holds nothing of a visitor."""

    def __init__(self, talker: Styles, items: Mapping[str, GalleryItem]) -> None:
        """`items`: the gallery, one reference at least."""
        shown = list(items.values())
        self.names = tuple(items)
        self.styles = np.array([talker.style(name) for name in items], np.float64)  # (N, S)
        self.mean, self.axes, self.share = principal(self.styles)
        flat = (self.styles - self.mean) @ self.axes.T  # (N, 2)
        self.reach = np.maximum(np.abs(flat).max(axis=0), 1e-6)  # (2,)
        spots = spread(self._units(flat))
        told = labelled(spots, [item.title for item in shown], [item.kind != "reference" for item in shown])
        self.points = [Point(item, *map(float, spots[k]), told[k]) for k, item in enumerate(shown)]
        self.words = directions(flat, [style_summary.measure([item.open().motion]) for item in shown])

    def place(self, style: np.ndarray) -> tuple[float, float]:
        """Where a style (S,) lies, in the picture's units; what lies outside is put on the border."""
        flat = (np.asarray(style, np.float64) - self.mean) @ self.axes.T
        x, y = self._units(np.clip(flat, -self.reach, self.reach))
        return float(x), float(y)

    def nearest(self, style: np.ndarray) -> tuple[str, ...]:
        """The names of the NEAREST references by cosine (styles have length 1), the most alike first."""
        order = np.argsort(-(self.styles @ np.asarray(style, np.float64)))
        return tuple(self.names[k] for k in order[:NEAREST])

    def svg(self) -> str:
        """The picture; static/components/style_map.js shows the choice and the visitor's own star on it."""
        parts = [
            f'<svg class="td-map" viewBox="0 0 {WIDTH} {HEIGHT}" role="radiogroup" aria-label="Map of manners: arrow '
            'keys move, Enter chooses">',
            f'<rect class="ground" x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="16"/>',
            f'<path class="cross" d="M{WIDTH / 2} {EDGE}V{HEIGHT - EDGE}M{EDGE} {HEIGHT / 2}H{WIDTH - EDGE}"/>',
            *self._named_directions(),
            '<line class="between"/><circle class="blended" r="6"/>',
            *(_point(point) for point in self.points),
            f'<g class="td-point own" data-name="my-clip" role="radio" tabindex="-1" aria-label="My clip" '
            f'data-title="My clip" data-about="your own manner">{_star()}{_label("My clip", 0)}</g></svg>',
        ]
        return "".join(parts)

    def _units(self, flat: np.ndarray) -> np.ndarray:
        """(…, 2) along the axes → (…, 2) in the picture, y down; what lies near the middle gets more room."""
        middle, half = np.array([WIDTH, HEIGHT]) / 2, np.array([WIDTH, HEIGHT]) / 2 - EDGE
        return middle + np.sign(flat) * np.abs(flat / self.reach) ** ROOM * half * np.array([1, -1])

    def _named_directions(self) -> list[str]:
        (left, right), (down, up) = self.words
        below = HEIGHT - 10  # all in the margins, which points keep free
        where = (
            (left and f"← {left}", 14, below, "start"),
            (right and f"{right} →", WIDTH - 14, below, "end"),
            (up and f"↑ {up}", WIDTH / 2, 20, "middle"),
            (down and f"↓ {down}", WIDTH / 2, below, "middle"),
        )
        return [
            f'<text class="way" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{word}</text>'
            for word, x, y, anchor in where
            if word
        ]


def principal(styles: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """(N, S) → mean (S,), the two principal directions (2, S), and the share of the variance that they hold.

    A direction's sign is such that its largest entry is positive: the same styles give the same map.
    """
    mean = styles.mean(axis=0)
    _, spans, axes = np.linalg.svd(styles - mean, full_matrices=False)
    found = np.zeros((2, styles.shape[1]))
    found[: min(2, len(axes))] = axes[:2]
    largest = found[np.arange(2), np.abs(found).argmax(axis=1)]
    found *= np.where(largest < 0, -1.0, 1.0)[:, None]
    return mean, found, float((spans[:2] ** 2).sum() / max((spans**2).sum(), 1e-12))


def spread(spots: np.ndarray, rounds: int = 60) -> np.ndarray:
    """(N, 2) in the picture's units, moved so that any two are APART or nearly so; none leaves the picture."""
    spots = spots.copy()
    low, high = np.array([EDGE, EDGE]) * 0.7, np.array([WIDTH, HEIGHT]) - np.array([EDGE, EDGE]) * 0.7
    for _ in range(rounds):
        gap = spots[:, None] - spots[None]  # (N, N, 2)
        far = np.linalg.norm(gap, axis=-1)
        angle = 2.4 * np.arange(len(spots))  # for points in one and the same place
        way = np.where((far < 1e-6)[..., None], np.stack([np.cos(angle), np.sin(angle)], -1)[:, None], gap)
        way = way / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
        push = np.clip(APART - far, 0, None) * (1 - np.eye(len(spots)))
        if not push.any():
            break
        spots = np.clip(spots + 0.5 * (way * push[..., None]).sum(axis=1), low, high)
    return spots


def labelled(spots: np.ndarray, titles: Sequence[str], later: Sequence[bool]) -> list[bool]:
    """Whose labels can be shown together without touching one another or another point; those not `later` first."""
    taken: list[tuple[float, float, float, float]] = []
    shown = [False] * len(titles)
    for k in sorted(range(len(titles)), key=lambda k: later[k]):
        x, y = spots[k]
        box = _box(titles[k], float(x), float(y))
        clear = all(
            not (box[0] - 9 < px < box[2] + 9 and box[1] - 8 < py < box[3] + 8)
            for j, (px, py) in enumerate(spots)
            if j != k
        )
        if clear and not any(_touch(box, other) for other in taken):
            taken.append(box)
            shown[k] = True
    return shown


def directions(
    flat: np.ndarray, manners: Sequence[style_summary.StyleSummary]
) -> tuple[tuple[str, str], tuple[str, str]]:
    """(N, 2) → for each of the two directions what lies towards its low and its high end; "" where nothing is plain."""
    named: list[tuple[str, str]] = []
    for axis in range(2):
        best, words = PLAIN_ENOUGH, ("", "")
        for kind, (less, more) in DIRECTIONS.items():
            values = np.array([getattr(one, kind) for one in manners])
            if len(values) < 3 or values.std() < 1e-9 or flat[:, axis].std() < 1e-9:
                continue
            r = float(np.corrcoef(_ranks(values), _ranks(flat[:, axis]))[0, 1])
            if abs(r) > best and (less, more) not in named and (more, less) not in named:
                best, words = abs(r), (less, more) if r > 0 else (more, less)
        named.append(words)
    return named[0], named[1]


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values))


def style_map(styles: StyleMap, **how: Any) -> gr.HTML:
    """The component. Its value: {"chosen": {name: share}, "own": [x, y] or None}; it triggers "select" with a name."""
    return scripted_html(_frame(styles), "style_map.js", **how)


def _frame(styles: StyleMap) -> str:
    kinds = [kind for kind in KINDS if any(point.item.kind == kind for point in styles.points)]
    keys = "".join(
        f'<span class="{kind}"><svg viewBox="-9 -9 18 18">{_shape(kind)}</svg>{KINDS[kind]}</span>' for kind in kinds
    )
    mine = f'<span class="own" hidden><svg viewBox="-9 -9 18 18">{_star()}</svg>My clip</span>'
    note = f"Alike lie together; the map shows {100 * styles.share:.0f} % of the differences."
    return (
        f'<div class="td-map-box"><div class="td-map-frame">{styles.svg()}<div class="td-map-hover" hidden></div></div>'
        f'<div class="td-map-foot"><div class="td-map-keys">{keys}{mine}</div>'
        '<div class="td-map-pick" role="group" aria-label="What a click chooses">A click chooses'
        '<button type="button" data-pick="first" aria-pressed="true">the first</button>'
        '<button type="button" data-pick="second" aria-pressed="false">the second</button></div></div>'
        f'<p class="td-map-note">{note}</p></div>'
    )


def _point(point: Point) -> str:
    item = point.item
    classes = f"td-point {escape(item.kind)}{' labelled' if point.labelled else ''}"
    return (
        f'<g class="{classes}" data-name="{escape(item.name)}" data-title="{escape(item.title)}" '
        f'data-about="{escape(item.about)}" role="radio" aria-checked="false" tabindex="-1" '
        f'aria-label="{escape(item.title)}: {escape(item.about)}" data-x="{point.x:.1f}" data-y="{point.y:.1f}" '
        f'transform="translate({point.x:.1f} {point.y:.1f})"><circle class="target" r="15"/>{_shape(item.kind)}'
        f"{_label(item.title, point.x)}</g>"
    )


def _shape(kind: str) -> str:
    """A disc for a performance, a lozenge for an identity: told apart without colours too."""
    return (
        '<rect class="mark" x="-5" y="-5" width="10" height="10" rx="2" transform="rotate(45)"/>'
        if kind == "identity"
        else '<circle class="mark" r="7"/>'
    )


def _star() -> str:
    turns = [(8.5 if k % 2 == 0 else 3.9, np.pi * k / 5) for k in range(10)]
    corners = " ".join(f"{r * np.sin(a):.1f},{-r * np.cos(a):.1f}" for r, a in turns)
    return f'<polygon class="mark" points="{corners}"/>'


def _label(title: str, x: float) -> str:
    side, anchor = (-12, "end") if x > WIDTH * 0.62 else (12, "start")
    return f'<text x="{side}" y="5" text-anchor="{anchor}">{escape(title)}</text>'


def _box(title: str, x: float, y: float) -> tuple[float, float, float, float]:
    wide = LETTER * len(title)
    left = x - 12 - wide if x > WIDTH * 0.62 else x + 12
    return left, y - LINE / 2, left + wide, y + LINE / 2


def _touch(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] + 9 and b[0] < a[2] + 9 and a[1] < b[3] and b[1] < a[3]
