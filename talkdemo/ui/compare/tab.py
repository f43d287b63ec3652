"""The tab "Compare": speech and two settings in; both heads in one player, curves, figures and a blind vote out.

Each side has its own model, steps and manner: an identity for DiffusionTalker, a reference for DiffPoseTalk.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from html import unescape
from pathlib import Path

import gradio as gr

from talkdemo.compare.comparison import IDENTITIES, MODELS, REFERENCES, Setting, Talker, check
from talkdemo.pipeline import AUTO
from talkdemo.records import MAX_SEED, MAX_STEPS, MIN_STEPS, Speech, Stopped
from talkdemo.ui.compare import panel as compare_panel
from talkdemo.ui.compare import quality_plot
from talkdemo.ui.compare.chart import comparison_chart
from talkdemo.ui.compare.job import BLIND_CAPTIONS, SIDES, SIZE, Choice, Outcome, run
from talkdemo.ui.compare.panel import NO_DIFFERENCE, Tally
from talkdemo.ui.compare.player import ab_player, showing
from talkdemo.ui.parts import library, panel
from talkdemo.ui.parts.job import WAITING, Done, Report, follow
from talkdemo.ui.parts.speech import NO_SPEECH, speech_input, title
from talkdemo.ui.parts.visits import AGE, Visits
from talkdemo.ui.reference import gallery as references
from talkdemo.ui.talk.form import DISTILLED, FULL, first_model, read_model
from talkdemo.ui.talk.tab import ONE_AT_A_TIME, PLAIN

FEW = 8  # where the second slider stands when there is no student
OF = "/"  # between the name of a model and its way of sampling in the choice of a side: diffposetalk/distilled-8
AHEAD = {"decode": "Sound", "first": "First", "second": "Second", "render": "Draw both heads"}  # before a job's turn
QUICK = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
log = logging.getLogger(__name__)


class CompareTab:
    """The tab's components and handlers. The handlers are plain methods and generators: tests call them."""

    def __init__(
        self,
        talkers: Mapping[str, Talker] | Talker,  # by the model's name; one alone is DiffusionTalker
        decode: Callable[[Path, str], Speech],
        visits: Visits,
        characters: Sequence[str],
        examples: Sequence[Path] = (),
    ) -> None:
        talkers = talkers if isinstance(talkers, Mapping) else {IDENTITIES: talkers}
        self.talkers = {name: one for name, one in talkers.items() if name != REFERENCES or one.references}
        self.decode, self.visits = decode, visits
        self.characters, self.examples = list(characters), list(examples)

    def work(self, session: str, choice: Choice) -> Iterator[Report | Done[Outcome]]:
        """One job in a folder of its own; the folder is deleted unless the job reaches its end.

        Raises gr.Error in plain words for input that cannot be used, Stopped when it was stopped.
        """
        folder, stop = self.visits.begin(session)
        finished = False
        try:
            with contextlib.closing(follow(partial(run, self.talkers, self.decode, choice, folder), stop)) as events:
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
        first_who: str,
        second: str,
        second_steps: float,
        second_who: str,
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
                raise ValueError(NO_SPEECH)
            settings = setting(first, first_steps, first_who), setting(second, second_steps, second_who)
            check(settings, self.talkers)
            choice = Choice(Path(speech), settings, emotion, character, seed, blind)
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
        self.speech = speech_input(self.examples, "td-compare-speech")
        with gr.Row(elem_id="td-sides"):
            model, talker = next(iter(self.talkers.items()))
            self.first, self.first_steps, self.first_who = self._side("First", "first", model + OF + FULL, MAX_STEPS)
            quick = model + OF + first_model(sorted(talker.students, reverse=True))
            self.second, self.second_steps, self.second_who = self._side("Second", "second", quick, FEW)
        with gr.Row():
            moods = self.talkers[IDENTITIES].emotions if IDENTITIES in self.talkers else ("neutral",)
            self.emotion = gr.Dropdown(
                [("auto (my voice)", AUTO), *((name, name) for name in moods)], value=moods[0], label="Emotion",
                info="of DiffusionTalker" if len(self.talkers) > 1 else None, min_width=110,
            )  # fmt: skip
            faces = [(title(name), name) for name in self.characters]
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

    def _side(self, label: str, name: str, model: str, steps: int) -> tuple[gr.Dropdown, gr.Slider, gr.Dropdown]:
        """Model, steps and manner of one setting; a student has its own number of steps."""
        with gr.Column(min_width=140, elem_classes=["td-side", f"td-{name}"]):
            chosen = gr.Dropdown(self._models(), value=model, label=label, elem_id=f"td-{name}-model")
            manners = self._manners(model)
            with gr.Row():
                who = gr.Dropdown(
                    manners, value=manners[0][1], label=_asked(model), min_width=130, elem_id=f"td-{name}-who"
                )
                slider = gr.Slider(
                    MIN_STEPS, MAX_STEPS, value=steps, step=1, label="Steps", visible=model.endswith(OF + FULL),
                    min_width=150, elem_id=f"td-{name}-steps",
                )  # fmt: skip
        return chosen, slider, who

    def _models(self) -> list[tuple[str, str]]:
        """What a side can be: every model, full and distilled. One model alone goes without its name."""
        found = []
        for model, talker in self.talkers.items():
            ways = [("Full model", FULL)]
            ways += [(f"Student, {n} steps", f"{DISTILLED}{n}") for n in sorted(talker.students, reverse=True)]
            for name, way in ways:
                alone = len(self.talkers) == 1
                found.append((name if alone else f"{MODELS[model]} {name[0].lower()}{name[1:]}", model + OF + way))
        return found

    def _manners(self, chosen: str) -> list[tuple[str, str]]:
        """Whose manner a side can be in: title, name. The first is the one that stands there."""
        model = chosen.split(OF)[0]
        if model == REFERENCES:
            return [(references.title(name), name) for name in self.talkers[model].references]
        names = self.talkers[model].identities
        return [("auto (my voice)", AUTO), *((library.title(name), name) for name in names)]

    def model_chosen(self, chosen: str, who: str) -> tuple[dict, dict]:
        """Another model on one side: its slider, and its manners (the one that stands there stays if it can)."""
        manners = self._manners(chosen)
        kept = who if who in [name for _, name in manners] else manners[0][1]
        steps = gr.update(visible=chosen.endswith(OF + FULL))
        return steps, gr.update(choices=manners, value=kept, label=_asked(chosen))

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
            self.speech, self.first, self.first_steps, self.first_who, self.second, self.second_steps, self.second_who,
            self.emotion, self.character, self.seed, self.randomise, self.blind,
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
        sides = (self.first, self.first_steps, self.first_who), (self.second, self.second_steps, self.second_who)
        for model, steps, who in sides:
            model.change(self.model_chosen, [model, who], [steps, who], **QUICK)
        self.character.change(compare_panel.poster, self.character, self.poster, **QUICK)


