"""The tab "Compare": speech and two settings in; both heads in one player, curves, figures and a blind vote out."""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import unescape
from pathlib import Path

import gradio as gr

from talkdemo.compare import Setting, Talker, check
from talkdemo.pipeline import AUTO
from talkdemo.records import MAX_SEED, MAX_STEPS, MIN_STEPS, Speech, Stopped
from talkdemo.ui import compare_panel, library, panel, quality_plot
from talkdemo.ui.compare_chart import comparison_chart
from talkdemo.ui.compare_job import BLIND_CAPTIONS, SIDES, SIZE, Choice, Outcome, run
from talkdemo.ui.compare_panel import NO_DIFFERENCE, Tally
from talkdemo.ui.job import WAITING, Done, Report, follow
from talkdemo.ui.player import ab_player, showing
from talkdemo.ui.talk import DISTILLED, FULL, ONE_AT_A_TIME, PLAIN, example_label, first_model, read_model
from talkdemo.ui.visits import AGE, Visits

FEW = 8  # where the second slider stands when there is no student
AHEAD = {"decode": "Sound", "first": "First", "second": "Second", "render": "Draw both heads"}  # before a job's turn
QUICK = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
log = logging.getLogger(__name__)


class CompareTab:
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
        self.students = tuple(sorted(talker.students, reverse=True))

    def work(self, session: str, choice: Choice) -> Iterator[Report | Done[Outcome]]:
        """One job in a folder of its own; the folder is deleted unless the job reaches its end.

        Raises gr.Error in plain words for input that cannot be used, Stopped when it was stopped.
        """
        folder, stop = self.visits.begin(session)
        finished = False
        try:
            with contextlib.closing(follow(partial(run, self.talker, self.decode, choice, folder), stop)) as events:
                for event in events:
                    finished = isinstance(event, Done)
                    yield event
        except (Stopped, ValueError):
            raise
        except Exception as error:
            log.exception("a comparison failed")
            raise gr.Error("Something went wrong on the server; please try again.", print_exception=False) from error
        finally:
            self.visits.end(session, folder, stop, keep=finished)

    def pressed(self, request: gr.Request) -> dict:
        """The button Compare, at once: the job itself may have to wait in the queue."""
        self.visits.resume(visit(request))
        return {**self.working(True), self.panel: compare_panel.progress(Report(WAITING, 0.0), AHEAD)}

    def refused(self, request: gr.Request) -> dict:
        """The job never started: it was stopped while it waited, or the queue is full."""
        full = panel.failed("Too many visitors are waiting; please try again soon.")
        stopped = self.visits.was_stopped(visit(request))
        return {**self.working(False), self.panel: panel.stopped() if stopped else full}

    def compare(
        self,
        speech: str | None,
        first: str,
        first_steps: float,
        second: str,
        second_steps: float,
        identity: str,
        emotion: str,
        character: str,
        seed: float | None,
        randomise: bool,
        blind: bool,
        request: gr.Request,
    ) -> Iterator[dict]:
        """The button Compare: yields what changes on the page."""
        seed = secrets.randbelow(MAX_SEED + 1) if randomise or seed is None else int(seed)
        try:
            if speech is None:
                raise ValueError("There is no speech yet: record some, upload a file or pick an example.")
            settings = Setting(*read_model(first, first_steps)), Setting(*read_model(second, second_steps))
            check(settings, self.students)
            choice = Choice(Path(speech), settings, identity, emotion, character, seed, blind)
            start = compare_panel.progress(Report("decode", 0.0), choice.stages)
            yield {**self.working(True), self.seed: seed, self.panel: start}
            for event in self.work(visit(request), choice):
                if isinstance(event, Done):
                    yield self.finished(event.result)
                else:
                    yield {self.panel: compare_panel.progress(event, choice.stages)}
        except Stopped:
            yield {**self.working(False), self.panel: panel.stopped()}
        except ValueError as error:
            sentence = str(error)
            yield {**self.working(False), self.panel: panel.failed(sentence[:1].upper() + sentence[1:])}
        except gr.Error as error:
            yield {**self.working(False), self.panel: panel.failed(unescape(str(error.message)))}

    def finished(self, made: Outcome) -> dict:
        """The page with a result; a blind one keeps names, curves, figures and files back."""
        blind = made.choice.blind
        shown = {
            **self.working(False),
            self.poster: gr.update(visible=False),
            self.panel: compare_panel.facts(made),
            self.vote_row: gr.update(visible=blind),
            self.answer: gr.update(value="", visible=False),
        }
        if blind:
            return shown | {
                self.player: gr.update(value=showing(made.film, BLIND_CAPTIONS, SIZE), visible=True),
                self.question: compare_panel.question(made),
                self.chart: gr.update(value="", visible=False),
                self.figures: gr.update(value="", visible=False),
                self.downloads: gr.update(visible=False),
                self.sealed: made,
            }
        return shown | self.opened(made) | {self.sealed: None}

    def opened(self, made: Outcome) -> dict:
        """What a result tells of its two settings."""
        shown = {
            self.chart: gr.update(value=comparison_chart(made.figures, made.speech, made.order), visible=True),
            self.figures: gr.update(value=compare_panel.figures(made), visible=True),
        }
        with contextlib.suppress(FileNotFoundError):  # the files are gone when a vote comes after the hour
            files = (named(made), made.summary, *made.archives)
            buttons = (self.save_film, self.save_record, self.save_first, self.save_second)
            shown |= {button: gr.update(value=str(path)) for button, path in zip(buttons, files, strict=True)}
            shown[self.downloads] = gr.update(visible=True)
            shown[self.player] = gr.update(value=showing(made.film, made.titles, SIZE), visible=True)
        return shown

    def vote(self, side: str, made: Outcome | None, tally: Tally) -> dict:
        """One of the three buttons; a second press of one and the same vote finds nothing sealed."""
        if made is None:
            return {self.vote_row: gr.update(visible=False)}
        tally = tally.plus(made, side)
        return {
            self.vote_row: gr.update(visible=False),
            self.answer: gr.update(value=compare_panel.answer(made, side, tally), visible=True),
            self.sealed: None,
            self.tally: tally,
            **self.opened(made),
        }

    def stop(self, request: gr.Request) -> dict:
        """The button Stop: tells this visitor's comparison; gradio closes its generator."""
        self.visits.stop(visit(request))
        return {**self.working(False), self.panel: panel.stopped()}

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.visits.leave(visit(request))

    def working(self, yes: bool) -> dict:
        """Which of the two buttons can be pressed."""
        return {
            self.compare_button: gr.update(interactive=not yes),
            self.stop_button: gr.update(interactive=yes),
        }

    def build(self) -> None:
        """Lay the tab out and connect it; to be called inside gr.Blocks."""
        with gr.Row(elem_id="td-compare"):
            with gr.Column(scale=4, min_width=320, elem_id="td-compare-choices"):
                self._choices()
            with gr.Column(scale=7, min_width=340, elem_id="td-compare-stage", elem_classes="td-dark"):
                self._stage()
        gr.HTML(steps_plot(), elem_id="td-quality", **PLAIN)
        self._connect()

    def _choices(self) -> None:
        self.speech = gr.Audio(
            label="Speech", sources=["microphone", "upload"], type="filepath", elem_id="td-compare-speech", buttons=[],
            waveform_options=gr.WaveformOptions(waveform_color="#b9b3a6", waveform_progress_color="#d9532c"),
        )  # fmt: skip
        if self.examples:
            gr.Examples(
                [[str(path)] for path in self.examples], [self.speech], label="Or pick an example",
                example_labels=[example_label(path) for path in self.examples], api_visibility="private",
            )  # fmt: skip
        with gr.Row(elem_id="td-sides"):
            self.first, self.first_steps = self._side("First", "first", FULL, MAX_STEPS)
            quick = first_model(self.students)
            self.second, self.second_steps = self._side("Second", "second", quick, FEW)
        with gr.Row():
            names = [("auto (my voice)", AUTO), *((library.title(name), name) for name in self.talker.identities)]
            self.identity = gr.Dropdown(names, value=AUTO, label="Talking identity", min_width=130)
            moods = [("auto (my voice)", AUTO), *((name, name) for name in self.talker.emotions)]
            self.emotion = gr.Dropdown(moods, value=self.talker.emotions[0], label="Emotion", min_width=110)
        with gr.Row():
            faces = [(name.replace("-", " ").replace("_", " ").capitalize(), name) for name in self.characters]
            self.character = gr.Dropdown(faces, value=self.characters[0], label="Character", min_width=110)
            self.seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, min_width=110)
        with gr.Row(equal_height=True, elem_id="td-blind"):
            self.blind = gr.Checkbox(False, label="Blind test", info="vote first, names after", min_width=110)
            self.randomise = gr.Checkbox(True, label="New seed", info="each time", min_width=110)
        with gr.Row(elem_id="td-compare-buttons"):
            self.compare_button = gr.Button("Compare", variant="primary", scale=3, elem_id="td-compare-go")
            self.stop_button = gr.Button(
                "Stop", variant="stop", interactive=False, min_width=90, elem_id="td-compare-stop"
            )

    def _side(self, label: str, name: str, model: str, steps: int) -> tuple[gr.Dropdown, gr.Slider]:
        """Model and steps of one setting; a student has its own number of steps."""
        models = [("Full model", FULL), *((f"Student, {n} steps", f"{DISTILLED}{n}") for n in self.students)]
        with gr.Column(min_width=140, elem_classes=["td-side", f"td-{name}"]):
            chosen = gr.Dropdown(models, value=model, label=label, elem_id=f"td-{name}-model")
            slider = gr.Slider(
                MIN_STEPS, MAX_STEPS, value=steps, step=1, label="Steps", visible=model == FULL,
                elem_id=f"td-{name}-steps",
            )  # fmt: skip
        return chosen, slider

    def _stage(self) -> None:
        self.poster = gr.HTML(compare_panel.poster(self.characters[0]), elem_id="td-compare-poster", **PLAIN)
        self.player = ab_player(visible=False, elem_id="td-compare-player")
        self.panel = gr.HTML(compare_panel.idle(), elem_id="td-compare-panel", **PLAIN)
        with gr.Column(visible=False, elem_id="td-vote") as self.vote_row:
            self.question = gr.HTML(**PLAIN)
            with gr.Row(elem_id="td-votes"):
                titles = (*BLIND_CAPTIONS, "I see no difference")
                self.votes = {
                    side: gr.Button(title, min_width=90, size="md", elem_id=f"td-vote-{side}")
                    for side, title in zip((*SIDES, NO_DIFFERENCE), titles, strict=True)
                }
        self.answer = gr.HTML(visible=False, elem_id="td-answer", **PLAIN)
        self.chart = gr.HTML(visible=False, elem_id="td-compare-chart", **PLAIN)
        self.figures = gr.HTML(visible=False, elem_id="td-figures", **PLAIN)
        with gr.Row(visible=False, elem_id="td-compare-downloads", elem_classes="td-downloads") as self.downloads:
            self.save_film = gr.DownloadButton("Video (mp4)", size="sm", min_width=100)
            self.save_record = gr.DownloadButton("Figures (JSON)", size="sm", min_width=100)
            self.save_first = gr.DownloadButton("First motion (npz)", size="sm", min_width=100)
            self.save_second = gr.DownloadButton("Second motion (npz)", size="sm", min_width=100)
        self.sealed = gr.State(None, time_to_live=AGE)  # stays on the server
        self.tally = gr.State(Tally(), time_to_live=24 * 3600)

    def _connect(self) -> None:
        choices = [
            self.speech, self.first, self.first_steps, self.second, self.second_steps, self.identity, self.emotion,
            self.character, self.seed, self.randomise, self.blind,
        ]  # fmt: skip
        told = [
            self.chart, self.figures, self.downloads, self.save_film, self.save_record, self.save_first,
            self.save_second, self.player, self.vote_row, self.answer, self.sealed,
        ]  # fmt: skip
        buttons = [self.compare_button, self.stop_button, self.panel]
        pressed = self.compare_button.click(
            self.pressed, None, buttons, trigger_mode="once", scroll_to_output=True, **QUICK
        )
        page = [*buttons, self.seed, self.poster, self.question, *told]
        private = {"api_visibility": "private", "show_progress": "hidden"}
        job = pressed.then(self.compare, choices, page, **private, **ONE_AT_A_TIME)
        job.failure(self.refused, None, buttons, **QUICK)
        self.stop_button.click(self.stop, None, buttons, cancels=[job], **QUICK)
        for side, button in self.votes.items():
            button.click(partial(self.vote, side), [self.sealed, self.tally], [*told, self.tally], **QUICK)
        for model, steps in ((self.first, self.first_steps), (self.second, self.second_steps)):
            model.change(lambda chosen: gr.update(visible=chosen == FULL), model, steps, **QUICK)
        self.character.change(compare_panel.poster, self.character, self.poster, **QUICK)


def visit(request: gr.Request) -> str:
    """This tab's own name for a session, so that Stop in one tab does not end the other's job."""
    return f"{request.session_hash}-compare"


def named(made: Outcome) -> Path:
    """The film under a name that says what stands left and right; for after the vote."""
    left, right = (made.choice.settings[side].name for side in made.order)
    path = made.film.with_name(f"left-{left}-right-{right}.mp4")
    if not path.exists():
        shutil.copyfile(made.film, path)
    return path


def steps_plot() -> str:
    """The plot of the shipped table, or one sentence."""
    try:
        return quality_plot.quality_plot(quality_plot.read())
    except ValueError as error:
        return panel.failed(str(error))
