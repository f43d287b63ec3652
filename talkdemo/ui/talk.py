"""The tab "Talk": speech and choices in, a talking head with its plot, timings and files out."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.pipeline import AUTO, Guidance
from talkdemo.records import DEFAULT_STEPS, MAX_GUIDANCE, MAX_SEED, MAX_STEPS, MIN_STEPS, Speech, Stopped
from talkdemo.ui import chart, library, panel, portraits
from talkdemo.ui.job import WAITING, Done, Report, follow
from talkdemo.ui.talk_job import Choice, Outcome, Talker, talk
from talkdemo.ui.visits import Visits

STEPS_OF_FULL = 64  # where the slider of the full model stands at first
DISTILLED, FULL = "distilled-", "full"  # values of the choice "Model": distilled-8, …, full
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

    def generate(self, given: dict[gr.components.Component, Any], request: gr.Request) -> Iterator[dict]:
        """The button Generate, with what every component of `self.choices` holds: yields what changes on the page."""
        seed, speech = given[self.seed], given[self.speech]
        seed = secrets.randbelow(MAX_SEED + 1) if given[self.randomise] or seed is None else int(seed)
        if speech is None:
            sentence = "There is no speech yet: record some, upload a file or pick an example."
            yield {**self.working(False), self.panel: panel.failed(sentence)}
            return
        steps, distilled = read_model(given[self.model], given[self.steps])
        choice = Choice(
            Path(speech),
            library.mix(given[self.library.identity], given[self.library.other], given[self.library.share]),
            given[self.emotion],
            given[self.character],
            steps,
            seed,
            distilled,
            Guidance(given[self.guidance_audio], given[self.guidance_style]),
        )
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
        full: bool,
        blend_with: str,
        share: float,
        guidance_audio: float,
        guidance_style: float,
        request: gr.Request,
    ) -> Iterator[tuple]:
        """The endpoint /talk: yields progress, then video, CSV, npz and the summary."""
        if speech is None:
            raise gr.Error("There is no speech: a sound or video file is wanted.", print_exception=False)
        if identity == AUTO and blend_with != library.NOBODY:
            raise gr.Error("auto cannot be part of a blend: two names are wanted.", print_exception=False)
        choice = Choice(
            Path(speech),
            library.mix(identity, blend_with, share),
            emotion,
            character,
            int(steps),
            int(seed),
            False if full else None,
            Guidance(guidance_audio, guidance_style),
        )
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
        gr.set_static_paths([library.FOLDER, portraits.PREVIEWS])  # our own pictures and films, nothing else
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
        self.library = library.Library(self.talker.identities)
        self.library.build()
        self.emotion = gr.Dropdown(
            [("auto (from the voice)", AUTO), *((name, name) for name in self.talker.emotions)],
            value=self.talker.emotions[0], label="Emotion", min_width=120,
        )  # fmt: skip
        self.character = gr.Radio(
            [(name.replace("-", " ").replace("_", " ").capitalize(), name) for name in self.characters],
            value=self.characters[0], label="Character", elem_id="td-character",
        )  # fmt: skip
        with gr.Row(elem_id="td-buttons"):
            self.generate_button = gr.Button("Generate", variant="primary", scale=3, elem_id="td-generate")
            self.stop_button = gr.Button("Stop", variant="stop", interactive=False, min_width=90, elem_id="td-stop")
        with gr.Accordion("Advanced", open=False, elem_id="td-advanced"):
            self._advanced()

    def _advanced(self) -> None:
        students = self.talker.students
        models = [(f"{n} steps, distilled (fast)", f"{DISTILLED}{n}") for n in sorted(students, reverse=True)]
        self.model = gr.Radio(
            [*models, ("full model", FULL)], value=first_model(students), visible=bool(students), label="Model",
            elem_id="td-model",
        )  # fmt: skip
        self.steps = gr.Slider(
            MIN_STEPS, MAX_STEPS, value=STEPS_OF_FULL if students else DEFAULT_STEPS, step=1, label="Sampling steps",
            info="of the full model: more take longer", visible=not students, elem_id="td-steps",
        )  # fmt: skip
        self.model.change(
            lambda model: gr.Slider(visible=model == FULL), self.model, self.steps, queue=False,
            show_progress="hidden", api_visibility="private",
        )  # fmt: skip
        weights = {"minimum": 0, "maximum": MAX_GUIDANCE, "value": 1.0, "step": 0.1}
        self.guidance_audio = gr.Slider(
            **weights, label="Guidance by the speech", info="1 is plain; more makes the mouth follow it harder"
        )
        self.guidance_style = gr.Slider(
            **weights, label="Guidance by the style", info="1 is plain; more exaggerates identity and emotion"
        )
        with gr.Row(equal_height=True, elem_id="td-seed"):
            self.seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, min_width=120)
            self.randomise = gr.Checkbox(True, label="New seed each time", min_width=120)

    def _stage(self) -> None:
        self.poster = gr.HTML(portraits.poster(self.characters[0]), elem_id="td-poster", **PLAIN)
        self.video = gr.Video(
            visible=False, autoplay=True, show_label=False, interactive=False, buttons=[], elem_id="td-video",
        )  # fmt: skip
        self.panel = gr.HTML(panel.idle(portraits.film(self.characters[0]) is not None), elem_id="td-panel", **PLAIN)
        self.chart = gr.HTML(visible=False, elem_id="td-chart", **PLAIN)
        with gr.Row(visible=False, elem_id="td-downloads") as self.downloads:
            self.save_video = gr.DownloadButton("Video (mp4)", size="sm", min_width=100)
            self.save_csv = gr.DownloadButton("Live Link Face (CSV)", size="sm", min_width=100)
            self.save_npz = gr.DownloadButton("Motion (npz)", size="sm", min_width=100)
        self.timings = gr.HTML(visible=False, elem_id="td-timings", **PLAIN)

    def _connect(self) -> None:
        weights = [self.guidance_audio, self.guidance_style]
        who = [self.library.identity, self.library.other, self.library.share]
        self.choices = {
            self.speech, *who, self.emotion, self.character, self.model, self.steps, *weights, self.seed, self.randomise
        }  # fmt: skip
        page = [
            self.generate_button, self.stop_button, self.seed, self.poster, self.video, self.panel, self.chart,
            self.timings, self.downloads, self.save_video, self.save_csv, self.save_npz,
        ]  # fmt: skip
        private = {"api_visibility": "private", "show_progress": "hidden"}
        buttons = [self.generate_button, self.stop_button, self.panel]
        pressed = self.generate_button.click(
            self.pressed, None, buttons, queue=False, trigger_mode="once", scroll_to_output=True, **private
        )
        job = pressed.then(self.generate, self.choices, page, **private, **ONE_AT_A_TIME)
        job.failure(self.refused, None, buttons, queue=False, **private)
        self.stop_button.click(self.stop, None, buttons, cancels=[job], queue=False, **private)
        self.character.change(portraits.poster, self.character, self.poster, queue=False, **private)

        steps = gr.Slider(MIN_STEPS, MAX_STEPS, value=DEFAULT_STEPS, step=1, label="steps", visible=False)
        full = gr.Checkbox(False, label="full: the full model even where a distilled one does it", visible=False)
        for_api = [gr.Video(visible=False), gr.File(visible=False), gr.File(visible=False), gr.JSON(visible=False)]
        given = [self.speech, who[0], self.emotion, self.character, steps, self.seed, full, *who[1:], *weights]
        gr.Button(visible=False).click(
            self.generate_for_api, given, for_api, api_name="talk", api_description=ABOUT, **ONE_AT_A_TIME
        )


def first_model(students: Sequence[int]) -> str:
    """The choice made at first: the student of DEFAULT_STEPS, else the one of most steps, else the full model."""
    if not students:
        return FULL
    return f"{DISTILLED}{DEFAULT_STEPS if DEFAULT_STEPS in students else max(students)}"


def read_model(model: str, steps: float) -> tuple[int, bool]:
    """The two choices "Model" and "Sampling steps" → steps, and whether the student of so many is wanted."""
    return (int(steps), False) if model == FULL else (int(model.removeprefix(DISTILLED)), True)


def example_label(path: Path) -> str:
    """examples/speech/ada-happy.wav → Ada happy"""
    return path.stem.replace("-", " ").replace("_", " ").capitalize()


def _plain(error: gr.Error) -> str:
    from html import unescape

    return unescape(str(error.message))
