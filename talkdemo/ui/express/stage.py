"""Shows what a visitor's portrait makes of its target: image, strip, map, numbers and files."""

from dataclasses import replace

import gradio as gr
import numpy as np

from talkdemo.gcgan.edit import Expresser
from talkdemo.records import Stopped
from talkdemo.ui.express import job as express_job
from talkdemo.ui.express.before_after import comparing, sweeping
from talkdemo.ui.express.form import Form
from talkdemo.ui.express.job import PRESET, STRIP, WAY, Session
from talkdemo.ui.express.landmark_editor import editing, table
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.options import Page
from talkdemo.ui.parts.visits import AGE, Visits

GONE = "Your portrait has been deleted, as everything is within the hour: please choose it again."
NO_PORTRAIT = "There is no portrait: choose one, upload a photograph of a face, or take one with the webcam."


class Stage:
    """The right side of the tab. Holds nothing of a visitor, whose session lies in a state of the page."""

    def __init__(self, expresser: Expresser, visits: Visits, form: Form) -> None:
        """To be called inside gr.Blocks."""
        self.expresser, self.visits, self.form = expresser, visits, form
        self.session = gr.State(None, time_to_live=AGE)

    def show(self, session: Session, request: gr.Request, amount: float, along: str) -> Page:
        """The page with a result, which takes the place of the former one."""
        form, portrait, target = self.form, session.portrait, session.target
        before, view = session.folder / "portrait.jpg", express_job.view_of(portrait)
        expression = express_job.express(self.expresser, session, amount, along)
        with self.visits.job(name_of(request)) as job:
            after = express_job.write_view(job.folder / "after.jpg", expression.image, view)
            png, marks = express_job.write_result(job.folder, portrait, expression)
            way = self.expresser.path(portrait, session.points, WAY, along)[:, : len(expression.points)]
            places = self.expresser.place(portrait, np.concatenate([way, expression.points[None]]))
            if not before.is_file():
                raise ValueError(GONE)
            job.finished = True
        if session.result is not None:
            self.visits.drop(name_of(request), session.result)
        preset = target.name if target.kind == PRESET else None
        height, width = expression.image.shape[:2]
        facts = (
            ("Expression", target.words),
            ("Strength", f"{100 * amount:.0f} %"),
            ("Time", f"{1000 * expression.seconds:.0f} ms"),
            ("Size", f"{width}×{height} px"),
        )
        return {
            self.session: replace(session, result=job.folder),
            form.editor: editing(before, view, portrait, expression.points),
            form.result: comparing(before, after, view[2:]),
            form.panel: panel.facts(facts) + (panel.warned(session.warning) if session.warning else ""),
            form.map: form.manifold.showing(places[:-1], places[-1], preset or ""),
            form.table: table(expression.points),
            form.preset: preset,
            form.save_png: gr.DownloadButton(value=str(png), interactive=True),
            form.save_json: gr.DownloadButton(value=str(marks), interactive=True),
        }

    def sweep(self, request: gr.Request, session: Session | None, along: str) -> Page:
        """The strip, after the image; one that is still being rendered for the visitor is given up."""
        if session is None:
            return {self.form.strip: gr.skip()}
        name = f"{name_of(request)}-strip"
        self.visits.stop(name)
        self.visits.resume(name)
        try:
            with self.visits.job(name) as job:
                images = express_job.strip(self.expresser, session, along, job.stop)
            return {self.form.strip: sweeping(images, STRIP)}
        except Stopped:
            return {self.form.strip: gr.skip()}
        except Exception as error:
            panel.sentence(error)  # to the log: the image itself is there
            return {self.form.strip: gr.skip()}


def present(session: Session | None) -> Session:
    """ValueError in one sentence where there is no portrait, or no longer."""
    if session is None:
        raise ValueError(NO_PORTRAIT)
    if not session.folder.is_dir():
        raise ValueError(GONE)
    return session


def name_of(request: gr.Request) -> str:
    """The session's name: Stop in another tab leaves the portrait alone."""
    return f"{request.session_hash}-express"
