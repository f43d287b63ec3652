"""The component that shows one head or two; static/viewer/ draws them (see this folder's docstring)."""

import json
from html import escape

import gradio as gr

from talkdemo.ui.parts.library import address
from talkdemo.ui.parts.scripted import scripted_html
from talkdemo.ui.style import STATIC
from talkdemo.ui.viewer.script import build_script

SPEEDS = (("1", "1×"), ("0.75", "¾×"), ("0.5", "½×"), ("0.25", "¼×"))
MODES = (("beside", "Side by side"), ("over", "Laid over"), ("lips", "Lip distance"))
LABEL = "Talking head. Space plays and pauses, arrow keys step, dragging turns the view, 0 resets it."

_ICONS = {  # 24 × 24 paths; the style sheet shows those of the button's state
    "play": "M8 5.5v13l11-6.5z",
    "pause": "M7 5h3.6v14H7zM13.4 5H17v14h-3.6z",
    "sound": "M4 9.5h3.5L12 6v12l-4.5-3.5H4zM14.5 8.5a5 5 0 0 1 0 7M17 6a8.5 8.5 0 0 1 0 12",
    "muted": "M4 9.5h3.5L12 6v12l-4.5-3.5H4zM15 9.5l5 5M20 9.5l-5 5",
    "loop": "M17 4l3 3-3 3M20 7H8a4 4 0 0 0-4 4v1M7 20l-3-3 3-3M4 17h12a4 4 0 0 0 4-4v-1",
    "mesh": "M12 3l8 5v8l-8 5-8-5V8zM4 8l8 5 8-5M12 13v8M12 3v10",
    "reset": "M5 12a7 7 0 1 0 2.2-5.1M5 4v4h4",
    "full": "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
}


def head_viewer(
    elem_id: str = "td-head",
    *,
    controls: str = "full",
    heads: int = 1,
    chart: str | None = None,
    label: str = LABEL,
    **options: object,
) -> gr.HTML:
    """The component; its value is a Take's, or None.

    `controls`: "full", or "minimal" for previews, which have none but play on the stage itself. `heads`: 1, or 2 with
    buttons for how both are shown. `chart`: id of a parts.chart.TimeChart that follows the time and seeks it. `options`
    are gr.HTML's.
    """
    html = markup(elem_id, controls, heads, chart, label)
    return scripted_html(html, "head_viewer.js", elem_id=elem_id, **options)


def early_viewer(viewer: gr.HTML) -> str:
    """For the page's head: a viewer of a value moves before gradio has built the page, which then takes it over. Empty
    without a value."""
    value = viewer.value
    if not value:
        return ""
    script, meshes = address(build_script()), [head["character"]["url"] for head in value["heads"]]
    links = [f'<link rel="preload" as="fetch" crossorigin href="{mesh}">' for mesh in meshes]
    data = json.dumps({"script": script, "html": viewer.html_template, "value": value}).replace("</", "<\\/")
    files = ("viewer.css", "early/early.css", "early/early.js")
    sheet, own, code = ((STATIC / name).read_text(encoding="utf-8") for name in files)
    return f"{''.join(links)}<style>{sheet}{own}</style><script>{code.replace('DATA', data)}</script>"


def markup(elem_id: str, controls: str = "full", heads: int = 1, chart: str | None = None, label: str = LABEL) -> str:
    """The component's fixed HTML, see `head_viewer`."""
    if controls not in ("full", "minimal") or heads not in (1, 2):
        raise ValueError(f"controls {controls!r} and {heads} heads were asked for; wanted full or minimal, and 1 or 2")
    over = '<input class="td-hv-cut" type="range" min="0" max="1" step="any" value="0.5" aria-label="Cut">'
    return (
        f'<div class="td-hv td-hv-{controls}" data-id="{escape(elem_id)}" data-script="{address(build_script())}" '
        f'data-chart="{escape(chart or "")}" data-heads="{heads}" data-mode="beside">'
        f'<div class="td-hv-stage" tabindex="0" role="group" aria-label="{escape(label)}"><canvas></canvas>'
        '<span class="td-hv-name td-hv-left"></span><span class="td-hv-name td-hv-right"></span>'
        f'{over if heads == 2 else ""}<div class="td-hv-scale" hidden><i></i><span></span></div>'
        '<p class="td-hv-note" role="status"></p>'
        '<button type="button" class="td-hv-start" aria-label="Play">' + _icon("play") + "</button></div>"
        '<audio preload="auto"></audio>'
        f"{_bar() if controls == 'full' else ''}{_modes() if heads == 2 else ''}</div>"
    )


def _icon(name: str) -> str:
    return f'<svg viewBox="0 0 24 24" aria-hidden="true" class="i-{name}"><path d="{_ICONS[name]}"/></svg>'


def _button(name: str, label: str, *icons: str, pressed: bool | None = None) -> str:
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    drawn = "".join(map(_icon, icons or (name,)))
    return f'<button type="button" class="td-hv-{name}" aria-label="{label}" title="{label}"{state}>{drawn}</button>'


def _bar() -> str:
    speeds = "".join(f'<option value="{value}">{title}</option>' for value, title in SPEEDS)
    return (
        '<div class="td-hv-bar">'
        + _button("play", "Play", "play", "pause")
        + '<input class="td-hv-seek" type="range" min="0" max="1" step="any" value="0" aria-label="Time">'
        + '<span class="td-hv-time">0.0 s</span>'
        + _button("sound", "Mute", "sound", "muted", pressed=False)
        + f'<select class="td-hv-speed" aria-label="Speed">{speeds}</select>'
        + _button("loop", "Loop", pressed=False)
        + _button("mesh", "Wireframe", pressed=False)
        + _button("reset", "Reset the view")
        + _button("full", "Full screen")
        + "</div>"
    )


def _modes() -> str:
    buttons = "".join(
        f'<button type="button" data-mode="{mode}" aria-pressed="{str(mode == "beside").lower()}">{title}</button>'
        for mode, title in MODES
    )
    return f'<div class="td-hv-modes" role="group" aria-label="How the two heads are shown">{buttons}</div>'
