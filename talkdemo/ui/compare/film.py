"""The rendered video of a comparison: both heads side by side, drawn when it is asked for, behind all motion."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import gradio as gr

from talkdemo.ui.compare.job import PairResult, draw
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.film import STAGES, Film
from talkdemo.ui.parts.library import address
from talkdemo.ui.parts.options import PLAIN, Page
from talkdemo.ui.parts.visits import Visits

GONE = "There is no comparison to draw: please compare again."


class PairFilm(Film):
    """Components and handlers. The comparison lies in the visitor's own state, the video in a folder of theirs."""

    def __init__(self, visits: Visits) -> None:
        super().__init__(visits, "-pair-video")

    def build(self, result: gr.State, sealed: gr.State) -> None:
        """To be called inside gr.Blocks; `result` and `sealed` (the same while it awaits a vote) are the page's."""
        self.result, self.sealed = result, sealed
        with gr.Column(visible=False, elem_id="td-pair-film") as self.section:
            self.panel = gr.HTML("", elem_id="td-pair-film-status", **PLAIN)
            with gr.Row(elem_classes="td-downloads"):
                self.buttons("td-pair-film", 80)
                self.save = gr.DownloadButton(
                    "Video (mp4)", size="sm", min_width=100, visible=False, elem_id="td-pair-film-save"
                )
        self.outputs = [self.section, self.panel, self.save, self.start, self.cancel]

    def begun(self) -> Page:
        """Another comparison is there, or this one may be named: no video of it yet."""
        return {
            self.section: gr.update(visible=True),
            self.panel: "",
            self.save: gr.update(visible=False),
            **self.working(False),
        }

    def render(
        self, result: PairResult | None, sealed: PairResult | None, value: dict | None, request: gr.Request
    ) -> Iterator[Page]:
        """The job: yields what changes on the page. `value`: the viewer's, which shows the video if it cannot draw."""
        if result is None:
            yield self.ended(panel.failed(GONE))
            return

        def finished(path: Path) -> Page:
            shown = {**value, "video": address(path)} if value else gr.skip()
            return {self.panel: "", self.save: gr.update(value=str(path), visible=True), self.player: shown}

        yield from self.run(request, partial(draw, result, sealed is not None), STAGES, finished)

    def connect(self, player: gr.HTML) -> None:
        """The events; `player` is the viewer."""
        self.player = player
        self.connect_job(self.pressed, self.render, [self.result, self.sealed, player], [self.save, player])
