"""The app's theme, style sheet and script. System fonts only."""

from pathlib import Path

import gradio as gr

STATIC = Path(__file__).parent / "static"
FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """Warm paper, ink, one orange accent."""
    return gr.themes.Base(
        primary_hue="orange", secondary_hue="stone", neutral_hue="stone", radius_size="lg", font=FONT, font_mono=MONO
    ).set(
        body_background_fill="#f5f2ec",
        block_background_fill="#ffffff",
        block_border_color="#e7e1d6",
        block_border_width="1px",
        block_shadow="0 1px 2px rgba(40, 30, 10, .05)",
        block_label_background_fill="#ffffff",
        block_label_text_color="#6d6658",
        block_title_text_color="#3a352b",
        block_title_text_weight="600",
        button_primary_background_fill="#d9532c",
        button_primary_background_fill_hover="#c24520",
        button_primary_text_color="#ffffff",
        button_large_text_weight="650",
        button_secondary_background_fill="#efeae0",
        button_secondary_background_fill_hover="#e6dfd1",
        checkbox_background_color_selected="#d9532c",
        checkbox_border_color_selected="#d9532c",
        slider_color="#d9532c",
        input_background_fill="#faf8f4",
        input_border_color="#e0d9cb",
        input_border_color_focus="#d9532c",
    )


def css() -> str:
    """style.css, then every other sheet of static/ by name."""
    sheets = sorted(STATIC.glob("*.css"), key=lambda path: (path.stem != "style", path.name))
    return "\n".join(path.read_text(encoding="utf-8") for path in sheets)


def head() -> str:
    """Page head: the scripts of static/."""
    scripts = sorted(STATIC.glob("*.js"))
    return "".join(f"<script>{path.read_text(encoding='utf-8')}</script>" for path in scripts)
