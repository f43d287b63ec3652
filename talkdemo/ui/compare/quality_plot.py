"""Plots what each number of evaluations gives, from the shipped JSON of `python -m talkdemo evaluate steps`.

First the scores that the number of steps changes, as shares of what 512 steps give (or whatever the table's reference
is): how much and how fast a face moves. Then how well lips follow the speech: closures, r(opening), lip error, which
reward the mean of all motions and thus need few steps. Lines: the full model by DDIM and by DPM-Solver++, the distilled
students; bars are 95 % intervals over clips.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from talkdemo.files import ASSETS
from talkdemo.metrics.interval import Estimate
from talkdemo.records import DDIM, DIFFPOSETALK, DIFFUSIONTALKER, DPM_SOLVER, MODEL_TITLES
from talkdemo.ui.parts.chart import ticks

TABLES = {DIFFUSIONTALKER: ASSETS / "steps.json", DIFFPOSETALK: ASSETS / "steps-diffposetalk.json"}
MISSING = "The effect of the step count has not been measured for these weights yet."
WIDTH, HEIGHT = 400, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 16, 46
DOT = 4.5  # radius of a point
SHIFT = 5.0  # pixels between points of the same number of evaluations
DDIM_LINE, DPM_LINE, STUDENT_LINE = "first", "third", "second"
FAMILIES = {DDIM_LINE: "Full model, DDIM", DPM_LINE: "Full model, DPM-Solver++", STUDENT_LINE: "Distilled students"}
CHANGED = {  # score → title
    "variance_upper": "Motion of the upper face",
    "blinks": "Blinks",
    "blink_peak": "Depth of the blinks",
    "head_peak": "Fast turns of the head",
    "diversity": "Diversity over seeds",
    "variance_mouth": "Motion of the mouth",
}
UNCHANGED = {  # score → title, unit
    "hits": ("Lips closed on p, b, m", "%"),
    "r_phones": ("r of the mouth's opening", ""),
    "lve": ("Lip error", "mm"),
}


@dataclass(frozen=True)
class Point:
    """One system's score, in units of the panel."""

    family: str
    system: str
    evaluations: int
    estimate: Estimate


@dataclass(frozen=True)
class Table:
    """The JSON of an evaluation over steps, as far as it is plotted."""

    systems: Mapping[str, Mapping[str, Any]]
    rows: Sequence[Mapping[str, Any]]
    compared: Sequence[Mapping[str, Any]]

    @property
    def reference(self) -> str:
        """The system that the others are compared with; "" where none was."""
        return str(self.compared[0]["other"]) if self.compared else ""

    def family(self, system: str) -> str:
        facts = self.systems[system]
        return STUDENT_LINE if facts["distilled"] else {DDIM: DDIM_LINE, DPM_SOLVER: DPM_LINE}[facts["sampler"]]

    def shares(self, score: str) -> list[Point]:
        """A score in % of the reference's."""
        found = [one for one in self.compared if one["score"] == score]
        return [self._point(one["one"], one["ratio"], 100) for one in found if one["set"] == found[0]["set"]]

    def values(self, score: str) -> list[Point]:
        found = [row for row in self.rows if score in row["scores"]]
        return [self._point(row["system"], row["scores"][score], 1) for row in found if row["set"] == found[0]["set"]]

    def equivalence(self, system: str, score: str) -> Mapping[str, Any] | None:
        return next((one for one in self.compared if (one["one"], one["score"]) == (system, score)), None)

    def _point(self, system: str, found: Mapping[str, Any], factor: float) -> Point:
        value, low, high = (math.nan if found[end] is None else factor * found[end] for end in ("value", "low", "high"))
        evaluations = int(self.systems[system]["nfe"])
        if not (math.isfinite(value) and evaluations > 0):
            raise ValueError(f"{system} has {found['value']} after {evaluations} evaluations")
        return Point(self.family(system), system, evaluations, Estimate(value, low, high, int(found["n"])))


