"""A player that shows two heads beside one another, under a wipe, or one at a time.

Both come from one video, so they cannot drift apart; static/components/ab_player.js draws them.
"""

from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.records import FPS
from talkdemo.ui.parts.options import PLAIN
from talkdemo.ui.parts.scripted import read_script, served

VIEWS = (("both", "Side by side"), ("wipe", "Wipe"), ("left", "Left"), ("right", "Right"))
SPEEDS = (("1", "1×"), ("0.5", "½×"), ("0.25", "¼×"))

_VIEWS = "".join(
    f'<button type="button" data-view="{view}" aria-pressed="{str(view == "both").lower()}">{title}</button>'
    for view, title in VIEWS
)
_SPEEDS = "".join(f'<option value="{value}">{title}</option>' for value, title in SPEEDS)
TEMPLATE = f"""
<div class="td-ab" data-view="both" data-size="${{value ? value.size : 0}}" data-fps="{FPS}">
  <video class="td-ab-source" src="${{value ? value.video.url : ''}}" playsinline loop preload="auto"></video>
  <div class="td-ab-stage" tabindex="0" aria-label="Both heads; space plays, arrow keys step, t swaps left and right">
    <canvas width="16" height="8"></canvas>
    <span class="td-ab-name td-ab-left"><i></i>${{value ? value.left : ''}}</span>
    <span class="td-ab-name td-ab-right"><i></i>${{value ? value.right : ''}}</span>
  </div>
  <div class="td-ab-bar">
    <button type="button" class="td-ab-play" aria-label="Play"></button>
    <input class="td-ab-seek" type="range" min="0" max="1" step="any" value="0" aria-label="Time">
    <span class="td-ab-time">0.0 s</span>
    <button type="button" class="td-ab-sound" aria-label="Mute" aria-pressed="false"></button>
    <select class="td-ab-speed" aria-label="Speed">{_SPEEDS}</select>
  </div>
  <div class="td-ab-views" role="group" aria-label="How the two heads are shown">{_VIEWS}</div>
</div>
"""


def ab_player(**options: Any) -> gr.HTML:
    """The component; its value is what `showing` returns, or None."""
    return gr.HTML(html_template=TEMPLATE, js_on_load=read_script("ab_player.js"), **PLAIN, **options)


def showing(video: Path, names: tuple[str, str], size: int) -> dict[str, Any]:
    """The player's value: `size` is the side in pixels of each head in the video; `names` are ours, not a visitor's."""
    left, right = names
    return {"video": served(video, "video/mp4"), "left": left, "right": right, "size": size}
