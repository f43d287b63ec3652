"""Two pictures of one size in, a component with a line to pull between them out; and a row of pictures to choose from.

static/components/before_after.js and expression_strip.js show them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.ui.parts.scripted import scripted_html


def before_after(**how: Any) -> gr.HTML:
    """The component; its value is what `comparing` makes, or None."""
    return scripted_html(
        '<div class="td-ba empty"><div class="td-ba-frame"><img class="after" alt="With the expression" '
        'draggable="false"><img class="before" alt="As given" draggable="false"><i class="cut"></i>'
        '<span class="tag left">Before</span><span class="tag right">After</span>'
        '<input type="range" min="0" max="100" step="1" value="0" aria-label="How much of the portrait as given is '
        'shown"></div><div class="td-ba-bar"><button type="button" data-cut="100">Before</button>'
        '<button type="button" data-cut="50">Half</button><button type="button" data-cut="0">After</button></div>'
        "</div>",
        "before_after.js", **how,
    )  # fmt: skip


def comparing(before: Path, after: Path, size: Sequence[int]) -> dict[str, object]:
    """Its value: two JPEG files, and the width and height of both."""
    from gradio.data_classes import FileData

    files = [FileData(path=str(path), mime_type="image/jpeg").model_dump() for path in (before, after)]
    return {"before": files[0], "after": files[1], "ratio": size[0] / size[1]}


def expression_strip(**how: Any) -> gr.HTML:
    """The component; its value is what `sweeping` makes, or None. Triggers "select" with an amount."""
    return scripted_html(
        '<div class="td-sweep empty" role="group" aria-label="The way from the portrait to the expression and beyond">'
        "</div>",
        "expression_strip.js", **how,
    )  # fmt: skip


def sweeping(pictures: Sequence[str], amounts: Sequence[float]) -> dict[str, object]:
    """Its value: addresses of the pictures and the amounts they show."""
    return {"pictures": list(pictures), "amounts": list(amounts)}
