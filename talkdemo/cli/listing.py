"""Prints names, one a line, each with its description."""

from __future__ import annotations

from collections.abc import Mapping


def print_names(descriptions: Mapping[str, str]) -> int:
    """Returns the exit status."""
    width = max(map(len, descriptions), default=0)
    for name, description in descriptions.items():
        print(f"{name:{width}}  {description}".rstrip())
    return 0
