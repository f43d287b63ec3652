"""The tab "Compare": two settings of one speech in one view, with curves, figures and a blind vote."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.pipeline import SpeechToFace
from talkdemo.ui.compare import quality_plot
from talkdemo.ui.compare import result as shown
from talkdemo.ui.compare import vote as voting
from talkdemo.ui.compare.chart import comparison_chart
from talkdemo.ui.compare.film import PairFilm
from talkdemo.ui.compare.form import Form
from talkdemo.ui.compare.job import BLIND_CAPTIONS, SIDES, PairResult, run, stages
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.job import Report
from talkdemo.ui.parts.options import PLAIN, QUICK, Page
from talkdemo.ui.parts.runner import Runner
from talkdemo.ui.parts.sampling import read_seed
from talkdemo.ui.parts.visits import AGE, Visits
from talkdemo.ui.viewer.component import head_viewer

LABEL = "Both heads. Space plays and pauses, arrow keys step, dragging turns both, 0 resets the view."
LIPS = (
    "Lip distance colours every lip vertex of the left head by how far, in mm, it lies from the same vertex of the "
    "right one; turns of the heads do not count. The figure beside the scale is the farthest vertex of the frame."
)


class CompareTab(Runner):
    """The tab's components and handlers."""

    def __init__(
        self,
        pipelines: Mapping[str, SpeechToFace],
        visits: Visits,
        characters: Sequence[str],
        examples: Sequence[Path] = (),
    ) -> None:
        super().__init__(visits, "-compare")
        self.pipelines, self.form = pipelines, Form(pipelines, characters, examples)
        self.film = PairFilm(visits)

    def pressed(self, request: gr.Request) -> Page:
        """The button Compare, at once: the video of the comparison before is no longer wanted."""
        self.film.replaced(request)
        return self.waiting(request, stages({"first": "First", "second": "Second"}))

    def compare(self, request: gr.Request, *values: Any) -> Iterator[Page]:
        """The button Compare, with what `form.inputs` hold, then the votes so far: yields what changes on the page."""
        *chosen, ballots = values
        *_, seed, randomise, _ = chosen
        seed = read_seed(seed, randomise)
        try:
            pair = self.form.read(*chosen, seed=seed)
            if pair.blind:
                pair = replace(pair, order=voting.order(pair.titles, ballots))
        except ValueError as error:
            yield self.ended(panel.failed(str(error)))
            return
        first = panel.progress(Report("decode", 0.0), pair.stages)
        yield {**self.working(True), self.form.seed: seed, self.panel: first}
        yield from self.run(request, partial(run, self.pipelines, pair), pair.stages, self.finished)

    def finished(self, result: PairResult) -> Page:
        """The page with a result; a blind one keeps names, curves, figures and files back."""
        page: Page = {
            self.poster: gr.update(visible=False),
            self.panel: shown.facts(result),
            self.vote_row: gr.update(visible=bool(result.pair.blind)),
            self.answer: gr.update(value="", visible=False),
            self.sealed: None,
            self.result: result,
        }
        if not result.pair.blind:
            return page | self.opened(result)
        return page | {
            self.player: gr.update(value=result.take(sealed=True), visible=True),
            self.about: gr.update(visible=True),
            self.question: voting.question(result),
            self.chart: gr.update(value="", visible=False),
            self.figures: gr.update(value="", visible=False),
            self.downloads: gr.update(visible=False),
            self.sealed: result,
            **self.film.begun(),
        }

    def opened(self, result: PairResult) -> Page:
        """Names, curves, figures and files; without files and heads when those are gone: a vote came after the hour."""
        page: Page = {
            self.chart: gr.update(value=comparison_chart(result.comparison, result.speech, result.order), visible=True),
            self.figures: gr.update(value=shown.figures(result), visible=True),
            **self.film.begun(),
        }
        files = (result.summary, *result.archives)
        if all(path.is_file() for path in (*files, result.sound)):
            buttons = (self.save_record, self.save_first, self.save_second)
            page |= {button: gr.update(value=str(path)) for button, path in zip(buttons, files, strict=True)}
            page[self.downloads] = gr.update(visible=True)
            page[self.player] = gr.update(value=result.take(sealed=False), visible=True)
            page[self.about] = gr.update(visible=True)
        return page

    def vote(self, side: str, result: PairResult | None, ballots: voting.Ballots) -> Page:
        """One of the three buttons; the second press of a double click finds nothing sealed."""
        if result is None:
            return {self.vote_row: gr.update(visible=False)}
        ballots = voting.cast(result, side, ballots)
        folder = result.summary.parent  # gone when the vote comes after the hour
        saved = gr.update(value=str(voting.write(ballots, folder)), visible=True) if folder.is_dir() else gr.update()
        return {
            self.vote_row: gr.update(visible=False),
            self.answer: gr.update(value=voting.answer(result, ballots), visible=True),
            self.sealed: None,
            self.ballots: ballots,
            self.save_votes: saved,
            **self.opened(result),
        }

    def build(self) -> None:
        """Lay the tab out and connect it; to be called inside gr.Blocks."""
        gr.set_static_paths([self.visits.jobs])
        with gr.Row(elem_id="td-compare"):
            with gr.Column(scale=4, min_width=320, elem_id="td-compare-choices"):
                self.form.build()
            with gr.Column(scale=7, min_width=340, elem_id="td-compare-stage"):
                self._stage()
        gr.HTML(steps_plot(), elem_id="td-quality", **PLAIN)
        self._connect()

    def _stage(self) -> None:
        first = self.form.characters[0]
        self.poster = gr.HTML(shown.poster(first), elem_id="td-compare-poster", **PLAIN)
        self.player = head_viewer("td-compare-head", heads=2, chart="compare-chart", label=LABEL, visible=False)
        self.about = gr.HTML(f'<p class="td-small">{LIPS}</p>', visible=False, elem_id="td-compare-about", **PLAIN)
        self.panel = gr.HTML(panel.note(shown.IDLE), elem_id="td-compare-panel", **PLAIN)
        with gr.Column(visible=False, elem_id="td-vote") as self.vote_row:
            self.question = gr.HTML(**PLAIN)
            with gr.Row(elem_id="td-votes"):
                titles = (*BLIND_CAPTIONS, "I see no difference")
                self.votes = {
                    side: gr.Button(title, min_width=90, size="md", elem_id=f"td-vote-{side}")
                    for side, title in zip((*SIDES, voting.NO_DIFFERENCE), titles, strict=True)
                }
        self.answer = gr.HTML(visible=False, elem_id="td-answer", **PLAIN)
        self.save_votes = gr.DownloadButton("Your votes (CSV)", size="sm", visible=False, elem_id="td-save-votes")
        self.result, self.sealed = (gr.State(None, time_to_live=AGE) for _ in range(2))  # they stay on the server
        self.chart = gr.HTML(visible=False, elem_id="td-compare-chart", **PLAIN)
        self.figures = gr.HTML(visible=False, elem_id="td-figures", **PLAIN)
        with gr.Row(visible=False, elem_id="td-compare-downloads", elem_classes="td-downloads") as self.downloads:
            self.save_record = gr.DownloadButton("Figures (JSON)", size="sm", min_width=100)
            self.save_first = gr.DownloadButton("First motion (npz)", size="sm", min_width=100)
            self.save_second = gr.DownloadButton("Second motion (npz)", size="sm", min_width=100)
        self.film.build(self.result, self.sealed)
        self.ballots = gr.State((), time_to_live=24 * 3600)

    def _connect(self) -> None:
        form = self.form
        self.start, self.cancel = form.compare, form.stop
        opened = [
            self.chart, self.figures, self.downloads, self.save_record, self.save_first, self.save_second, self.player,
            self.about, self.vote_row, self.answer, self.sealed, *self.film.outputs,
        ]  # fmt: skip
        outputs = [form.seed, self.poster, self.question, self.result, *opened]
        self.connect_job(self.pressed, self.compare, [*form.inputs, self.ballots], outputs)
        for side, button in self.votes.items():
            voted = [*opened, self.ballots, self.save_votes]
            button.click(partial(self.vote, side), [self.sealed, self.ballots], voted, **QUICK)
        self.film.connect(self.player)
        form.character.change(shown.poster, form.character, self.poster, **QUICK)


def steps_plot() -> str:
    """The plots of the shipped tables, or one sentence."""
    try:
        return quality_plot.plots()
    except ValueError as error:
        return panel.failed(str(error))
