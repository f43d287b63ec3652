"""Speech in, Motion and video out: the stages in order, one line each."""

from __future__ import annotations

import functools
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkdemo.audio.decode import SHORTEST, decode
from talkdemo.audio.encoder import SpeechEncoder, heard
from talkdemo.audio.phones import BILABIAL, VOWELS
from talkdemo.audio.ssl import SelfSupervised, open_encoder
from talkdemo.audio.voice import frames as voice_frames
from talkdemo.checkpoint import installed
from talkdemo.diffusion.denoiser import UNGUIDED, Guidance, evaluations
from talkdemo.face.characters import CHARACTERS, Character
from talkdemo.face.contact import meet_and_part
from talkdemo.face.head import FaceModel
from talkdemo.records import (
    DEFAULT_STEPS,
    FPS,
    MAX_GUIDANCE,
    MAX_SAMPLES,
    MAX_SEED,
    MIN_STEPS,
    Motion,
    Speech,
    Stopped,
)
from talkdemo.render import video
from talkdemo.render.raster import Renderer
from talkdemo.talker import Talker

AUTO = "auto"
MODELS = ("diffusiontalker",)
TOP = 5  # matches that are told
_FACE_CHUNK = 250  # frames turned to vertices at a time, so that memory stays flat

_LOADING = threading.Lock()

Progress = Callable[[str, float], None]  # stage, share done in 0..1


