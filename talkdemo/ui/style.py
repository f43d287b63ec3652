"""The app's theme, style sheet and script. System fonts only."""

from pathlib import Path

import gradio as gr

STATIC = Path(__file__).parent / "static"
FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """Warm paper, ink, one orange accent; by night the same on slate. The colours stand in static/style.css."""
    both = {
        "body_background_fill": "var(--td-page)",
        "block_background_fill": "var(--td-card)",
        "block_border_color": "var(--td-line)",
        "block_label_background_fill": "var(--td-card)",
        "block_label_text_color": "var(--td-muted)",
        "block_title_text_color": "var(--td-text)",
        "block_info_text_color": "var(--td-muted)",
        "body_text_color": "var(--td-text)",
        "body_text_color_subdued": "var(--td-muted)",
        "border_color_primary": "var(--td-line)",
        "border_color_accent": "var(--td-accent)",
        "background_fill_primary": "var(--td-card)",
        "background_fill_secondary": "var(--td-tile)",
        "color_accent_soft": "var(--td-chosen)",
        "button_primary_background_fill": "var(--td-accent)",
        "button_primary_background_fill_hover": "#ab3c18",
        "button_primary_text_color": "#ffffff",
        "button_secondary_background_fill": "var(--td-hollow)",
        "button_secondary_background_fill_hover": "var(--td-tile-hover)",
        "button_secondary_text_color": "var(--td-ink)",
        "button_cancel_background_fill": "#b3261e",
        "button_cancel_background_fill_hover": "#8f1d17",
        "button_cancel_text_color": "#ffffff",
        "checkbox_background_color_selected": "var(--td-accent)",
        "checkbox_border_color_selected": "var(--td-accent)",
        "checkbox_label_background_fill": "var(--td-tile)",
        "checkbox_label_background_fill_hover": "var(--td-tile-hover)",
        "checkbox_label_background_fill_selected": "var(--td-chosen)",
        "checkbox_label_text_color_selected": "var(--td-text)",
        "slider_color": "var(--td-accent)",
        "input_background_fill": "var(--td-tile)",
        "input_border_color": "var(--td-line)",
        "input_border_color_focus": "var(--td-accent)",
        "input_placeholder_color": "var(--td-faint)",
        "link_text_color": "var(--td-accent-text)",
    }
    return gr.themes.Base(
        primary_hue="orange", secondary_hue="stone", neutral_hue="stone", radius_size="lg", font=FONT, font_mono=MONO
    ).set(
        block_border_width="1px",
        block_shadow="0 1px 2px rgba(40, 30, 10, .05)",
        block_title_text_weight="600",
        button_large_text_weight="650",
        **both,
        **{f"{name}_dark": value for name, value in both.items()},
    )


def css() -> str:
    """style.css, then every other sheet of static/ by name."""
    sheets = sorted(STATIC.glob("*.css"), key=lambda path: (path.stem != "style", path.name))
    return "\n".join(path.read_text(encoding="utf-8") for path in sheets)


def head() -> str:
    """Page head: the scripts of static/."""
    scripts = sorted(STATIC.glob("*.js"))
    return "".join(f"<script>{path.read_text(encoding='utf-8')}</script>" for path in scripts)
