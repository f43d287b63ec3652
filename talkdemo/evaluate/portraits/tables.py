"""Tables of portrait scores: one row per system, means over what is known of each column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from talkdemo.evaluate.reporting import Column, Table

Scores = Mapping[str, np.ndarray]  # column → value of every pair, NaN where unknown


def mean(values: np.ndarray) -> float:
    """Of what is known; NaN of nothing."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def collect(rows: Sequence[Mapping[str, float]]) -> Scores:
    """Scores pair by pair → column by column."""
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def table(
    systems: Mapping[str, Scores], columns: Mapping[str, Column], title: str = "", without: Iterable[str] = ()
) -> Table:
    """Means of every system, of all columns but `without`."""
    shown = {name: column for name, column in columns.items() if name not in without}
    rows = [[system, *(mean(scores[name]) for name in shown)] for system, scores in systems.items()]
    return Table([Column("system"), *shown.values()], rows, title)
