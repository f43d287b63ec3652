"""Reports results: tables as Markdown and as JSON records, notes on stderr, files that are whole or absent."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from talkdemo.files import replacing
from talkdemo.metrics.interval import Estimate, mean_of

Value = str | float | Estimate | None  # None and nan: not measured


@dataclass(frozen=True)
class Column:
    """`form` as in format(), for numbers; `factor` 100 shows fractions as percentages."""

    title: str
    form: str = ""
    factor: float = 1.0

    def cell(self, value: Value) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, Estimate):
            ends = "" if math.isnan(value.low) else f" [{self.cell(value.low)}, {self.cell(value.high)}]"
            return f"{self.cell(value.value)}{ends}"
        if value is None or math.isnan(value):
            return "–"
        return format(value if self.factor == 1 else self.factor * value, self.form)


PERCENT = partial(Column, form=".1f", factor=100)
Figures = Mapping[Column, float | Estimate]


@dataclass(frozen=True)
class Table:
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]  # of Value
    title: str = ""
    note: str = ""

    @classmethod
    def of(cls, leading: Sequence[str], rows: Sequence[tuple[Sequence[str], Figures]], title: str = "") -> Table:
        """Rows of names, in columns called `leading`, and of the same figures each."""
        columns = [*map(Column, leading), *rows[0][1]]
        return cls(columns, [[*names, *figures.values()] for names, figures in rows], title)

    def __str__(self) -> str:
        """Markdown, without a line break at its end."""
        heads = [f"| {' | '.join(column.title for column in self.columns)} |", "|---" * len(self.columns) + "|"]
        lines = [f"| {' | '.join(cells)} |" for cells in self._cells()]
        return "\n".join([*([f"### {self.title}", ""] if self.title else []), *heads, *lines]) + (
            f"\n\n{self.note}" if self.note else ""
        )

    def records(self) -> Iterator[dict[str, Value]]:
        """A record per row, numbers as they are printed."""
        for row, cells in zip(self.rows, self._cells(), strict=True):
            values = (
                cell if isinstance(value, str | Estimate) else None if cell == "–" else float(cell)
                for value, cell in zip(row, cells, strict=True)
            )
            record: dict[str, Value] = {"table": self.title}
            yield record | dict(zip((column.title for column in self.columns), values, strict=True))

    def _cells(self) -> Iterator[list[str]]:
        for row in self.rows:
            yield [column.cell(value) for column, value in zip(self.columns, row, strict=True)]


Scores = Mapping[str, np.ndarray]  # column → value of every pair, nan where unknown


def table(
    systems: Mapping[str, Scores], columns: Mapping[str, Column], title: str = "", without: Iterable[str] = ()
) -> Table:
    """Means of what is known of every system with their 95 % intervals over pairs, of all columns but `without`."""
    shown = {name: column for name, column in columns.items() if name not in without}
    rows = [[system, *(mean_of(scores[name]) for name in shown)] for system, scores in systems.items()]
    return Table([Column("system"), *shown.values()], rows, title)


def mean(values: Iterable[float] | np.ndarray) -> float:
    """Mean of what is known; nan of nothing."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def note(text: str) -> None:
    """Progress, or what is left out, on stderr."""
    print(f"evaluate: {text}", file=sys.stderr)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
