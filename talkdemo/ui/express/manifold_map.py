"""The manifold's map in, a picture of it out: points coloured by preset, the presets' names, the portrait's own way.

static/components/manifold_map.js draws the way and the point; a click on a preset's name takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from talkdemo.gcgan.edit import ManifoldMap
from talkdemo.ui.parts.scripted import scripted_html

WIDTH, HEIGHT, EDGE = 720, 430, 40  # the picture's units; EDGE keeps names off the border
MOST = 900  # points that are drawn
LETTER, LINE = 7.3, 17.0  # size of a label's letters
GOLDEN = 137.508  # degrees between the hues of one preset and the next
VISEMES = ("aa", "ee", "oo", "oh", "ff", "mm", "th", "ch")  # sounds, not words: written in quotes
QUANTILE = 0.01  # of the points on each side that may lie beyond the border; they are put on it
ROOM = 0.6  # exponent of the distance from the middle: below 1, a few strong expressions do not squeeze the others
CROWDED = 60.0  # square units that a name may share with others; one that would share more is shown where it is pointed


class Manifold:
    """Where things lie on the picture; holds nothing of a visitor."""

    def __init__(self, given: ManifoldMap) -> None:
        self.presets = dict(given.presets)
        everything = np.array([*given.points, *given.presets.values(), (0, 0), (1e-3, 1e-3)], np.float64)
        inner = np.array([*given.presets.values(), *np.quantile(everything, (QUANTILE, 1 - QUANTILE), axis=0)])
        self.middle = np.median([*given.presets.values(), inner.mean(0)], axis=0)
        self.reach = np.maximum(np.stack([self.middle - inner.min(0), inner.max(0) - self.middle]), 1e-6)
        keep = np.linspace(0, max(len(given.points) - 1, 0), min(MOST, len(given.points))).astype(int)
        self.points = [(given.names[k], *self.units(given.points[k])) for k in keep]
        self.hues = {name: (20 + GOLDEN * k) % 360 for k, name in enumerate(self.presets)}

    def units(self, place: np.ndarray) -> tuple[float, float]:
        """(2,) on the map → in the picture, y down; what lies outside is put on its border."""
        off = np.asarray(place, np.float64) - self.middle
        share = off / np.where(off < 0, *self.reach)
        share = np.sign(share) * np.abs(share) ** ROOM / 2 + 0.5
        x = EDGE + share[0] * (WIDTH - 2 * EDGE)
        y = HEIGHT - EDGE - share[1] * (HEIGHT - 2 * EDGE)
        return round(float(np.clip(x, 15, WIDTH - 15)), 1), round(float(np.clip(y, 15, HEIGHT - 15)), 1)

    def showing(self, way: np.ndarray, now: np.ndarray, chosen: str) -> dict[str, object]:
        """The component's value: the way (N, 2) from the portrait, where it is (2,), and the preset's name or ""."""
        return {"way": [self.units(one) for one in way], "now": self.units(now), "chosen": chosen}

    def svg(self) -> str:
        """The picture."""
        clouds = "".join(
            f'<circle cx="{x}" cy="{y}" r="{3.4 if name else 2.2}"{self._colour(name)}/>' for name, x, y in self.points
        )
        spots = [self.units(np.array(place)) for place in self.presets.values()]
        labels = labels_at(spots, [title(name) for name in self.presets])
        names = "".join(
            f'<g class="preset{"" if shown else " aside"}" role="button" tabindex="0" '
            f'data-name="{escape(name)}" '
            f'aria-label="{escape(title(name))}" transform="translate({x} {y})"><circle class="target" r="13"/>'
            f'<circle class="mark" r="6"{self._colour(name)}/><text x="{dx:.1f}" y="{dy:.1f}" text-anchor="{anchor}">'
            f"{escape(title(name))}</text></g>"
            for (name, (x, y)), (dx, dy, anchor, shown) in zip(
                ((name, spot) for name, spot in zip(self.presets, spots, strict=True)), labels, strict=True
            )
        )
        return (
            f'<svg class="td-manifold" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="Map of expressions">'
            f'<rect class="ground" x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="16"/>'
            f'<g class="cloud">{clouds}</g><g class="names">{names}</g><path class="way"/>'
            '<circle class="begin" r="5"/><circle class="halo" r="13"/><circle class="now" r="7"/></svg>'
        )

    def _colour(self, name: str) -> str:
        return f' style="fill:hsl({self.hues[name]:.0f} 66% 66%)"' if name in self.hues else ""


def manifold_map(manifold: Manifold, **how: Any) -> gr.HTML:
    """The component; triggers "select" with a preset's name."""
    note = "Expressions alike lie together, whoever makes them. The ring is the portrait, the line its way."
    return scripted_html(
        f'<div class="td-manifold-box">{manifold.svg()}<p>{note} A click on a name takes it.</p></div>',
        "manifold_map.js", **how,
    )  # fmt: skip


def title(name: str) -> str:
    """brows_up → Brows up; aa → “aa”."""
    return f"“{name}”" if name in VISEMES else name.replace("_", " ").capitalize()


def labels_at(spots: Sequence[tuple[float, float]], titles: Sequence[str]) -> list[tuple[float, float, str, bool]]:
    """For each spot where its label goes, from the spot, how it is anchored, and whether there is room for it at all
    times: where it covers least."""
    taken = [(x - 7, y - 7, x + 7, y + 7) for x, y in spots]
    found = []
    for (x, y), text in zip(spots, titles, strict=True):
        wide = LETTER * len(text)
        ways = [(11, 5, "start"), (-11, 5, "end"), (0, -12, "middle"), (0, 21, "middle")]
        ways += [(8, -9, "start"), (-8, -9, "end"), (8, 18, "start"), (-8, 18, "end")]
        ways += [(11, -18, "start"), (-11, -18, "end"), (11, 29, "start"), (-11, 29, "end")]
        boxes = [_box(x + dx, y + dy, wide, anchor) for dx, dy, anchor in ways]
        cost = [sum(_shared(box, other) for other in taken) + 50 * _outside(box) + k for k, box in enumerate(boxes)]
        best = int(np.argmin(cost))
        shown = cost[best] < CROWDED
        if shown:
            taken.append(boxes[best])
        found.append((*ways[best], shown))
    return found


def _box(x: float, y: float, wide: float, anchor: str) -> tuple[float, float, float, float]:
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
    return left, y - 0.75 * LINE, left + wide, y + 0.25 * LINE


def _shared(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _outside(box: tuple[float, ...]) -> float:
    return max(0.0, 4 - box[0]) + max(0.0, 4 - box[1]) + max(0.0, box[2] - WIDTH + 4) + max(0.0, box[3] - HEIGHT + 4)
