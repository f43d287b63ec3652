"""Two images of one size with a line to pull between them, and a strip of images to choose from.

static/components/before_after.js and expression_strip.js show them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.ui.parts.scripted import scripted_html, served


def before_after(**options: Any) -> gr.HTML:
    """The component; its value is what `comparing` returns, or None."""
    return scripted_html(
        '<div class="td-ba empty"><div class="td-ba-frame"><img class="after" alt="With the expression" '
        'draggable="false"><img class="before" alt="Original" draggable="false"><i class="cut"></i>'
        '<span class="tag left">Before</span><span class="tag right">After</span>'
        '<input type="range" min="0" max="100" step="1" value="0" aria-label="Share of the original that '
        'is shown"></div><div class="td-ba-bar"><button type="button" data-cut="100">Before</button>'
        '<button type="button" data-cut="50">Half</button><button type="button" data-cut="0">After</button></div>'
        "</div>",
        "before_after.js", **options,
    )  # fmt: skip


def comparing(before: Path, after: Path, size: Sequence[int]) -> dict[str, Any]:
    """Its value: two JPEG files, and the width and height of both."""
    first, second = (served(path, "image/jpeg") for path in (before, after))
    return {"before": first, "after": second, "ratio": size[0] / size[1]}


def expression_strip(**options: Any) -> gr.HTML:
    """The component; its value is what `sweeping` returns, or None. Triggers "select" with an amount."""
    return scripted_html(
        '<div class="td-sweep empty" role="group" aria-label="From the portrait to the expression and beyond">'
        "</div>",
        "expression_strip.js", **options,
    )  # fmt: skip


def sweeping(images: Sequence[str], amounts: Sequence[float]) -> dict[str, Any]:
    """Its value: addresses of the images and the amounts they show."""
    return {"images": list(images), "amounts": list(amounts)}
