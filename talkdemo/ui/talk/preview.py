"""Styles in motion: where the pointer, a finger or the keyboard is, the chosen character moves in that style.

One viewer serves all cards: static/components/previews.js lays it over the card and asks for the motion here.
"""

from typing import Any

import gradio as gr

from talkdemo.records import Motion
from talkdemo.reference import gallery
from talkdemo.ui.parts import library
from talkdemo.ui.parts.options import QUICK
from talkdemo.ui.parts.scripted import scripted_html
from talkdemo.ui.viewer.component import head_viewer
from talkdemo.ui.viewer.take import Take

LENGTH = 100  # frames of a reference that are shown


class Previews:
    """The viewer, and what asks for a motion: {"kind": "identity" or "reference", "name": …}."""

    def build(self, character: gr.Radio) -> None:
        """To be called inside gr.Blocks; `character`: who moves."""
        self.asked = scripted_html("", "previews.js", elem_id="td-preview-asked")
        self.viewer = head_viewer("td-preview", controls="minimal", label="Preview of the style")
        self.asked.change(self.show, [self.asked, character], self.viewer, **QUICK)

    def show(self, asked: dict[str, Any] | None, character: str) -> Any:
        """The viewer's value; nothing for a style of which no motion is shipped."""
        name = asked.get("name") if isinstance(asked, dict) else None
        motion = find(str(asked.get("kind")), str(name)) if asked and name else None
        if motion is None:
            return gr.skip()
        return Take.whole([(character, motion)], muted=True, loop=True).value() | {"name": name}


def find(kind: str, name: str) -> Motion | None:
    """Some seconds in the style of a talking identity or of a reference of the gallery."""
    if kind == "identity":
        return library.motions().get(name)
    item = gallery().get(name)
    return item.open().motion[:LENGTH] if item else None
