"""The tab "Talk": speech and choices in, a talking head with its plot, timings and files out."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from html import escape, unescape
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.records import MAX_SEED, Speech, Stopped
from talkdemo.ui.express.job import Expresses
from talkdemo.ui.parts import chart, library, panel, portraits
from talkdemo.ui.parts.job import WAITING, Done, Report, follow
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.reference.chooser import visit as clip_visit
from talkdemo.ui.talk.api import Endpoints
from talkdemo.ui.talk.form import Form
from talkdemo.ui.talk.job import STAGES, Choice, Outcome, Talker, talk
from talkdemo.ui.talk.portrait import TalkPortrait

ONE_AT_A_TIME = {"concurrency_id": "sampler", "concurrency_limit": 1}
PLAIN = {"apply_default_css": False, "padding": False}
log = logging.getLogger(__name__)


class TalkTab:
    """The tab's components and handlers. The handlers are plain methods and generators: tests call them."""

    def __init__(
        self,
        talkers: Mapping[str, Talker],
        decode: Callable[[Path, str], Speech],
        visits: Visits,
        characters: Sequence[str],
        examples: Sequence[Path] = (),
        expresser: Expresses | None = None,
    ) -> None:
        """`talkers` by the name of their model, in the order in which they are offered; without `expresser` no portrait
        follows a talk."""
        self.talkers, self.decode, self.visits = talkers, decode, visits
        self.form = Form(talkers, visits, characters, examples)
        self.portrait = TalkPortrait(expresser, visits) if expresser is not None else None

    def run(self, session: str, choice: Choice, outlives: bool = False) -> Iterator[Report | Done[Outcome]]:
        """One job in a folder of its own; the folder is deleted unless the job reaches its end.

        Raises gr.Error in plain words for input that cannot be used, Stopped when it was stopped.
        """
        folder, stop = self.visits.begin(session, outlives)
        finished = False
        try:
            work = partial(talk, self.talkers, self.decode, choice, folder)
            with contextlib.closing(follow(work, stop)) as events:
                for event in events:
                    finished = isinstance(event, Done)
                    yield event
        except Stopped:
            raise
        except ValueError as error:
            raise gr.Error(escape(str(error), quote=False), print_exception=False) from error
        except Exception as error:
            log.exception("a job failed")
            raise gr.Error(panel.BROKEN, print_exception=False) from error
        finally:
            self.visits.end(session, folder, stop, keep=finished)

    def pressed(self, model: str, request: gr.Request) -> dict:
        """The button Generate, at once: the job itself may have to wait in the queue."""
        self.visits.resume(request.session_hash)
        return {**self.working(True), self.panel: panel.progress(Report(WAITING, 0.0), STAGES[model])}

    def refused(self, request: gr.Request) -> dict:
        """The job never started: it was stopped while it waited, or the queue is full."""
        full = panel.failed("Too many visitors are waiting; please try again soon.")
        stopped = self.visits.was_stopped(request.session_hash)
        return {**self.working(False), self.panel: panel.stopped() if stopped else full}

    def generate(self, given: dict[gr.components.Component, Any], request: gr.Request) -> Iterator[dict]:
        """The button Generate, with what every component of `form.inputs` holds: yields what changes on the page."""
        seed = given[self.form.seed]
        seed = secrets.randbelow(MAX_SEED + 1) if given[self.form.randomise] or seed is None else int(seed)
        try:
            choice = self.form.read(given, seed)
            first = panel.progress(Report("decode", 0.0), choice.stages)
            yield {**self.working(True), self.form.seed: seed, self.panel: first}
            for event in self.run(request.session_hash, choice):
                done = isinstance(event, Done)
                yield self.finished(event.result) if done else {self.panel: panel.progress(event, choice.stages)}
        except Stopped:
            yield {**self.working(False), self.panel: panel.stopped()}
        except ValueError as error:
            yield {**self.working(False), self.panel: panel.failed(str(error))}
        except gr.Error as error:
            yield {**self.working(False), self.panel: panel.failed(unescape(str(error.message)))}

    def stop(self, request: gr.Request) -> dict:
        """The button Stop: tells this visitor's job; gradio closes its generator."""
        self.visits.stop(request.session_hash)
        return {**self.working(False), self.panel: panel.stopped()}

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        for visit in (request.session_hash, clip_visit(request)):
            self.visits.leave(visit)
        if self.portrait:
            self.portrait.leave(request)

    def working(self, yes: bool) -> dict:
        """Which of the two buttons can be pressed."""
        return {
            self.form.generate: gr.Button(interactive=not yes),
            self.form.stop: gr.Button(interactive=yes),
        }

    def finished(self, made: Outcome) -> dict:
        """The page with a result."""
        return {
            **self.working(False),
            self.poster: gr.HTML(visible=False),
            self.video: gr.Video(str(made.video), visible=True),
            self.panel: panel.result(made),
            self.chart: gr.HTML(chart.motion_chart(made.motion, made.speech), visible=True),
            self.timings: gr.HTML(panel.timings(made), visible=True),
            self.downloads: gr.Row(visible=True),
            self.save_video: gr.DownloadButton(value=str(made.video)),
            self.save_csv: gr.DownloadButton(value=str(made.csv)),
            self.save_npz: gr.DownloadButton(value=str(made.npz)),
            **(self.portrait.begun(made) if self.portrait else {}),
        }

    def build(self) -> None:
        """Lay the tab out and connect it; to be called inside gr.Blocks."""
        gr.set_static_paths([library.FOLDER, portraits.PREVIEWS])  # our own pictures and films, nothing else
        with gr.Row(elem_id="td-talk"):
            with gr.Column(scale=5, min_width=340, elem_id="td-choices"):
                self.form.build()
            with gr.Column(scale=6, min_width=340, elem_id="td-stage"):
                self._stage()
        self._connect()

    def _stage(self) -> None:
        self.poster = gr.HTML(portraits.poster(self.form.characters[0]), elem_id="td-poster", **PLAIN)
        self.video = gr.Video(
            visible=False, autoplay=True, show_label=False, interactive=False, buttons=[], elem_id="td-video",
        )  # fmt: skip
        self.panel = gr.HTML(
            panel.idle(portraits.film(self.form.characters[0]) is not None), elem_id="td-panel", **PLAIN
        )
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
        page = [
            form.generate, form.stop, form.seed, self.poster, self.video, self.panel, self.chart, self.timings,
            self.downloads, self.save_video, self.save_csv, self.save_npz,
            *(self.portrait.fed if self.portrait else ()),
        ]  # fmt: skip
        private = {"api_visibility": "private", "show_progress": "hidden"}
        buttons = [form.generate, form.stop, self.panel]
        pressed = form.generate.click(
            self.pressed, form.model, buttons, queue=False, trigger_mode="once", scroll_to_output=True, **private
        )
        job = pressed.then(self.generate, form.inputs, page, **private, **ONE_AT_A_TIME)
        job.failure(self.refused, None, buttons, queue=False, **private)
        form.stop.click(self.stop, None, buttons, cancels=[job], queue=False, **private)
        form.character.change(portraits.poster, form.character, self.poster, queue=False, **private)
        if self.portrait:
            self.portrait.connect(**ONE_AT_A_TIME)
        Endpoints(self, **ONE_AT_A_TIME).build()
