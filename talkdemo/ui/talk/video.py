"""The rendered video of a talk: drawn after the motion, in a queue behind all motion, where it is wanted."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from talkdemo.pipeline import SpeechToFace
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.film import STAGES, Film
from talkdemo.ui.parts.options import PLAIN, QUICK, Page
from talkdemo.ui.parts.turns import MOTION, VIDEO
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.talk import result as shown
from talkdemo.ui.talk.job import GONE, Talk, draw, on_stage

# When the video of a new talk is drawn without a press of the button, if its visitor has not switched it off: while
# nobody waits for motion or a video; always; never.
QUIET, ALWAYS, REQUEST = POLICIES = ("quiet", "always", "request")
OTHERS = "Others are waiting, so the video is made when you ask for it."


class TalkVideo(Film):
    """Components and handlers. The talk lies in the visitor's own state, the video in the visitor's own folder."""

    def __init__(self, pipeline: SpeechToFace, visits: Visits, policy: str = QUIET) -> None:
        """ValueError unless `policy` is one of POLICIES."""
        if policy not in POLICIES:
            raise ValueError(f"videos {policy!r} were asked for; one of {', '.join(POLICIES)} is wanted")
        super().__init__(visits, "-video")
        self.pipeline, self.policy = pipeline, policy

    def build(self, talk: gr.State, head: gr.HTML, timings: gr.HTML) -> None:
        """To be called inside gr.Blocks; the arguments are the page's."""
        self.talk, self.head, self.timings = talk, head, timings
        self.flat = gr.State(False)  # the browser cannot draw the head: the video takes its place
        with gr.Column(visible=False, elem_id="td-film") as self.section:
            self.panel = gr.HTML("", elem_id="td-film-status", **PLAIN)
            with gr.Row(elem_id="td-film-buttons"):
                self.buttons("td-film", 90, scale=3)
            self.video = gr.Video(
                visible=False, show_label=False, interactive=False, buttons=[], elem_id="td-video",
            )  # fmt: skip
            self.save = gr.DownloadButton("Video (mp4)", size="sm", visible=False, elem_id="td-film-save")
        self.outputs = [self.section, self.panel, self.video, self.save, self.start, self.cancel]

    def begun(self) -> Page:
        """Another talk: the section appears, without the video of the talk before."""
        return {
            self.section: gr.Column(visible=True),
            self.panel: "",
            self.video: gr.Video(None, visible=False),
            self.save: gr.DownloadButton(visible=False),
            **self.working(False),
        }

    def render(self, talk: Talk | None, character: str, flat: bool, request: gr.Request) -> Iterator[Page]:
        """The job: yields what changes on the page."""
        if talk is None:
            yield self.ended(panel.failed(GONE))
            return

        def finished(drawn: Talk) -> Page:
            return {
                self.panel: "",
                self.video: gr.Video(str(drawn.video), visible=True),
                self.save: gr.DownloadButton(value=str(drawn.video), visible=True),
                self.talk: drawn,
                self.timings: gr.HTML(shown.timings(drawn)),
                **({self.head: on_stage(drawn, character, play=False)} if flat else {}),
            }

        work = partial(draw, self.pipeline, talk, character)
        yield from self.run(request, work, STAGES, finished)

    def follow_up(
        self, talk: Talk | None, due: str | None, wanted: bool, character: str, flat: bool, request: gr.Request
    ) -> Iterator[Page]:
        """A press of Generate has ended; `due` is the name of the talk that it gave, if it gave one."""
        drawn = talk is None or due is None or talk.video is not None  # or there is nothing to draw
        if drawn or not (flat or (wanted and self.policy != REQUEST)):
            yield {self.panel: gr.skip()}
        elif not flat and self.policy == QUIET and MOTION.waiting + VIDEO.waiting:
            yield {self.panel: panel.note(OTHERS)}
        else:
            yield self.waiting(request, STAGES)
            yield from self.render(talk, character, flat, request)

    def failed(self, event: gr.EventData) -> bool:
        """The head's viewer says what it lacks."""
        return event._data.get("fault") == "webgl"

    def connect(self, character: gr.components.Component, generated: Any, due: gr.State, wanted: gr.Checkbox) -> None:
        """The events; `generated` is that of Generate."""
        self.connect_job(
            self.pressed, self.render, [self.talk, character, self.flat],
            [self.video, self.save, self.talk, self.timings, self.head],
            after=(generated, self.follow_up, [self.talk, due, wanted, character, self.flat]),
        )  # fmt: skip
        self.head.error(self.failed, None, self.flat, **QUICK)
