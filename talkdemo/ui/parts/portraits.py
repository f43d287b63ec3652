"""Portraits of the characters as HTML and CSS (images by talkdemo.build.characters).

Some characters have a video in assets/previews (by talkdemo.build.identities): the stage shows it before
anything is generated, so that a visitor sees at once what to expect.
"""

import base64
import functools
from collections.abc import Iterable
from html import escape
from pathlib import Path

from talkdemo.files import ASSETS
from talkdemo.ui.parts.library import address
from talkdemo.ui.parts.names import title

IMAGES = ASSETS / "characters"
PREVIEWS = ASSETS / "previews"


@functools.cache
def data_uri(name: str) -> str | None:
    """The image of a character as a data: URI; None when there is none."""
    path = IMAGES / f"{name}.webp"
    if not path.is_file():
        return None
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def preview(name: str) -> Path | None:
    """The shipped video of a character; None when there is none."""
    path = PREVIEWS / f"{name}.mp4"
    return path if path.is_file() else None


def poster(name: str) -> str:
    """What the stage shows before there is a video: the character's preview, muted, or its image."""
    uri, video = data_uri(name), preview(name)
    if video is not None:
        image = f' poster="{uri}"' if uri else ""
        return (
            f'<div class="td-poster"><video src="{address(video)}"{image} autoplay muted loop '
            'playsinline controls controlslist="nodownload nofullscreen noplaybackrate" disablepictureinpicture '
            f'aria-label="{escape(title(name))} speaks: example result"></video></div>'
        )
    return still(name) or '<div class="td-poster td-empty"></div>'


def still(name: str, css: str = "", count: int = 1) -> str:
    """The image of a character, `count` times; nothing where there is none."""
    uri = data_uri(name)
    images = f'<img src="{uri}" alt="{escape(title(name))}">' * count
    return f'<div class="td-poster{css}">{images}</div>' if uri else ""


def tile_css(names: Iterable[str]) -> str:
    """CSS that puts each image into its radio button; nothing where images are missing."""
    rules = []
    for name in names:
        uri = data_uri(name)
        if uri is not None:
            tile = f'#td-character label:has(input[value="{name}"])::before'
            rules.append(f'{tile} {{ background-image: url("{uri}"); }}')
    return "\n".join(rules)
