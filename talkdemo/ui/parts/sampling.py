"""The choices of sampling that the tabs share: student or full model, guidance, seed."""

import secrets
from collections.abc import Sequence

import gradio as gr

from talkdemo.records import DEFAULT_STEPS, MAX_GUIDANCE, MAX_SEED, MAX_STEPS, MIN_STEPS, Guidance

DISTILLED, FULL = "distilled-", "full"  # values of the choice "Sampling": distilled-8, …, full


def samplings(students: Sequence[int]) -> list[tuple[str, str]]:
    """Title and value of every student, the one of most steps first, then of the full model."""
    fast = [(f"Student, {n} steps", f"{DISTILLED}{n}") for n in sorted(students, reverse=True)]
    return [*fast, ("Full model", FULL)]


def default_sampling(students: Sequence[int]) -> str:
    """The student of DEFAULT_STEPS, else the one of most steps, else the full model."""
    if not students:
        return FULL
    return f"{DISTILLED}{DEFAULT_STEPS if DEFAULT_STEPS in students else max(students)}"


def read_sampling(sampling: str, steps: float) -> tuple[int, bool]:
    """The choice and the slider → steps, and whether the student of so many is wanted."""
    return (int(steps), False) if sampling == FULL else (int(sampling.removeprefix(DISTILLED)), True)


def read_seed(seed: float | None, randomise: bool) -> int:
    """The seed that stands on the page, or a new one."""
    return secrets.randbelow(MAX_SEED + 1) if randomise or seed is None else int(seed)


def steps_slider(value: int, elem_id: str | None, visible: bool, info: str | None = None) -> gr.Slider:
    """Sampling steps of the full model."""
    return gr.Slider(
        MIN_STEPS, MAX_STEPS, value=value, step=1, label="Steps", info=info, visible=visible, min_width=150,
        elem_id=elem_id,
    )  # fmt: skip


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
