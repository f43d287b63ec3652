"""A character's name in; its portrait as HTML or CSS out (pictures by `talkdemo characters --pictures`)."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable
from html import escape
from pathlib import Path

PICTURES = Path(__file__).parents[1] / "assets" / "characters"


@functools.cache
def data_uri(name: str) -> str | None:
    """The picture of a character as a data: URI; None when there is none."""
    path = PICTURES / f"{name}.webp"
    if not path.is_file():
        return None
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def poster(name: str) -> str:
    """What the stage shows before there is a video."""
    uri = data_uri(name)
    if uri is None:
        return '<div class="td-poster td-empty"></div>'
    return f'<div class="td-poster"><img src="{uri}" alt="{escape(name)}, waiting to speak"></div>'


def tile_css(names: Iterable[str]) -> str:
    """CSS that puts each picture into its radio button; nothing where pictures are missing."""
    rules = []
    for name in names:
        uri = data_uri(name)
        if uri is not None:
            tile = f'#td-character label:has(input[value="{name}"])::before'
            rules.append(f'{tile} {{ background-image: url("{uri}"); }}')
    return "\n".join(rules)
