"""The gallery of references as cards, and the chosen one in large.

A performance has a still and, in large, a film with its sound; an identity the picture of its style, as in the identity
library. Their motion on the chosen character is shown by ui/talk/preview.py.
"""

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from talkdemo.reference import GalleryItem, gallery
from talkdemo.ui.parts import blend, library
from talkdemo.ui.parts.scripted import scripted_html
from talkdemo.ui.reference.own_clip import OWN, OwnClip

MY_CLIP = ("My own clip", "upload one, or record yourself")
GROUPS = {"reference": "Performances", "identity": "Learned identities, as clips"}
NO_CLIP = "There is no clip of yours yet: upload one or record yourself, or choose another reference."


def title(name: str) -> str:
    """A reference's title, an identity's as in the library, or the visitor's own clip."""
    if name == OWN:
        return "My clip"
    item = gallery().get(name)
    return item.title if item else library.title(name)


def gallery_cards(**options: Any) -> gr.HTML:
    """The component: a radio button per reference, the visitor's own clip first; its value is the chosen name."""
    return scripted_html(cards(), "gallery.js", **options)


def cards() -> str:
    """The radio group. Names, titles and lines are the gallery's; nothing a visitor typed stands in it."""
    star = '<i class="td-face td-star" aria-hidden="true"></i>'
    parts = [_card(OWN, *MY_CLIP, star)]
    kinds = {kind: [item for item in gallery().values() if item.kind == kind] for kind in GROUPS}
    for kind, items in kinds.items():
        if items:
            parts.append(f'<div class="td-group">{GROUPS[kind]}</div>')
            parts += [_card(item.name, item.title, item.about, thumbnail(item)) for item in items]
    return f'<div class="td-cards-of" role="radiogroup" aria-label="Reference clip">{"".join(parts)}</div>'


def thumbnail(item: GalleryItem) -> str:
    """A still, or the picture of a style."""
    if item.poster is None:
        return library.glyph(item.name)
    return f'<img class="td-face" src="{library.address(item.poster)}" alt="" loading="lazy" draggable="false">'


def card(shares: Mapping[str, float], own: OwnClip | None) -> str:
    """The chosen reference in large, or two and their shares."""
    return blend.card(shares, lambda name, share: _large(name, share, own), " td-clip")


def _card(name: str, heading: str, about: str, image: str) -> str:
    return (
        f'<label class="td-ref"><input type="radio" name="td-reference" value="{escape(name)}">{image}'
        f"<span><b>{escape(heading)}</b><small>{escape(about)}</small></span></label>"
    )


def _large(name: str, share: str, own: OwnClip | None) -> str:
    heading = f"<b>{escape(title(name))}{share}</b>"
    if name == OWN:
        return (
            f"{_video(own)}<div>{heading}{_description(own)}</div>" if own else f"<div>{heading}<p>{NO_CLIP}</p></div>"
        )
    item = gallery()[name]
    text = f"<div>{heading}<p>{escape(item.about)}</p></div>"
    if item.preview is None:
        return library.glyph(name) + text
    return (
        f'<video class="td-film" src="{library.address(item.preview)}"{_poster(item)} autoplay muted loop '
        'playsinline controls controlslist="nodownload nofullscreen noplaybackrate noremoteplayback" '
        f'disablepictureinpicture aria-label="{escape(item.title)} speaks"></video>{text}'
    )


def _description(own: OwnClip) -> str:
    """What was measured of a visitor's clip, in words and numbers."""
    seen = "" if own.seen is None else f"<div><dt>Face visible</dt><dd>{100 * own.seen:.0f} % of the time</dd></div>"
    channels = "all" if own.channels == 52 else f"{own.channels} of 52"
    nearest = " and ".join(escape(title(name)) for name in own.nearest)
    closest = f"<p>Closest styles: {nearest}.</p>" if nearest else ""
    return (
        f'<dl class="td-known"><div><dt>Length</dt><dd>{own.seconds:.1f} s</dd></div>{seen}'
        f"<div><dt>Face channels</dt><dd>{channels}</dd></div>"
        f"<div><dt>Head</dt><dd>{'measured' if own.head else 'not measured'}</dd></div></dl>{closest}"
    )


def _video(own: OwnClip) -> str:
    """The visitor's motion on our head, inside the page: no address leads to it."""
    if not own.video.is_file():
        return ""
    data = base64.b64encode(own.video.read_bytes()).decode("ascii")
    return (
        f'<video class="td-film" src="data:video/mp4;base64,{data}" autoplay muted loop playsinline '
        'disablepictureinpicture aria-label="Your style on our head"></video>'
    )


def _poster(item: GalleryItem) -> str:
    return f' poster="{library.address(item.poster)}"' if item.poster else ""
