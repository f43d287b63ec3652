"""The components of the tab "Expression": a portrait, where its expression comes from, and the stage of results."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from talkdemo.gcgan.gallery import gallery
from talkdemo.records import MAX_AMOUNT
from talkdemo.reference import gallery as performances
from talkdemo.ui.express.before_after import before_after, expression_strip
from talkdemo.ui.express.job import MANIFOLD, STRAIGHT
from talkdemo.ui.express.landmark_editor import COLUMNS, landmark_editor
from talkdemo.ui.express.manifold_map import Manifold, manifold_map, title
from talkdemo.ui.parts import library
from talkdemo.ui.parts.scripted import scripted_html

PLAIN = {"apply_default_css": False, "padding": False}
GALLERY, UPLOAD, WEBCAM = "gallery", "upload", "webcam"
PRESETS, FACE, MOTION = "presets", "face", "motion"
WAYS = (("Along the manifold", MANIFOLD), ("Straight", STRAIGHT))
IDLE = "Choose a preset, or drag the points and handles on the portrait."
PHOTO = "A photograph of one face, from the front. It is read here and kept for this visit only."
PHOTO_OR_MARKS = "A photograph of one face, or a JSON of landmarks as saved here."
OTHER = "Somebody else makes the face; the portrait takes the expression, not the features."
MOVING = "A moment of a talking head: a performance, a motion made in the tab Talk, or a file (npz, Live Link CSV)."


class FaceChooser:
    """A face from the gallery, a file or the webcam."""

    def __init__(self, name: str, hint: str) -> None:
        self.name, self.hint = name, hint

    def build(self, value: str | None) -> None:
        """To be called inside gr.Blocks; `value`: who of the gallery is chosen at first."""
        known = gallery()
        first = GALLERY if known else UPLOAD
        with gr.Tabs(selected=first, elem_id=f"td-{self.name}", elem_classes="td-tabs", overflow_behavior="wrap"):
            with gr.Tab("Gallery", id=GALLERY, visible=bool(known)):
                self.gallery = scripted_html(
                    faces(self.name), "gallery.js", value=value, elem_id=f"td-{self.name}-gallery"
                )
            with gr.Tab("Upload", id=UPLOAD):
                gr.HTML(f'<p class="td-hint">{self.hint}</p>', **PLAIN)
                self.upload = gr.File(show_label=False, height=120, elem_id=f"td-{self.name}-upload")
            with gr.Tab("Webcam", id=WEBCAM):
                self.webcam = gr.Image(
                    sources=["webcam"], type="filepath", webcam_options=gr.WebcamOptions(mirror=False), buttons=[],
                    show_label=False, height=260, elem_id=f"td-{self.name}-webcam",
                )  # fmt: skip

    def connect(self, chosen: Callable, given: Callable, inputs: list, outputs: list, **how: Any) -> list:
        """`chosen(name, *inputs)` for the gallery, `given(path, *inputs)` for a file or a picture of the webcam."""
        return [
            self.gallery.change(chosen, [self.gallery, *inputs], outputs, **how),
            self.upload.upload(given, [self.upload, *inputs], [*outputs, self.upload], **how),
            self.webcam.input(given, [self.webcam, *inputs], [*outputs, self.upload], **how),
        ]


class Form:
    """All components, in the order in which they stand on the page."""

    def __init__(self, presets: tuple[str, ...], manifold: Manifold) -> None:
        self.presets, self.manifold = presets, manifold
        self.first = next((name for name in presets if name != "neutral"), presets[0])
        self.portrait = FaceChooser("express-portrait", PHOTO)
        self.face = FaceChooser("express-face", PHOTO_OR_MARKS)

    def build(self, latest: gr.components.Component | None) -> None:
        """To be called inside gr.Blocks; `latest` holds the motion file that the visitor made last, if any."""
        with gr.Row(elem_id="td-express", elem_classes="td-express"):
            with gr.Column(scale=5, min_width=330, elem_id="td-express-choices"):
                self._choices(latest)
            with gr.Column(scale=9, min_width=340, elem_id="td-express-stage"):
                self._stage()

    def _choices(self, latest: gr.components.Component | None) -> None:
        gr.HTML('<div class="td-title">Portrait</div>', **PLAIN)
        self.portrait.build(next(iter(gallery()), None))
        gr.HTML('<div class="td-title">Expression</div>', **PLAIN)
        with gr.Tabs(elem_id="td-express-source", elem_classes="td-tabs", overflow_behavior="wrap"):
            with gr.Tab("Presets", id=PRESETS):
                self.preset = gr.Radio(
                    [(title(name), name) for name in self.presets], value=self.first, show_label=False,
                    label="Preset", elem_id="td-express-preset",
                )  # fmt: skip
            with gr.Tab("Another face", id=FACE):
                gr.HTML(f'<p class="td-hint">{OTHER}</p>', **PLAIN)
                self.face.build(None)
            with gr.Tab("Talking head", id=MOTION):
                self._moving(latest)
        with gr.Group(elem_id="td-express-how"):
            self.amount = gr.Slider(
                0, MAX_AMOUNT, value=1, step=0.01, label="Strength", elem_id="td-express-amount", buttons=[],
                info="0 is the portrait, 1 the expression; more exaggerates",
            )  # fmt: skip
            self.along = gr.Radio(
                WAYS, value=MANIFOLD, label="Way there", elem_id="td-express-along",
                info="between expressions that faces make, or each landmark in a straight line",
            )  # fmt: skip
        with gr.Accordion("Landmarks as numbers", open=False, elem_id="td-express-numbers"):
            gr.HTML('<p class="td-hint">Pixels of the portrait, from its top left corner.</p>', **PLAIN)
            self.table = gr.Dataframe(
                headers=list(COLUMNS), datatype=["number", "str", "number", "number"], type="array", interactive=True,
                row_count=68, column_count=4, static_columns=[0, 1],
                show_label=False, max_height=330, elem_id="td-express-table", buttons=[],
            )  # fmt: skip

    def _moving(self, latest: gr.components.Component | None) -> None:
        gr.HTML(f'<p class="td-hint">{MOVING}</p>', **PLAIN)
        names = [(item.title, name) for name, item in performances().items()]
        self.performance = gr.Dropdown(
            names, value=None, label="Performance", visible=bool(names), elem_id="td-express-performance"
        )
        self.latest = gr.Button("My latest motion of the tab Talk", size="sm", visible=latest is not None)
        self.motion_file = gr.File(show_label=False, height=110, elem_id="td-express-motion")
        self.frame = gr.Slider(
            0, 10, value=0, step=0.04, label="Moment (seconds)", interactive=False, elem_id="td-express-frame",
            buttons=[],
        )  # fmt: skip

    def _stage(self) -> None:
        with gr.Row(elem_id="td-express-pair", equal_height=True):
            with gr.Column(min_width=280):
                self.editor = landmark_editor(elem_id="td-express-editor")
            with gr.Column(min_width=280):
                self.result = before_after(elem_id="td-express-result")
        self.panel = gr.HTML(idle(), elem_id="td-express-panel", **PLAIN)
        self.strip = expression_strip(elem_id="td-express-strip")
        with gr.Row(elem_id="td-express-downloads"):
            self.save_png = gr.DownloadButton("Picture (png)", size="sm", min_width=110, interactive=False)
            self.save_json = gr.DownloadButton("Landmarks (json)", size="sm", min_width=110, interactive=False)
        self.map = manifold_map(self.manifold, elem_id="td-express-map")


def faces(name: str) -> str:
    """A radio button with a picture for everybody of the gallery."""
    cards = "".join(
        f'<label class="td-person"><input type="radio" name="td-{escape(name)}" value="{escape(who)}">'
        f'<img src="{library.address(path)}" alt="" loading="lazy" draggable="false">'
        f"<span>{escape(title(who))}</span></label>"
        for who, path in gallery().items()
    )
    return f'<div class="td-people" role="radiogroup" aria-label="People">{cards}</div>'


def idle(said: str = IDLE) -> str:
    return f'<div class="td-note">{said}</div>'


def facts(said: str, amount: float, seconds: float, size: tuple[int, int]) -> str:
    """What was made; `said` is ours, never a visitor's word."""
    shown = (
        ("Expression", said[:1].upper() + said[1:]),
        ("Strength", f"{100 * amount:.0f} %"),
        ("Made in", f"{1000 * seconds:.0f} ms"),
        ("Picture", f"{size[0]}×{size[1]} px"),
    )
    return '<dl class="td-facts">' + "".join(f"<div><dt>{a}</dt><dd>{escape(b)}</dd></div>" for a, b in shown) + "</dl>"
