"""The results of an evaluation: measured rows → estimates and comparisons → one JSON → tables.

The JSON holds all that the tables and the app's plot show, and all that is needed to run the evaluation again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from talkdemo.evaluate.names import SETS
from talkdemo.evaluate.reporting import Column, Table, write_text
from talkdemo.metrics.dynamics import variance_ratios
from talkdemo.metrics.interval import Comparison, Estimate, Score, compare, equivalence
from talkdemo.metrics.score import Sums, channel_variances, scores
from talkdemo.metrics.table import METRICS

DISTRIBUTION = (  # what the number of steps changes: how motion is distributed, not how near it is to one truth
    "variance_upper", "variance_mouth", "variance_head", "blinks", "blink_peak", "head_speed", "head_peak", "diversity"
)  # fmt: skip
# Equivalence margins by steps: of the distribution, of all else. Evaluations of the full model are held to the same.
MARGINS = {8: (0.10, 0.05), 4: (0.15, 0.08), 2: (0.20, 0.12)}


def margin(score: str, steps: int) -> float:
    """How far a score may lie from the full model's and count as equivalent."""
    of_distribution, otherwise = MARGINS.get(steps, MARGINS[max(MARGINS)])
    return of_distribution if score in DISTRIBUTION else otherwise


class Row(NamedTuple):
    """What one system was measured to do on one set."""

    set: str
    system: str
    clips: Sequence[Sums]  # of every clip
    frames: int
    seconds: float  # spent by the system

    @property
    def metrics(self) -> dict[str, float]:
        """The pooled figures."""
        return {name: score.value for name, score in self.scores.items()}

    @property
    def scores(self) -> dict[str, Score]:
        return {name: score for name, score in scores(self.clips).items() if score.counted.any()}


@dataclass(frozen=True)
class Scored:
    """A row as it is written: estimates by score."""

    set: str
    system: str
    clips: int
    frames: int
    seconds: float
    scores: Mapping[str, Estimate]

    @classmethod
    def of(cls, row: Row) -> Scored:
        found = {name: score.estimate() for name, score in row.scores.items() if name in METRICS}
        return cls(row.set, row.system, len(row.clips), row.frames, round(row.seconds, 3), found)


@dataclass(frozen=True)
class Compared:
    """One score of two systems on the same clips of a set. `difference` is absent of ratios of variances."""

    set: str
    score: str
    one: str
    other: str
    ratio: Estimate
    difference: Estimate | None
    margin: float
    p: float

    @property
    def equivalent(self) -> bool:
        return Comparison(self.ratio, self.ratio, self.margin, self.p).equivalent


def comparisons(one: Row, other: Row, steps: int) -> Iterator[Compared]:
    """Every score of two systems on the same set that has a meaning as a ratio, held to the margins of `steps`; chance
    levels (shuffled) are left out."""
    found = other.scores
    for name, score in one.scores.items():
        if name in found and name in METRICS and METRICS[name].better != "zero" and not name.endswith("shuffled"):
            how = compare(score, found[name], margin(name, steps))
            yield Compared(one.set, name, one.system, other.system, how.ratio, how.difference, how.margin, how.p)
    for name, score in variance_ratios(channel_variances(one.clips), channel_variances(other.clips)).items():
        limit = margin(name, steps)
        p = equivalence(score, limit)
        yield Compared(one.set, name, one.system, other.system, score.estimate(), None, limit, p)


@dataclass(frozen=True)
class Report:
    """One evaluation."""

    program: str  # of the command line
    arguments: Mapping[str, Any]
    environment: Mapping[str, Any]
    systems: Mapping[str, Mapping[str, Any]]
    rows: Sequence[Scored]
    compared: Sequence[Compared] = field(default_factory=tuple)

    def write(self, path: Path) -> None:
        write_text(path, json.dumps(_plain(asdict(self)), ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Report:
        """Raises ValueError in one sentence for a file that is none."""
        try:
            whole = json.loads(path.read_text(encoding="utf-8"))
            rows = [
                Scored(**{**row, "scores": {name: _estimate(e) for name, e in row["scores"].items()}})
                for row in whole.pop("rows")
            ]
            compared = [Compared(**(one | _figures(one))) for one in whole.pop("compared")]
            return cls(**whole, rows=rows, compared=compared)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: {error!r}; the JSON of an evaluation is wanted") from error

    def tables(self) -> list[Table]:
        return [*score_tables(self.rows), *comparison_tables(self.compared)]

    def __str__(self) -> str:
        """Markdown."""
        return "\n\n".join(map(str, self.tables()))


def _plain(value: Any) -> Any:
    """For JSON: numbers of seven digits, nan as null."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float):
        return float(f"{value:.7g}") if value == value else None
    return value


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _estimate(found: Mapping[str, Any] | None) -> Any:
    if found is None:
        return None
    value, low, high = (_number(found[end]) for end in ("value", "low", "high"))
    return Estimate(value, low, high, found["n"])


def _figures(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"p": _number(one["p"]), **{name: _estimate(one[name]) for name in ("ratio", "difference")}}


def metric_column(name: str) -> Column:
    return Column(METRICS[name].heading, f".{METRICS[name].digits}f")


def score_tables(rows: Sequence[Scored]) -> list[Table]:
    """One table per set: a line per score of METRICS that the set allows, a column per system."""
    found = []
    for name in dict.fromkeys(row.set for row in rows):
        mine = [row for row in rows if row.set == name]
        lines = []
        for metric in METRICS:
            estimates = [row.scores.get(metric) for row in mine]
            if known := [estimate for estimate in estimates if estimate is not None]:
                column = metric_column(metric)
                cells = map(column.cell, estimates)
                lines.append([column.title, *cells, METRICS[metric].better, str(max(one.n for one in known))])
        lines.append(["seconds", *(f"{row.seconds:.1f}" for row in mine), "", ""])
        columns = ["score", *(row.system for row in mine), "better", "n"]
        size = f"{mine[0].clips} clips, {mine[0].frames} frames; mean and 95 % interval over clips"
        found.append(Table([Column(title) for title in columns], lines, f"{name}: {set_title(name)} ({size})"))
    return found


def comparison_tables(compared: Sequence[Compared]) -> list[Table]:
    """One table per pair of systems: paired difference, share of the other's score, equivalence."""
    found = []
    for one, other in dict.fromkeys((pair.one, pair.other) for pair in compared):
        lines = []
        for pair in compared:
            if (pair.one, pair.other) == (one, other):
                away = metric_column(pair.score).cell(pair.difference)
                verdict = "–" if pair.p != pair.p else f"{'yes' if pair.equivalent else 'no'} (p {pair.p:.3f})"
                cells = [away, Column("", ".1f", 100).cell(pair.ratio), f"± {100 * pair.margin:.0f} %", verdict]
                lines.append([pair.set, METRICS[pair.score].heading, *cells, str(pair.ratio.n)])
        titles = ("set", "score", "difference", f"% of {other}", "margin", "equivalent", "n")
        note = "Paired over clips. Equivalent: the 90 % interval of the ratio lies within the margin (TOST, p < 0.05)."
        found.append(Table([Column(title) for title in titles], lines, f"{one} against {other}", note))
    return found


def set_title(name: str) -> str:
    base = name.removesuffix("-rendered")
    description = SETS[base][1] if base in SETS else base
    return description if base == name else f"{description}; on rendered video, tracked by MediaPipe"
