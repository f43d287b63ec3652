"""The map of styles: references whose styles are alike lie close together; a click chooses one.

The map shows the two directions in which the styles differ most (principal components). Each is named after the summary
that varies most clearly along it. Points that would cover each other are moved apart a little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from scipy.stats import spearmanr

from talkdemo.metrics import style_summary
from talkdemo.pipeline import SpeechToFace
from talkdemo.reference import GalleryItem
from talkdemo.ui.parts.labels import Label, place
from talkdemo.ui.parts.scripted import scripted_html

WIDTH, HEIGHT, EDGE = 640, 440, 34  # units of the map; EDGE keeps points off the border
APART = 22.0  # units between two points at least
ROOM = 0.7  # exponent of the distance from the centre: below 1, outliers do not squeeze the others
CLEAR = 0.4  # least rank correlation at which a direction is named
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


@dataclass(frozen=True)
class Point:
    """A reference on the map, in the map's units."""

    item: GalleryItem
    x: float
    y: float
    label: Label


class StyleMap:
    """The map of one model's references; computed once, holds nothing of a visitor."""

    def __init__(self, pipeline: SpeechToFace, items: Mapping[str, GalleryItem]) -> None:
        """`items`: the gallery, one reference at least."""
        shown = list(items.values())
        self.names = tuple(items)
        self.styles = np.array([pipeline.style(name) for name in items], np.float64)  # (N, S)
        self.mean, self.axes, self.share = principal(self.styles)
        flat = (self.styles - self.mean) @ self.axes.T  # (N, 2)
        self.reach = np.maximum(np.abs(flat).max(axis=0), 1e-6)  # (2,)
        spots = spread(self._units(flat))
        later = [item.kind != "reference" for item in shown]
        labels = place([*map(tuple, spots)], [item.title for item in shown], (WIDTH, HEIGHT), later=later)
        self.points = [
            Point(item, float(x), float(y), label) for item, (x, y), label in zip(shown, spots, labels, strict=True)
        ]
        self.words = directions(flat, [style_summary.measure([item.open().motion]) for item in shown])

    def place(self, style: np.ndarray) -> tuple[float, float]:
        """Where a style (S,) lies; one outside of the map is put on its border."""
        flat = (np.asarray(style, np.float64) - self.mean) @ self.axes.T
        x, y = self._units(np.clip(flat, -self.reach, self.reach))
        return float(x), float(y)

    def nearest(self, style: np.ndarray) -> tuple[str, ...]:
        """The names of the NEAREST references by cosine (styles have length 1), the closest first."""
        order = np.argsort(-(self.styles @ np.asarray(style, np.float64)))
        return tuple(self.names[k] for k in order[:NEAREST])

    def svg(self) -> str:
        """static/components/style_map.js shows the choice and the visitor's own star on it."""
        parts = [
            f'<svg class="td-map" viewBox="0 0 {WIDTH} {HEIGHT}" role="radiogroup" aria-label="Map of styles: arrow '
            'keys move, Enter chooses">',
            f'<rect class="ground" x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="16"/>',
            f'<path class="cross" d="M{WIDTH / 2} {EDGE}V{HEIGHT - EDGE}M{EDGE} {HEIGHT / 2}H{WIDTH - EDGE}"/>',
            *self._named_directions(),
            '<line class="between"/><circle class="blended" r="6"/>',
            *(_point(point) for point in self.points),
            f'<g class="td-point own" data-name="my-clip" role="radio" tabindex="-1" aria-label="My clip" '
            f'data-title="My clip" data-about="your own style">{_star()}'
            '<text x="12" y="5" text-anchor="start">My clip</text></g></svg>',
        ]
        return "".join(parts)

    def _units(self, flat: np.ndarray) -> np.ndarray:
        """(…, 2) along the axes → (…, 2) in units of the map, y down; the centre gets more room."""
        middle, half = np.array([WIDTH, HEIGHT]) / 2, np.array([WIDTH, HEIGHT]) / 2 - EDGE
        return middle + np.sign(flat) * np.abs(flat / self.reach) ** ROOM * half * np.array([1, -1])

    def _named_directions(self) -> list[str]:
        (left, right), (down, up) = self.words
        below = HEIGHT - 10  # in the margins, which are free of points
        captions = (
            (left and f"← {left}", 14, below, "start"),
            (right and f"{right} →", WIDTH - 14, below, "end"),
            (up and f"↑ {up}", WIDTH / 2, 20, "middle"),
            (down and f"↓ {down}", WIDTH / 2, below, "middle"),
        )
        return [
            f'<text class="way" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{word}</text>'
            for word, x, y, anchor in captions
            if word
        ]


