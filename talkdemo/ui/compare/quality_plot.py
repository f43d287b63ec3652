"""The shipped table of measured step counts in, a plot out: what each step count costs and what it gives.

The table is talkdemo/assets/steps.json, a list of objects: system ("full-8", "student-8"), distilled, steps,
seconds_per_10s, and lve_mm, hits, false, each of which may be null. `python -m talkdemo.evaluate.steps` measures them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from talkdemo.files import ASSETS
from talkdemo.ui.parts import plot

TABLE = ASSETS / "steps.json"
OTHERS = {"DiffPoseTalk": "steps-diffposetalk.json"}  # beside TABLE, which is DiffusionTalker's
MISSING = "Which step count gives what has not been measured for these weights yet."
WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 16, 46
DOT = 5  # radius of a point
Place = tuple[float, float]
Box = tuple[float, float, float, float]  # middle x, y, half width, half height
PANELS = (  # figure, title, what is good, unit
    ("lve_mm", "Lip error", "lower is better", "mm"),
    ("hits", "Lips meet on p, b, m", "higher is better", "%"),
    ("false", "Lips shut in vowels", "lower is better", "%"),
)
FAMILIES = ((False, "first", "Full model"), (True, "second", "Distilled student"))


@dataclass(frozen=True)
class Point:
    """One measured system."""

    system: str
    steps: int
    distilled: bool
    seconds: float  # speech to motion, for ten seconds of speech
    scores: dict[str, float]  # by name of PANELS; what was not measured is absent


def read(path: Path | None = None) -> list[Point]:
    """The table by steps; empty when there is none. Raises ValueError in one sentence for a damaged one."""
    path = TABLE if path is None else path
    if not path.is_file():
        return []
    try:
        return sorted((_point(row) for row in json.loads(path.read_text(encoding="utf-8"))), key=lambda p: p.steps)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name}: {error!r}; a list of measured systems is wanted") from error


def _point(row: dict[str, object]) -> Point:
    seconds, steps = float(row["seconds_per_10s"]), int(row["steps"])  # type: ignore[arg-type]
    if not (0 < seconds < math.inf and steps > 0):
        raise ValueError(f"{row['system']} has {steps} steps and {seconds} s")
    names = [name for name, *_ in PANELS]
    scores = {name: float(row[name]) for name in names if row.get(name) is not None}  # type: ignore[arg-type]
    scores = {name: score for name, score in scores.items() if math.isfinite(score)}
    return Point(str(row["system"]), steps, bool(row["distilled"]), seconds, scores)


def quality_plot(table: Sequence[Point], model: str = "") -> str:
    """HTML: one panel per score over seconds, points labelled by steps; a sentence when there is nothing to show."""
    heading = f"<h3>What do more steps give{f' to {model}' if model else ''}?</h3>"
    panels = [_panel(table, *panel) for panel in PANELS if any(panel[0] in point.scores for point in table)]
    if not panels:
        return f'<section class="td-quality">{heading}<p>{MISSING}</p></section>'
    keys = "".join(
        f'<span class="{name}"><i></i>{title}</span>'
        for distilled, name, title in FAMILIES
        if any(point.distilled == distilled for point in table)
    )
    return (
        f'<section class="td-quality">{heading}'
        "<p>Measured on held-out speech. Each point is a number of sampling steps; the farther left, the faster.</p>"
        f'<div class="td-keys">{keys}</div><div class="td-panels">{"".join(panels)}</div></section>'
    )


def _panel(table: Sequence[Point], score: str, title: str, good: str, unit: str) -> str:
    shown = [point for point in table if score in point.scores]
    values = [point.scores[score] for point in shown]
    low, high = min(values), max(values)
    margin = max(0.25 * (high - low), 0.04 * abs(high), 1e-3)
    low, high = max(0.0, low - margin), high + margin
    first, last = min(p.seconds for p in shown) / 1.5, max(p.seconds for p in shown) * 1.5

    def x(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(seconds / first) / math.log(last / first)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - low) / (high - low)

    parts = [f'<svg class="td-chart td-score" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">']
    parts.append(f'<rect class="row" x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{y(low) - TOP:.1f}"/>')
    for value in plot.ticks(low, high):
        parts.append(f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(f'<text class="tick side" x="{LEFT - 7}" y="{y(value) + 4:.1f}">{value:g}</text>')
    for value in _decades(first, last):
        parts.append(f'<text class="tick" x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 17}">{value:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="tick" x="{middle}" y="{HEIGHT - 9}">seconds for 10 s of speech</text>')
    places = [(x(point.seconds), y(point.scores[score])) for point in shown]
    for distilled, name, _ in FAMILIES:
        mine = [place for point, place in zip(shown, places, strict=True) if point.distilled == distilled]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in mine)
        parts.append(f'<polyline class="line {name}" points="{line}"/>')
    labels = _labels([str(point.steps) for point in shown], places, [point.distilled for point in shown])
    for point, (a, b), (u, v) in zip(shown, places, labels, strict=True):
        name = "second" if point.distilled else "first"
        told = f"{point.steps} steps: {point.scores[score]:.3g} {unit} in {point.seconds:.2f} s"
        parts.append(f'<circle class="dot {name}" cx="{a:.1f}" cy="{b:.1f}" r="{DOT}"><title>{told}</title></circle>')
        parts.append(f'<text class="step {name}" x="{u:.1f}" y="{v:.1f}">{point.steps}</text>')
    parts.append("</svg>")
    caption = f"<figcaption><b>{title}</b>, {unit} <span>{good}</span></figcaption>"
    return f"<figure>{caption}{''.join(parts)}</figure>"


def _labels(texts: Sequence[str], places: Sequence[Place], below: Sequence[bool]) -> list[Place]:
    """Middle of each text's base line: above its point (below, where asked), or beside it where that is taken."""
    taken = [(a, b, DOT, DOT) for a, b in places]
    found = []
    for text, (a, b), under in zip(texts, places, below, strict=True):
        wide = 4.2 * len(text) + 1
        up, down, right, left = (a, b - 15), (a, b + 15), (a + wide + 9, b), (a - wide - 9, b)
        order = (down, up, right, left) if under else (up, right, left, down)
        u, v = min(order, key=lambda spot: sum(_meet((*spot, wide, 6), box) for box in taken))
        taken.append((u, v, wide, 6))
        found.append((u, v + 4.5))
    return found


def _meet(a: Box, b: Box) -> bool:
    return abs(a[0] - b[0]) < a[2] + b[2] and abs(a[1] - b[1]) < a[3] + b[3]


def _decades(low: float, high: float) -> list[float]:
    """1, 2, 5 and their tenfolds inside low…high; of many only the powers of ten and their halves."""
    found = [
        factor * 10.0**power
        for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for factor in (1, 2, 5)
        if low <= factor * 10.0**power <= high
    ]
    return [round(value, 6) for value in (found[::2] if len(found) > 8 else found)]
