"""The tab "Talk": speech and choices on the left, the talking head with its plot, timings and files on the right."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.gcgan.edit import Expresser
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Motion
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.job import Report
from talkdemo.ui.parts.library import address
from talkdemo.ui.parts.options import JOBS, PLAIN, PRIVATE, QUICK, Page
from talkdemo.ui.parts.runner import Runner
from talkdemo.ui.parts.sampling import read_seed
from talkdemo.ui.parts.scripted import scripted_html
from talkdemo.ui.parts.visits import AGE, Visits
from talkdemo.ui.talk import result as shown
from talkdemo.ui.talk.api import Endpoints
from talkdemo.ui.talk.chart import motion_chart
from talkdemo.ui.talk.examples import open_examples
from talkdemo.ui.talk.form import Form
from talkdemo.ui.talk.job import GONE, Opening, Talk, on_stage, stages, talk, write
from talkdemo.ui.talk.portrait import TalkPortrait
from talkdemo.ui.talk.video import QUIET, TalkVideo
from talkdemo.ui.viewer.component import head_viewer
from talkdemo.ui.viewer.take import Take

FILES = {
    "glb": "Head (GLB)",
    "csv": "Live Link Face (CSV)",
    "npz": "Motion (npz)",
    "json": "Summary",
    "zip": "All (zip)",
}


class Stage:
    """What the head's value is while a talk arrives, piece by piece."""

    def __init__(self, character: str) -> None:
        self.character, self.whole = character, False
        self.value: dict[str, Any] | None = None

    def arrives(self, piece: Opening | Motion) -> dict[str, Any]:
        """The new value. ValueError for a motion that cannot be shown."""
        if isinstance(piece, Opening):
            self.take = Take([self.character], piece.frames, sound=piece.sound)
            self.value = self.take.value()
        else:
            self.value = self.take.append(piece)
        return self.value

    def ends(self) -> dict[str, Any]:
        """Nothing more will come. ValueError if something is missing."""
        self.value, self.whole = self.take.finish(), True
        return self.value


