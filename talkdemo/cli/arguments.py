"""Argparse types and arguments that several verbs share."""

import argparse
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from talkdemo.files import EXAMPLES, check_writable
from talkdemo.records import (
    AUTO,
    DEFAULT_SIZE,
    MAX_SEED,
    MAX_SIZE,
    MIN_SIZE,
)


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


def integer(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: a whole number from low to high."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} given; a whole number from {low} to {high} is wanted")
        return int(text)

    return parse


def number(low: float, high: float) -> Callable[[str], float]:
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
        name, colon, weight_text = (piece.strip() for piece in part.rpartition(":"))
        try:
            weight = number(0, 1e6)(weight_text)
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


def image_size(text: str) -> int:
    """An argparse type: the side of a square image, in pixels."""
    if not text.isascii() or not text.isdigit() or int(text) % 2 or not MIN_SIZE <= int(text) <= MAX_SIZE:
        raise argparse.ArgumentTypeError(f"{text!r} given; an even number from {MIN_SIZE} to {MAX_SIZE} is wanted")
    return int(text)


def output_path(*suffixes: str) -> Callable[[str], Path]:
    """An argparse type: a path that ends as its contents will be."""

    def parse(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} given; a name ending in {' or '.join(suffixes)} is wanted")
        return Path(text)

    return parse


def repository(text: str) -> str:
    """An argparse type: a repository of the Hub."""
    if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} given; OWNER/NAME is wanted")
    return text


IDENTITY = (
    "talking identity: a name of `talkdemo identities`, several with weights (a blend), or auto: matched to the voice"
)
REFERENCE = (
    "clip whose style is followed: a name of `talkdemo references`, a video, a Live Link Face CSV, an npz, or several "
    "with weights (a blend)"
)


def speech(text: str) -> str:
    """An argparse type: a file, or the name of one of the clips that the package ships."""
    example = EXAMPLES / "speech" / f"{text}.flac"
    return str(example) if example.is_file() and not Path(text).exists() else text


def add_speech(parser: argparse.ArgumentParser) -> None:
    examples = "or an example by name: welcome, lips, german …"
    parser.add_argument("speech", type=speech, metavar="SPEECH", help=f"any sound or video file, {examples}")


def add_style(parser: argparse.ArgumentParser) -> None:
    """Whose style: --identity and --emotion, or --reference."""
    parser.add_argument("--identity", type=blend, metavar="NAME|A:0.6,B:0.4|auto", help=IDENTITY)
    parser.add_argument("--emotion", metavar="NAME", help="of the performance (neutral)")
    parser.add_argument("--reference", type=references, metavar="CLIP|A:0.6,B:0.4", help=REFERENCE)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Seed, character, size, progress."""
    parser.add_argument("--seed", type=integer(0, MAX_SEED), default=0, metavar="S", help="same seed, same motion (0)")
    parser.add_argument("--character", metavar="NAME", help="whose head is rendered (see talkdemo characters)")
    size = f"side of a head's image ({DEFAULT_SIZE})"
    parser.add_argument("--size", type=image_size, default=DEFAULT_SIZE, metavar="PIXELS", help=size)
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is not a terminal")


def names(choice: str | dict[str, float] | None) -> list[str]:
    """The names of a choice: none, one, or those of a blend."""
    return [] if choice is None else [choice] if isinstance(choice, str) else list(choice)


def check_source(path: Path | str, wanted: str = "a sound or video file is wanted") -> Path:
    """The file that is read, when it is there."""
    source = Path(path)
    if not source.exists():
        raise ValueError(f"{source}: there is no such file; {wanted}")
    if source.is_dir():
        raise ValueError(f"{source}: a folder was given; {wanted}")
    return source


def check_outputs(outputs: Iterable[Path | None], **sources: Iterable[Path | str]) -> None:
    """Raises ValueError for a file that cannot be written, or that is one of the `sources` (what it is=the files)."""
    for path in filter(None, outputs):
        check_writable(path)
        for what, files in sources.items():
            if path.resolve() in [Path(file).resolve() for file in files]:
                raise ValueError(f"{path}: the {what} itself was given as output; another name is wanted")
