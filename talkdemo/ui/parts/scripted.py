"""Fixed HTML and a script of static/components in, a component out whose value the script shows and changes.

The HTML stands in the template itself: further properties of gr.HTML are lost when a value is sent to a component
that its tab has not drawn yet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

SCRIPTS = Path(__file__).parents[1] / "static" / "components"
_MEANT = str.maketrans({"\\": "&#92;", "`": "&#96;", "$": "&#36;", "{": "&#123;"})  # what a template would read


def scripted_html(html: str, script: str, **how: Any) -> gr.HTML:
    """`script`: the name of a file of SCRIPTS; it runs once and is handed element, props, trigger and watch."""
    return gr.HTML(
        html_template=html.translate(_MEANT), js_on_load=(SCRIPTS / script).read_text(encoding="utf-8"),
        apply_default_css=False, padding=False, **how,
    )  # fmt: skip
