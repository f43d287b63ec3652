"""The choices of sampling that the tabs share: steps (student or full model), guidance, seed."""

import math
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import gradio as gr

from talkdemo.records import DEFAULT_STEPS, MAX_GUIDANCE, MAX_SEED, MAX_STEPS, MIN_STEPS, Guidance
from talkdemo.ui.parts.scripted import scripted_html

WANTED = f"a whole number from {MIN_STEPS} to {MAX_STEPS} is wanted"
FULL = "Full model at these steps"


def steps_input(steps: int, students: Sequence[int], elem_id: str) -> gr.HTML:
    """Sampling steps on a logarithmic scale with the students marked on it; its value is `steps_value`."""
    ticks = [2**k for k in range(round(math.log2(MIN_STEPS)), round(math.log2(MAX_STEPS)) + 1)]
    marks = "".join(
        f'<button type="button" data-steps="{n}" style="left: {100 * k / (len(ticks) - 1):.2f}%">{n}</button>'
        for k, n in enumerate(ticks)
    )
    html = (
        f'<div class="td-steps"><label for="{elem_id}-number">Steps</label>'
        f'<input id="{elem_id}-number" type="number" min="{MIN_STEPS}" max="{MAX_STEPS}" step="1">'
        f'<input type="range" min="{math.log2(MIN_STEPS):g}" max="{math.log2(MAX_STEPS):g}" step="any" '
        f'aria-label="Steps, on a logarithmic scale"><div class="td-steps-marks">{marks}</div>'
        f'<label class="td-steps-full"><input type="checkbox">{FULL}</label></div>'
    )
    return scripted_html(html, "steps.js", value=steps_value(steps, False, students), elem_id=elem_id)


def steps_value(steps: int, full: bool, students: Sequence[int]) -> dict[str, Any]:
    """What the component holds. `full`: the full model even where there is a student of so many steps."""
    return {"steps": steps, "full": full, "students": list(students)}


def default_steps(students: Collection[int]) -> int:
    """DEFAULT_STEPS, or those of the student with most where none of the students has so many."""
    return max(students) if students and DEFAULT_STEPS not in students else DEFAULT_STEPS


def read_steps(value: Mapping[str, Any] | None, students: Collection[int]) -> tuple[int, bool]:
    """What the component holds → steps, and whether the student of so many samples them. ValueError in one sentence
    for anything but a whole number in range: a page can send what it likes."""
    held = value if isinstance(value, Mapping) else {}
    steps = held.get("steps")
    if not isinstance(steps, int | float) or not MIN_STEPS <= steps <= MAX_STEPS or steps % 1:
        given = f"{steps:g}" if isinstance(steps, int | float) else "no number of"
        raise ValueError(f"{given} steps were asked for; {WANTED}")
    return int(steps), int(steps) in students and not held.get("full")


def read_seed(seed: float | None, randomise: bool) -> int:
    """The seed that stands on the page, or a new one."""
    return secrets.randbelow(MAX_SEED + 1) if randomise or seed is None else int(seed)


def steps_slider(value: int) -> gr.Slider:
    """Sampling steps as the endpoints take them: a plain number, checked against its limits by gradio."""
    return gr.Slider(MIN_STEPS, MAX_STEPS, value=value, step=1, label="Steps", visible=False)


def guidance_sliders(elem_id: str, exaggerates: str) -> tuple[gr.Slider, gr.Slider]:
    """Weights on speech and style; `exaggerates` is what more of the second does."""
    default = Guidance()
    hints = {
        "audio": "1 is neutral; more makes lips follow it closely",
        "style": f"1 is neutral; {exaggerates}",
    }
    audio, style = (
        gr.Slider(
            0, MAX_GUIDANCE, value=getattr(default, name), step=0.05, label=f"Guidance: {title}", info=hints[name],
            elem_id=f"{elem_id}-{name}",
        )
        for name, title in (("audio", "speech"), ("style", "style"))
    )  # fmt: skip
    return audio, style
