"""Components of fixed HTML and a script of static/components, which shows and changes their value.

The HTML stands in the template itself: further properties of gr.HTML are lost when a value is sent to a component
that its tab has not shown yet.
"""

from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.ui.parts.options import PLAIN

SCRIPTS = Path(__file__).parents[1] / "static" / "components"
_ESCAPES = str.maketrans({"\\": "&#92;", "`": "&#96;", "$": "&#36;", "{": "&#123;"})  # what a template would read


def scripted_html(html: str, script: str, **options: Any) -> gr.HTML:
    """`script`: the name of a file of SCRIPTS; it runs once and is handed element, props, trigger and watch. (Not a
    subclass of gr.HTML: gradio writes a stub file beside the module of every subclass.)"""
    return gr.HTML(html_template=html.translate(_ESCAPES), js_on_load=read_script(script), **PLAIN, **options)


def read_script(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")


def served(path: Path, mime_type: str) -> dict[str, Any]:
    """A file within the value of such a component."""
    from gradio.data_classes import FileData

    return FileData(path=str(path), mime_type=mime_type).model_dump()
