"""Words of a command line in, values out: argparse types and choices that several verbs share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

AUTO = "auto"


def choose(what: str, given: str, wanted: Iterable[str]) -> str:
    """`given`, when it is one of `wanted`; else ValueError with the nearest name and the list."""
    import difflib

    wanted = list(wanted)
    if given in wanted:
        return given
    near = difflib.get_close_matches(given, wanted, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"{what} {given!r} given; {hint}one of {', '.join(wanted)} is wanted")


def choose_character(name: str | None) -> str:
    from talkdemo.face.characters import CHARACTERS

    return next(iter(CHARACTERS)) if name is None else choose("character", name, CHARACTERS)


def numbered(path: Path | None, count: int) -> list[Path]:
    """x.mp4, x-2.mp4, x-3.mp4 …; nothing when no path was asked for."""
    if path is None:
        return []
    return [path, *(path.with_name(f"{path.stem}-{k}{path.suffix}") for k in range(2, count + 1))]


def whole(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: a whole number from low to high."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} given; a whole number from {low} to {high} is wanted")
        return int(text)

    return parse


def share(low: float, high: float) -> Callable[[str], float]:
    """An argparse type: a number from low to high."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} given; a number from {low:g} to {high:g} is wanted")
        return value

    return parse


def blend(text: str) -> str | dict[str, float]:
    """An argparse type: a name as it stands, "Ada:0.6,Bruno:0.4" → {"Ada": 0.6, "Bruno": 0.4}."""
    if not set(":,") & set(text):
        return text
    wanted = "names with shares above 0, as in Ada:0.6,Bruno:0.4, are wanted"
    mix: dict[str, float] = {}
    for part in text.split(","):
        name, colon, number = (piece.strip() for piece in part.rpartition(":"))
        try:
            weight = share(0, 1e6)(number)
        except argparse.ArgumentTypeError:
            weight = 0.0
        if not (name and colon and weight > 0):
            raise argparse.ArgumentTypeError(f"{text!r} given ({part.strip()!r} is unclear); {wanted}")
        if name in mix or name == AUTO:
            reason = "cannot be part of a blend" if name == AUTO else "stands there twice"
            raise argparse.ArgumentTypeError(f"{text!r} given ({name!r} {reason}); {wanted}")
        mix[name] = weight
    return mix


def references(text: str) -> str | dict[str, float]:
    """An argparse type: like `blend`, but a file that is there may have any name."""
    return text if Path(text).exists() else blend(text)


def even(text: str) -> int:
    """An argparse type: the side of a picture."""
    if not text.isascii() or not text.isdigit() or int(text) % 2 or not 64 <= int(text) <= 2048:
        raise argparse.ArgumentTypeError(f"{text!r} given; an even number from 64 to 2048 is wanted")
    return int(text)


def ending(suffix: str) -> Callable[[str], Path]:
    """An argparse type: a path that ends as its contents will be."""

    def parse(text: str) -> Path:
        if Path(text).suffix.lower() != suffix:
            raise argparse.ArgumentTypeError(f"{text!r} given; a name ending in {suffix} is wanted")
        return Path(text)

    return parse
