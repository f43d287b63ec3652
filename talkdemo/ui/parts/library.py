"""The identity library in (by `talkdemo identities --pictures`), tiles to pick from and a blend of two out.

A preview is a sheet of frames side by side; the style sheet runs through it where the pointer is and where the choice
is, and holds still elsewhere (and for visitors who asked for less motion).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import gradio as gr

from talkdemo.files import ASSETS
from talkdemo.metrics import style_summary
from talkdemo.metrics.style_summary import Entry
from talkdemo.pipeline import AUTO

FOLDER = ASSETS / "identities"
NOBODY = "nobody"
HALF = 0.5
METERS = {"jaw": "Jaw", "lips": "Lips", "head": "Head", "blinks": "Blinks"}
UNITS = {"jaw": "", "lips": "", "head": "°/s", "blinks": "/min"}
MY_VOICE = ("My voice", "the identities that it fits best are mixed")
PLAIN = {"apply_default_css": False, "padding": False}


class Library:
    """The components of the choice: tiles, the chosen one in large, and a second identity to blend in."""

    def __init__(self, identities: Sequence[str]) -> None:
        self.names = list(identities)

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        self.identity = gr.Radio(
            [("\n".join(MY_VOICE), AUTO), *((_label(name), name) for name in self.names)],
            value=AUTO, label="Talking identity", elem_id="td-identity",
        )  # fmt: skip
        self.card = gr.HTML(visible=False, elem_id="td-card", **PLAIN)
        with gr.Row(visible=False, equal_height=True, elem_id="td-blend") as self.blending:
            others = [("nobody", NOBODY), *((title(name), name) for name in self.names)]
            self.other = gr.Dropdown(others, value=NOBODY, label="Blend with", min_width=140, scale=2)
            self.share = gr.Slider(
                0, 1, value=HALF, step=0.05, label="Share of the second", interactive=False, min_width=180, scale=3,
                elem_id="td-share",
            )  # fmt: skip
        inputs, outputs = [self.identity, self.other, self.share], [self.card, self.blending, self.share]
        for component in inputs:
            component.change(
                self.chosen, inputs, outputs, queue=False, show_progress="hidden", api_visibility="private"
            )

    def chosen(self, identity: str, other: str, share: float) -> tuple[gr.HTML, gr.Row, gr.Slider]:
        """Another tile, another second identity or another share: what the page shows of it."""
        named = identity != AUTO
        blended = named and other not in (NOBODY, identity)
        picture = card(identity, other if blended else None, share) if named else ""
        return gr.HTML(picture, visible=named), gr.Row(visible=named), gr.Slider(interactive=blended)


def mix(identity: str, other: str, share: float) -> str | dict[str, float]:
    """Two names and the share of the second (0..1) → what the pipeline takes: a name, "auto", or names with shares."""
    if identity == AUTO or other in (NOBODY, identity) or share <= 0:
        return identity
    if share >= 1:
        return other
    return {identity: round(1 - share, 4), other: round(share, 4)}


def named(identity: str | Mapping[str, float]) -> str:
    """A choice in words: "Ada", or "Ada 60 %, Bruno 40 %"."""
    if isinstance(identity, str):
        return title(identity)
    whole = sum(identity.values())
    return ", ".join(f"{title(name)} {100 * weight / whole:.0f} %" for name, weight in identity.items())


@functools.cache
def entries() -> dict[str, Entry]:
    """What is known of the identities; empty when nothing is shipped."""
    path = FOLDER / "styles.json"
    return style_summary.read(path) if path.is_file() else {}


def title(name: str) -> str:
    """grid_s1 → GRID s1: names of speakers stay as they are, names of corpora become readable."""
    known = {"grid_s1": "GRID s1", "facegood": "FACEGOOD"}
    return known.get(name, name)


def line(name: str) -> str:
    """The manner in words, nothing for an identity that the library does not know."""
    entry = entries().get(name)
    if entry is None:
        return ""
    return f"real speaker: {entry.line}" if entry.real else entry.line


def card(identity: str, other: str | None = None, share: float = HALF) -> str:
    """The chosen identity in large: preview, manner in words and as meters; with `other`, both and their shares."""
    shares = {identity: 1.0} if other is None else {identity: 1 - share, other: share}
    parts = "".join(
        f"<section>{_portrait(name, None if other is None else weight)}</section>" for name, weight in shares.items()
    )
    return f'<div class="td-card{"" if other is None else " td-two"}" aria-live="polite">{parts}</div>'


def css() -> str:
    """The style sheet's part that depends on what is shipped: each tile's preview."""
    rules = []
    for name in entries():
        path = FOLDER / f"{name}.webp"
        if path.is_file():
            tile = f'#td-identity label:has(input[value="{name}"])::before, .td-sheet[data-name="{name}"]'
            rules.append(f'{tile} {{ background-image: url("{address(path)}"); }}')
    return "\n".join(rules)


def _label(name: str) -> str:
    """Two lines: the style sheet shows the first as a title."""
    return f"{title(name)}\n{line(name)}".strip()


def _portrait(name: str, share: float | None) -> str:
    part = "" if share is None else f" <em>{100 * share:.0f} %</em>"
    sheet = f'<div class="td-sheet" data-name="{escape(name)}" role="img" aria-label="{escape(title(name))}"></div>'
    entry = entries().get(name)
    meters = "" if entry is None else "".join(_meter(kind, entry) for kind in METERS)
    return f"{sheet}<div><b>{escape(title(name))}{part}</b><p>{escape(line(name))}</p>{meters}</div>"


def _meter(kind: str, entry: Entry) -> str:
    """A bar from the least of all identities to the most, and the number itself as a hint."""
    value, rank = getattr(entry.style, kind), entry.ranks[kind]
    hint = f"{value:.2g}{UNITS[kind]}: more than {100 * rank:.0f} % of the others"
    return (
        f'<div class="td-meter" title="{hint}"><span>{METERS[kind]}</span>'
        f'<i><u style="width:{max(4.0, 100 * rank):.0f}%"></u></i></div>'
    )


def address(path: Path) -> str:
    """Where the page finds a file of the package; relative, so that it works behind any proxy."""
    return f"gradio_api/file={quote(str(path))}"
