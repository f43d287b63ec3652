"""The components of the tab "Expression": a portrait, where its expression comes from, and the stage of results."""

from collections.abc import Sequence

import gradio as gr

from talkdemo.gcgan.gallery import gallery
from talkdemo.records import MAX_AMOUNT
from talkdemo.reference import gallery as performances
from talkdemo.ui.express.before_after import before_after, expression_strip
from talkdemo.ui.express.job import LINEAR, MANIFOLD
from talkdemo.ui.express.landmark_editor import COLUMNS, landmark_editor
from talkdemo.ui.express.manifold_map import Manifold, manifold_map
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.faces import PHOTO, FaceChooser
from talkdemo.ui.parts.names import choices
from talkdemo.ui.parts.options import PLAIN

PRESETS, FACE, MOTION = "presets", "face", "motion"
INTERPOLATIONS = (("Manifold", MANIFOLD), ("Linear", LINEAR))
IDLE = "Choose a preset, or drag the points and handles on the portrait."
PHOTO_OR_MARKS = "A photograph of one face, or a JSON of landmarks as saved here."
OTHER = "The portrait takes the expression of another face, not its features."
MOVING = "One frame of a talking head: a performance, a motion from the tab Talk, or a file (npz, Live Link CSV)."


class Form:
    """All components, in the order in which they stand on the page."""

    def __init__(self, presets: Sequence[str], manifold: Manifold) -> None:
        self.presets, self.manifold = presets, manifold
        self.first = next((name for name in presets if name != "neutral"), presets[0])
        self.portrait = FaceChooser("express-portrait", PHOTO)
        self.face = FaceChooser("express-face", PHOTO_OR_MARKS)

    def build(self, latest: bool) -> None:
        """To be called inside gr.Blocks; `latest`: whether the tab Talk keeps the visitor's latest motion."""
        with gr.Row(elem_id="td-express", elem_classes="td-express"):
            with gr.Column(scale=5, min_width=330, elem_id="td-express-choices"):
                self._choices(latest)
            with gr.Column(scale=9, min_width=340, elem_id="td-express-stage"):
                self._stage()

    def _choices(self, latest: bool) -> None:
        gr.HTML('<div class="td-title">Portrait</div>', **PLAIN)
        self.portrait.build(next(iter(gallery()), None))
        gr.HTML('<div class="td-title">Expression</div>', **PLAIN)
        with gr.Tabs(elem_id="td-express-source", elem_classes="td-tabs", overflow_behavior="wrap"):
            with gr.Tab("Presets", id=PRESETS):
                self.preset = gr.Radio(
                    choices(self.presets), value=self.first, show_label=False, label="Preset",
                    elem_id="td-express-preset",
                )  # fmt: skip
            with gr.Tab("Another face", id=FACE):
                gr.HTML(f'<p class="td-hint">{OTHER}</p>', **PLAIN)
                self.face.build(None)
                self.source = gr.HTML("", elem_id="td-express-face-source", **PLAIN)
            with gr.Tab("Talking head", id=MOTION):
                self._motion(latest)
        with gr.Group(elem_id="td-express-how"):
            self.amount = gr.Slider(
                0, MAX_AMOUNT, value=1, step=0.01, label="Strength", elem_id="td-express-amount", buttons=[],
                info="0 is the portrait, 1 the expression; more exaggerates",
            )  # fmt: skip
            self.along = gr.Radio(
                INTERPOLATIONS, value=MANIFOLD, label="Interpolation", elem_id="td-express-along",
                info="between plausible expressions, or each landmark in a straight line",
            )  # fmt: skip
        with gr.Accordion("Landmarks as numbers", open=False, elem_id="td-express-numbers"):
            gr.HTML('<p class="td-hint">Pixels of the portrait, from its top left corner.</p>', **PLAIN)
            self.table = gr.Dataframe(
                headers=list(COLUMNS), datatype=["number", "str", "number", "number"], type="array", interactive=True,
                row_count=68, column_count=4, static_columns=[0, 1],
                show_label=False, max_height=330, elem_id="td-express-table", buttons=[],
            )  # fmt: skip

    def _motion(self, latest: bool) -> None:
        gr.HTML(f'<p class="td-hint">{MOVING}</p>', **PLAIN)
        names = [(item.title, name) for name, item in performances().items()]
        self.performance = gr.Dropdown(
            names, value=None, label="Performance", visible=bool(names), elem_id="td-express-performance"
        )
        self.latest = gr.Button("My latest motion from the tab Talk", size="sm", visible=latest)
        self.motion_file = gr.File(show_label=False, height=110, elem_id="td-express-motion")
        self.frame = gr.Slider(
            0, 10, value=0, step=0.04, label="Time (seconds)", interactive=False, elem_id="td-express-frame",
            buttons=[],
        )  # fmt: skip
        self.moving = gr.HTML("", elem_id="td-express-motion-source", **PLAIN)

    def _stage(self) -> None:
        with gr.Row(elem_id="td-express-pair", equal_height=True):
            with gr.Column(min_width=280):
                self.editor = landmark_editor(elem_id="td-express-editor")
            with gr.Column(min_width=280):
                self.result = before_after(elem_id="td-express-result")
        self.panel = gr.HTML(panel.note(IDLE), elem_id="td-express-panel", **PLAIN)
        self.trio = gr.HTML("", elem_id="td-express-trio", **PLAIN)
        self.strip = expression_strip(elem_id="td-express-strip")
        with gr.Row(elem_id="td-express-downloads"):
            self.save_png = gr.DownloadButton("Image (png)", size="sm", min_width=110, interactive=False)
            self.save_trio = gr.DownloadButton("Strip (png)", size="sm", min_width=110, interactive=False)
            self.save_json = gr.DownloadButton("Landmarks (json)", size="sm", min_width=110, interactive=False)
        self.map = manifold_map(self.manifold, elem_id="td-express-map")
