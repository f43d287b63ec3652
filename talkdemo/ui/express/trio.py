"""Input, result and the same expression on the 3D head, side by side: on the page, and as one PNG."""

import json
import logging
import threading
from dataclasses import replace
from functools import cached_property
from html import escape
from pathlib import Path

import gradio as gr
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont, ImageOps

from talkdemo.face.head import FaceModel
from talkdemo.face.landmarks import landmarks_68
from talkdemo.gcgan import gaze
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.head import HeadTwin
from talkdemo.gcgan.portrait import Portrait
from talkdemo.records import Motion
from talkdemo.render.camera import portrait as portrait_camera
from talkdemo.render.raster import Renderer
from talkdemo.ui.express.form import Form
from talkdemo.ui.express.job import FRAME, Session
from talkdemo.ui.parts.faces import data_uri
from talkdemo.ui.parts.marked import marked
from talkdemo.ui.parts.options import Page

SIDE, SHOWN = 512, 320  # pixels of a picture in the file and on the page
ZOOM = 0.66  # field of view against that of the app's videos: the face alone
CAPTION = 40  # pixels of the line under each picture of the file
GROUND, INK = (22, 24, 29), (233, 230, 223)
WORDS = ("Input", "Result", "The same on the 3D head")
log = logging.getLogger(__name__)


class DrawnHead:
    """The default head; what draws it is made when it is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def portrait(self, coefficients: np.ndarray) -> Portrait:
        """(52,) → its image, SIDE pixels, with its landmarks. RuntimeError in one sentence without OpenGL."""
        with self._lock:
            model, renderer = self._made
        motion = Motion(np.asarray(coefficients, np.float32)[None], np.zeros((1, 3), np.float32))
        (vertices,) = model.vertices(motion)
        points = renderer.camera.project(landmarks_68(torch.from_numpy(vertices)[None])[0].numpy())
        return Portrait(renderer.image(vertices), points.astype(np.float32), "the head")

    @cached_property
    def _made(self) -> tuple[FaceModel, Renderer]:
        model = FaceModel.load()
        face = model.drawable()
        camera = portrait_camera(face, SIDE, SIDE)
        return model, Renderer(face, SIDE, camera=replace(camera, fov=ZOOM * camera.fov))


class Trio:
    """Holds nothing of a visitor."""

    def __init__(self, expresser: Expresser, form: Form) -> None:
        self.twin, self.form, self.head = HeadTwin(expresser), form, DrawnHead()

    def draw(self, session: Session | None, amount: float) -> Page:
        """What the page shows of the latest result, after it."""
        form = self.form
        if session is None or session.result is None:
            return {form.trio: gr.skip()}
        try:
            pictures = [Image.open(path).convert("RGB") for path in files_of(session)]
            head = self.same(session, amount)
            if head is not None:
                pictures.append(Image.fromarray(head.image))
            path = session.result / "strip.png"
            in_a_row(pictures).save(path, "png", compress_level=4)
            page = {form.trio: figures(pictures), form.save_trio: gr.DownloadButton(value=str(path), interactive=True)}
            if session.target.kind == FRAME and session.target.values is not None:
                frame = self._drawn(session.target.values)
                page[form.moving] = "" if frame is None else marked(frame, session.target.words)
            return page
        except OSError:  # another result took the place of this one
            return {form.trio: gr.skip()}

    def same(self, session: Session, amount: float) -> Portrait | None:
        """The head with the expression of the latest result; None where nothing can be drawn."""
        assert session.result is not None
        if session.target.kind == FRAME and session.target.values is not None:
            return self._drawn((amount * session.target.values).clip(0, 1))
        points = json.loads((session.result / "expression.json").read_text(encoding="utf-8"))["landmarks"]
        found = self.twin.coefficients(session.portrait, np.array(points, np.float32))
        if len(session.points) == gaze.ALL:
            looks = gaze.of(session.points) - gaze.of(session.portrait.seen)
            found = found + gaze.coefficients(amount * looks.mean(0))
        return self._drawn(found)

    def _drawn(self, coefficients: np.ndarray) -> Portrait | None:
        try:
            return self.head.portrait(coefficients)
        except RuntimeError as error:
            log.warning("the head is not drawn: %s", error)
            return None


def files_of(session: Session) -> tuple[Path, Path]:
    """What the page shows of the portrait, before and after."""
    assert session.result is not None
    return session.folder / "portrait.jpg", session.result / "after.jpg"


def square(image: Image.Image, side: int) -> Image.Image:
    return ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)


def in_a_row(pictures: list[Image.Image]) -> Image.Image:
    """Squares side by side with their names under them."""
    gap = SIDE // 64
    row = Image.new("RGB", (len(pictures) * (SIDE + gap) - gap, SIDE + CAPTION), GROUND)
    draw, font = ImageDraw.Draw(row), ImageFont.load_default(size=CAPTION // 2)
    for k, (picture, words) in enumerate(zip(pictures, WORDS, strict=False)):
        x = k * (SIDE + gap)
        row.paste(square(picture, SIDE), (x, 0))
        draw.text((x + SIDE / 2, SIDE + CAPTION / 2), words, INK, font, anchor="mm")
    return row


def figures(pictures: list[Image.Image]) -> str:
    """The same for the page."""
    shown = [data_uri(np.asarray(square(picture, SHOWN))) for picture in pictures]
    inside = "".join(
        f'<figure><img src="{uri}" alt="{escape(words)}"><figcaption>{escape(words)}</figcaption></figure>'
        for uri, words in zip(shown, WORDS, strict=False)
    )
    return f'<div class="td-trio">{inside}</div>'
