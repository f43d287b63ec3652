"""The endpoints /express (a portrait with another expression) and /portrait_video (a portrait that talks)."""

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from talkdemo.film import portrait as film
from talkdemo.gcgan import covered, landmarks
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.gallery import gallery, open_gallery
from talkdemo.gcgan.portrait import LONGEST, Portrait
from talkdemo.pipeline import decode
from talkdemo.records import MAX_AMOUNT, SAMPLE_RATE, Progress, Speech
from talkdemo.reference import open_reference
from talkdemo.ui.express import job as express_job
from talkdemo.ui.express.job import CALLED, EDIT, LINEAR, MANIFOLD, MOTIONS, PRESET, Session, Target
from talkdemo.ui.parts import faces
from talkdemo.ui.parts.endpoint import NoInput, coded, job, open_endpoint
from talkdemo.ui.parts.options import JOBS
from talkdemo.ui.parts.turns import VIDEO
from talkdemo.ui.parts.visits import Visits

NONE = ""


class Endpoint:
    """Holds nothing of a request."""

    def __init__(self, expresser: Expresser, visits: Visits) -> None:
        self.expresser, self.visits = expresser, visits

    def build(self, **limits: Any) -> None:
        """To be called inside gr.Blocks."""
        presets = [("none", NONE), *((name, name) for name in self.expresser.presets)]
        portrait, somebody = (
            gr.File(label="portrait", visible=False),
            gr.Dropdown([("none", NONE), *gallery()], value=NONE, label="somebody of the gallery", visible=False),
        )
        amount = gr.Slider(0, MAX_AMOUNT, value=1, label="amount", visible=False)
        inputs = [
            portrait,
            gr.Dropdown(presets, value=NONE, label="preset", visible=False),
            amount,
            gr.File(label="landmarks: JSON", visible=False),
            gr.File(label="photo: of another face", visible=False),
            gr.Radio([MANIFOLD, LINEAR], value=MANIFOLD, label="along", visible=False),
            somebody,
        ]
        outputs = [
            gr.Image(label="image", type="filepath", format="png", visible=False),
            gr.JSON(label="landmarks", visible=False),
        ]
        open_endpoint(self.express, inputs, outputs, **limits)
        motion = gr.File(label="motion: npz or Live Link Face CSV", visible=False)
        speech = gr.Audio(type="filepath", label="speech", visible=False)
        turns = gr.Checkbox(True, label="turns: the head follows that of the motion", visible=False)
        inputs = [portrait, motion, speech, amount, somebody, turns]
        outputs = [gr.Video(label="video", visible=False), gr.JSON(label="summary", visible=False)]
        open_endpoint(self.portrait_video, inputs, outputs, **JOBS)

    def express(
        self,
        portrait: str | None = None,
        preset: str = NONE,
        amount: float = 1.0,
        landmarks: str | None = None,
        photo: str | None = None,
        along: str = MANIFOLD,
        somebody: str = NONE,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[str, dict[str, Any]]:
        """Give the face of a photograph another expression: exactly one of `preset`, `landmarks` and `photo`.

        Args:
            portrait: a photograph of one face
            preset: an expression by its name
            amount: 0 leaves the portrait as it is, 1 takes all of the expression, up to 1.5 exaggerates it
            landmarks: JSON with width, height and the 68 points of this portrait as they shall be, in its pixels
            photo: a photograph of another face, whose expression is taken
            along: how amounts are interpolated: on the manifold of expressions, or linearly in landmarks
            somebody: one of the gallery, in place of `portrait`
        Returns:
            the portrait with the expression (png)
            its width, height and 68 landmarks, and a warning where mouth or eyes are covered
        """
        with coded():
            try:
                with self.visits.job(f"{request.session_hash}-express", outlives=True) as one:
                    session = self._session(portrait, somebody, preset, landmarks, photo, one.folder)
                    expression = express_job.express(self.expresser, session, amount, along)
                    png, _ = express_job.write_result(one.folder, session.portrait, expression)
                    one.finished = True
                    told = covered.warning(session.portrait)
                    return str(png), express_job.as_json(expression) | ({"warning": told} if told else {})
            finally:
                self._discard(portrait, landmarks, photo)

    def portrait_video(
        self,
        portrait: str | None = None,
        motion: str | None = None,
        speech: str | None = None,
        amount: float = 1.0,
        somebody: str = NONE,
        turns: bool = True,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> Iterator[tuple]:
        """Make a portrait talk: a video in which it takes the expressions of a motion, as /talk or /track give it.

        Args:
            portrait: a photograph of one face
            motion: 1 s to 10 min of motion, as npz of ours or Live Link Face CSV
            speech: the sound of the video; it is cut or filled to the length of the motion
            amount: 0 leaves the portrait as it is, 1 takes all of an expression, up to 1.5 exaggerates it
            somebody: one of the gallery, in place of `portrait`
            turns: the head makes the small turns of the motion; false keeps the pose of the portrait
        Returns:
            the video (mp4)
            frames and seconds
        """
        with coded():
            try:
                face = self._face(portrait, somebody)
                if motion is None:
                    raise NoInput("there is no motion: an npz made here or a Live Link Face CSV is wanted")
                work = partial(self._film, face, Path(motion), Path(speech) if speech else None, amount, turns)
                made = yield from job(self.visits, request, work, lambda told: (None, told), VIDEO)
                yield made
            finally:
                self._discard(portrait, motion)

    def _film(
        self,
        face: Portrait,
        source: Path,
        sound: Path | None,
        amount: float,
        turns: bool,
        folder: Path,
        report: Progress,
        stop: threading.Event,
    ) -> tuple[str, dict[str, Any]]:
        if source.suffix.lower() not in MOTIONS:
            raise ValueError("this file holds no motion; an npz made here or a Live Link Face CSV is wanted")
        motion = open_reference(source, name=CALLED).motion
        speech = None
        if sound is not None:
            length = round(len(motion) / motion.fps * SAMPLE_RATE)
            samples = decode(sound, CALLED).samples[:length]
            speech = Speech(np.pad(samples, (0, length - len(samples))))
        path = folder / "portrait.mp4"
        settings: dict[str, Any] = {"amount": amount, "turns": turns, "progress": report, "stop": stop}
        spent = film.write(path, self.expresser, face, motion, speech, **settings)
        return str(path), {"frames": len(motion), "fps": motion.fps, "seconds": spent}

    def _session(
        self, portrait: str | None, somebody: str, preset: str, marks: str | None, photo: str | None, folder: Path
    ) -> Session:
        face = self._face(portrait, somebody)
        count = sum((preset != NONE, marks is not None, photo is not None))
        if count != 1:
            raise ValueError(f"{count} expressions were given; one of preset, landmarks or photo is wanted")
        if marks is not None:
            return Session(face, folder, Target(EDIT), landmarks.read_own(Path(marks), face, CALLED))
        target = Target(PRESET, preset) if photo is None else express_job.copied(express_job.read_face(Path(photo)))
        return Session(face, folder, target, express_job.points_of(self.expresser, face, target))

    @staticmethod
    def _face(portrait: str | None, somebody: str) -> Portrait:
        if portrait is not None and somebody != NONE:
            raise ValueError("two portraits were given; a photograph or somebody of the gallery is wanted")
        if portrait is None and somebody == NONE:
            raise NoInput("there is no portrait: a photograph of one face is wanted")
        return faces.open_photo(Path(portrait), LONGEST) if portrait is not None else open_gallery(somebody)

    def _discard(self, *uploads: str | None) -> None:
        for path in filter(None, uploads):
            self.visits.discard(Path(path))
