"""The tab "Expression": a portrait and an expression in, the portrait with that expression, its strip and map out."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.gallery import FOLDER, gallery, open_gallery
from talkdemo.gcgan.portrait import Portrait
from talkdemo.records import FPS, MAX_AMOUNT, Stopped
from talkdemo.reference import gallery as performances
from talkdemo.reference import open_reference
from talkdemo.ui.express import job as express_job
from talkdemo.ui.express.api import Endpoint
from talkdemo.ui.express.before_after import comparing, sweeping
from talkdemo.ui.express.form import PLAIN, Form, facts, idle
from talkdemo.ui.express.job import AS_IT_IS, EDIT, FACE, FRAME, PRESET, STRIP, WAY, Expresses, Sitting, Wish
from talkdemo.ui.express.landmark_editor import editing, from_table, table
from talkdemo.ui.express.manifold_map import Manifold, title
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.visits import AGE, Visits

MISSING = "Expressions cannot be made here: the checkpoint “gcgan” is not installed."
GONE = "Your portrait has been deleted, as everything is within the hour: please choose it again."
NOBODY_YET = "There is no portrait yet: upload a photograph of a face, or take one with the webcam."
NO_MOTION = "There is no motion yet: choose a performance, or give a file."
NONE_MADE = "Nothing was made in the tab Talk yet."
MOTIONS = (".npz", ".csv")
QUICK = {"show_progress": "hidden", "api_visibility": "private"}
TOGETHER = {"concurrency_id": "express", "concurrency_limit": 2}
log = logging.getLogger(__name__)
Page = dict[gr.components.Component, Any]


def open_expresser() -> Expresses | None:
    """The shipped model; None where it is not installed."""
    try:
        return Expresser.load()
    except ValueError as error:
        log.warning("the tab Expression is empty: %s", error)
        return None


def told(handler: Callable[..., Page]) -> Callable[..., Page]:
    """What goes wrong in a handler stands in the panel as one sentence; the rest of the page stays."""

    @functools.wraps(handler)
    def tried(self: ExpressTab, *given: Any, **named: Any) -> Page:
        try:
            return handler(self, *given, **named)
        except Stopped:
            return {self.form.panel: idle()}
        except ValueError as error:
            return {self.form.panel: panel.failed(str(error))}
        except Exception:
            log.exception("an expression could not be made")
            return {self.form.panel: panel.failed(panel.BROKEN)}

    return tried


class ExpressTab:
    """The tab's components and handlers. Holds nothing of a visitor: portrait, target and motion lie in the visitor's
    own states, files in the visitor's own folders."""

    def __init__(self, expresser: Expresses | None, visits: Visits) -> None:
        self.expresser, self.visits = expresser, visits
        if expresser is not None:
            self.manifold = Manifold(expresser.map)
            self.form = Form(expresser.presets, self.manifold)

    def build(self, tab: gr.Tab, latest: gr.components.Component | None = None) -> None:
        """Lay it out inside `tab` and connect it; `latest` holds the motion file that the visitor made last."""
        if self.expresser is None:
            gr.HTML(f'<div class="td-note td-express-missing">{MISSING}</div>', elem_id="td-express-missing", **PLAIN)
            return
        if gallery():
            gr.set_static_paths([FOLDER])
        self.form.build(latest)
        self.sitting = gr.State(None, time_to_live=AGE)
        self.folder = gr.State(None, time_to_live=AGE)  # of the latest result
        self.motion = gr.State(None, time_to_live=AGE)  # (T, 52)
        self._connect(tab, latest)
        Endpoint(self, **TOGETHER).build()

    # The portrait

    @told
    def opened(self, request: gr.Request, sitting: Sitting | None, *how: Any) -> Page:
        """The tab is shown: the first time with somebody of the gallery, whose expression is the first preset."""
        if sitting is not None or not gallery():
            return {self.form.panel: gr.skip() if sitting else idle(NOBODY_YET)}
        wish = Wish(PRESET, self.form.first)
        return self._seat(open_gallery(next(iter(gallery()))), wish, None, how, request)

    @told
    def chosen(self, request: gr.Request, name: str | None, sitting: Sitting | None, *how: Any) -> Page:
        """Somebody of the gallery; nobody, where a photograph took the place."""
        if not name:
            return {self.form.panel: gr.skip()}
        return self._seat(open_gallery(name), self._wish_of(sitting), sitting, how, request)

    def photographed(self, request: gr.Request, path: str | None, sitting: Sitting | None, *how: Any) -> Page:
        """A photograph of the visitor's, which is deleted once it is read."""
        page = self._read(path, self._take_photo, sitting, how, request)
        return {**page, self.form.portrait.upload: None}

    @told
    def _read(self, path: str | None, use: Callable[..., Page], *given: Any) -> Page:
        if path is None:
            return {self.form.panel: gr.skip()}
        try:
            return use(Path(path), *given)
        finally:
            self.visits.discard(Path(path))

    def _take_photo(self, path: Path, sitting: Sitting | None, how: Sequence[Any], request: gr.Request) -> Page:
        page = self._seat(express_job.open_photo(path), self._wish_of(sitting), sitting, how, request)
        return {**page, self.form.portrait.gallery: None}

    def _wish_of(self, sitting: Sitting | None) -> Wish:
        """What was wished of the former portrait is wished of the next."""
        return sitting.wish if sitting else Wish(PRESET, self.form.first)

    def _seat(
        self, portrait: Portrait, wish: Wish, former: Sitting | None, how: Sequence[Any], request: gr.Request
    ) -> Page:
        session = visit(request)
        target = express_job.aim(self.expresser, portrait, wish)
        folder, stop = self.visits.begin(session)
        kept = False
        try:
            express_job.write_view(folder / "portrait.jpg", portrait.picture, express_job.view_of(portrait))
            page = self._show(Sitting(portrait, folder, wish, target), how, request)
            kept = True
            if former is not None:
                self.visits.drop(session, former.folder)
            return page
        finally:
            self.visits.end(session, folder, stop, keep=kept)

    # The expression

    @told
    def preset(self, request: gr.Request, name: str | None, sitting: Sitting | None, *how: Any) -> Page:
        """One of the presets."""
        return self._wished(Wish(PRESET, str(name)), sitting, how, request)

    @told
    def mapped(self, request: gr.Request, event: gr.EventData, sitting: Sitting | None, *how: Any) -> Page:
        """A name on the map."""
        return self._wished(Wish(PRESET, str(event._data.get("name"))), sitting, how, request)

    @told
    def edited(self, request: gr.Request, event: gr.EventData, sitting: Sitting | None, *how: Any) -> Page:
        """Landmarks were dragged: they are the target, and are reached whole."""
        return self._placed(event._data.get("points"), sitting, how, request, from_editor=True)

    @told
    def written(
        self, request: gr.Request, rows: Sequence[Sequence[object]], sitting: Sitting | None, *how: Any
    ) -> Page:
        """A number of the table was changed."""
        return self._placed(from_table(rows), sitting, how, request)

    @told
    def cleared(self, request: gr.Request, sitting: Sitting | None, *how: Any) -> Page:
        """The button Reset: the portrait as it is."""
        return {**self._wished(AS_IT_IS, sitting, how, request), self.form.preset: None}

    @told
    def matched(self, request: gr.Request, name: str | None, sitting: Sitting | None, *how: Any) -> Page:
        """The expression of somebody of the gallery."""
        if not name:
            return {self.form.panel: gr.skip()}
        wish = Wish(FACE, f"that of {title(name)}", open_gallery(name).landmarks)
        return {**self._wished(wish, sitting, how, request), self.form.preset: None}

    def imitated(self, request: gr.Request, path: str | None, sitting: Sitting | None, *how: Any) -> Page:
        """The expression of a photograph, or of landmarks in a file, which is deleted once it is read."""

        def use(path: Path) -> Page:
            wish = Wish(FACE, "that of your photograph", express_job.open_face(path))
            changed = {self.form.preset: None, self.form.face.gallery: None}
            return {**self._wished(wish, sitting, how, request), **changed}

        return {**self._read(path, use), self.form.face.upload: None}

    @told
    def performed(self, request: gr.Request, name: str | None, sitting: Sitting | None, *how: Any) -> Page:
        """One of the shipped performances."""
        if name not in performances():
            raise ValueError(NO_MOTION)
        return self._moving(performances()[name].open().motion.coefficients, sitting, how, request)

    def recorded(self, request: gr.Request, path: str | None, sitting: Sitting | None, *how: Any) -> Page:
        """A motion file of the visitor's."""

        def use(path: Path) -> Page:
            return {
                **self._moving(read_motion(path), sitting, how, request),
                self.form.performance: None,
            }

        return {**self._read(path, use), self.form.motion_file: None}

    @told
    def latest(self, request: gr.Request, path: str | None, sitting: Sitting | None, *how: Any) -> Page:
        """What the visitor made last in the tab Talk; the file stays."""
        if not path or not Path(path).is_file():
            raise ValueError(NONE_MADE)
        return {**self._moving(read_motion(Path(path)), sitting, how, request), self.form.performance: None}

    @told
    def sought(
        self, request: gr.Request, seconds: float, motion: np.ndarray | None, sitting: Sitting | None, *how: Any
    ) -> Page:
        """A moment of the motion."""
        if motion is None:
            raise ValueError(NO_MOTION)
        frame = min(max(round(seconds * FPS), 0), len(motion) - 1)
        wish = Wish(FRAME, f"the head at {frame / FPS:.2f} s", motion[frame])
        return {**self._wished(wish, sitting, how, request), self.form.preset: None}

    @told
    def turned(self, request: gr.Request, sitting: Sitting | None, *how: Any) -> Page:
        """Another strength or another way: the target stays."""
        return self._show(present(sitting), how, request)

    @told
    def swept(self, request: gr.Request, event: gr.EventData, sitting: Sitting | None, *how: Any) -> Page:
        """A picture of the strip: its strength."""
        amount = min(max(float(event._data.get("amount", 1)), 0.0), MAX_AMOUNT)
        return {**self._show(present(sitting), (how[0], amount, how[2]), request), self.form.amount: amount}

    def _moving(self, motion: np.ndarray, sitting: Sitting | None, how: Sequence[Any], request: gr.Request) -> Page:
        """A motion was given: its liveliest moment is shown first."""
        frame = int(np.abs(motion - np.median(motion, axis=0)).sum(1).argmax())
        wish = Wish(FRAME, f"the head at {frame / FPS:.2f} s", motion[frame])
        last = max((len(motion) - 1) / FPS, 1 / FPS)
        slider = gr.Slider(value=round(frame / FPS, 2), maximum=round(last, 2), interactive=True)
        page = self._wished(wish, sitting, how, request)
        return {**page, self.motion: motion, self.form.frame: slider, self.form.preset: None}

    def _placed(
        self, given: object, sitting: Sitting | None, how: Sequence[Any], request: gr.Request, from_editor: bool = False
    ) -> Page:
        now = present(sitting)
        height, width = now.portrait.picture.shape[:2]
        points = np.clip(express_job.check_points(given), 0, np.float32([width, height]))
        placed = Sitting(now.portrait, now.folder, Wish(EDIT, "your landmarks", points), points)
        page = self._show(placed, (how[0], 1.0, how[2]), request)
        if from_editor:
            del page[self.form.editor]  # it shows them already, and may be held again
        else:
            del page[self.form.table]
        return {**page, self.form.amount: 1.0, self.form.preset: None}

    def _wished(self, wish: Wish, sitting: Sitting | None, how: Sequence[Any], request: gr.Request) -> Page:
        now = present(sitting)
        target = express_job.aim(self.expresser, now.portrait, wish)
        return self._show(Sitting(now.portrait, now.folder, wish, target), how, request)

    # What is shown

    def _show(self, sitting: Sitting, how: Sequence[Any], request: gr.Request) -> Page:
        """The page with a result; `how`: the folder of the former one, the strength and the way."""
        former, amount, along = how
        form, session = self.form, visit(request)
        drawn = express_job.draw(self.expresser, sitting, amount, along)
        folder, stop = self.visits.begin(session)
        kept = False
        try:
            view = express_job.view_of(sitting.portrait)
            after = express_job.write_view(folder / "after.jpg", drawn.picture, view)
            png, marks = express_job.write_result(folder, drawn)
            way = self.expresser.path(sitting.portrait, sitting.target, WAY, along)
            places = self.expresser.place(np.concatenate([way, drawn.points[None]]))
            before = sitting.folder / "portrait.jpg"
            if not before.is_file():
                raise ValueError(GONE)
            kept = True
            if former is not None:
                self.visits.drop(session, former)
        finally:
            self.visits.end(session, folder, stop, keep=kept)
        wish = sitting.wish
        said = title(wish.said) if wish.kind == PRESET else wish.said
        return {
            self.sitting: sitting,
            self.folder: folder,
            form.editor: editing(before, view, sitting.portrait.landmarks, drawn.points),
            form.result: comparing(before, after, view[2:]),
            form.panel: facts(said, amount, drawn.seconds, drawn.picture.shape[1::-1]),
            form.map: self.manifold.showing(places[:-1], places[-1], wish.said if wish.kind == PRESET else ""),
            form.table: table(drawn.points),
            form.preset: wish.said if wish.kind == PRESET else None,
            form.save_png: gr.DownloadButton(value=str(png), interactive=True),
            form.save_json: gr.DownloadButton(value=str(marks), interactive=True),
        }

    def sweep(self, request: gr.Request, sitting: Sitting | None, along: str) -> Page:
        """The strip, after the picture; one that is still being made for the visitor is given up."""
        if sitting is None:
            return {self.form.strip: gr.skip()}
        session = f"{visit(request)}-strip"
        self.visits.stop(session)
        self.visits.resume(session)
        folder, stop = self.visits.begin(session)
        try:
            return {self.form.strip: sweeping(express_job.strip(self.expresser, sitting, along, stop), STRIP)}
        except (Stopped, ValueError):
            return {self.form.strip: gr.skip()}
        except Exception:
            log.exception("a strip could not be made")
            return {self.form.strip: gr.skip()}
        finally:
            self.visits.end(session, folder, stop, keep=False)

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        for session in (visit(request), f"{visit(request)}-strip"):
            self.visits.leave(session)

    def _connect(self, tab: gr.Tab, latest: gr.components.Component | None) -> None:
        form = self.form
        how = [self.sitting, self.folder, form.amount, form.along]
        page = [
            self.sitting, self.folder, form.editor, form.result, form.panel, form.map, form.table, form.preset,
            form.save_png, form.save_json, form.amount,
        ]  # fmt: skip
        once = {**QUICK, **TOGETHER}
        follow = {**once, "trigger_mode": "always_last"}
        moved = [*page, self.motion, form.frame, form.performance, form.motion_file]
        jobs = [
            tab.select(self.opened, how, page, **once),
            form.preset.input(self.preset, [form.preset, *how], page, **follow),
            form.map.select(self.mapped, how, page, **follow),
            form.editor.edit(self.edited, how, page, **follow),
            form.editor.clear(self.cleared, how, page, **once),
            form.table.input(self.written, [form.table, *how], page, **follow),
            form.performance.input(self.performed, [form.performance, *how], moved, **once),
            form.motion_file.upload(self.recorded, [form.motion_file, *how], moved, **once),
            form.along.input(self.turned, how, page, **follow),
            *form.portrait.connect(
                self.chosen, self.photographed, how, [*page, form.portrait.gallery], **once
            ),
            *form.face.connect(self.matched, self.imitated, how, [*page, form.face.gallery], **once),
        ]  # fmt: skip
        if latest is not None:
            jobs.append(form.latest.click(self.latest, [latest, *how], moved, **once))
        form.amount.input(self.turned, how, page, **follow)
        form.strip.select(self.swept, how, page, **follow)
        form.frame.input(self.sought, [form.frame, self.motion, *how], page, **follow)
        strips = {**QUICK, "concurrency_id": "express-strip", "concurrency_limit": 1, "trigger_mode": "always_last"}
        drawing = [self.sitting, form.along]
        for job in jobs:
            job.then(self.sweep, drawing, form.strip, **{k: v for k, v in strips.items() if k != "trigger_mode"})
        form.frame.release(self.sweep, drawing, form.strip, **strips)


def present(sitting: Sitting | None) -> Sitting:
    """ValueError in one sentence where there is no portrait, or no longer."""
    if sitting is None:
        raise ValueError(NOBODY_YET)
    if not sitting.folder.is_dir():
        raise ValueError(GONE)
    return sitting


def read_motion(path: Path) -> np.ndarray:
    """(T, 52) of an npz of ours or a Live Link Face CSV. ValueError in one sentence that names no file."""
    if path.suffix.lower() not in MOTIONS:
        raise ValueError("this file is no motion; wanted: an npz made here or a Live Link Face CSV")
    return open_reference(path, name="This file").motion.coefficients


def visit(request: gr.Request) -> str:
    """A name of its own for a session: Stop in another tab leaves the portrait alone."""
    return f"{request.session_hash}-express"
