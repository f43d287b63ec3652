"""A style and a second one to blend in: the two components, and the shares they stand for."""

from collections.abc import Callable, Mapping, Sequence

import gradio as gr

NONE = "none"  # no second style
HALF = 0.5


def blend_inputs(choices: Sequence[tuple[str, str]], elem_id: str) -> tuple[gr.Dropdown, gr.Slider]:
    """The second style and its share; to be called inside a gr.Row."""
    other = gr.Dropdown(
        [("None", NONE), *choices], value=NONE, label="Blend with", min_width=140, scale=2, elem_id=f"{elem_id}-other"
    )
    share = gr.Slider(
        0, 1, value=HALF, step=0.05, label="Share of the second", interactive=False, min_width=180, scale=3,
        elem_id=f"{elem_id}-share",
    )  # fmt: skip
    return other, share


def mix(first: str, other: str, share: float) -> dict[str, float]:
    """Two names and the share of the second (0..1) → names with shares; a share of 0 is left out."""
    if other in (NONE, first) or share <= 0:
        return {first: 1.0}
    return {other: 1.0} if share >= 1 else {first: round(1 - share, 4), other: round(share, 4)}


def in_words(style: str | Mapping[str, float], title: Callable[[str], str]) -> str:
    """ "Ada", or "Ada 60 %, Bruno 40 %"."""
    if isinstance(style, str):
        return title(style)
    total = sum(style.values()) or 1.0
    shares = {name: f" {100 * weight / total:.0f} %" if len(style) > 1 else "" for name, weight in style.items()}
    return ", ".join(f"{title(name)}{share}" for name, share in shares.items())


def card(shares: Mapping[str, float], portrait: Callable[[str, str], str], css: str = "") -> str:
    """What is chosen in large: `portrait(name, share in words)` of one or of both."""
    parts = "".join(
        f"<section>{portrait(name, f' <em>{100 * share:.0f} %</em>' if len(shares) > 1 else '')}</section>"
        for name, share in shares.items()
    )
    return f'<div class="td-card{css}{" td-two" if len(shares) > 1 else ""}" aria-live="polite">{parts}</div>'
