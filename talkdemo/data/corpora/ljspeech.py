"""LJSpeech: real English with phones by forced alignment, the development set of the closure test.

Never trained on (every clip is "held-out"). Audio public domain; alignments MIT.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from talkdemo.audio.phones import INDEX, SILENCE
from talkdemo.data.corpora.shared import need, read_sound
from talkdemo.records import Clip, Phone, Speech

_INTERVAL = re.compile(r'xmin = ([\d.eE+-]+)\s+xmax = ([\d.eE+-]+)\s+text = "((?:[^"]|"")*)"')
_TIER = re.compile(r'name = "([^"]*)"')
_QUIET = {"", "sil", "sp", "spn"}


def read_textgrid(path: Path) -> dict[str, list[tuple[float, float, str]]]:
    """Tiers of intervals (start s, end s, text) of a long-format Praat TextGrid, by name."""
    parts = _TIER.split(path.read_text(encoding="utf-8"))
    if len(parts) < 3:
        raise ValueError(f"{path.name} has no named tier; a long-format TextGrid is wanted")
    return {
        name: [(float(a), float(b), text.replace('""', '"')) for a, b, text in _INTERVAL.findall(body)]
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def phone_of(start: float, end: float, label: str) -> Phone:
    """An ARPABET label with its stress digit ("AH0", "", "sil") as a Phone."""
    if label.lower() in _QUIET:
        return Phone(start, end, SILENCE)
    base = label.rstrip("012").upper()
    if base not in INDEX:
        raise ValueError(f"phone {label!r} is not ARPABET")
    return Phone(start, end, base, int(label[-1]) if label[-1] in "012" else 0)


def clips() -> Iterator[Clip]:
    """The clips in order of name; FileNotFoundError where the data is absent."""
    for grid in sorted(need("ljspeech").glob("*.TextGrid")):
        tiers = read_textgrid(grid)
        yield Clip(
            name=grid.stem,
            corpus="ljspeech",
            speech=Speech(read_sound(grid.with_suffix(".flac")), grid.stem),
            split="held-out",
            identity="ljspeech",
            text=" ".join(word for _, _, word in tiers.get("words", []) if word),
            phones=tuple(phone_of(*interval) for interval in tiers["phones"]),
        )