def plots() -> str:
    """Those of the shipped tables. Raises ValueError in one sentence for a damaged one."""
    shown = {MODEL_TITLES[model]: html for model, path in TABLES.items() if (html := quality_plot(path))}
    if not shown:
        return f'<section class="td-quality"><h2>{_heading("")}</h2><p>{MISSING}</p></section>'
    return "".join(
        f'<section class="td-quality"><h2>{_heading(title if len(shown) > 1 else "")}</h2>{html}</section>'
        for title, html in shown.items()
    )


def _heading(model: str) -> str:
    return f"What sampling steps change{f': {model}' if model else ''}"


def quality_plot(path: Path) -> str:
    """HTML of one table; "" when there is none. Raises ValueError in one sentence for a damaged one."""
    if not path.is_file():
        return ""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        table = Table(whole["systems"], whole["rows"], whole["compared"])
        parts = list(_parts(table))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name}: {error!r}; the JSON of `evaluate steps` is wanted") from error
    return "".join(parts)


def _parts(table: Table) -> Iterator[str]:
    shares = {score: points for score in CHANGED if (points := table.shares(score))}
    values = {score: points for score in UNCHANGED if (points := table.values(score))}
    if not (shares or values):
        return
    clips = max(point.estimate.n for points in (*shares.values(), *values.values()) for point in points)
    for sentence in sentences(table):
        yield f"<p>{escape(sentence)}</p>"
    families = {point.family for points in (*shares.values(), *values.values()) for point in points}
    keys = (f'<span class="{name}"><i></i>{title}</span>' for name, title in FAMILIES.items() if name in families)
    yield f'<div class="td-keys">{"".join(keys)}</div>'
    if shares:
        yield f"<h3>What they change, in % of {_steps(table, table.reference)}</h3>"
        yield _panels(panel(points, CHANGED[score], "%", 100.0) for score, points in shares.items())
    if values:
        yield "<h3>How well lips follow the speech</h3>"
        yield _panels(panel(points, *UNCHANGED[score]) for score, points in values.items())
    bars = any(not math.isnan(p.estimate.low) for points in (*shares.values(), *values.values()) for p in points)
    over = f"{'Bars: 95 % intervals over' if bars else 'Means over'} {clips} clips of held-out speech."
    yield f'<p class="td-small">{over}</p>'


def _panels(panels: Iterator[str]) -> str:
    return f'<div class="td-panels">{"".join(panels)}</div>'


def _steps(table: Table, system: str) -> str:
    return f"{table.systems[system]['steps']} steps" if system in table.systems else "the full model"


def sentences(table: Table) -> list[str]:
    """What distillation buys, and what it leaves alone, at the fewest steps of a student; computed from the table."""
    students = sorted(
        (facts["steps"], name) for name, facts in table.systems.items() if table.family(name) == STUDENT_LINE
    )
    if not students or not table.reference:
        return []
    steps, student = students[0]
    found = []
    points = {point.family: point for point in table.shares("variance_upper") if point.evaluations == steps}
    if STUDENT_LINE in points:
        rivals = [f"{FAMILIES[f].split(', ')[1]} {_share(points[f])}" for f in (DDIM_LINE, DPM_LINE) if f in points]
        beside = f"; of the full model, {' and '.join(rivals)}" if rivals else ""
        whole = f"of the motion of the upper face that {_steps(table, table.reference)} give"
        own = f"With {steps} evaluations the student has {_share(points[STUDENT_LINE])} {whole}"
        found.append(f"{own}{_speed(table, student)}{beside}.")
    kept: list[str] = []
    moved: list[str] = []
    for score, (title, _) in UNCHANGED.items():
        one = table.equivalence(student, score)
        if one is not None and one["ratio"]["value"] is not None:
            name = title[0].lower() + title[1:]
            equal = one["p"] is not None and one["p"] < 0.05
            (kept if equal else moved).append(f"{name} {100 * one['ratio']['value']:.0f} %")
    if kept or moved:
        parts = [f"these lie within the margin of equivalence: {', '.join(kept)}"] if kept else []
        parts += [f"these are not shown to: {', '.join(moved)}"] if moved else []
        found.append(f"Of the student's lips, in % of {_steps(table, table.reference)}, {'; '.join(parts)}.")
    return found


