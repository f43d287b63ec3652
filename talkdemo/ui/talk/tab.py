"""The tab "Talk": speech and choices on the left, the talking head with its plot, timings and files on the right."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.gcgan.edit import Expresser
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Result
from talkdemo.ui.parts import panel, portraits
from talkdemo.ui.parts.job import Report
from talkdemo.ui.parts.options import ONE_AT_A_TIME, PLAIN, QUICK, Page
from talkdemo.ui.parts.runner import Runner
from talkdemo.ui.parts.sampling import read_seed
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.talk import result as shown
from talkdemo.ui.talk.api import Endpoints
from talkdemo.ui.talk.chart import motion_chart
from talkdemo.ui.talk.form import Form
from talkdemo.ui.talk.job import stages, talk
from talkdemo.ui.talk.portrait import TalkPortrait


class TalkTab(Runner):
    """The tab's components and handlers."""

    def __init__(
        self,
        pipelines: Mapping[str, SpeechToFace],
        visits: Visits,
        characters: Sequence[str],
        examples: Sequence[Path] = (),
        expresser: Expresser | None = None,
    ) -> None:
        """`pipelines` by model, in the order in which they are offered; without `expresser` there is no portrait."""
        super().__init__(visits)
        self.pipelines = pipelines
        self.form = Form(pipelines, visits, characters, examples)
        self.portrait = TalkPortrait(expresser, visits) if expresser is not None else None

    def pressed(self, model: str, request: gr.Request) -> Page:
        """The button Generate, at once."""
        return self.waiting(request, stages(model))

    def generate(self, values: dict[gr.components.Component, Any], request: gr.Request) -> Iterator[Page]:
        """The button Generate, with what every component of `form.inputs` holds: yields what changes on the page."""
        form = self.form
        seed = read_seed(values[form.seed], values[form.randomise])
        try:
            asked = form.read(values, seed)
        except ValueError as error:
            yield self.ended(panel.failed(str(error)))
            return
        bars = stages(asked.model)
        yield {**self.working(True), form.seed: seed, self.panel: panel.progress(Report("decode", 0.0), bars)}
        yield from self.run(request, partial(talk, self.pipelines, asked), bars, self.finished)

    def finished(self, result: Result) -> Page:
        """The page with a result."""
        video, csv, npz = map(str, (result.outputs.video, result.outputs.csv, result.outputs.npz))
        return {
            self.poster: gr.HTML(visible=False),
            self.video: gr.Video(video, visible=True),
            self.panel: shown.facts(result),
            self.chart: gr.HTML(motion_chart(result.motion, result.speech), visible=True),
            self.timings: gr.HTML(shown.timings(result), visible=True),
            self.downloads: gr.Row(visible=True),
            self.save_video: gr.DownloadButton(value=video),
            self.save_csv: gr.DownloadButton(value=csv),
            self.save_npz: gr.DownloadButton(value=npz),
            **(self.portrait.begun(result) if self.portrait else {}),
        }

    def build(self) -> None:
        """Lay the tab out and connect it; to be called inside gr.Blocks."""
        gr.set_static_paths([portraits.PREVIEWS])
        with gr.Row(elem_id="td-talk"):
            with gr.Column(scale=5, min_width=340, elem_id="td-choices"):
                self.form.build()
            with gr.Column(scale=6, min_width=340, elem_id="td-stage"):
                self._stage()
        self._connect()

    def _stage(self) -> None:
        first = self.form.characters[0]
        self.poster = gr.HTML(portraits.poster(first), elem_id="td-poster", **PLAIN)
        self.video = gr.Video(
            visible=False, autoplay=True, show_label=False, interactive=False, buttons=[], elem_id="td-video",
        )  # fmt: skip
        self.panel = gr.HTML(shown.idle(portraits.preview(first) is not None), elem_id="td-panel", **PLAIN)
        if self.portrait:
            self.portrait.build()
        self.chart = gr.HTML(visible=False, elem_id="td-chart", **PLAIN)
        with gr.Row(visible=False, elem_id="td-downloads") as self.downloads:
            self.save_video = gr.DownloadButton("Video (mp4)", size="sm", min_width=100)
            self.save_csv = gr.DownloadButton("Live Link Face (CSV)", size="sm", min_width=100)
            self.save_npz = gr.DownloadButton("Motion (npz)", size="sm", min_width=100)
        self.timings = gr.HTML(visible=False, elem_id="td-timings", **PLAIN)

    def _connect(self) -> None:
        form = self.form
        self.start, self.cancel = form.generate, form.stop
        outputs = [
            form.seed, self.poster, self.video, self.chart, self.timings, self.downloads, self.save_video,
            self.save_csv, self.save_npz, *(self.portrait.outputs if self.portrait else ()),
        ]  # fmt: skip
        self.connect_job(self.pressed, self.generate, form.inputs, outputs, form.model)
        form.character.change(portraits.poster, form.character, self.poster, **QUICK)
        if self.portrait:
            self.portrait.connect()
        Endpoints(self.pipelines, self.visits, form).build(**ONE_AT_A_TIME)