class SpeechToFace:
    """The whole way from speech to a moving head. Holds weights only: nothing of a request is kept here."""

    def __init__(
        self,
        model: str,
        encoder: SpeechEncoder | SelfSupervised,
        talker: Talker,
        face: FaceModel,
        students: Mapping[int, tuple[str, Talker]] | None = None,
    ) -> None:
        """`students`: number of steps → name and weights of the model distilled to so many."""
        self.model, self.encoder, self.talker, self.face = model, encoder, talker, face
        self._students = dict(students or {})
        self.students: tuple[int, ...] = tuple(sorted(self._students))
        self.identities: tuple[str, ...] = talker.config.identity.identities
        self.emotions: tuple[str, ...] = talker.config.identity.emotions
        self.max_steps = talker.config.steps

    @classmethod
    def load(cls, model: str = "diffusiontalker", device: str | None = None) -> SpeechToFace:
        """Open the shipped weights (once per process, model and device). Raises ValueError for an unknown model."""
        if model not in MODELS:
            raise ValueError(f"there is no model {model!r}; known are {', '.join(MODELS)}")
        with _LOADING:  # a second visitor waits for the first one's weights instead of opening them again
            return _load(model, device or ("cuda" if torch.cuda.is_available() else "cpu"))

    def animate(
        self,
        speech: Speech | Path | str,
        *,
        identity: str | Mapping[str, float] = AUTO,
        emotion: str = "neutral",
        steps: int = DEFAULT_STEPS,
        seed: int = 0,
        samples: int = 1,
        guidance: Guidance = UNGUIDED,
        distilled: bool | None = None,
        contact: float = 1.0,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> list[Motion]:
        """`samples` motions for one speech, sample k from seed + k. `identity` is a name, names with weights, or "auto"
        (the learned identities mixed as they match the voice); `emotion` a name or "auto" (the likeliest).

        `distilled`: None takes the student distilled to exactly `steps` steps where there is one, else the full model;
        False the full model; True the student. `contact`: how far the lips are made to meet on the /p b m/ that the
        encoder hears and to part on its vowels, 0 (as sampled) to 1 (see face/contact.py).

        Raises ValueError for a choice out of range (before any work) or for speech that cannot be used, Stopped once
        `stop` is set.
        """
        self._check(steps, seed, samples, guidance, contact)
        name, talker = self._chosen(steps, distilled)
        library = talker.library
        mix = None if identity == AUTO else {identity: 1.0} if isinstance(identity, str) else dict(identity)
        mood = None if emotion == AUTO else emotion
        if mix is not None:
            library.weights(mix)
        if mood is not None:
            library.emotion_weights({mood: 1.0})
        clock = _Clock(progress, stop)

        with clock.stage("decode"):
            speech = speech if isinstance(speech, Speech) else decode(speech)
            if speech.seconds < SHORTEST:
                raise ValueError(f"{speech.name} holds {speech.seconds:.2f} s of sound; wanted: at least {SHORTEST} s")
        with clock.stage("encode"):
            features = self.encoder.features(speech, talker.padded_frames(speech.frames))
            matches = None
            if mix is None or mood is None:
                voice = torch.from_numpy(voice_frames(speech))
                if mix is None:
                    matches = mix = library.match(voice)
                mood = mood or next(iter(library.match_emotion(voice)))
        with clock.stage("sample"):
            windows = talker.sample(
                torch.from_numpy(features),
                speech.frames,
                library.weights(mix),
                library.emotion_weights({mood: 1.0}),
                steps,
                [seed + k for k in range(samples)],
                guidance,
                on_step=lambda done, total: clock.report("sample", done / total),
            )
            parts = [(c.cpu().numpy(), h.cpu().numpy()) for c, h in windows]
        coefficients = np.concatenate([c for c, _ in parts], axis=1)  # (K, T, 52)
        if contact > 0 and isinstance(self.encoder, SpeechEncoder):  # other encoders do not say where lips meet
            lips, vowels = (heard(features[: speech.frames], p, self.encoder.config) for p in (BILABIAL, VOWELS))
            coefficients = np.stack([meet_and_part(one, lips, vowels, contact) for one in coefficients])
        head = np.concatenate([h for _, h in parts], axis=1)
        meta: dict[str, Any] = {
            "model": self.model,
            "checkpoint": name,
            "distilled": talker is not self.talker,
            "steps": steps,
            "nfe": steps * len(parts) * evaluations(guidance, talker.config.network.guided),
            "guidance": {"audio": guidance.audio, "style": guidance.style},
            "contact": contact,
            "identity": AUTO if matches is not None else next(iter(mix)) if len(mix) == 1 else mix,
            "emotion": mood,
            "frames": speech.frames,
            "seconds": dict(clock.seconds),
        }
        if matches is not None:
            meta["matches"] = dict(list(matches.items())[:TOP])
        return [
            Motion(coefficients[k], head[k], FPS, {**meta, "seed": seed + k}) for k in range(samples)
        ]  # seconds are those of the whole batch

    def vertices(self, motion: Motion, character: str | Character | None = None) -> np.ndarray:
        """(T, V, 3) metres."""
        character = character or next(iter(CHARACTERS))
        made = []
        with torch.no_grad():
            for start in range(0, len(motion), _FACE_CHUNK):
                part = slice(start, start + _FACE_CHUNK)
                coefficients = torch.as_tensor(motion.coefficients[part])
                made.append(self.face(coefficients, torch.as_tensor(motion.head[part]), character).numpy())
        return np.concatenate(made)

    def video(
        self,
        motion: Motion,
        speech: Speech | None,
        path: Path | str,
        *,
        character: str | Character | None = None,
        size: int = 512,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> dict[str, float]:
        """Render the motion to an mp4 with the speech as its sound; returns the seconds spent per stage."""
        character = character or next(iter(CHARACTERS))
        renderer = Renderer(self.face.drawable(character), size)
        clock = _Clock(progress, stop)
        spent = {"face": 0.0, "render": 0.0}

        def pictures():
            for start in range(0, len(motion), _FACE_CHUNK):
                begin = time.perf_counter()
                part = slice(start, start + _FACE_CHUNK)
                chunk = Motion(motion.coefficients[part], motion.head[part], motion.fps)
                vertices = self.vertices(chunk, character)
                spent["face"] += time.perf_counter() - begin
                frames = renderer.frames(vertices, stop=stop)
                for i in range(len(vertices)):
                    begin = time.perf_counter()
                    frame = next(frames)
                    spent["render"] += time.perf_counter() - begin
                    clock.report("render", (start + i + 1) / len(motion))
                    yield frame

        begin = time.perf_counter()
        video.write(path, pictures(), speech, fps=motion.fps, stop=stop)
        total = time.perf_counter() - begin
        return {**spent, "mux": total - spent["face"] - spent["render"]}

    def _chosen(self, steps: int, distilled: bool | None) -> tuple[str, Talker]:
        if distilled is not False and steps in self._students:
            return self._students[steps]
        if distilled:
            known = ", ".join(map(str, self.students)) or "none"
            raise ValueError(f"no student of {steps} steps is installed; there are students of: {known}")
        return self.model, self.talker

    def _check(self, steps: int, seed: int, samples: int, guidance: Guidance, contact: float) -> None:
        if not 0 <= contact <= 1:
            raise ValueError(f"contact {contact:g} was asked for; 0 to 1 is wanted")
        if not MIN_STEPS <= steps <= self.max_steps:
            raise ValueError(f"{steps} steps were asked for; this model takes {MIN_STEPS} to {self.max_steps}")
        if not 1 <= samples <= MAX_SAMPLES:
            raise ValueError(f"{samples} samples were asked for; 1 to {MAX_SAMPLES} can be made at once")
        if not 0 <= seed <= MAX_SEED:
            raise ValueError(f"the seed {seed} is out of range; a whole number from 0 to {MAX_SEED} is wanted")
        for what, weight in (("audio", guidance.audio), ("style", guidance.style)):
            if not 0 <= weight <= MAX_GUIDANCE:
                raise ValueError(f"{what} guidance {weight:g} was asked for; 0 to {MAX_GUIDANCE:g} is wanted")


@functools.lru_cache(maxsize=4)
def _load(model: str, device: str) -> SpeechToFace:
    talker, _ = Talker.open(model)
    students = {}
    for name in installed():
        if re.fullmatch(rf"{model}-\d+", name):
            student, _ = Talker.open(name)
            if student.config.student_steps:
                students[student.config.student_steps] = name, student.to(device)
    encoder = open_encoder(talker.config.encoder).to(device)
    return SpeechToFace(model, encoder, talker.to(device), FaceModel.load(), students)


class _Clock:
    """Seconds per stage; tells the caller how far the work is and stops it when asked."""

    def __init__(self, progress: Progress | None, stop: threading.Event | None) -> None:
        self.progress, self.stop = progress, stop
        self.seconds: dict[str, float] = {}

    def report(self, stage: str, share: float) -> None:
        if self.stop is not None and self.stop.is_set():
            raise Stopped(stage)
        if self.progress:
            self.progress(stage, share)

    def stage(self, name: str) -> _Stage:
        return _Stage(self, name)


class _Stage:
    def __init__(self, clock: _Clock, name: str) -> None:
        self.clock, self.name = clock, name

    def __enter__(self) -> None:
        self.clock.report(self.name, 0.0)
        self.begin = time.perf_counter()

    def __exit__(self, kind: object, *_: object) -> None:
        self.clock.seconds[self.name] = time.perf_counter() - self.begin
        if kind is None:
            self.clock.report(self.name, 1.0)
