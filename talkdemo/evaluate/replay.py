"""Runs an evaluation again, as its JSON says it was run, and tells what differs: `evaluate --replay scores.json`.

Nothing is taken from the cache. Figures of the same machine, versions and weights agree to the last digits; of another
machine they should lie within the intervals.
"""

import argparse
import importlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from talkdemo.evaluate import cache
from talkdemo.evaluate.reporting import Column, Table
from talkdemo.evaluate.results import Report, metric_column
from talkdemo.metrics.table import METRICS

PROGRAMS = {"motion": "motion", "steps": "steps"}  # → module of evaluate
CLOSE = 1e-5  # relative: the rounding of the JSON


def again(before: Report, folder: Path) -> Report:
    """The same evaluation, measured anew; writes nothing but to `folder`. Raises ValueError for another program's."""
    if before.program not in PROGRAMS:
        raise ValueError(f"an evaluation of {before.program!r} was given; wanted one of {', '.join(PROGRAMS)}")
    module = importlib.import_module(f"talkdemo.evaluate.{PROGRAMS[before.program]}")
    try:
        with cache.at(folder / "cache"):
            return module.evaluated(argparse.Namespace(**{**before.arguments, "out": folder / "scores.json"}))
    except AttributeError as error:
        raise ValueError(f"the evaluation does not say with which {error.name!r} it was run") from error


def changed(before: Mapping[str, Any], after: Mapping[str, Any], what: str) -> Iterator[list[str]]:
    """What differs between two records: which, before, after."""
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old != new and not str(name).startswith("seconds"):
            yield [f"{what}{name}", _short(old), _short(new)]


def differences(before: Report, after: Report) -> tuple[int, Table]:
    """How many scores were compared, and a table of what differs: of the set-up, and scores with the interval that they
    had; a score that lies within it is told so."""
    lines = [[*line, ""] for line in changed(before.environment, after.environment, "")]
    for system in dict.fromkeys([*before.systems, *after.systems]):
        pair = before.systems.get(system, {}), after.systems.get(system, {})
        lines += [[*line, ""] for line in changed(*pair, f"{system}: ")]
    found = {(row.set, row.system): row.scores for row in after.rows}
    count = 0
    for row in before.rows:
        scores = found.get((row.set, row.system), {})
        for name in dict.fromkeys([*row.scores, *scores]):
            count += 1
            old, new = row.scores.get(name), scores.get(name)
            title = f"{row.set}, {row.system}: {METRICS[name].title if name in METRICS else name}"
            cell = metric_column(name).cell
            if old is None or new is None:
                lines.append([title, cell(old), cell(new), "measured once only"])
            elif abs(new.value - old.value) > CLOSE * max(abs(old.value), abs(new.value)):
                lines.append([title, cell(old), cell(new), "inside" if old.low <= new.value <= old.high else "outside"])
    return count, Table([Column(title) for title in ("what", "before", "now", "of the interval")], lines)


def _short(value: Any) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= 24 else f"{text[:12]}…"


def run(path: Path) -> int:
    """Print what differs; status 1 where a score does."""
    before = Report.read(path)
    with tempfile.TemporaryDirectory() as folder:
        after = again(before, Path(folder))
    count, table = differences(before, after)
    scores = sum(bool(line[-1]) for line in table.rows)
    print(f"{count} scores measured again, {scores} of them differ")
    if table.rows:
        print(f"\n{table}")
    return 1 if scores else 0