def _share(point: Point) -> str:
    one = point.estimate
    return f"{one.value:.0f} %" + ("" if math.isnan(one.low) else f" ({one.low:.0f} to {one.high:.0f})")


def _speed(table: Table, student: str) -> str:
    own, whole = (float(table.systems[name].get("seconds_per_10s", 0)) for name in (student, table.reference))
    return f", {whole / own:.0f} times as fast" if own and whole else ""


def panel(points: Sequence[Point], title: str, unit: str, level: float | None = None) -> str:
    """A figure: a score over evaluations, a line per family, with bars; `level`: a line of reference."""
    ends = [end for p in points for end in (p.estimate.value, p.estimate.low, p.estimate.high) if not math.isnan(end)]
    low, high = min(ends + ([level] if level else [])), max(ends + ([level] if level else []))
    margin = max(0.12 * (high - low), 0.02 * abs(high), 1e-3)
    low, high = max(0.0, low - margin), high + margin
    counts = sorted({point.evaluations for point in points})
    first, last = math.log2(counts[0]) - 0.5, math.log2(counts[-1]) + 0.5

    def x(point: Point) -> float:
        shift = SHIFT * (list(FAMILIES).index(point.family) - 1)
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log2(point.evaluations) - first) / (last - first) + shift

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - low) / (high - low)

    parts = [f'<svg class="td-chart td-score" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
    parts.append(f'<rect class="row" x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{y(low) - TOP:.1f}"/>')
    for value in ticks(low, high):
        parts.append(f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(f'<text class="tick side" x="{LEFT - 7}" y="{y(value) + 4:.1f}">{value:g}</text>')
    if level is not None:
        parts.append(f'<line class="level" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(level):.1f}" y2="{y(level):.1f}"/>')
    for count in counts:
        at = LEFT + (WIDTH - LEFT - RIGHT) * (math.log2(count) - first) / (last - first)
        parts.append(f'<text class="tick" x="{at:.1f}" y="{HEIGHT - BOTTOM + 17}">{count}</text>')
    parts.append(f'<text class="tick" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 9}">evaluations per window</text>')
    for family, name in FAMILIES.items():
        mine = sorted((point for point in points if point.family == family), key=lambda point: point.evaluations)
        line = " ".join(f"{x(point):.1f},{y(point.estimate.value):.1f}" for point in mine)
        parts.append(f'<polyline class="line {family}" points="{line}"/>')
        parts += [_mark(point, x(point), y, name, unit) for point in mine]
    caption = f"<figcaption><b>{escape(title)}</b>{f', {unit}' if unit else ''}</figcaption>"
    return f"<figure>{caption}{''.join(parts)}</svg></figure>"


def _mark(point: Point, x: float, y: Any, family: str, unit: str) -> str:
    """A point with its bar and a hint."""
    one, bar, ends = point.estimate, "", ""
    if not math.isnan(one.low):
        across, along = f'x1="{x:.1f}" x2="{x:.1f}"', f'y1="{y(one.low):.1f}" y2="{y(one.high):.1f}"'
        bar = f'<line class="bar {point.family}" {across} {along}/>'
        ends = f" ({one.low:.3g} to {one.high:.3g})"
    hint = f"{family}, {point.evaluations} evaluations: {one.value:.3g} {unit}".rstrip() + f"{ends}, {one.n} clips"
    circle = f'<circle class="dot {point.family}" cx="{x:.1f}" cy="{y(one.value):.1f}" r="{DOT}">'
    return f"{bar}{circle}<title>{escape(hint)}</title></circle>"
