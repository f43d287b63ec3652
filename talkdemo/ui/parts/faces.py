"""A face from the gallery, a photograph or the webcam: the components, and what is read from a visitor's file."""

import base64
import io
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from talkdemo.face.track.landmarker import model_file
from talkdemo.gcgan.gallery import FOLDER, gallery
from talkdemo.gcgan.portrait import Portrait, open_portrait
from talkdemo.ui.parts.library import address
from talkdemo.ui.parts.names import title
from talkdemo.ui.parts.options import PLAIN
from talkdemo.ui.parts.scripted import scripted_html

GALLERY, UPLOAD, WEBCAM = "gallery", "upload", "webcam"
PHOTO = "A photograph of one face, from the front. It is read here and kept for this visit only."
CALLED = "This photograph"  # what messages call a visitor's file
NO_LANDMARKER = (
    "Photographs cannot be read here, as MediaPipe's face landmarker is not installed; the gallery works without it."
)
JPEG = 90
SHOWN = 2560  # pixels of the longer side of a photograph that is kept for a visit


class FaceChooser:
    """The components."""

    def __init__(self, name: str, hint: str) -> None:
        self.name, self.hint = name, hint

    def build(self, value: str | None) -> None:
        """To be called inside gr.Blocks; `value`: who of the gallery is chosen at first."""
        known = gallery()
        if known:
            gr.set_static_paths([FOLDER])
        first = GALLERY if known else UPLOAD
        with gr.Tabs(selected=first, elem_id=f"td-{self.name}", elem_classes="td-tabs", overflow_behavior="wrap"):
            with gr.Tab("Gallery", id=GALLERY, visible=bool(known)):
                self.gallery = scripted_html(
                    faces(self.name), "gallery.js", value=value, elem_id=f"td-{self.name}-gallery"
                )
            with gr.Tab("Upload", id=UPLOAD):
                gr.HTML(f'<p class="td-hint">{self.hint}</p>', **PLAIN)
                self.upload = gr.File(show_label=False, height=120, elem_id=f"td-{self.name}-upload")
            with gr.Tab("Webcam", id=WEBCAM):
                self.webcam = gr.Image(
                    sources=["webcam"], type="filepath", webcam_options=gr.WebcamOptions(mirror=False), buttons=[],
                    image_mode=None,  # gradio would convert it in this process
                    show_label=False, height=260, elem_id=f"td-{self.name}-webcam",
                )  # fmt: skip

    def connect(
        self, by_name: Callable, by_file: Callable, inputs: list[Any], outputs: list[Any], **options: Any
    ) -> list[Any]:
        """`by_name(name, *inputs)` for the gallery, `by_file(path, *inputs)` for a file or an image of the webcam."""
        outputs = [*outputs, self.gallery]
        return [
            self.gallery.change(by_name, [self.gallery, *inputs], outputs, **options),
            self.upload.upload(by_file, [self.upload, *inputs], [*outputs, self.upload], **options),
            self.webcam.input(by_file, [self.webcam, *inputs], [*outputs, self.upload], **options),
        ]


def faces(name: str) -> str:
    """A radio button with an image for everybody of the gallery."""
    cards = "".join(
        f'<label class="td-person"><input type="radio" name="td-{escape(name)}" value="{escape(who)}">'
        f'<img src="{address(path)}" alt="" loading="lazy" draggable="false">'
        f"<span>{escape(title(who))}</span></label>"
        for who, path in gallery().items()
    )
    return f'<div class="td-people" role="radiogroup" aria-label="People">{cards}</div>'


def open_photo(path: Path, longest: int = SHOWN) -> Portrait:
    """A visitor's photograph, at most `longest` pixels long. ValueError in one sentence, with no file or folder."""
    try:
        model_file()
    except ValueError as error:
        raise ValueError(NO_LANDMARKER) from error
    try:
        return open_portrait(path, CALLED, longest)
    except ValueError as error:
        raise ValueError(str(error).replace(str(path), CALLED)) from error


def jpeg(image: np.ndarray) -> bytes:
    """(H, W, 3) uint8 → a file's content."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=JPEG, subsampling=0)
    return stream.getvalue()


def data_uri(image: np.ndarray) -> str:
    """(H, W, 3) → an address that holds the image."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(image)).decode("ascii")
