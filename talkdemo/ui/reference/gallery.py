"""The gallery of references in; its cards, the chosen one in large, and a choice in words or for the pipeline out.

A card plays its film where the pointer or the keyboard is (static/components/gallery.js); identities have a sheet of
pictures instead, as in the identity library.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from talkdemo.reference import GalleryItem, gallery
from talkdemo.ui.parts import library
from talkdemo.ui.parts.scripted import scripted_html
from talkdemo.ui.reference.own_clip import OWN, Own

MY_CLIP = ("My own clip", "upload one, or record yourself")
GROUPS = {"reference": "Performances", "identity": "Learned identities, as clips"}
NOTHING_YET = "There is no clip of yours yet: upload one or record yourself, or choose another reference."


def title(name: str) -> str:
    """What is shown of a name: a reference's title, an identity as the library has it, the visitor's own clip."""
    if name == OWN:
        return "My clip"
    item = gallery().get(name)
    return item.title if item else library.title(name)


def named(reference: str | Mapping[str, float]) -> str:
    """A choice in words: "Calm reader", or "Calm reader 60 %, My clip 40 %"."""
    if isinstance(reference, str):
        return title(reference)
    whole = sum(reference.values()) or 1.0
    return ", ".join(f"{title(name)} {100 * weight / whole:.0f} %" for name, weight in reference.items())


def line(name: str) -> str:
    """What is said of a reference beneath its title."""
    item = gallery().get(name)
    return item.about if item else ""


def mix(reference: str, other: str, share: float) -> dict[str, float]:
    """Two names and the share of the second (0..1) → names with shares, those of nothing left out."""
    mixed = library.mix(reference, other, share)
    return {mixed: 1.0} if isinstance(mixed, str) else mixed


def gallery_cards(**how: Any) -> gr.HTML:
    """The component: a radio button per reference, its own clip first; its value is the name that is chosen."""
    return scripted_html(cards(), "gallery.js", **how)


def cards() -> str:
    """The radio group. Names, titles and lines are the gallery's; no visitor's word stands in it."""
    star = '<i class="td-face td-star" aria-hidden="true"></i>'
    parts = [_card(OWN, *MY_CLIP, star)]
    kinds = {kind: [item for item in gallery().values() if item.kind == kind] for kind in GROUPS}
    for kind, items in kinds.items():
        if items:
            parts.append(f'<div class="td-group">{GROUPS[kind]}</div>')
            parts += [_card(item.name, item.title, item.about, face(item)) for item in items]
    return f'<div class="td-cards-of" role="radiogroup" aria-label="Reference clip">{"".join(parts)}</div>'


def face(item: GalleryItem) -> str:
    """A small picture that can move: a film, or a sheet of pictures."""
    if item.preview is None:
        return '<i class="td-face" aria-hidden="true"></i>'
    if item.preview.suffix != ".mp4":
        return f'<i class="td-face td-still" data-name="{escape(item.name)}" aria-hidden="true"></i>'
    return (
        f'<video class="td-face" src="{library.address(item.preview)}"{_poster(item)} muted loop playsinline '
        'preload="none" disablepictureinpicture tabindex="-1" aria-hidden="true"></video>'
    )


def card(shares: Mapping[str, float], own: Own | None) -> str:
    """The chosen reference in large, or two and their shares."""
    parts = "".join(
        f"<section>{_large(name, share if len(shares) > 1 else None, own)}</section>" for name, share in shares.items()
    )
    return f'<div class="td-card td-clip{" td-two" if len(shares) > 1 else ""}" aria-live="polite">{parts}</div>'


def _card(name: str, head: str, about: str, picture: str) -> str:
    return (
        f'<label class="td-ref"><input type="radio" name="td-reference" value="{escape(name)}">{picture}'
        f"<span><b>{escape(head)}</b><small>{escape(about)}</small></span></label>"
    )


def _large(name: str, share: float | None, own: Own | None) -> str:
    part = "" if share is None else f" <em>{100 * share:.0f} %</em>"
    head = f"<b>{escape(title(name))}{part}</b>"
    if name == OWN:
        return f"{_film(own)}<div>{head}{_understood(own)}</div>" if own else f"<div>{head}<p>{NOTHING_YET}</p></div>"
    item = gallery().get(name)
    if item is None or item.preview is None:
        return f"<div>{head}<p>{escape(line(name))}</p></div>"
    if item.preview.suffix == ".mp4":
        picture = (
            f'<video class="td-film" src="{library.address(item.preview)}"{_poster(item)} autoplay muted loop '
            'playsinline controls controlslist="nodownload nofullscreen noplaybackrate noremoteplayback" '
            f'disablepictureinpicture aria-label="{escape(item.title)} speaks"></video>'
        )
    else:
        picture = (
            f'<div class="td-sheet" data-name="{escape(name)}" role="img" aria-label="{escape(item.title)}"></div>'
        )
    return f"{picture}<div>{head}<p>{escape(item.about)}</p></div>"


def _understood(own: Own) -> str:
    """What was understood of a visitor's clip, in words and numbers."""
    seen = "" if own.seen is None else f"<div><dt>Face seen</dt><dd>{100 * own.seen:.0f} % of the time</dd></div>"
    measured = "all" if own.channels == 52 else f"{own.channels} of 52"
    near = " or ".join(escape(title(name)) for name in own.near)
    like = f"<p>Its manner is most like {near}.</p>" if near else ""
    return (
        f'<dl class="td-known"><div><dt>Length</dt><dd>{own.seconds:.1f} s</dd></div>{seen}'
        f"<div><dt>Face channels</dt><dd>{measured}</dd></div>"
        f"<div><dt>Head</dt><dd>{'measured' if own.head else 'not measured'}</dd></div></dl>{like}"
    )


def _film(own: Own) -> str:
    """The visitor's motion on our head, inside the page: no address leads to it."""
    if not own.film.is_file():
        return ""
    data = base64.b64encode(own.film.read_bytes()).decode("ascii")
    return (
        f'<video class="td-film" src="data:video/mp4;base64,{data}" autoplay muted loop playsinline '
        'disablepictureinpicture aria-label="Your manner on our head"></video>'
    )


def _poster(item: GalleryItem) -> str:
    return f' poster="{library.address(item.poster)}"' if item.poster else ""
