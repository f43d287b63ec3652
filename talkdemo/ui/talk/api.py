"""The endpoints /talk (an identity) and /talk_like (a reference clip) for programs."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.pipeline import SpeechToFace
from talkdemo.records import AUTO, DEFAULT_STEPS, DIFFPOSETALK, DIFFUSIONTALKER, Guidance, Request
from talkdemo.ui.parts import library
from talkdemo.ui.parts.blend import NONE, mix
from talkdemo.ui.parts.endpoint import NoInput, coded, job, open_endpoint
from talkdemo.ui.parts.sampling import steps_slider
from talkdemo.ui.parts.turns import VIDEO
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.reference.own_clip import OWN
from talkdemo.ui.talk.form import Form
from talkdemo.ui.talk.job import Talk, draw, talk, write


class Endpoints:
    """Their parameters are the page's components where it has them."""

    def __init__(self, pipelines: Mapping[str, SpeechToFace], visits: Visits, form: Form) -> None:
        self.pipelines, self.visits, self.form = pipelines, visits, form

    def build(self, **limits: Any) -> None:
        """To be called inside gr.Blocks, once the form is built."""
        form, identities = self.form, self.form.library
        full = gr.Checkbox(False, label="full: the full model even where there is a student", visible=False)
        video = gr.Checkbox(True, label="video: draw it too", visible=False)
        outputs = [
            gr.Video(label="video", visible=False),
            gr.File(label="csv", visible=False),
            gr.File(label="npz", visible=False),
            gr.JSON(label="summary", visible=False),
            gr.File(label="glb", visible=False),
        ]
        common = [form.character, steps_slider(DEFAULT_STEPS), form.seed, full]
        style = [identities.other, identities.share, *form.guidance]
        inputs = [form.speech, identities.identity, form.emotion, *common, *style, video]
        open_endpoint(self.talk, inputs, outputs, **limits)
        if clip := form.references:
            reference = gr.Dropdown([*clip.names], value=clip.names[0], label="reference", visible=False)
            file = gr.File(label="clip: in place of the reference", visible=False)
            other = gr.Dropdown([NONE, *clip.names], value=NONE, label="blend_with", visible=False)
            inputs = [form.speech, reference, *common, other, clip.share, clip.head, *clip.guidance, file, video]
            open_endpoint(self.talk_like, inputs, outputs, **limits)

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
        """Animate a 3D head with speech, in the style of a learned identity: face motion (52 ARKit blendshapes) and
        head rotation at 25 frames a second. Progress comes while it works; CSV and npz are there before the video.

        Args:
            speech: the speech, 0.2 s to 10 min: any sound or video file
            identity: whose way of talking; auto mixes the learned ones as they match the voice
            emotion: of the performance
            character: whose head is drawn and put into the GLB
            steps: sampling steps, 2 to 512; 8 run the distilled student, which is fast and as good
            seed: the same seed gives the same motion
            full: sample the full model even where there is a student of so many steps
            blend_with: a second identity, or none
            share: of the second identity, 0 to 1
            guidance_audio: 0 to 4; more makes the lips follow the speech more closely, other than 1 takes longer
            guidance_style: 0 to 4; more exaggerates identity and emotion, other than 1 takes longer
            video: draw the mp4 too, which takes longer than the motion
        Returns:
            the video (mp4, none unless asked for)
            the motion as Live Link Face CSV
            the motion as npz: coefficients (T, 52), names, head (T, 3) in radians, fps
            a summary: settings, frames, seconds per stage
            the head with its motion as GLB
        """
        with coded():
            if identity == AUTO and blend_with != NONE:
                raise ValueError("auto cannot be part of a blend: two names are wanted.")
            style = {"identity": library.read_identity(identity, blend_with, share), "emotion": emotion}
            settings = self._settings(DIFFUSIONTALKER, character, steps, seed, full, guidance_audio, guidance_style)
            yield from self._run(request, speech, video, **settings, **style)

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
        """Animate a 3D head with speech, in the style of a reference clip of anybody talking: face motion (52 ARKit
        blendshapes) and head rotation at 25 frames a second. Progress comes while it works.

        Args:
            speech: the speech, 0.2 s to 10 min: any sound or video file
            reference: the clip whose style is followed, by its name in the gallery
            character: whose head is drawn and put into the GLB
            steps: sampling steps, 2 to 512; 8 run the distilled student, which is fast and as good
            seed: the same seed gives the same motion
            full: sample the full model even where there is a student of so many steps
            blend_with: a second reference, or none
            share: of the second reference, 0 to 1
            head: false holds the head still
            guidance_audio: 0 to 4; more makes the lips follow the speech more closely, other than 1 takes longer
            guidance_style: 0 to 4; more exaggerates the style, other than 1 takes longer
            clip: 1 s to 10 min of one face in place of the reference: a video, Live Link Face CSV or an npz of ours
            video: draw the mp4 too, which takes longer than the motion
        Returns:
            the video (mp4, none unless asked for)
            the motion as Live Link Face CSV
            the motion as npz: coefficients (T, 52), names, head (T, 3) in radians, fps
            a summary: settings, frames, seconds per stage
            the head with its motion as GLB
        """
        with coded():
            shares = mix(OWN if clip else reference, blend_with, share)
            sources = [(Path(str(clip)) if name == OWN else name, weight) for name, weight in shares.items()]
            settings = self._settings(DIFFPOSETALK, character, steps, seed, full, guidance_audio, guidance_style)
            yield from self._run(request, speech, video, **settings, reference=sources, head=head)

    @staticmethod
    def _settings(
        model: str, character: str, steps: float, seed: float, full: bool, audio: float, style: float
    ) -> dict[str, Any]:
        return {
            "model": model, "character": character, "steps": int(steps), "seed": int(seed),
            "distilled": False if full else None, "guidance": Guidance(audio, style),
        }  # fmt: skip

    def _run(self, session: gr.Request, speech: str | None, video: bool, **settings: Any) -> Iterator[tuple]:
        if speech is None:
            raise NoInput("There is no speech: a sound or video file is wanted.")
        request = Request(Path(speech), **settings)
        character = str(request.character)

        def waiting(told: dict[str, Any]) -> tuple:
            return None, None, None, told, None

        made = yield from job(self.visits, session, partial(talk, self.pipelines, request), waiting)
        files = yield from job(self.visits, session, partial(self._files, made, character), waiting)
        csv, npz, glb = map(str, files)
        if video:
            work = partial(draw, self.pipelines[str(request.model)], made, character)
            made = yield from job(self.visits, session, work, lambda told: (None, csv, npz, told, None), VIDEO)
        yield str(made.video) if video else None, csv, npz, {**made.summary, "character": character}, glb

    def _files(self, made: Talk, character: str, folder: Path, *_: Any) -> list[Path]:
        face = self.form.pipeline.face
        return [write(kind, face, made, character, folder) for kind in ("csv", "npz", "glb")]
