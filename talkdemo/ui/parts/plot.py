"""Numbers in, pieces of SVG out: lines, areas, marks on the time axis, round ticks. Sizes are the picture's units."""

from __future__ import annotations

import itertools
import math

import numpy as np

POINTS = 500  # per line at most: longer tracks keep their peaks
SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120)  # between two marks


def thinned(values: np.ndarray) -> np.ndarray:
    """At most POINTS of (T,): each stretch's value farthest from zero, so that no blink is lost."""
    if len(values) <= POINTS:
        return values
    edges = np.linspace(0, len(values), POINTS + 1).astype(int)
    return np.array([max(values[a:b], key=abs) for a, b in itertools.pairwise(edges)])


def points(values: np.ndarray, left: float, width: float, base: float, reach: float) -> str:
    """x,y pairs of a line over the whole width; `values` in −1..1 go up from `base` by `reach`."""
    values = thinned(np.asarray(values, np.float64))
    x = left + width * (np.arange(len(values)) + 0.5) / len(values)
    y = base - reach * np.clip(values, -1, 1)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def line(shape: str, name: str) -> str:
    return f'<polyline class="line {name}" points="{shape}"/>'


def area(shape: str, base: float, name: str) -> str:
    """The region between a line and its base."""
    first, last = (pair.split(",")[0] for pair in (shape.split(" ")[0], shape.split(" ")[-1]))
    return f'<polygon class="area {name}" points="{first},{base:g} {shape} {last},{base:g}"/>'


def second_marks(seconds: float, left: float, width: float, y: float) -> str:
    """Labels of a time axis at round seconds, a dozen at most."""
    step = next((s for s in SECONDS if seconds / s <= 12), SECONDS[-1])
    return "".join(
        f'<text class="tick" x="{left + width * t / seconds:.1f}" y="{y:g}">{t:g}{" s" if t == 0 else ""}</text>'
        for t in np.arange(0, seconds + 1e-6, step)
    )


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers inside low…high, about `count`."""
    raw = max(high - low, 1e-9) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
