"""The section "Portrait" under a talk: a portrait makes the face of the moment the head shows, or a whole video."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from talkdemo.film import portrait as portrait_film
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.gallery import open_gallery
from talkdemo.gcgan.portrait import Portrait
from talkdemo.records import FPS, SAMPLES_PER_FRAME, Speech
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.faces import PHOTO, FaceChooser, data_uri, open_photo
from talkdemo.ui.parts.job import Reporter
from talkdemo.ui.parts.marked import marked
from talkdemo.ui.parts.options import PLAIN, PRIVATE, Page
from talkdemo.ui.parts.runner import Runner
from talkdemo.ui.parts.scripted import scripted_html
from talkdemo.ui.parts.turns import VIDEO
from talkdemo.ui.parts.visits import AGE, Visits
from talkdemo.ui.talk.job import GONE, Talk

HINT = "Choose a portrait: it makes the expression that the head shows."
NO_PORTRAIT = "There is no portrait yet: choose one, upload a photograph, or take one with the webcam."
MOMENT = (
    f'<figure class="td-moment empty" data-fps="{FPS}"><img alt="The portrait at this moment of the talk" '
    f'draggable="false"><figcaption>{HINT}</figcaption></figure>'
)
STAGES = {"portrait": "Render portrait"}
SHOWN = 0.3  # seconds between two frames that are shown while the video is made
MARKED = 256  # pixels of the chosen portrait beside its landmarks


class TalkPortrait(Runner):
    """Holds nothing of a visitor: talk and portrait lie in the visitor's own states, the video in the visitor's own
    folder."""

    def __init__(self, expresser: Expresser, visits: Visits, talk: gr.State) -> None:
        """`talk`: what the page shows."""
        super().__init__(visits, "-portrait", VIDEO)
        self.expresser, self.talk = expresser, talk
        self.chooser = FaceChooser("talk-portrait", PHOTO)

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        title = "Portrait: a photograph with the same expressions"
        with gr.Accordion(title, open=False, visible=False, elem_id="td-portrait") as self.section:
            with gr.Row(elem_id="td-portrait-row"):
                with gr.Column(min_width=230, scale=5):
                    self.moment = scripted_html(MOMENT, "talk_portrait.js", elem_id="td-moment")
                with gr.Column(min_width=250, scale=6, elem_classes="td-express", elem_id="td-portrait-choice"):
                    self.chooser.build(None)
                    self.source = gr.HTML("", elem_id="td-portrait-source", **PLAIN)
            self.turning = gr.Checkbox(
                True, label="The head turns with the motion", elem_id="td-portrait-turns", container=False
            )
            self.panel = gr.HTML("", elem_id="td-portrait-status", **PLAIN)
            with gr.Row(elem_id="td-portrait-buttons"):
                self.start = gr.Button(
                    "Portrait video", variant="primary", scale=3, interactive=False, elem_id="td-portrait-make"
                )
                self.cancel = gr.Button(
                    "Stop", variant="stop", interactive=False, min_width=90, elem_id="td-portrait-stop"
                )
            self.video = gr.Video(
                visible=False, autoplay=True, show_label=False, interactive=False, buttons=[],
                elem_id="td-portrait-video",
            )  # fmt: skip
            self.save = gr.DownloadButton("Portrait video (mp4)", size="sm", visible=False, elem_id="td-portrait-save")
        self.portrait = gr.State(None, time_to_live=AGE)
        self.folder = gr.State(None, time_to_live=AGE)  # of the latest video
        self.outputs = [self.section, self.video, self.save, self.panel]  # what `begun` changes

    def begun(self) -> Page:
        """Another talk: the section appears, the portrait video of the talk before goes."""
        return {
            self.section: gr.Accordion(visible=True),
            self.video: gr.Video(None, visible=False),
            self.save: gr.DownloadButton(visible=False),
            self.panel: "",
        }

    def chosen(self, name: str) -> Page:
        """Somebody of the gallery."""
        if not name:
            return {self.panel: gr.skip()}
        return self._tried(lambda: self._opened(open_gallery(name)))

    def photographed(self, path: str | None) -> Page:
        """A visitor's photograph, which is deleted once it is read."""
        page: Page = {self.panel: gr.skip()}
        if path is not None:
            photo = Path(path)
            page = self._tried(lambda: {**self._opened(open_photo(photo)), self.chooser.gallery: None})
            self.visits.discard(photo)
        return {**page, self.chooser.upload: None}

    def _opened(self, portrait: Portrait) -> Page:
        framed = portrait_film.crop(portrait)
        return {
            self.portrait: framed,
            self.source: marked(portrait_film.crop(portrait, MARKED), "Chosen"),
            self.moment: {"image": data_uri(framed.image), "seconds": None},
            self.start: gr.Button(interactive=True),
            self.panel: "",
        }

    def sought(self, event: gr.EventData, talk: Talk | None, portrait: Portrait | None) -> Page:
        """The head stands at another moment: the portrait's face at that moment."""
        seconds = event._data.get("seconds")
        if talk is None or portrait is None or not isinstance(seconds, int | float):
            return {self.moment: gr.skip()}
        return self._tried(
            lambda: {self.moment: {"image": data_uri(self.image(talk, portrait, seconds)), "seconds": seconds}}
        )

    def image(self, talk: Talk, portrait: Portrait, seconds: float) -> np.ndarray:
        """(H, W, 3) uint8: the portrait with the face of one moment."""
        frame = int(np.clip(seconds * talk.motion.fps + 1e-3, 0, len(talk.motion) - 1))
        (target,) = self.expresser.follow(portrait, talk.motion.coefficients[frame : frame + 1])
        return self.expresser.express(portrait, target)

    def _tried(self, handler: Any) -> Page:
        try:
            return handler()
        except Exception as error:
            return {self.panel: panel.failed(panel.sentence(error))}

    def pressed(self, request: gr.Request) -> Page:
        """The button Portrait video, at once."""
        return self.waiting(request, STAGES)

    def render(
        self, talk: Talk | None, portrait: Portrait | None, former: Path | None, turns: bool, request: gr.Request
    ) -> Iterator[Page]:
        """The job: yields what changes on the page, frames of the video among it as they are made. A former video goes
        when this one is there."""
        if talk is None or portrait is None:
            yield self.ended(panel.failed(NO_PORTRAIT if talk else GONE))
            return

        def finished(path: Path) -> Page:
            if former is not None:
                self.visits.drop(self.session(request), former)
            return {
                self.panel: "",
                self.video: gr.Video(str(path), visible=True),
                self.save: gr.DownloadButton(value=str(path), visible=True),
                self.folder: path.parent,
            }

        def shown(moment: tuple[float, np.ndarray]) -> Page:
            seconds, frame = moment
            return {self.moment: {"image": data_uri(frame), "seconds": seconds}}

        work = partial(render, self.expresser, talk, portrait, turns)
        yield from self.run(request, work, STAGES, finished, shown)

    def connect(self) -> None:
        """The events."""
        faces: dict[str, Any] = {**PRIVATE, "concurrency_id": "talk-portrait", "concurrency_limit": 2}
        shown = [self.moment, self.panel]
        self.chooser.connect(
            self.chosen, self.photographed, [], [self.portrait, self.start, self.source, *shown], **faces
        )
        inputs = [self.talk, self.portrait]
        self.moment.select(self.sought, inputs, shown, trigger_mode="always_last", **faces)
        changed = [self.moment, self.video, self.save, self.folder]
        self.connect_job(self.pressed, self.render, [*inputs, self.folder, self.turning], changed)


def render(
    expresser: Expresser,
    talk: Talk,
    portrait: Portrait,
    turns: bool,
    folder: Path,
    report: Reporter,
    stop: threading.Event,
) -> Path:
    """The video of a whole talk, its sound cut or filled to the length of the motion; a frame every SHOWN seconds is a
    piece of it."""
    path = folder / "portrait.mp4"
    samples = np.zeros(len(talk.motion) * SAMPLES_PER_FRAME, np.float32)
    sound = talk.speech().samples[: len(samples)]
    samples[: len(sound)] = sound
    due = 0.0

    def shown(number: int, frame: np.ndarray) -> None:
        nonlocal due
        if (now := time.monotonic()) >= due:
            due = now + SHOWN
            report.piece((number / talk.motion.fps, frame), rest=False)

    portrait_film.write(
        path, expresser, portrait, talk.motion, Speech(samples), turns=turns, progress=report, shown=shown, stop=stop
    )
    return path
