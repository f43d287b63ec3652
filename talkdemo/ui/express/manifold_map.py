"""The map of expressions: points coloured by preset, the presets' names, the path of the portrait.

static/components/manifold_map.js draws the path and the current point; a click on a preset's name takes it.
"""

from html import escape
from typing import Any

import gradio as gr
import numpy as np

from talkdemo.gcgan.edit import ManifoldMap
from talkdemo.ui.parts.labels import place
from talkdemo.ui.parts.names import title
from talkdemo.ui.parts.scripted import scripted_html

WIDTH, HEIGHT, EDGE = 720, 430, 40  # units of the map; EDGE keeps names off the border
MOST = 900  # points that are drawn
GOLDEN = 137.508  # degrees between the hues of one preset and the next
QUANTILE = 0.01  # of the points on each side that may lie beyond the border; they are put on it
ROOM = 0.6  # exponent of the distance from the centre: below 1, a few strong expressions do not squeeze the others


class Manifold:
    """Where things lie on the map; holds nothing of a visitor."""

    def __init__(self, source: ManifoldMap) -> None:
        self.presets = dict(source.presets)
        everything = np.array([*source.points, *source.presets.values(), (0, 0), (1e-3, 1e-3)], np.float64)
        inner = np.array([*source.presets.values(), *np.quantile(everything, (QUANTILE, 1 - QUANTILE), axis=0)])
        self.middle = np.median([*source.presets.values(), inner.mean(0)], axis=0)
        self.reach = np.maximum(np.stack([self.middle - inner.min(0), inner.max(0) - self.middle]), 1e-6)
        keep = np.linspace(0, max(len(source.points) - 1, 0), min(MOST, len(source.points))).astype(int)
        self.points = [(source.names[k], *self.units(source.points[k])) for k in keep]
        self.hues = {name: (20 + GOLDEN * k) % 360 for k, name in enumerate(self.presets)}

    def units(self, place: np.ndarray) -> tuple[float, float]:
        """(2,) on the manifold → units of the map, y down; what lies outside is put on its border."""
        off = np.asarray(place, np.float64) - self.middle
        share = off / np.where(off < 0, *self.reach)
        share = np.sign(share) * np.abs(share) ** ROOM / 2 + 0.5
        x = EDGE + share[0] * (WIDTH - 2 * EDGE)
        y = HEIGHT - EDGE - share[1] * (HEIGHT - 2 * EDGE)
        return round(float(np.clip(x, 15, WIDTH - 15)), 1), round(float(np.clip(y, 15, HEIGHT - 15)), 1)

    def showing(self, way: np.ndarray, now: np.ndarray, chosen: str) -> dict[str, Any]:
        """The component's value: the path (N, 2) from the portrait, where it is (2,), and the preset's name or ""."""
        return {"way": [self.units(one) for one in way], "now": self.units(now), "chosen": chosen}

    def svg(self) -> str:
        clouds = "".join(
            f'<circle cx="{x}" cy="{y}" r="{3.4 if name else 2.2}"{self._colour(name)}/>' for name, x, y in self.points
        )
        spots = [self.units(np.array(place)) for place in self.presets.values()]
        labels = place(spots, [title(name) for name in self.presets], (WIDTH, HEIGHT), 7.3)
        names = "".join(
            f'<g class="preset{"" if label.shown else " aside"}" role="button" tabindex="0" '
            f'data-name="{escape(name)}" '
            f'aria-label="{escape(title(name))}" transform="translate({x} {y})"><circle class="target" r="13"/>'
            f'<circle class="mark" r="6"{self._colour(name)}/><text x="{label.x:.1f}" y="{label.y:.1f}" '
            f'text-anchor="{label.anchor}">{escape(title(name))}</text></g>'
            for name, (x, y), label in zip(self.presets, spots, labels, strict=True)
        )
        return (
            f'<svg class="td-manifold" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="Map of expressions">'
            f'<rect class="ground" x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="16"/>'
            f'<g class="cloud">{clouds}</g><g class="names">{names}</g><path class="way"/>'
            '<circle class="begin" r="5"/><circle class="halo" r="13"/><circle class="now" r="7"/></svg>'
        )

    def _colour(self, name: str) -> str:
        return f' style="fill:hsl({self.hues[name]:.0f} 66% 66%)"' if name in self.hues else ""


def manifold_map(manifold: Manifold, **options: Any) -> gr.HTML:
    """The component; triggers "select" with a preset's name."""
    note = "Similar expressions lie close together, whoever makes them. The ring is the portrait, the line its path."
    return scripted_html(
        f'<div class="td-manifold-box">{manifold.svg()}<p>{note} Click a name to choose it.</p></div>',
        "manifold_map.js", **options,
    )  # fmt: skip
