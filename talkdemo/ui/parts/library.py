"""The library of learned identities: tiles to pick from, and a blend of two (data by talkdemo.build.identities).

A tile's picture shows how much jaw, lips, head and lids move; the motion itself is shown by ui/talk/preview.py.
"""

import functools
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import gradio as gr
import numpy as np

from talkdemo.files import IDENTITY_LIBRARY as FOLDER
from talkdemo.metrics import style_summary
from talkdemo.metrics.style_summary import Entry
from talkdemo.records import AUTO, Motion
from talkdemo.ui.parts.blend import NONE, blend_inputs, card, mix
from talkdemo.ui.parts.options import PLAIN, QUICK

METERS = {"jaw": ("Jaw", ""), "lips": ("Lips", ""), "head": ("Head", "°/s"), "blinks": ("Blinks", "/min")}
MY_VOICE = "My voice\na mix of the closest identities"
KNOWN = {"grid_s1": "GRID s1", "facegood": "FACEGOOD"}  # corpora; speakers keep their names


class Library:
    """The components of the choice: tiles, the chosen one in large, and a second identity to blend in."""

    def __init__(self, identities: Sequence[str]) -> None:
        self.names = list(identities)

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        self.identity = gr.Radio(
            [(MY_VOICE, AUTO), *((f"{title(name)}\n{line(name)}".strip(), name) for name in self.names)],
            value=AUTO, label="Talking identity", elem_id="td-identity",
        )  # fmt: skip
        self.card = gr.HTML(visible=False, elem_id="td-card", **PLAIN)
        with gr.Row(visible=False, equal_height=True, elem_id="td-blend") as self.blending:
            self.other, self.share = blend_inputs([(title(name), name) for name in self.names], "td-blend")
        self.inputs = [self.identity, self.other, self.share]
        for component in (self.identity, self.other, self.share):
            component.change(self.chosen, self.inputs, [self.card, self.blending, self.share], **QUICK)

    def chosen(self, identity: str, other: str, share: float) -> tuple[gr.HTML, gr.Row, gr.Slider]:
        """Another tile, another second identity or another share: what the page shows of it."""
        named = identity != AUTO
        blended = named and other not in (NONE, identity)
        shares = {identity: 1 - share, other: share} if blended else {identity: 1.0}
        html = card(shares, portrait) if named else ""
        return gr.HTML(html, visible=named), gr.Row(visible=named), gr.Slider(interactive=blended)


def read_identity(identity: str, other: str, share: float) -> str | dict[str, float]:
    """The three components → the identity of a request."""
    return identity if identity == AUTO else mix(identity, other, share)


@functools.cache
def entries() -> dict[str, Entry]:
    """What is known of the identities; empty when nothing is shipped."""
    path = FOLDER / "styles.json"
    return style_summary.read(path) if path.is_file() else {}


def title(name: str) -> str:
    """grid_s1 → GRID s1"""
    return KNOWN.get(name, name)


def line(name: str) -> str:
    """The style in words, nothing for an identity that the library does not know."""
    entry = entries().get(name)
    if entry is None:
        return ""
    return f"real speaker: {entry.line}" if entry.real else entry.line


@functools.cache
def motions() -> dict[str, Motion]:
    """Some seconds of each identity's motion; empty when none are shipped."""
    path = FOLDER / style_summary.PREVIEWS
    if not path.is_file():
        return {}
    with np.load(path) as stored:
        tracks = stored["tracks"].astype(np.float32)
        return {str(name): Motion.of(track) for name, track in zip(stored["names"], tracks, strict=True)}


def css() -> str:
    """The style sheet's part that depends on what is shipped: each tile's picture."""
    rules = (
        f'#td-identity label:has(input[value="{name}"])::before, .td-glyph[data-name="{name}"] '
        f'{{ background: var(--td-accent-text); mask-image: url("data:image/svg+xml,{quote(_bars(entry))}"); }}'
        for name, entry in entries().items()
    )
    return "\n".join(rules)


def _bars(entry: Entry) -> str:
    """An SVG mask: a bar for each of METERS, as high as the identity ranks among all."""
    bars = "".join(
        f'<rect x="{13 + 10 * k}" y="{46 - height:.0f}" width="6" height="{height:.0f}" rx="2"/>'
        for k, height in enumerate(5 + 27 * entry.ranks[kind] for kind in METERS)
    )
    ground = '<rect width="62" height="62" rx="9" opacity=".14"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 62 62">{ground}{bars}</svg>'


def glyph(name: str) -> str:
    """The picture of an identity's style."""
    return f'<i class="td-glyph" data-name="{escape(name)}" aria-hidden="true"></i>'


def portrait(name: str, share: str = "") -> str:
    """One identity in large: style in words and as meters. `share` is HTML."""
    entry = entries().get(name)
    meters = "" if entry is None else "".join(_meter(kind, entry) for kind in METERS)
    return f"<div><b>{escape(title(name))}{share}</b><p>{escape(line(name))}</p>{meters}</div>"


def _meter(kind: str, entry: Entry) -> str:
    """A bar from the least of all identities to the most, and the number itself as a hint."""
    (label, unit), value, rank = METERS[kind], getattr(entry.style, kind), entry.ranks[kind]
    hint = f"{value:.2g}{unit}: more than {100 * rank:.0f} % of the others"
    return (
        f'<div class="td-meter" title="{hint}"><span>{label}</span>'
        f'<i><u style="width:{max(4.0, 100 * rank):.0f}%"></u></i></div>'
    )


def address(path: Path) -> str:
    """Where the page finds a file of the package; relative, so that it works behind any proxy."""
    return f"gradio_api/file={quote(str(path))}"
