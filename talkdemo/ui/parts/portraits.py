"""A character's name in; its portrait as HTML or CSS out (pictures by `talkdemo characters --pictures`).

For the characters that have a film in assets/previews (by `talkdemo identities --pictures`) the stage shows it before
anything is made, so that a visitor sees at once what will come.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote

from talkdemo.files import ASSETS

PICTURES = ASSETS / "characters"
PREVIEWS = PICTURES.parent / "previews"


@functools.cache
def data_uri(name: str) -> str | None:
    """The picture of a character as a data: URI; None when there is none."""
    path = PICTURES / f"{name}.webp"
    if not path.is_file():
        return None
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def film(name: str) -> Path | None:
    """The film of a character that is shipped; None when there is none."""
    path = PREVIEWS / f"{name}.mp4"
    return path if path.is_file() else None


def poster(name: str) -> str:
    """What the stage shows before there is a video: a film of this character (silent until asked), or its picture."""
    uri = data_uri(name)
    made = film(name)
    if made is not None:
        still = f' poster="{uri}"' if uri else ""
        return (
            f'<div class="td-poster"><video src="gradio_api/file={quote(str(made))}"{still} autoplay muted loop '
            'playsinline controls controlslist="nodownload nofullscreen noplaybackrate" disablepictureinpicture '
            f'aria-label="{escape(name)} speaks: an example made by this program"></video></div>'
        )
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
