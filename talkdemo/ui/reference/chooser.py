"""The choice of the reference to follow: gallery, style map, upload or webcam, and a second one to blend in."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Stopped
from talkdemo.reference import gallery
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.blend import NONE, blend_inputs, mix
from talkdemo.ui.parts.job import Done, Report, run_job
from talkdemo.ui.parts.options import PLAIN, PRIVATE, QUICK, Page
from talkdemo.ui.parts.sampling import guidance_sliders
from talkdemo.ui.parts.visits import AGE, Visits
from talkdemo.ui.reference import gallery as references
from talkdemo.ui.reference import own_clip
from talkdemo.ui.reference.own_clip import OWN, OwnClip
from talkdemo.ui.reference.style_map import StyleMap, style_map

GALLERY, MAP, UPLOAD, WEBCAM = "gallery", "map", "upload", "webcam"
UPLOAD_HINT = "Somebody talking, one face in view: a video, a Live Link Face CSV, or an npz made here."
WEBCAM_HINT = "Face the camera, start recording and talk for 5–10 seconds; what you say does not matter."
GONE = "Your clip has been deleted, as everything is within the hour: please upload or record it again."
READING = "Reading your clip"


class ReferenceChooser:
    """The components and their handlers. Holds nothing of a visitor: a clip lies in its visitor's folder, its record in
    the visitor's own state."""

    def __init__(self, pipeline: SpeechToFace, visits: Visits) -> None:
        self.pipeline, self.visits = pipeline, visits
        self.names = tuple(gallery())
        self.styles = StyleMap(pipeline, gallery())

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        gr.set_static_paths([item.preview.parent for item in gallery().values() if item.preview])
        first = self.names[0]
        gr.HTML('<div class="td-title">Reference</div>', **PLAIN)
        with gr.Tabs(selected=GALLERY, overflow_behavior="wrap", elem_id="td-sources") as self.tabs:
            with gr.Tab("Gallery", id=GALLERY):
                self.reference = references.gallery_cards(value=first, elem_id="td-reference")
            with gr.Tab("Style map", id=MAP):
                self.map = style_map(self.styles, value=self.map_value({first: 1.0}, None), elem_id="td-map")
            with gr.Tab("Upload", id=UPLOAD):
                gr.HTML(f'<p class="td-hint">{UPLOAD_HINT}</p>', **PLAIN)
                self.upload = gr.File(show_label=False, height=120, elem_id="td-upload")
                self.mirrored = gr.Checkbox(
                    False, label="Mirrored", info="as some phones save selfies", elem_id="td-mirrored"
                )
            with gr.Tab("Webcam", id=WEBCAM):
                gr.HTML(f'<p class="td-hint">{WEBCAM_HINT}</p>', **PLAIN)
                self.webcam = gr.Video(  # mirroring what is recorded would need ffmpeg
                    sources=["webcam"], webcam_options=gr.WebcamOptions(mirror=False), include_audio=True,
                    show_label=False, height=260, buttons=[], elem_id="td-webcam",
                )  # fmt: skip
        self.status = gr.HTML(visible=False, elem_id="td-clip-status", **PLAIN)
        self.card = gr.HTML(references.card({first: 1.0}, None), elem_id="td-clip-card", **PLAIN)
        self.delete = gr.Button("Delete my clip", size="sm", visible=False, elem_id="td-forget")
        with gr.Row(equal_height=True, elem_id="td-clip-blend"):
            titles = [(references.title(name), name) for name in (OWN, *self.names)]
            self.other, self.share = blend_inputs(titles, "td-clip")
        self.head = gr.Checkbox(
            True, label="Head motion", info="part of the style; off: only the face moves", elem_id="td-head-motion"
        )
        with gr.Group(elem_id="td-guidance"):
            self.guidance = guidance_sliders("td-guidance", "more exaggerates the style")
        self.own = gr.State(None, time_to_live=AGE)
        self.inputs = [self.reference, self.other, self.share, self.own]
        self.outputs = [self.card, self.share, self.map, self.delete]

    def connect(self, character: gr.Radio) -> None:
        """The events; `character`: on whose head a visitor's clip is shown."""
        for component in (self.reference, self.other, self.share):
            component.change(self.chosen, self.inputs, self.outputs, **QUICK)
        self.reference.change(self.source, [self.reference, self.own], self.tabs, **QUICK)
        self.map.select(self.picked, [self.reference, self.other], [self.reference, self.other], **QUICK)
        page = [self.status, self.own, self.reference, self.upload, self.webcam, *self.outputs]
        jobs: list[Any] = []
        for upload, happens, mirrored in (
            (self.upload, self.upload.upload, self.mirrored),
            (self.webcam, self.webcam.stop_recording, gr.State(False)),
        ):
            inputs = [upload, mirrored, character, self.other, self.share, self.own]
            jobs.append(happens(self.analyse, inputs, page, concurrency_id="clip", concurrency_limit=4, **PRIVATE))
        self.delete.click(
            self.deleted, [self.reference, self.other, self.share], [*page, self.other], cancels=jobs, **QUICK
        )

    def chosen(self, reference: str, other: str, share: float, own: OwnClip | None) -> Page:
        """Another reference, another second one or another share: what the page shows of it."""
        shares = mix(reference, other, share)
        return {
            self.card: references.card(shares, own),
            self.share: gr.Slider(interactive=other not in (NONE, reference)),
            self.map: self.map_value(shares, own),
            self.delete: gr.Button(visible=own is not None),
        }

    def source(self, reference: str, own: OwnClip | None) -> gr.Tabs:
        """Opens the upload for visitors who choose their own clip and have none yet."""
        return gr.Tabs(selected=UPLOAD) if reference == OWN and own is None else gr.skip()

    def picked(self, reference: str, other: str, event: gr.EventData) -> tuple[str, str]:
        """A point of the map: the first reference, or the one to blend with."""
        name = event._data.get("name")
        if name not in (*self.names, OWN):
            return reference, other
        return (reference, name) if event._data.get("pick") == "second" else (name, other)

    def map_value(self, shares: dict[str, float], own: OwnClip | None) -> dict[str, Any]:
        return {"chosen": shares, "own": list(own.point) if own else None}

    def analyse(
        self,
        path: str | None,
        mirrored: bool,
        character: str,
        other: str,
        share: float,
        former: OwnClip | None,
        request: gr.Request,
    ) -> Iterator[Page]:
        """A file was uploaded or recorded: yields what changes on the page. The file is deleted at once; a former clip
        goes when this one can be used."""
        if path is None:
            return
        session = self.session(request)
        self.visits.resume(session)
        yield {self.status: gr.HTML(panel.reading(READING, Report("reference", 0.0)), visible=True)}
        work = partial(own_clip.analyse, self.pipeline, self.styles, Path(path), mirrored, character)
        try:
            for event in run_job(self.visits, session, work):
                if isinstance(event, Done):
                    if former is not None:
                        self.visits.drop(session, former.motion.parent)
                    own = event.result
                    ready = {self.status: gr.HTML(visible=False), self.own: own, self.reference: OWN, **self.emptied()}
                    yield {**ready, **self.chosen(OWN, other, share, own)}
                elif isinstance(event, Report):
                    yield {self.status: gr.HTML(panel.reading(READING, event))}
        except Stopped:
            yield {self.status: gr.HTML(visible=False), **self.emptied()}
        except Exception as error:
            yield {self.status: gr.HTML(panel.failed(panel.sentence(error))), **self.emptied()}
        finally:
            self.visits.discard(Path(path))

    def emptied(self) -> Page:
        """Upload and webcam, ready for another clip."""
        return {self.upload: None, self.webcam: None}

    def deleted(self, reference: str, other: str, share: float, request: gr.Request) -> Page:
        """The button Delete my clip."""
        self.visits.leave(self.session(request))
        reference = self.names[0] if reference == OWN else reference
        other = NONE if other == OWN else other
        return {
            self.status: gr.HTML(visible=False), self.own: None, self.reference: reference, self.other: other,
            **self.emptied(), **self.chosen(reference, other, share, None),
        }  # fmt: skip

    def read(self, reference: str, other: str, share: float, own: OwnClip | None) -> list[tuple[str | Path, float]]:
        """The references of a request with their shares: names of the gallery, or the visitor's motion file.

        Raises ValueError in one sentence where the visitor's own clip is chosen and is not there.
        """

        def source(name: str) -> str | Path:
            if name != OWN:
                return name
            if own is None:
                raise ValueError(references.NO_CLIP)
            if not own.motion.is_file():
                raise ValueError(GONE)
            return own.motion

        return [(source(name), weight) for name, weight in mix(reference, other, share).items()]

    def session(self, request: gr.Request) -> str:
        """A name of its own: Stop and a new speech leave the visitor's clip alone."""
        return f"{request.session_hash}-clip"
