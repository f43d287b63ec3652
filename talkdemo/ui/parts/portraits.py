"""Portraits of the characters as HTML and CSS (images by talkdemo.build.characters)."""

import base64
import functools
from collections.abc import Iterable
from html import escape

from talkdemo.files import CHARACTER_IMAGES as IMAGES
from talkdemo.ui.parts.names import title


@functools.cache
def data_uri(name: str) -> str | None:
    """The image of a character as a data: URI; None when there is none."""
    path = IMAGES / f"{name}.webp"
    if not path.is_file():
        return None
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


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