class TalkTab(Runner):
    """The tab's components and handlers."""

    def __init__(
        self,
        pipelines: Mapping[str, SpeechToFace],
        visits: Visits,
        characters: Sequence[str],
        examples: Sequence[Path] = (),
        expresser: Expresser | None = None,
        videos: str = QUIET,
    ) -> None:
        """`pipelines` by model, in the order in which they are offered; without `expresser` there is no portrait;
        `videos`: one of talk.video.POLICIES."""
        super().__init__(visits)
        self.pipelines, self.expresser = pipelines, expresser
        self.form = Form(pipelines, visits, characters, examples)
        self.examples = open_examples(examples)
        self.film = TalkVideo(self.form.pipeline, visits, videos)
        self.portrait: TalkPortrait | None = None

    def pressed(self, model: str, request: gr.Request) -> Page:
        """The button Generate, at once: the video of the talk before is no longer wanted."""
        self.film.replaced(request)
        return self.waiting(request, stages(model))

    def generate(self, values: dict[gr.components.Component, Any], request: gr.Request) -> Iterator[Page]:
        """The button Generate, with what every component of `form.inputs` holds: yields what changes on the page."""
        form = self.form
        seed = read_seed(values[form.seed], values[form.randomise])
        try:
            asked = form.read(values, seed)
        except ValueError as error:
            yield {**self.ended(panel.failed(str(error))), self.due: None}
            return
        character, bars = values[form.character], stages(asked.model)
        first = panel.progress(Report("decode", 0.0), bars)
        yield {**self.working(True), form.seed: seed, self.panel: first, self.due: None}
        stage = Stage(character)

        def finished(result: Talk) -> Page:
            return {self.head: stage.ends(), **self.showing(result), self.due: result.name}

        work = partial(talk, self.pipelines, asked)
        for page in self.run(request, work, bars, finished, lambda piece: {self.head: stage.arrives(piece)}):
            # said again beside every report: gradio then sends nothing of it, and otherwise all of it next time
            yield {self.head: stage.value, **page} if stage.value else page
        # gradio repeats the last page whole; half a talk leaves the stage
        yield self.cleared() if stage.value and not stage.whole else {form.seed: seed}

    def showing(self, talk: Talk) -> Page:
        """The page around a talk; the head itself is another matter."""
        return {
            self.talk: talk,
            self.panel: shown.facts(talk),
            self.chart: gr.HTML(motion_chart(talk.motion, talk.speech()), visible=True),
            self.timings: gr.HTML(shown.timings(talk), visible=True),
            self.downloads: gr.Row(visible=True),
            **self.film.begun(),
            **(self.portrait.begun() if self.portrait else {}),
        }

    def stop(self, request: gr.Request) -> Page:
        """The stop button: half a talk leaves the stage."""
        return {**super().stop(request), **self.cleared()}

    def cleared(self) -> Page:
        """No talk, and nothing around one."""
        hidden = {
            part: gr.update(visible=False) for part in (self.chart, self.timings, self.downloads, self.film.section)
        }
        return {self.head: None, self.talk: None, **hidden}

    def play(self, picked: tuple[int, Any], character: str, request: gr.Request) -> Page:
        """An example was picked, by its place: what it gave at default settings, from the shipped files."""
        example = self.examples.get(self.form.examples[picked[0]].stem)
        if example is None:
            return {self.due: None}
        self.film.replaced(request)
        page = {**self.showing(example), self.due: None, self.head: on_stage(example, character)}
        return {**page, self.panel: shown.example(example)}

    def recast(self, character: str, talk: Talk | None) -> Page:
        """Another character is chosen: it says the same."""
        staged = talk or next(iter(self.examples.values()), None)
        return {self.head: on_stage(staged, character, muted=talk is None) if staged else gr.skip()}

    def save(self, kind: str, talk: Talk | None, character: str, request: gr.Request) -> Page:
        """A download button: the file is made now, in a folder of the visitor's own."""
        try:
            if talk is None:
                raise ValueError(GONE)
            with self.visits.job(f"{request.session_hash}-files") as job:
                path = write(kind, self.form.pipeline.face, talk, character, job.folder)
                job.finished = True
        except Exception as error:
            return {self.panel: panel.failed(panel.sentence(error))}
        return {self.link: {"url": address(path), "name": path.name}}

    def _saver(self, kind: str) -> Callable[..., Page]:
        def press(talk: Talk | None, character: str, request: gr.Request) -> Page:  # gradio reads these types
            return self.save(kind, talk, character, request)

        return press

    def build(self) -> None:
        """Lay the tab out and connect it; to be called inside gr.Blocks."""
        gr.set_static_paths([self.visits.jobs])
        self.talk, self.due = gr.State(None, time_to_live=AGE), gr.State(None, time_to_live=AGE)
        with gr.Row(elem_id="td-talk"):
            with gr.Column(scale=5, min_width=340, elem_id="td-choices"):
                self.form.build()
            with gr.Column(scale=6, min_width=340, elem_id="td-stage"):
                self._stage()
        self._connect()

    def _stage(self) -> None:
        example = next(iter(self.examples.values()), None)
        first = on_stage(example, self.form.characters[0], muted=True, loop=True) if example else None
        self.head = head_viewer(chart="motion-chart", value=first)
        self.panel = gr.HTML(shown.idle(example is not None), elem_id="td-panel", **PLAIN)
        self.chart = gr.HTML(visible=False, elem_id="td-chart", **PLAIN)
        with gr.Row(visible=False, elem_id="td-downloads") as self.downloads:
            self.saves = {
                kind: gr.Button(title, size="sm", min_width=90, elem_id=f"td-save-{kind}")
                for kind, title in FILES.items()
            }
        self.link = scripted_html("", "download.js", elem_id="td-link-file")
        self.wanted = gr.Checkbox(True, label="Also make the video", elem_id="td-film-wanted", container=False)
        self.timings = gr.HTML(visible=False, elem_id="td-timings", render=False, **PLAIN)
        self.film.build(self.talk, self.head, self.timings)
        if self.expresser is not None:
            self.portrait = TalkPortrait(self.expresser, self.visits, self.talk)
            self.portrait.build()
        self.timings.render()

    def _connect(self) -> None:
        form = self.form
        self.start, self.cancel = form.generate, form.stop
        around = [
            self.due, self.talk, self.head, self.chart, self.timings, self.downloads, *self.film.outputs,
            *(self.portrait.outputs if self.portrait else ()),
        ]  # fmt: skip
        generated = self.connect_job(
            self.pressed, self.generate, form.inputs, [form.seed, *around], form.model, emptied=[*self.cleared()]
        )
        self.film.connect(form.character, generated, self.due, self.wanted)
        if form.picked is not None:
            form.picked.click(self.play, [form.picked, form.character], [self.panel, *around], **QUICK)
        form.character.change(self.recast, [form.character, self.talk], self.head, **QUICK)
        for kind, button in self.saves.items():
            files: dict[str, Any] = {**PRIVATE, "concurrency_id": "files", "concurrency_limit": 1}
            button.click(self._saver(kind), [self.talk, form.character], [self.link, self.panel], **files)
        if self.portrait:
            self.portrait.connect()
        Endpoints(self.pipelines, self.visits, form).build(**JOBS)
