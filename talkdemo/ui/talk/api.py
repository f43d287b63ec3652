"""The endpoints /talk (an identity) and /talk_like (a reference clip) for programs."""

from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.pipeline import SpeechToFace
from talkdemo.records import AUTO, DEFAULT_STEPS, DIFFPOSETALK, DIFFUSIONTALKER, Guidance, Request, Stopped
from talkdemo.ui.parts import library, panel
from talkdemo.ui.parts.blend import NONE, mix
from talkdemo.ui.parts.job import Done, Report, run_job
from talkdemo.ui.parts.sampling import steps_slider
from talkdemo.ui.parts.turns import MOTION, VIDEO, Turns
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.reference.own_clip import OWN
from talkdemo.ui.talk.form import Form
from talkdemo.ui.talk.job import Talk, draw, talk, write

RETURNS = (
    "Returns the video (unless `video` is false), a Live Link Face CSV, an npz of the motion, a summary, and the head "
    "with its motion as GLB. While the video is drawn, CSV and npz are there already."
)
TALK = f"Animate a 3D head in the style of a learned identity. {RETURNS}"
TALK_LIKE = (
    "Animate a 3D head in the style of a reference clip: `reference` names one of the gallery; `clip` (a video, a Live "
    f"Link CSV or an npz of ours) takes its place where it is given. {RETURNS}"
)


class Endpoints:
    """Their parameters are the page's components where it has them."""

    def __init__(self, pipelines: Mapping[str, SpeechToFace], visits: Visits, form: Form) -> None:
        self.pipelines, self.visits, self.form = pipelines, visits, form

    def build(self, **limits: Any) -> None:
        """To be called inside gr.Blocks, once the form is built."""
        form, identities = self.form, self.form.library
        steps = steps_slider(DEFAULT_STEPS)
        full = gr.Checkbox(False, label="full: the full model even where there is a student", visible=False)

        def open_endpoint(name: str, about: str, handler: Callable, inputs: list) -> None:
            video = gr.Checkbox(True, label="video: draw it too", visible=False)
            files = [gr.Video(visible=False), gr.File(visible=False), gr.File(visible=False)]
            inputs, outputs = [*inputs, video], [*files, gr.JSON(visible=False), gr.File(visible=False)]
            gr.Button(visible=False).click(handler, inputs, outputs, api_name=name, api_description=about, **limits)

        common = [form.character, steps, form.seed, full]
        inputs = [
            form.speech,
            identities.identity,
            form.emotion,
            *common,
            identities.other,
            identities.share,
            *form.guidance,
        ]
        open_endpoint("talk", TALK, self.talk, inputs)
        if clip := form.references:
            reference = gr.Dropdown([*clip.names], value=clip.names[0], label="reference", visible=False)
            file = gr.File(label="clip: in place of the reference", visible=False)
            other = gr.Dropdown([NONE, *clip.names], value=NONE, label="blend_with", visible=False)
            inputs = [form.speech, reference, *common, other, clip.share, clip.head, *clip.guidance, file]
            open_endpoint("talk_like", TALK_LIKE, self.talk_like, inputs)

    def talk(
        self,
        speech: str | None,
        identity: str,
        emotion: str,
        character: str,
        steps: float,
        seed: float,
        full: bool,
        blend_with: str,
        share: float,
        guidance_audio: float,
        guidance_style: float,
        video: bool = True,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> Iterator[tuple]:
        """Yields progress, then video, CSV, npz, the summary and the GLB."""
        if identity == AUTO and blend_with != NONE:
            raise gr.Error("auto cannot be part of a blend: two names are wanted.", print_exception=False)
        style = {"identity": library.read_identity(identity, blend_with, share), "emotion": emotion}
        guidance = Guidance(guidance_audio, guidance_style)
        yield from self._run(request, speech, DIFFUSIONTALKER, character, steps, seed, full, guidance, video, **style)

    def talk_like(
        self,
        speech: str | None,
        reference: str,
        character: str,
        steps: float,
        seed: float,
        full: bool,
        blend_with: str,
        share: float,
        head: bool,
        guidance_audio: float,
        guidance_style: float,
        clip: str | None = None,
        video: bool = True,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> Iterator[tuple]:
        """Yields progress, then video, CSV, npz, the summary and the GLB."""
        shares = mix(OWN if clip else reference, blend_with, share)
        style = {
            "reference": [(Path(str(clip)) if name == OWN else name, weight) for name, weight in shares.items()],
            "head": head,
        }
        guidance = Guidance(guidance_audio, guidance_style)
        yield from self._run(request, speech, DIFFPOSETALK, character, steps, seed, full, guidance, video, **style)

    def _run(
        self,
        session: gr.Request,
        speech: str | None,
        model: str,
        character: str,
        steps: float,
        seed: float,
        full: bool,
        guidance: Guidance,
        video: bool,
        **style: Any,
    ) -> Iterator[tuple]:
        try:
            if speech is None:
                raise ValueError("There is no speech: a sound or video file is wanted.")
            request = Request(
                Path(speech), model, character=character, steps=int(steps), seed=int(seed),
                distilled=False if full else None, guidance=guidance, **style,
            )  # fmt: skip
            made = yield from self._job(session, partial(talk, self.pipelines, request), MOTION, [None, None, None])
            files = yield from self._job(session, partial(self._files, made, character), MOTION, [None, None, None])
            csv, npz, glb = map(str, files)
            summary = {**made.summary, "character": character}
            if video:
                work = partial(draw, self.pipelines[model], made, character)
                made = yield from self._job(session, work, VIDEO, [None, csv, npz])
                summary = {**made.summary, "character": character}
            yield str(made.video) if video else None, csv, npz, summary, glb
        except Stopped:
            raise gr.Error("Stopped.", print_exception=False) from None
        except Exception as error:
            raise gr.Error(escape(panel.sentence(error), quote=False), print_exception=False) from error

    def _files(self, made: Talk, character: str, folder: Path, *_: Any) -> list[Path]:
        face = self.form.pipeline.face
        return [write(kind, face, made, character, folder) for kind in ("csv", "npz", "glb")]

    def _job(self, session: gr.Request, work: Callable, turns: Turns, there: list) -> Generator[tuple, None, Any]:
        """Yields progress beside the files that are there already; returns the result."""
        for event in run_job(self.visits, session.session_hash or "", work, outlives=True, turns=turns):
            if isinstance(event, Done):
                return event.result
            if isinstance(event, Report):
                told = {"stage": event.stage, "fraction": round(event.fraction, 3), "before": event.before}
                yield *there, told, None
        raise Stopped
