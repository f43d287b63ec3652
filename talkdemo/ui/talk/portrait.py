"""A talk and a portrait in; the portrait's face at the moment the video shows, and a film of it that talks, out."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from talkdemo.film import portrait as portrait_video
from talkdemo.gcgan.gallery import FOLDER, gallery, open_gallery
from talkdemo.gcgan.portrait import Portrait
from talkdemo.records import FPS, SAMPLES_PER_FRAME, Motion, Speech, Stopped
from talkdemo.ui.express.form import PHOTO, PLAIN, FaceChooser
from talkdemo.ui.express.job import Expresses, data_uri, open_photo
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.job import WAITING, Done, Report, Reporter, follow
from talkdemo.ui.parts.scripted import scripted_html
from talkdemo.ui.parts.visits import AGE, Visits

if TYPE_CHECKING:
    from talkdemo.ui.talk.job import Outcome

HINT = "Choose a portrait: it makes the face of the moment that the video shows."
NO_TALK = "There is no talk any more: please generate one again."
NO_PORTRAIT = "There is no portrait yet: choose one, upload a photograph, or take one with the webcam."
STILL = (
    f'<figure class="td-moment empty" data-fps="{FPS}"><img alt="The portrait at this moment of the video" '
    f'draggable="false"><figcaption>{HINT}</figcaption></figure>'
)
QUICK = {"show_progress": "hidden", "api_visibility": "private"}
log = logging.getLogger(__name__)
Page = dict[gr.components.Component, Any]


@dataclass(frozen=True)
class Talk:
    """What a portrait follows."""

    motion: Motion
    speech: Speech


class TalkPortrait:
    """The section "Portrait" under a video. Holds nothing of a visitor: talk and portrait lie in the visitor's own
    states, the film in the visitor's own folder."""

    def __init__(self, expresser: Expresses, visits: Visits) -> None:
        self.expresser, self.visits = expresser, visits

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        if gallery():
            gr.set_static_paths([FOLDER])
        self.chooser = FaceChooser("talk-portrait", PHOTO)
        title = "Portrait: a photograph makes the same face"
        with gr.Accordion(title, open=False, visible=False, elem_id="td-portrait") as self.section:
            with gr.Row(elem_id="td-portrait-row"):
                with gr.Column(min_width=230, scale=5):
                    self.moment = scripted_html(STILL, "talk_portrait.js", elem_id="td-moment")
                with gr.Column(min_width=250, scale=6, elem_classes="td-express", elem_id="td-portrait-choice"):
                    self.chooser.build(None)
            self.status = gr.HTML(visible=False, elem_id="td-portrait-status", **PLAIN)
            with gr.Row(elem_id="td-portrait-buttons"):
                self.make = gr.Button(
                    "Portrait video", variant="primary", interactive=False, elem_id="td-portrait-make"
                )
                self.cancel = gr.Button("Stop", variant="stop", visible=False, min_width=90, elem_id="td-portrait-stop")
            how = {"autoplay": True, "show_label": False, "interactive": False, "buttons": []}
            self.video = gr.Video(visible=False, elem_id="td-portrait-video", **how)
            self.save = gr.DownloadButton("Portrait video (mp4)", size="sm", visible=False, elem_id="td-portrait-save")
        self.talk = gr.State(None, time_to_live=AGE)
        self.portrait = gr.State(None, time_to_live=AGE)
        self.folder = gr.State(None, time_to_live=AGE)  # of the latest film

    @property
    def fed(self) -> list[gr.components.Component]:
        """What `begun` changes."""
        return [self.section, self.talk, self.video, self.save, self.status]

    def begun(self, made: Outcome) -> Page:
        """A talk was made: the section appears, a film of the talk before goes."""
        return {
            self.section: gr.Accordion(visible=True),
            self.talk: Talk(made.motion, made.speech),
            self.video: gr.Video(None, visible=False),
            self.save: gr.DownloadButton(visible=False),
            self.status: gr.HTML(visible=False),
        }

    def chosen(self, name: str) -> Page:
        """Somebody of the gallery."""
        try:
            return self._seat(open_gallery(name))
        except ValueError as error:
            return self._failed(str(error))

    def photographed(self, path: str | None) -> Page:
        """A photograph of the visitor's, which is deleted once it is read."""
        page: Page = {self.status: gr.skip()}
        try:
            if path is not None:
                page = {**self._seat(open_photo(Path(path))), self.chooser.gallery: None}
        except ValueError as error:
            page = self._failed(str(error))
        except Exception:
            log.exception("a portrait could not be read")
            page = self._failed(panel.BROKEN)
        finally:
            if path is not None:
                self.visits.discard(Path(path))
        return {**page, self.chooser.upload: None}

    def _seat(self, portrait: Portrait) -> Page:
        framed = portrait_video.crop(portrait)
        return {
            self.portrait: framed,
            self.moment: {"picture": data_uri(framed.picture), "seconds": None},
            self.make: gr.Button(interactive=True),
            self.status: gr.HTML(visible=False),
        }

    def sought(self, event: gr.EventData, talk: Talk | None, portrait: Portrait | None) -> Page:
        """The video stands at another moment: the portrait's face at that moment."""
        seconds = event._data.get("seconds")
        if talk is None or portrait is None or not isinstance(seconds, int | float):
            return {self.moment: gr.skip()}
        try:
            return {self.moment: {"picture": data_uri(self.picture(talk, portrait, seconds)), "seconds": seconds}}
        except ValueError as error:
            return self._failed(str(error))
        except Exception:
            log.exception("a portrait could not be moved")
            return self._failed(panel.BROKEN)

    def picture(self, talk: Talk, portrait: Portrait, seconds: float) -> np.ndarray:
        """(H, W, 3) uint8: the portrait with the face of one moment."""
        frame = int(np.clip(seconds * talk.motion.fps + 1e-3, 0, len(talk.motion) - 1))
        (target,) = self.expresser.follow(portrait, talk.motion.coefficients[frame : frame + 1])
        return self.expresser.express(portrait, target)

    def pressed(self, request: gr.Request) -> Page:
        """The button Portrait video, at once: the job itself may have to wait in the queue."""
        self.visits.resume(visit(request))
        return {**self._working(True), self.status: gr.HTML(progress(Report(WAITING, 0.0)), visible=True)}

    def refused(self, request: gr.Request) -> Page:
        """The job never started: it was stopped while it waited, or the queue is full."""
        if self.visits.was_stopped(visit(request)):
            return {**self._working(False), self.status: gr.HTML(visible=False)}
        return self._failed("Too many visitors are waiting; please try again soon.")

    def film(
        self, talk: Talk | None, portrait: Portrait | None, former: Path | None, request: gr.Request
    ) -> Iterator[Page]:
        """The job: yields what changes on the page. A former film goes when this one is there."""
        if talk is None or portrait is None:
            yield self._failed(NO_PORTRAIT if talk else NO_TALK)
            return
        session = visit(request)
        folder, stop = self.visits.begin(session)
        path, kept = folder / "portrait.mp4", False
        work = partial(make, self.expresser, talk, portrait, path)
        try:
            with contextlib.closing(follow(work, stop)) as events:
                for event in events:
                    if isinstance(event, Done):
                        kept = True
                        if former is not None:
                            self.visits.drop(session, former)
                        yield self._shown(path)
                    else:
                        yield {self.status: gr.HTML(progress(event))}
        except Stopped:
            yield {**self._working(False), self.status: gr.HTML(visible=False)}
        except ValueError as error:
            yield self._failed(str(error))
        except Exception:
            log.exception("a portrait video failed")
            yield self._failed(panel.BROKEN)
        finally:
            self.visits.end(session, folder, stop, keep=kept)

    def stop(self, request: gr.Request) -> Page:
        """The button Stop."""
        self.visits.stop(visit(request))
        return {**self._working(False), self.status: gr.HTML(visible=False)}

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.visits.leave(visit(request))

    def _shown(self, path: Path) -> Page:
        return {
            **self._working(False),
            self.status: gr.HTML(visible=False),
            self.video: gr.Video(str(path), visible=True),
            self.save: gr.DownloadButton(value=str(path), visible=True),
            self.folder: path.parent,
        }

    def _failed(self, sentence: str) -> Page:
        return {**self._working(False), self.status: gr.HTML(panel.failed(sentence), visible=True)}

    def _working(self, yes: bool) -> Page:
        return {self.make: gr.Button(interactive=not yes), self.cancel: gr.Button(visible=yes)}

    def connect(self, **limits: Any) -> None:
        """The events; `limits` of the film, which is as much work as a talk."""
        page = [self.portrait, self.moment, self.make, self.cancel, self.status]
        faces = {**QUICK, "concurrency_id": "talk-portrait", "concurrency_limit": 2}
        self.chooser.connect(self.chosen, self.photographed, [], [*page, self.chooser.gallery], **faces)
        held = [self.talk, self.portrait]
        shown = [self.moment, self.make, self.cancel, self.status]
        self.moment.select(self.sought, held, shown, trigger_mode="always_last", **faces)
        buttons = [self.make, self.cancel, self.status]
        pressed = self.make.click(self.pressed, None, buttons, queue=False, trigger_mode="once", **QUICK)
        job = pressed.then(
            self.film, [*held, self.folder], [*buttons, self.video, self.save, self.folder], **QUICK, **limits
        )
        job.failure(self.refused, None, buttons, queue=False, **QUICK)
        self.cancel.click(self.stop, None, buttons, cancels=[job], queue=False, **QUICK)


def make(
    expresser: Expresses, talk: Talk, portrait: Portrait, path: Path, report: Reporter, stop: threading.Event
) -> None:
    """The film of a whole talk, with its sound cut or filled to the length of the motion."""
    samples = np.zeros(len(talk.motion) * SAMPLES_PER_FRAME, np.float32)
    heard = talk.speech.samples[: len(samples)]
    samples[: len(heard)] = heard
    sound = Speech(samples, talk.speech.name)
    portrait_video.write(path, expresser, portrait, talk.motion, sound, progress=report, stop=stop)


def progress(report: Report) -> str:
    """A bar, or that the job waits."""
    waits = report.stage == WAITING
    return panel.bar("Waiting for its turn …" if waits else "Drawing the portrait", report.fraction)


def visit(request: gr.Request) -> str:
    """A name of its own for a session: Stop and a new speech leave the portrait alone."""
    return f"{request.session_hash}-portrait"