def principal(styles: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """(N, S) → mean (S,), the two principal directions (2, S), and the share of the variance that they explain.

    A direction's sign is such that its largest entry is positive: the same styles give the same map.
    """
    mean = styles.mean(axis=0)
    _, spans, axes = np.linalg.svd(styles - mean, full_matrices=False)
    two = np.zeros((2, styles.shape[1]))
    two[: min(2, len(axes))] = axes[:2]
    largest = two[np.arange(2), np.abs(two).argmax(axis=1)]
    two *= np.where(largest < 0, -1.0, 1.0)[:, None]
    return mean, two, float((spans[:2] ** 2).sum() / max((spans**2).sum(), 1e-12))


def spread(spots: np.ndarray, rounds: int = 60) -> np.ndarray:
    """(N, 2) in units of the map, moved so that any two are APART or nearly so; none leaves the map."""
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


def directions(
    flat: np.ndarray, summaries: Sequence[style_summary.StyleSummary]
) -> tuple[tuple[str, str], tuple[str, str]]:
    """(N, 2) → names of the low and the high end of each direction; "" where no summary varies clearly along it."""
    named: list[tuple[str, str]] = []
    for axis in range(2):
        best, words = CLEAR, ("", "")
        for kind, (less, more) in DIRECTIONS.items():
            values = np.array([getattr(one, kind) for one in summaries])
            if len(values) < 3 or values.std() < 1e-9 or flat[:, axis].std() < 1e-9:
                continue
            r = float(spearmanr(values, flat[:, axis]).statistic)
            if abs(r) > best and (less, more) not in named and (more, less) not in named:
                best, words = abs(r), (less, more) if r > 0 else (more, less)
        named.append(words)
    return named[0], named[1]


def style_map(styles: StyleMap, **options: Any) -> gr.HTML:
    """The component. Its value: {"chosen": {name: share}, "own": [x, y] or None}; it triggers "select" with a name."""
    return scripted_html(_frame(styles), "style_map.js", **options)


def _frame(styles: StyleMap) -> str:
    kinds = [kind for kind in KINDS if any(point.item.kind == kind for point in styles.points)]
    keys = "".join(
        f'<span class="{kind}"><svg viewBox="-9 -9 18 18">{_shape(kind)}</svg>{KINDS[kind]}</span>' for kind in kinds
    )
    mine = f'<span class="own" hidden><svg viewBox="-9 -9 18 18">{_star()}</svg>My clip</span>'
    note = f"Similar styles lie close together; the map shows {100 * styles.share:.0f} % of the variance."
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
    label = point.label
    classes = f"td-point {escape(item.kind)}{' labelled' if label.shown else ''}"
    return (
        f'<g class="{classes}" data-name="{escape(item.name)}" data-title="{escape(item.title)}" '
        f'data-about="{escape(item.about)}" role="radio" aria-checked="false" tabindex="-1" '
        f'aria-label="{escape(item.title)}: {escape(item.about)}" data-x="{point.x:.1f}" data-y="{point.y:.1f}" '
        f'transform="translate({point.x:.1f} {point.y:.1f})"><circle class="target" r="15"/>{_shape(item.kind)}'
        f'<text x="{label.x}" y="{label.y}" text-anchor="{label.anchor}">{escape(item.title)}</text></g>'
    )


def _shape(kind: str) -> str:
    """A disc for a performance, a lozenge for an identity: distinguishable without colours too."""
    return (
        '<rect class="mark" x="-5" y="-5" width="10" height="10" rx="2" transform="rotate(45)"/>'
        if kind == "identity"
        else '<circle class="mark" r="7"/>'
    )


def _star() -> str:
    turns = [(8.5 if k % 2 == 0 else 3.9, np.pi * k / 5) for k in range(10)]
    corners = " ".join(f"{r * np.sin(a):.1f},{-r * np.cos(a):.1f}" for r, a in turns)
    return f'<polygon class="mark" points="{corners}"/>'
