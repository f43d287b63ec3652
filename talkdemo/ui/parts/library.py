"""The library of learned identities: tiles to pick from, and a blend of two (data by talkdemo.build.identities).

A preview is a sheet of frames side by side; the style sheet runs through it on the tile that is pointed at or chosen,
and holds still elsewhere (and for visitors who asked for less motion).
"""

import functools
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import gradio as gr

from talkdemo.files import ASSETS
from talkdemo.metrics import style_summary
from talkdemo.metrics.style_summary import Entry
from talkdemo.records import AUTO
from talkdemo.ui.parts.blend import NONE, blend_inputs, card, mix
from talkdemo.ui.parts.options import PLAIN, QUICK

FOLDER = ASSETS / "identities"
METERS = {"jaw": ("Jaw", ""), "lips": ("Lips", ""), "head": ("Head", "°/s"), "blinks": ("Blinks", "/min")}
MY_VOICE = "My voice\na mix of the closest identities"
KNOWN = {"grid_s1": "GRID s1", "facegood": "FACEGOOD"}  # corpora; speakers keep their names


class Library:
    """The components of the choice: tiles, the chosen one in large, and a second identity to blend in."""

    def __init__(self, identities: Sequence[str]) -> None:
        self.names = list(identities)

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        gr.set_static_paths([FOLDER])
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


def css() -> str:
    """The style sheet's part that depends on what is shipped: each tile's preview."""
    rules = []
    for name in entries():
        path = FOLDER / f"{name}.webp"
        if path.is_file():
            tile = f'#td-identity label:has(input[value="{name}"])::before, .td-sheet[data-name="{name}"]'
            rules.append(f'{tile} {{ background-image: url("{address(path)}"); }}')
    return "\n".join(rules)


def sheet(name: str, label: str) -> str:
    """The moving preview of an identity."""
    return f'<div class="td-sheet" data-name="{escape(name)}" role="img" aria-label="{escape(label)}"></div>'


def portrait(name: str, share: str = "") -> str:
    """One identity in large: preview, style in words and as meters. `share` is HTML."""
    entry = entries().get(name)
    meters = "" if entry is None else "".join(_meter(kind, entry) for kind in METERS)
    return (
        f"{sheet(name, title(name))}<div><b>{escape(title(name))}{share}</b><p>{escape(line(name))}</p>{meters}</div>"
    )


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