def setting(chosen: str, steps: float, who: str) -> Setting:
    """The three choices of a side → its setting."""
    model, _, way = chosen.partition(OF)
    return Setting(*read_model(way, steps), model, who)


def _asked(chosen: str) -> str:
    """What the choice of a manner is called."""
    return "Reference" if chosen.split(OF)[0] == REFERENCES else "Talking identity"


def visit(request: gr.Request) -> str:
    """This tab's own name for a session, so that Stop in one tab does not end the other's job."""
    return f"{request.session_hash}-compare"


def named(made: Outcome) -> Path:
    """The film under a name that says what stands left and right; for after the vote."""
    left, right = (made.figures.takes.names[side] for side in made.order)
    path = made.film.with_name(f"left-{left}-right-{right}.mp4")
    if not path.exists():
        shutil.copyfile(made.film, path)
    return path


def steps_plot() -> str:
    """The plots of the shipped tables, or one sentence."""
    try:
        others = {name: quality_plot.read(quality_plot.TABLE.with_name(f)) for name, f in quality_plot.OTHERS.items()}
        measured = {name: table for name, table in others.items() if table}
        first = quality_plot.quality_plot(quality_plot.read(), MODELS[IDENTITIES] if measured else "")
        return first + "".join(quality_plot.quality_plot(table, name) for name, table in measured.items())
    except ValueError as error:
        return panel.failed(str(error))
