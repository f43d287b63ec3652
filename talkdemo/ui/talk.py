"""The tab "Talk": speech and choices in, a talking head with its plot, timings and files out."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path

import gradio as gr

from talkdemo.records import Speech, Stopped
from talkdemo.ui import chart, panel, portraits
from talkdemo.ui.job import WAITING, Done, Report, follow
from talkdemo.ui.talk_job import Choice, Outcome, Talker, talk
from talkdemo.ui.visits import Visits

SEEDS = 2**31
STEPS = (8, 512)
STEPS_AT_FIRST = 32  # full blinks, and still a small part of the time that drawing takes
ONE_AT_A_TIME = {"concurrency_id": "sampler", "concurrency_limit": 1}
PLAIN = {"apply_default_css": False, "padding": False}
ABOUT = "Make a 3D head speak. Returns the video, a Live Link Face CSV, an npz of the motion, and what was done."
log = logging.getLogger(__name__)


class TalkTab:
    """The tab's components and handlers. The handlers are plain methods and generators: tests call them."""

    def __init__(
        self,
        talker: Talker,
        decode: Callable[[Path, str], Speech],
        visits: Visits,
        characters: Sequence[str],
        examples: Sequence[Path] = (),
    ) -> None:
        self.talker, self.decode, self.visits = talker, decode, visits
        self.characters, self.examples = list(characters), list(examples)

    def run(self, session: str, choice: Choice, outlives: bool = False) -> Iterator[Report | Done[Outcome]]:
        """One job in a folder of its own; the folder is deleted unless the job reaches its end.

        Raises gr.Error in plain words for input that cannot be used, Stopped when it was stopped.
        """
        folder, stop = self.visits.begin(session, outlives)
        finished = False
        try:
            work = partial(talk, self.talker, self.decode, choice, folder)
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
            raise gr.Error("Something went wrong on the server; please try again.", print_exception=False) from error
        finally:
            self.visits.end(session, folder, stop, keep=finished)

    def pressed(self, request: gr.Request) -> dict:
        """The button Generate, at once: the job itself may have to wait in the queue."""
        self.visits.resume(request.session_hash)
        return {**self.working(True), self.panel: panel.progress(Report(WAITING, 0.0))}

    def refused(self, request: gr.Request) -> dict:
        """The job never started: it was stopped while it waited, or the queue is full."""
        full = panel.failed("Too many visitors are waiting; please try again soon.")
        stopped = self.visits.was_stopped(request.session_hash)
        return {**self.working(False), self.panel: panel.stopped() if stopped else full}

    def generate(
        self,
        speech: str | None,
        identity: str,
        emotion: str,
        character: str,
        steps: float,
        seed: float | None,
        randomise: bool,
        request: gr.Request,
    ) -> Iterator[dict]:
        """The button Generate: yields what changes on the page."""
        seed = secrets.randbelow(SEEDS) if randomise or seed is None else int(seed)
        if speech is None:
            sentence = "There is no speech yet: record some, upload a file or pick an example."
            yield {**self.working(False), self.panel: panel.failed(sentence)}
            return
        choice = Choice(Path(speech), identity, emotion, character, int(steps), seed)
        yield {**self.working(True), self.seed: seed, self.panel: panel.progress(Report("decode", 0.0))}
        try:
            for event in self.run(request.session_hash, choice):
                yield self.finished(event.result) if isinstance(event, Done) else {self.panel: panel.progress(event)}
        except Stopped:
            yield {**self.working(False), self.panel: panel.stopped()}
        except gr.Error as error:
            yield {**self.working(False), self.panel: panel.failed(_plain(error))}

    def generate_for_api(
        self,
        speech: str | None,
        identity: str,
        emotion: str,
        character: str,
        steps: float,
        seed: float,
        request: gr.Request,
    ) -> Iterator[tuple]:
        """The endpoint /talk: yields progress, then video, CSV, npz and the summary."""
        if speech is None:
            raise gr.Error("There is no speech: a sound or video file is wanted.", print_exception=False)
        choice = Choice(Path(speech), identity, emotion, character, int(steps), int(seed))
        try:
            for event in self.run(request.session_hash or "", choice, outlives=True):
                if isinstance(event, Done):
                    made = event.result
                    yield str(made.video), str(made.csv), str(made.npz), made.summary
                else:
                    yield None, None, None, {"stage": event.stage, "fraction": round(event.fraction, 3)}
        except Stopped:
            raise gr.Error("Stopped.", print_exception=False) from None

    def stop(self, request: gr.Request) -> dict:
        """The button Stop: tells this visitor's job; gradio closes its generator."""
        self.visits.stop(request.session_hash)
        return {**self.working(False), self.panel: panel.stopped()}

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.visits.leave(request.session_hash)

    def working(self, yes: bool) -> dict:
        """Which of the two buttons can be pressed."""
        return {
            self.generate_button: gr.Button(interactive=not yes),
            self.stop_button: gr.Button(interactive=yes),
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
        }

    def build(self) -> None:
        """Lay the tab out and connect it; to be called inside gr.Blocks."""
        with gr.Row(elem_id="td-talk"):
            with gr.Column(scale=5, min_width=340, elem_id="td-choices"):
                self._choices()
            with gr.Column(scale=6, min_width=340, elem_id="td-stage"):
                self._stage()
        self._connect()

    def _choices(self) -> None:
        self.speech = gr.Audio(
            label="Speech", sources=["microphone", "upload"], type="filepath", elem_id="td-speech", buttons=[],
            waveform_options=gr.WaveformOptions(waveform_color="#b9b3a6", waveform_progress_color="#d9532c"),
        )  # fmt: skip
        if self.examples:
            gr.Examples(
                [[str(path)] for path in self.examples], [self.speech], label="Or pick an example",
                example_labels=[example_label(path) for path in self.examples], api_visibility="private",
            )  # fmt: skip
        with gr.Row():
            names = [("auto (my voice)", "auto"), *((name, name) for name in self.talker.identities)]
            self.identity = gr.Dropdown(names, value="auto", label="Talking identity", min_width=180, scale=3)
            self.emotion = gr.Dropdown(
                list(self.talker.emotions), value=self.talker.emotions[0], label="Emotion", min_width=120, scale=2
            )
        self.character = gr.Radio(
            [(name.replace("-", " ").replace("_", " ").capitalize(), name) for name in self.characters],
            value=self.characters[0], label="Character", elem_id="td-character",
        )  # fmt: skip
        self.steps = gr.Slider(
            *STEPS, value=STEPS_AT_FIRST, step=1, label="Sampling steps",
            info="8 is quickest; more make fuller blinks and take longer",
        )  # fmt: skip
        with gr.Row(equal_height=True, elem_id="td-seed"):
            self.seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=SEEDS - 1, min_width=120)
            self.randomise = gr.Checkbox(True, label="New seed each time", min_width=120)
        with gr.Row(elem_id="td-buttons"):
            self.generate_button = gr.Button("Generate", variant="primary", scale=3, elem_id="td-generate")
            self.stop_button = gr.Button("Stop", variant="stop", interactive=False, min_width=90, elem_id="td-stop")

    def _stage(self) -> None:
        self.poster = gr.HTML(portraits.poster(self.characters[0]), elem_id="td-poster", **PLAIN)
        self.video = gr.Video(
            visible=False, autoplay=True, show_label=False, interactive=False, buttons=[], elem_id="td-video",
        )  # fmt: skip
        self.panel = gr.HTML(panel.idle(), elem_id="td-panel", **PLAIN)
        self.chart = gr.HTML(visible=False, elem_id="td-chart", **PLAIN)
        with gr.Row(visible=False, elem_id="td-downloads") as self.downloads:
            self.save_video = gr.DownloadButton("Video (mp4)", size="sm", min_width=100)
            self.save_csv = gr.DownloadButton("Live Link Face (CSV)", size="sm", min_width=100)
            self.save_npz = gr.DownloadButton("Motion (npz)", size="sm", min_width=100)
        self.timings = gr.HTML(visible=False, elem_id="td-timings", **PLAIN)

    def _connect(self) -> None:
        choices = [self.speech, self.identity, self.emotion, self.character, self.steps, self.seed]
        page = [
            self.generate_button, self.stop_button, self.seed, self.poster, self.video, self.panel, self.chart,
            self.timings, self.downloads, self.save_video, self.save_csv, self.save_npz,
        ]  # fmt: skip
        private = {"api_visibility": "private", "show_progress": "hidden"}
        buttons = [self.generate_button, self.stop_button, self.panel]
        pressed = self.generate_button.click(
            self.pressed, None, buttons, queue=False, trigger_mode="once", scroll_to_output=True, **private
        )
        job = pressed.then(self.generate, [*choices, self.randomise], page, **private, **ONE_AT_A_TIME)
        job.failure(self.refused, None, buttons, queue=False, **private)
        self.stop_button.click(self.stop, None, buttons, cancels=[job], queue=False, **private)
        self.character.change(portraits.poster, self.character, self.poster, queue=False, **private)

        for_api = [gr.Video(visible=False), gr.File(visible=False), gr.File(visible=False), gr.JSON(visible=False)]
        gr.Button(visible=False).click(
            self.generate_for_api, choices, for_api, api_name="talk", api_description=ABOUT, **ONE_AT_A_TIME
        )


def example_label(path: Path) -> str:
    """examples/speech/ada-happy.wav → Ada happy"""
    return path.stem.replace("-", " ").replace("_", " ").capitalize()


def _plain(error: gr.Error) -> str:
    from html import unescape

    return unescape(str(error.message))
