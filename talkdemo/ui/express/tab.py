"""The tab "Expression": a portrait with another expression, in any strength, and its place among all expressions."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from talkdemo.gcgan import covered
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.gallery import gallery, open_gallery
from talkdemo.gcgan.portrait import Portrait
from talkdemo.records import FPS, MAX_AMOUNT, Stopped
from talkdemo.reference import gallery as performances
from talkdemo.ui.express import job as express_job
from talkdemo.ui.express.api import Endpoint
from talkdemo.ui.express.form import IDLE, Form
from talkdemo.ui.express.job import EDIT, FRAME, NEUTRAL, PRESET, Session, Target
from talkdemo.ui.express.landmark_editor import from_table
from talkdemo.ui.express.manifold_map import Manifold
from talkdemo.ui.express.stage import NO_PORTRAIT, Stage, name_of, present
from talkdemo.ui.express.trio import Trio
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.faces import open_photo
from talkdemo.ui.parts.marked import marked, only_marks
from talkdemo.ui.parts.names import title
from talkdemo.ui.parts.options import PRIVATE, Page
from talkdemo.ui.parts.visits import AGE, Visits

MISSING = "Expressions are not available here: the checkpoint “gcgan” is not installed."
NO_MOTION = "There is no motion yet: choose a performance, or upload a file."
NO_TALK = "There is no motion from the tab Talk yet."
MARKED = 320  # pixels of another face
LIMITS: dict[str, Any] = {"concurrency_id": "express", "concurrency_limit": 2}
log = logging.getLogger(__name__)


def open_expresser() -> Expresser | None:
    """The shipped model, if it is installed."""
    try:
        return Expresser.load()
    except ValueError as error:
        log.warning("the tab Expression is empty: %s", error)
        return None


def errors_in_panel(handler: Callable[..., Page]) -> Callable[..., Page]:
    """What goes wrong in a handler stands in the panel as one sentence; the rest of the page stays."""

    @functools.wraps(handler)
    def guarded(self: ExpressTab, *inputs: Any, **options: Any) -> Page:
        try:
            return handler(self, *inputs, **options)
        except Stopped:
            return {self.form.panel: panel.note(IDLE)}
        except Exception as error:
            return {self.form.panel: panel.failed(panel.sentence(error))}

    return guarded


class ExpressTab:
    """The tab's components and handlers, which end with the visitor's session, strength and interpolation. Holds
    nothing of a visitor: all lies in the visitor's own states and private folders."""

    def __init__(self, expresser: Expresser, visits: Visits) -> None:
        self.expresser, self.visits = expresser, visits
        self.form = Form(expresser.presets, Manifold(expresser.map))

    def build(self, tab: gr.Tab, latest: gr.components.Component | None = None) -> None:
        """Lay it out inside `tab` and connect it; `latest` holds the visitor's latest motion file."""
        self.form.build(latest is not None)
        self.stage = Stage(self.expresser, self.visits, self.form)
        self.session = self.stage.session
        self.trio = Trio(self.expresser, self.form)
        self.motion = gr.State(None, time_to_live=AGE)  # (T, 52)
        self._connect(tab, latest)
        Endpoint(self.expresser, self.visits).build(**LIMITS)

    # The portrait

    @errors_in_panel
    def opened(self, request: gr.Request, session: Session | None, amount: float, along: str) -> Page:
        """The tab is shown: the first time with somebody of the gallery and the first preset."""
        if session is not None or not gallery():
            return {self.form.panel: gr.skip() if session else panel.note(NO_PORTRAIT)}
        return self._open(open_gallery(next(iter(gallery()))), None, request, amount, along)

    @errors_in_panel
    def chosen(self, request: gr.Request, name: str | None, session: Session | None, amount: float, along: str) -> Page:
        """Somebody of the gallery; no name, where a photograph took the place."""
        if not name:
            return {self.form.panel: gr.skip()}
        return self._open(open_gallery(name), session, request, amount, along)

    def photographed(
        self, request: gr.Request, path: str | None, session: Session | None, amount: float, along: str
    ) -> Page:
        """A visitor's photograph, which is deleted once it is read."""

        def use(path: Path) -> Page:
            page = self._open(open_photo(path), session, request, amount, along)
            return {**page, self.form.portrait.gallery: None}

        return {**self._read(path, use), self.form.portrait.upload: None}

    @errors_in_panel
    def _read(self, path: str | None, use: Callable[[Path], Page]) -> Page:
        """Reads a visitor's file and deletes it."""
        if path is None:
            return {self.form.panel: gr.skip()}
        try:
            return use(Path(path))
        finally:
            self.visits.discard(Path(path))

    def _open(self, portrait: Portrait, former: Session | None, request: gr.Request, amount: float, along: str) -> Page:
        """Another portrait takes the expression of the former one."""
        target = former.target if former else Target(PRESET, self.form.first)
        points = express_job.points_of(self.expresser, portrait, target)
        with self.visits.job(name_of(request)) as job:
            express_job.write_view(job.folder / "portrait.jpg", portrait.image, express_job.view_of(portrait))
            latest = former.result if former else None
            made = Session(portrait, job.folder, target, points, latest, covered.warning(portrait))
            page = self.stage.show(made, request, amount, along)
            job.finished = True
        if former is not None:
            self.visits.drop(name_of(request), former.folder)
        return page

    # The expression

    @errors_in_panel
    def preset(self, request: gr.Request, name: str | None, *state: Any) -> Page:
        """One of the presets."""
        return self._aim(Target(PRESET, str(name)), request, *state)

    @errors_in_panel
    def mapped(self, request: gr.Request, event: gr.EventData, *state: Any) -> Page:
        """A name on the map."""
        return self._aim(Target(PRESET, str(event._data.get("name"))), request, *state)

    @errors_in_panel
    def edited(self, request: gr.Request, event: gr.EventData, *state: Any) -> Page:
        """Landmarks were dragged: they are the target, at full strength."""
        page = self._place(event._data.get("points"), request, *state)
        del page[self.form.editor]  # it shows them already, and may be held again
        return page

    @errors_in_panel
    def written(self, request: gr.Request, rows: Sequence[Sequence[Any]], *state: Any) -> Page:
        """A number of the table was changed."""
        page = self._place(from_table(rows), request, *state)
        del page[self.form.table]
        return page

    @errors_in_panel
    def cleared(self, request: gr.Request, *state: Any) -> Page:
        """The button Reset: the portrait as it is."""
        return self._aim(NEUTRAL, request, *state)

    @errors_in_panel
    def matched(self, request: gr.Request, name: str | None, *state: Any) -> Page:
        """The expression of somebody of the gallery."""
        if not name:
            return {self.form.panel: gr.skip()}
        return self._copy(open_gallery(name), f"As {title(name)}", request, *state)

    def imitated(self, request: gr.Request, path: str | None, *state: Any) -> Page:
        """The expression of a photograph, or of landmarks in a file, which is deleted once it is read."""

        def use(path: Path) -> Page:
            return {
                **self._copy(express_job.read_face(path), "As your file", request, *state),
                self.form.face.gallery: None,
            }

        return {**self._read(path, use), self.form.face.upload: None}

    def _copy(self, face: Portrait | np.ndarray, words: str, request: gr.Request, *state: Any) -> Page:
        """The expression of another face, which is shown beside its landmarks."""
        page = self._aim(express_job.copied(face, words), request, *state)
        if not isinstance(face, Portrait):
            return {**page, self.form.source: only_marks(face, "Your file")}
        whose = title(face.name) if face.name in gallery() else "Your file"
        return {**page, self.form.source: marked(express_job.shrink(face, MARKED), whose)}

    @errors_in_panel
    def performed(self, request: gr.Request, name: str | None, *state: Any) -> Page:
        """One of the shipped performances."""
        if name is None or name not in performances():
            raise ValueError(NO_MOTION)
        return self._move(performances()[name].open().motion.coefficients, request, *state)

    def recorded(self, request: gr.Request, path: str | None, *state: Any) -> Page:
        """A visitor's motion file, which is deleted once it is read."""

        def use(path: Path) -> Page:
            return {**self._move(express_job.read_motion(path), request, *state), self.form.performance: None}

        return {**self._read(path, use), self.form.motion_file: None}

    @errors_in_panel
    def latest(self, request: gr.Request, talk: Any, *state: Any) -> Page:
        """The motion that the tab Talk shows."""
        if talk is None:
            raise ValueError(NO_TALK)
        return {**self._move(talk.motion.coefficients, request, *state), self.form.performance: None}

    @errors_in_panel
    def sought(self, request: gr.Request, seconds: float, motion: np.ndarray | None, *state: Any) -> Page:
        """Another frame of the motion."""
        if motion is None:
            raise ValueError(NO_MOTION)
        return self._aim(frame_of(motion, round(seconds * FPS)), request, *state)

    @errors_in_panel
    def turned(self, request: gr.Request, session: Session | None, amount: float, along: str) -> Page:
        """Another strength or interpolation."""
        return self.stage.show(present(session), request, amount, along)

    @errors_in_panel
    def swept(
        self, request: gr.Request, event: gr.EventData, session: Session | None, amount: float, along: str
    ) -> Page:
        """An image of the strip: its strength."""
        amount = min(max(float(event._data.get("amount", 1)), 0.0), MAX_AMOUNT)
        return {**self.stage.show(present(session), request, amount, along), self.form.amount: amount}

    def _move(self, motion: np.ndarray, request: gr.Request, *state: Any) -> Page:
        """A motion (T, 52) was given: its liveliest frame is shown first."""
        frame = int(np.abs(motion - np.median(motion, axis=0)).sum(1).argmax())
        last = max((len(motion) - 1) / FPS, 1 / FPS)
        slider = gr.Slider(value=round(frame / FPS, 2), maximum=round(last, 2), interactive=True)
        page = self._aim(frame_of(motion, frame), request, *state)
        return {**page, self.motion: motion, self.form.frame: slider}

    def _place(self, values: object, request: gr.Request, session: Session | None, _: float, along: str) -> Page:
        """Landmarks were placed by hand; nothing leaves the image."""
        current = present(session)
        height, width = current.portrait.image.shape[:2]
        points = np.clip(express_job.read_points(values), 0, np.array([width, height], np.float32))
        placed = express_job.placed(current, Target(EDIT, "Your landmarks", points))
        return {**self.stage.show(placed, request, 1.0, along), self.form.amount: 1.0}

    def _aim(self, target: Target, request: gr.Request, session: Session | None, amount: float, along: str) -> Page:
        """Another expression."""
        current = present(session)
        points = express_job.points_of(self.expresser, current.portrait, target)
        return self.stage.show(replace(current, target=target, points=points), request, amount, along)

    def _connect(self, tab: gr.Tab, latest: gr.components.Component | None) -> None:
        form, state = self.form, [self.session, self.form.amount, self.form.along]
        page = [
            self.session, form.editor, form.result, form.panel, form.map, form.table, form.preset, form.save_png,
            form.save_json, form.amount,
        ]  # fmt: skip
        once = {**PRIVATE, **LIMITS}
        follow = {**once, "trigger_mode": "always_last"}
        moved = [*page, self.motion, form.frame, form.performance, form.motion_file]
        jobs = [
            tab.select(self.opened, state, page, **once),
            form.preset.input(self.preset, [form.preset, *state], page, **follow),
            form.map.select(self.mapped, state, page, **follow),
            form.editor.edit(self.edited, state, page, **follow),
            form.editor.clear(self.cleared, state, page, **once),
            form.table.input(self.written, [form.table, *state], page, **follow),
            form.performance.input(self.performed, [form.performance, *state], moved, **once),
            form.motion_file.upload(self.recorded, [form.motion_file, *state], moved, **once),
            form.along.input(self.turned, state, page, **follow),
            *form.portrait.connect(self.chosen, self.photographed, state, page, **once),
            *form.face.connect(self.matched, self.imitated, state, [*page, form.source], **once),
        ]
        if latest is not None:
            jobs.append(form.latest.click(self.latest, [latest, *state], moved, **once))
        form.amount.input(self.turned, state, page, **follow)
        swept = form.strip.select(self.swept, state, page, **follow)
        form.frame.input(self.sought, [form.frame, self.motion, *state], page, **follow)
        strips: dict[str, Any] = {**PRIVATE, "concurrency_id": "express-strip", "concurrency_limit": 1}
        trio = [form.trio, form.save_trio, form.moving]
        drawing, result = [self.session, form.along], [self.session, form.amount]
        for job in jobs:
            job.then(self.trio.draw, result, trio, **strips).then(self.stage.sweep, drawing, form.strip, **strips)
        swept.then(self.trio.draw, result, trio, **strips)
        form.amount.release(self.trio.draw, result, trio, **strips, trigger_mode="always_last")
        form.frame.release(self.trio.draw, result, trio, **strips, trigger_mode="always_last").then(
            self.stage.sweep, drawing, form.strip, **strips
        )


def frame_of(motion: np.ndarray, frame: int) -> Target:
    """The expression of one frame of (T, 52)."""
    frame = min(max(frame, 0), len(motion) - 1)
    return Target(FRAME, f"Head at {frame / FPS:.2f} s", motion[frame])
