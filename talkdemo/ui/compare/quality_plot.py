"""Plots what each step count costs and what it gives, from the shipped tables.

A table is talkdemo/assets/steps.json, a list of objects: system ("full-8", "student-8"), distilled, steps,
seconds_per_10s, and lve_mm, hits, false, each of which may be null. `python -m talkdemo evaluate steps` measures them.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from talkdemo.files import ASSETS
from talkdemo.records import DIFFPOSETALK, DIFFUSIONTALKER, MODEL_TITLES
from talkdemo.ui.parts.chart import ticks
from talkdemo.ui.parts.labels import place

TABLES = {DIFFUSIONTALKER: ASSETS / "steps.json", DIFFPOSETALK: ASSETS / "steps-diffposetalk.json"}
MISSING = "The effect of the step count has not been measured for these weights yet."
WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 16, 46
DOT = 5  # radius of a point
LETTER = 8.4  # width of a label's letter
WAYS = ((0, -12, "middle"), (0, 21, "middle"), (10, 5, "start"), (-10, 5, "end"))
PANELS = (  # figure, title, what is good, unit
    ("lve_mm", "Lip error", "lower is better", "mm"),
    ("hits", "Lips closed on p, b, m", "higher is better", "%"),
    ("false", "Lips closed in vowels", "lower is better", "%"),
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


def plots() -> str:
    """Those of the shipped tables. Raises ValueError in one sentence for a damaged one."""
    tables = {model: table for model, path in TABLES.items() if (table := read(path))}
    if len(tables) < 2:
        return quality_plot(next(iter(tables.values()), []))
    return "".join(quality_plot(table, MODEL_TITLES[model]) for model, table in tables.items())


def read(path: Path) -> list[Point]:
    """A table by steps; empty when there is none. Raises ValueError in one sentence for a damaged one."""
    if not path.is_file():
        return []
    try:
        return sorted((_point(row) for row in json.loads(path.read_text(encoding="utf-8"))), key=lambda p: p.steps)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name}: {error!r}; a list of measured systems is wanted") from error


def _point(row: dict[str, Any]) -> Point:
    seconds, steps = float(row["seconds_per_10s"]), int(row["steps"])
    if not (0 < seconds < math.inf and steps > 0):
        raise ValueError(f"{row['system']} has {steps} steps and {seconds} s")
    names = [name for name, *_ in PANELS]
    scores = {name: float(row[name]) for name in names if row.get(name) is not None}
    scores = {name: score for name, score in scores.items() if math.isfinite(score)}
    return Point(str(row["system"]), steps, bool(row["distilled"]), seconds, scores)


def quality_plot(table: Sequence[Point], model: str = "") -> str:
    """HTML: one panel per score over seconds, points labelled by steps; a sentence when there is nothing to show."""
    heading = f"<h3>Quality and speed by sampling steps{f': {model}' if model else ''}</h3>"
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
        "<p>Measured on held-out speech. Each point is a number of sampling steps; further left is faster.</p>"
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
    for value in ticks(low, high):
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
    labels = place(places, [str(point.steps) for point in shown], (WIDTH, HEIGHT), LETTER, ways=WAYS)
    for point, (a, b), label in zip(shown, places, labels, strict=True):
        name = "second" if point.distilled else "first"
        hint = f"{point.steps} steps: {point.scores[score]:.3g} {unit} in {point.seconds:.2f} s"
        parts.append(f'<circle class="dot {name}" cx="{a:.1f}" cy="{b:.1f}" r="{DOT}"><title>{hint}</title></circle>')
        where = f'x="{a + label.x:.1f}" y="{b + label.y:.1f}" text-anchor="{label.anchor}"'
        parts.append(f'<text class="step {name}" {where}>{point.steps}</text>')
    parts.append("</svg>")
    caption = f"<figcaption><b>{title}</b>, {unit} <span>{good}</span></figcaption>"
    return f"<figure>{caption}{''.join(parts)}</figure>"


def _decades(low: float, high: float) -> list[float]:
    """1, 2, 5 and their tenfolds inside low…high; of many only the powers of ten and their halves."""
    values = [
        factor * 10.0**power
        for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for factor in (1, 2, 5)
        if low <= factor * 10.0**power <= high
    ]
    return [round(value, 6) for value in (values[::2] if len(values) > 8 else values)]
