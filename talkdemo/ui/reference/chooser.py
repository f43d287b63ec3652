"""A visitor's pick in (gallery, map, upload or webcam), the references to follow with their shares out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import gradio as gr

from talkdemo.pipeline import DEFAULT_GUIDANCE
from talkdemo.records import MAX_GUIDANCE, Stopped
from talkdemo.reference import gallery
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.job import Done, Report, follow
from talkdemo.ui.parts.library import HALF, NOBODY
from talkdemo.ui.parts.visits import AGE, Visits
from talkdemo.ui.reference import gallery as references
from talkdemo.ui.reference import own_clip
from talkdemo.ui.reference.own_clip import OWN, Own
from talkdemo.ui.reference.style_map import StyleMap, style_map
from talkdemo.ui.talk.job import REFERENCE, Talker

GALLERY, MAP, UPLOAD, WEBCAM = "gallery", "map", "upload", "webcam"
PLAIN = {"apply_default_css": False, "padding": False}
QUICK = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
UPLOAD_HINT = "Anybody talking, one face in the picture: a video, a Live Link Face CSV, or an npz made here."
WEBCAM_HINT = "Face the camera, start recording and talk for 5–10 seconds; what you say does not matter."
GONE = "Your clip has been deleted, as everything is within the hour: please give it again."
log = logging.getLogger(__name__)


class ReferenceChooser:
    """The components of the choice and their handlers. Holds nothing of a visitor: a clip lies in its visitor's folder,
    its record in the visitor's own state."""

    def __init__(self, talker: Talker, visits: Visits) -> None:
        self.talker, self.visits = talker, visits
        self.names = tuple(gallery())
        self.styles = StyleMap(talker, gallery())

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        gr.set_static_paths([item.preview.parent for item in gallery().values() if item.preview])
        first = self.names[0]
        gr.HTML('<div class="td-title">In the manner of</div>', **PLAIN)
        with gr.Tabs(selected=GALLERY, overflow_behavior="wrap", elem_id="td-sources") as self.tabs:
            with gr.Tab("Gallery", id=GALLERY):
                self.reference = references.gallery_cards(value=first, elem_id="td-reference")
            with gr.Tab("Style map", id=MAP):
                self.map = style_map(self.styles, value=self.shown({first: 1.0}, None), elem_id="td-map")
            with gr.Tab("Upload", id=UPLOAD):
                gr.HTML(f'<p class="td-hint">{UPLOAD_HINT}</p>', **PLAIN)
                self.upload = gr.File(show_label=False, height=120, elem_id="td-upload")
                self.mirrored = gr.Checkbox(
                    False, label="The picture is mirrored", info="as some phones save selfies", elem_id="td-mirrored"
                )
            with gr.Tab("Webcam", id=WEBCAM):
                gr.HTML(f'<p class="td-hint">{WEBCAM_HINT}</p>', **PLAIN)
                self.webcam = gr.Video(  # mirroring what is recorded would need ffmpeg
                    sources=["webcam"], webcam_options=gr.WebcamOptions(mirror=False), include_audio=True,
                    show_label=False, height=260, buttons=[], elem_id="td-webcam",
                )  # fmt: skip
        self.status = gr.HTML(visible=False, elem_id="td-clip-status", **PLAIN)
        self.card = gr.HTML(references.card({first: 1.0}, None), elem_id="td-clip-card", **PLAIN)
        self.forget_button = gr.Button("Delete my clip", size="sm", visible=False, elem_id="td-forget")
        with gr.Row(equal_height=True, elem_id="td-clip-blend"):
            others = [("nobody", NOBODY), ("My clip", OWN), *((references.title(name), name) for name in self.names)]
            self.other = gr.Dropdown(
                others, value=NOBODY, label="Blend with", min_width=140, scale=2, elem_id="td-clip-other"
            )
            self.share = gr.Slider(
                0, 1, value=HALF, step=0.05, label="Share of the second", interactive=False, min_width=180, scale=3,
                elem_id="td-clip-share",
            )  # fmt: skip
        self.head = gr.Checkbox(
            True, label="Move the head", info="nods and turns belong to the manner; off: only the face moves",
            elem_id="td-head",
        )  # fmt: skip
        at_first = DEFAULT_GUIDANCE[REFERENCE]
        weights = {"minimum": 0, "maximum": MAX_GUIDANCE, "step": 0.05}
        with gr.Group(elem_id="td-guidance"):
            self.guidance_audio = gr.Slider(
                **weights, value=at_first.audio, label="Guidance by the speech", elem_id="td-guidance-audio",
                info="1 is plain; more makes the mouth follow it harder",
            )  # fmt: skip
            self.guidance_style = gr.Slider(
                **weights, value=at_first.style, label="Guidance by the style", elem_id="td-guidance-style",
                info="1 is plain; more exaggerates the manner",
            )  # fmt: skip
        self.own = gr.State(None, time_to_live=AGE)

    def connect(self, character: gr.Radio) -> None:
        """The events; `character`: on whose head a visitor's clip is shown."""
        held = [self.reference, self.other, self.share, self.own]
        shown = [self.card, self.share, self.map, self.forget_button]
        for component in (self.reference, self.other, self.share):
            component.change(self.chosen, held, shown, **QUICK)
        self.reference.change(self.wanted, [self.reference, self.own], self.tabs, **QUICK)
        self.map.select(self.picked, [self.reference, self.other], [self.reference, self.other], **QUICK)
        page = [self.status, self.own, self.reference, self.upload, self.webcam, *shown]
        private = {"api_visibility": "private", "show_progress": "hidden", "concurrency_id": "clip"}
        jobs = []
        for source, happens, mirrored in (
            (self.upload, self.upload.upload, self.mirrored),
            (self.webcam, self.webcam.stop_recording, gr.State(False)),
        ):
            given = [source, mirrored, character, self.other, self.share, self.own]
            jobs.append(happens(self.understand, given, page, concurrency_limit=4, **private))
        self.forget_button.click(
            self.forget, [self.reference, self.other, self.share], [*page, self.other], cancels=jobs, **QUICK
        )

    def chosen(self, reference: str, other: str, share: float, own: Own | None) -> tuple:
        """Another reference, another second one or another share: what the page shows of it."""
        shares = references.mix(reference, other, share)
        blended = other not in (NOBODY, reference)
        return (
            references.card(shares, own),
            gr.Slider(interactive=blended),
            self.shown(shares, own),
            gr.Button(visible=own is not None),
        )

    def wanted(self, reference: str, own: Own | None) -> gr.Tabs:
        """Who wants a clip of their own and has none is led to the upload."""
        return gr.Tabs(selected=UPLOAD) if reference == OWN and own is None else gr.skip()

    def picked(self, reference: str, other: str, event: gr.EventData) -> tuple[str, str]:
        """A point of the map: the first reference, or the one to blend with."""
        name = event._data.get("name")
        if name not in (*self.names, OWN):
            return reference, other
        return (reference, name) if event._data.get("pick") == "second" else (name, other)

    def shown(self, shares: dict[str, float], own: Own | None) -> dict[str, object]:
        """The value of the map."""
        return {"chosen": shares, "own": list(own.point) if own else None}

    def understand(
        self,
        path: str | None,
        mirrored: bool,
        character: str,
        other: str,
        share: float,
        former: Own | None,
        request: gr.Request,
    ) -> Iterator[dict]:
        """A file was uploaded or recorded: yields what changes on the page. The file is deleted at once; a former clip
        goes when this one can be used."""
        if path is None:
            return
        session = visit(request)
        self.visits.resume(session)
        folder, stop = self.visits.begin(session)
        yield {self.status: gr.HTML(reading(Report("reference", 0.0)), visible=True)}
        kept = False
        work = partial(own_clip.understand, self.talker, self.styles, Path(path), mirrored, character, folder)
        try:
            with contextlib.closing(follow(work, stop)) as events:
                for event in events:
                    if isinstance(event, Done):
                        kept = True
                        if former is not None:
                            self.visits.drop(session, former.motion.parent)
                        yield self.understood(event.result, other, share)
                    else:
                        yield {self.status: gr.HTML(reading(event))}
        except Stopped:
            yield {self.status: gr.HTML(visible=False), **self.emptied()}
        except ValueError as error:
            yield {self.status: gr.HTML(panel.failed(str(error))), **self.emptied()}
        except Exception:
            log.exception("a clip could not be read")
            yield {self.status: gr.HTML(panel.failed(panel.BROKEN)), **self.emptied()}
        finally:
            self.visits.end(session, folder, stop, keep=kept)
            self.visits.discard(Path(path))

    def understood(self, own: Own, other: str, share: float) -> dict:
        """The page once the visitor's clip can be followed: it is the one that is chosen."""
        shown = zip(
            (self.card, self.share, self.map, self.forget_button), self.chosen(OWN, other, share, own), strict=True
        )
        return {
            self.status: gr.HTML(visible=False),
            self.own: own,
            self.reference: OWN,
            **self.emptied(),
            **dict(shown),
        }

    def emptied(self) -> dict:
        """Upload and webcam, ready for another clip."""
        return {self.upload: None, self.webcam: None}

    def forget(self, reference: str, other: str, share: float, request: gr.Request) -> dict:
        """The button Delete my clip."""
        self.visits.leave(visit(request))
        first = self.names[0]
        reference, other = (first if one == OWN else one for one in (reference, NOBODY if other == OWN else other))
        shown = zip(
            (self.card, self.share, self.map, self.forget_button),
            self.chosen(reference, other, share, None),
            strict=True,
        )
        return {
            self.status: gr.HTML(visible=False), self.own: None, self.reference: reference, self.other: other,
            **self.emptied(), **dict(shown),
        }  # fmt: skip

    def read(self, reference: str, other: str, share: float, own: Own | None) -> tuple[tuple[str | Path, float], ...]:
        """What to follow, with shares: names of the gallery, or the visitor's motion file.

        Raises ValueError in one sentence where the visitor's own clip is wanted and is not there.
        """
        shares = references.mix(reference, other, share)
        if OWN in shares:
            if own is None:
                raise ValueError(references.NOTHING_YET)
            if not own.motion.is_file():
                raise ValueError(GONE)
        return tuple((own.motion if name == OWN else name, weight) for name, weight in shares.items())


def visit(request: gr.Request) -> str:
    """A name of its own for a session: Stop and a new speech leave the visitor's clip alone."""
    return f"{request.session_hash}-clip"


def reading(report: Report) -> str:
    """A bar while a clip is read."""
    return panel.bar("Reading your clip" if report.stage == "reference" else "Waiting for its turn …", report.fraction)
