"""Stages and fractions in, one line on stderr out that is rewritten in place on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_line(always: bool = False) -> Iterator[Callable[[str, float], None]]:
    """Yield report(stage, fraction 0..1). Silent when stderr is no terminal, unless `always` (then a line per 10 %)."""
    terminal = sys.stderr.isatty()
    shown = ""

    def report(stage: str, fraction: float) -> None:
        nonlocal shown
        percent = round(100 * min(max(fraction, 0.0), 1.0))
        line = f"{stage} {percent if terminal else percent // 10 * 10:3d} %"
        if line == shown or not (terminal or always):
            return
        shown = line
        print(f"\r\033[K{line}" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)

    try:
        yield report
    finally:
        if terminal and shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
