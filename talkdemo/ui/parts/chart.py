"""Pieces of SVG plots: rows over a time axis, lines, areas, round ticks."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from talkdemo.records import SAMPLES_PER_FRAME, Speech

WIDTH, LEFT, RIGHT = 640, 72, 8
GAP, TOP, BOTTOM = 10, 4, 22
PLOT = WIDTH - LEFT - RIGHT
POINTS = 500  # per line at most: longer tracks keep their peaks
SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120)  # between two marks


class TimeChart:
    """Rows over one time axis, with a playhead that the page's scripts move."""

    def __init__(self, elem_id: str, css: str, label: str, rows: Sequence[tuple[str, int]], seconds: float) -> None:
        """`rows`: title and height of each, from top to bottom."""
        self.seconds, self.heights = seconds, [height for _, height in rows]
        self.tops = [TOP + sum(height + GAP for height in self.heights[:row]) for row in range(len(rows))]
        self.bottom = self.tops[-1] + self.heights[-1]
        self.parts = [
            f'<svg id="{elem_id}" class="{css}" viewBox="0 0 {WIDTH} {self.bottom + BOTTOM}" role="img" '
            f'data-seconds="{seconds:.3f}" data-left="{LEFT / WIDTH:.5f}" data-width="{PLOT / WIDTH:.5f}" '
            f'aria-label="{label}">'
        ]
        for (title, height), top in zip(rows, self.tops, strict=True):
            self.parts.append(f'<rect class="row" x="{LEFT}" y="{top}" width="{PLOT}" height="{height}" rx="4"/>')
            self.text("label", LEFT - 10, top + 14, title)

    def text(self, css: str, x: float, y: float, text: str, style: str = "") -> None:
        self.parts.append(f'<text class="{css}" x="{x:g}" y="{y:g}"{style}>{text}</text>')

    def scale(self, row: int, text: str) -> None:
        """What the upper edge of a row stands for."""
        self.text("scale", LEFT + 6, self.tops[row] + 13, text)

    def area(self, row: int, values: np.ndarray, css: str) -> None:
        """`values` (T,) in 0..1 from the row's lower edge."""
        base = self.tops[row] + self.heights[row]
        shape = points(values, base, self.heights[row] - 4)
        first, last = (pair.split(",")[0] for pair in (shape.split(" ")[0], shape.split(" ")[-1]))
        self.parts.append(f'<polygon class="area {css}" points="{first},{base:g} {shape} {last},{base:g}"/>')

    def line(self, row: int, values: np.ndarray, css: str, centred: bool = False, style: str = "") -> None:
        """`values` (T,) in 0..1 from the row's lower edge or, `centred`, in −1..1 about its middle."""
        top, height = self.tops[row], self.heights[row]
        shape = points(values, top + height / 2, height / 2) if centred else points(values, top + height, height - 4)
        self.parts.append(f'<polyline class="line {css}" points="{shape}"{style}/>')

    def svg(self) -> str:
        """The whole, with the axis: labels at round seconds, a dozen at most."""
        step = next((s for s in SECONDS if self.seconds / s <= 12), SECONDS[-1])
        for t in np.arange(0, self.seconds + 1e-6, step):
            x = round(LEFT + PLOT * t / self.seconds, 1)
            self.text("tick", x, self.bottom + BOTTOM - 6, f"{t:g}{' s' if t == 0 else ''}")
        playhead = f'<line class="playhead" x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{self.bottom}"/>'
        return "".join([*self.parts, playhead, "</svg>"])


def points(values: np.ndarray, base: float, reach: float) -> str:
    """x,y pairs of a line over the whole plot; `values` in −1..1 go up from `base` by `reach`."""
    values = thinned(np.asarray(values, np.float64))
    x = LEFT + PLOT * (np.arange(len(values)) + 0.5) / len(values)
    y = base - reach * np.clip(values, -1, 1)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def thinned(values: np.ndarray) -> np.ndarray:
    """At most POINTS of (T,): each stretch's value farthest from zero, so that no blink is lost."""
    if len(values) <= POINTS:
        return values
    edges = np.linspace(0, len(values), POINTS + 1).astype(int)
    return np.array([max(values[a:b], key=abs) for a, b in itertools.pairwise(edges)])


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers inside low…high, about `count`."""
    raw = max(high - low, 1e-9) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def loudness(speech: Speech, frames: int) -> np.ndarray:
    """(frames,): root mean square of the sound in each frame of motion."""
    samples = np.zeros(frames * SAMPLES_PER_FRAME, np.float32)
    sound = speech.samples[: len(samples)]
    samples[: len(sound)] = sound
    return np.sqrt((samples.reshape(frames, -1).astype(np.float64) ** 2).mean(axis=1))


def normalised(values: np.ndarray, least: float = 1e-6) -> np.ndarray:
    """Divided by their maximum, or by `least` where that is more."""
    return values / max(least, float(values.max()))
