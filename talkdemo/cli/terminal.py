"""Prints progress, as one line on stderr that is rewritten in place on a terminal, and lists of names."""

import sys
from collections.abc import Callable, Iterator, Mapping
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


def print_names(descriptions: Mapping[str, str]) -> int:
    """Returns the exit status."""
    width = max(map(len, descriptions), default=0)
    for name, description in descriptions.items():
        print(f"{name:{width}}  {description}".rstrip())
    return 0
