"""Speech in, Motion and video out: the stages in order, one line each."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from talkdemo.condition.style import StyleEncoder, blend
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
    Reference,
    Speech,
    Stopped,
)
from talkdemo.reference import gallery, open_reference
from talkdemo.render import video
from talkdemo.render.raster import Renderer
from talkdemo.talker import Talker

AUTO = "auto"
MODELS = ("diffusiontalker", "diffposetalk")
DEFAULT_GUIDANCE = {"diffusiontalker": UNGUIDED, "diffposetalk": UNGUIDED}
LEAST_THRESHOLD = 0.9  # of dynamic thresholding: below, most of the motion would be cut off
TOP = 5  # matches that are told
_FACE_CHUNK = 250  # frames turned to vertices at a time, so that memory stays flat

_LOADING = threading.Lock()

Progress = Callable[[str, float], None]  # stage, share done in 0..1
Given = Reference | Path | str  # a reference as it may be given: itself, a file, the name of one of the gallery


class SpeechToFace:
    """The whole way from speech to a moving head. Holds weights only: nothing of a request is kept here."""

    def __init__(
        self,
        model: str,
        encoder: SpeechEncoder | SelfSupervised,
        talker: Talker,
        face: FaceModel,
        students: Mapping[int, tuple[str, Talker]] | None = None,
        style_encoder: StyleEncoder | None = None,
    ) -> None:
        """`students`: number of steps → name and weights of the model distilled to so many. `style_encoder`: for a
        talker that follows reference clips."""
        self.model, self.encoder, self.talker, self.face = model, encoder, talker, face
        self.style_encoder = style_encoder
        self._students = dict(students or {})
        self.students: tuple[int, ...] = tuple(sorted(self._students))
        identity = talker.config.identity
        self.identities: tuple[str, ...] = identity.identities if identity else ()
        self.emotions: tuple[str, ...] = identity.emotions if identity else ()
        self.references: tuple[str, ...] = () if identity else tuple(gallery())
        self.max_steps = talker.config.steps

    @classmethod
    def load(cls, model: str = "diffusiontalker", device: str | None = None) -> SpeechToFace:
        """Open the shipped weights (once per process, model and device). Raises ValueError for an unknown model."""
        if model not in MODELS:
            raise ValueError(f"there is no model {model!r}; known are {', '.join(MODELS)}")
        with _LOADING:  # a second visitor waits for the first one's weights instead of opening them again
            return _load(model, device or ("cuda" if torch.cuda.is_available() else "cpu"))

    def animate(self, speech: Speech | Path | str, **choices: Any) -> list[Motion]:
        """`samples` motions for one speech, sample k from seed + k: what `stream` yields, put together.

        Takes the same choices and raises the same errors.
        """
        parts = list(self.stream(speech, **choices))
        last = parts[-1]
        return [
            Motion(
                np.concatenate([part[k].coefficients for part in parts]),
                np.concatenate([part[k].head for part in parts]),
                FPS,
                last[k].meta,
            )
            for k in range(len(last))
        ]

    def stream(
        self,
        speech: Speech | Path | str,
        *,
        identity: str | Mapping[str, float] | None = None,
        emotion: str | None = None,
        reference: Given | Mapping[str, float] | Sequence[tuple[Given, float]] | None = None,
        head: bool = True,
        steps: int = DEFAULT_STEPS,
        seed: int = 0,
        samples: int = 1,
        guidance: Guidance | None = None,
        distilled: bool | None = None,
        contact: float = 1.0,
        threshold: float | None = None,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[list[Motion]]:
        """Yield `samples` motions window by window, each as soon as it is done; end to end they are the whole.

        DiffusionTalker takes `identity`: a name, names with weights, or "auto" (the learned identities mixed as they
        match the voice; the default), and `emotion`: a name (default: neutral) or "auto" (the likeliest). DiffPoseTalk
        takes `reference`: the name of a reference of the gallery (default: its first), a file, a Reference, names with
        weights, or pairs of any of these with weights. `head` False holds the head still.

        `guidance`: the weights on speech and style; None is DEFAULT_GUIDANCE of the model. `distilled`: None takes the
        student distilled to exactly `steps` steps where there is one, else the full model; False the full model; True
        the student. `contact`: how far the lips are made to meet on the /p b m/ that the encoder hears and to part on
        its vowels, 0 (as sampled) to 1 (see face/contact.py). `threshold`: the quantile of dynamic thresholding, 0.9 to
        below 1 (see diffusion/denoiser.py); None is none.

        Raises ValueError for a choice out of range (before any work) or for speech or a reference that cannot be used,
        Stopped once `stop` is set. The last part's `meta` tells the seconds of all.
        """
        guidance = guidance or DEFAULT_GUIDANCE[self.model if self.model in MODELS else MODELS[0]]
        self._check(steps, seed, samples, guidance, contact, threshold)
        name, talker = self._chosen(steps, distilled)
        clock = _Clock(progress, stop)
        about = self._about(identity, emotion, reference, clock)

        with clock.stage("decode"):
            speech = speech if isinstance(speech, Speech) else decode(speech)
            if speech.seconds < SHORTEST:
                raise ValueError(f"{speech.name} holds {speech.seconds:.2f} s of sound; wanted: at least {SHORTEST} s")
        with clock.stage("encode"):
            features = self.encoder.features(speech, talker.padded_frames(speech.frames))
            rows, told = about(speech)
        meta: dict[str, Any] = {
            "model": self.model,
            "checkpoint": name,
            "distilled": talker is not self.talker,
            "steps": steps,
            "nfe": 0,
            "guidance": {"audio": guidance.audio, "style": guidance.style},
            "contact": contact,
            **({} if threshold is None else {"threshold": threshold}),
            "head": head,
            **told,
            "frames": speech.frames,
        }
        clock.report("sample", 0.0)
        windows = talker.sample(
            torch.from_numpy(features),
            speech.frames,
            rows,
            steps,
            [seed + k for k in range(samples)],
            guidance,
            on_step=lambda done, total: clock.report("sample", done / total),
            threshold=threshold,
        )
        at = 0
        while True:
            with clock.timed("sample"):
                made = next(windows, None)
            if made is None:
                clock.report("sample", 1.0)
                return
            coefficients, turned = (x.cpu().numpy() for x in made)  # (K, T', 52), (K, T', 3)
            part = features[at : at + coefficients.shape[1]]
            at += len(part)
            if contact > 0 and isinstance(self.encoder, SpeechEncoder):  # other encoders do not say where lips meet
                lips, vowels = (heard(part, phones, self.encoder.config) for phones in (BILABIAL, VOWELS))
                coefficients = np.stack([meet_and_part(one, lips, vowels, contact) for one in coefficients])
            meta["nfe"] += steps * evaluations(guidance, talker.config.network.guided)
            spent = {"seconds": dict(clock.seconds)}  # of the whole batch so far
            yield [
                Motion(coefficients[k], turned[k] if head else 0 * turned[k], FPS, {**meta, **spent, "seed": seed + k})
                for k in range(samples)
            ]

    def style(self, reference: Given | Mapping[str, float] | Sequence[tuple[Given, float]] | None = None) -> np.ndarray:
        """(128,) the style vector of a reference, or of several with weights (as `stream` takes them).

        Raises ValueError for a reference that cannot be used, or where the model follows no references.
        """
        if self.style_encoder is None:
            raise ValueError(f"{self.model} follows no reference clips; diffposetalk does")
        return self._style(reference, _Clock(None, None))[0].cpu().numpy()

    def _style(self, reference: object, clock: _Clock) -> tuple[torch.Tensor, dict[str, Any]]:
        if reference is None:
            reference = self.references[0]
        if isinstance(reference, Mapping):
            reference = list(reference.items())
        pairs = reference if isinstance(reference, Sequence) and not isinstance(reference, str) else [(reference, 1.0)]
        done = 0

        def report(_: str, share: float) -> None:
            clock.report("reference", (done + share) / len(pairs))

        opened: list[tuple[Reference, float]] = []
        for done, (given, weight) in enumerate(pairs):  # noqa: B007 - report tells it
            opened.append((open_reference(given, progress=report, stop=clock.stop), float(weight)))
        style = blend([(self.style_encoder.embed(one), weight) for one, weight in opened])
        total = sum(weight for _, weight in opened)
        names: dict[str, float] = {}
        for one, weight in opened:
            names[one.name] = round(names.get(one.name, 0.0) + weight / total, 4)
        return style, {"reference": next(iter(names)) if len(names) == 1 else names}

    def _about(
        self, identity: object, emotion: str | None, reference: object, clock: _Clock
    ) -> Callable[[Speech], tuple[tuple[torch.Tensor, ...], dict[str, Any]]]:
        """Whose manner: what can be checked is checked now; the rest is found once there is speech: the rows that the
        talker's library takes, and what is told about them."""
        if self.style_encoder is not None:
            if identity is not None or emotion is not None:
                given = "an identity" if identity is not None else "an emotion"
                raise ValueError(f"{given} was given to {self.model}; a reference clip is wanted")
            with clock.stage("reference"):
                style, told = self._style(reference, clock)
            return lambda _: ((style,), told)
        if reference is not None:
            raise ValueError(f"a reference clip was given to {self.model}; an identity is wanted")
        library = self.talker.library
        auto = identity is None or identity == AUTO
        mix = None if auto else {identity: 1.0} if isinstance(identity, str) else dict(identity)
        mood = None if emotion == AUTO else emotion or self.emotions[0]
        if mix is not None:
            library.weights(mix)
        if mood is not None:
            library.emotion_weights({mood: 1.0})

        def about(speech: Speech) -> tuple[tuple[torch.Tensor, ...], dict[str, Any]]:
            voice = torch.from_numpy(voice_frames(speech)) if mix is None or mood is None else None
            matches = library.match(voice) if mix is None else None
            feeling = mood or next(iter(library.match_emotion(voice)))
            who = matches or mix
            told = {"identity": AUTO if matches else next(iter(mix)) if len(mix) == 1 else mix, "emotion": feeling}
            if matches:
                told["matches"] = dict(list(matches.items())[:TOP])
            return (library.weights(who), library.emotion_weights({feeling: 1.0})), told

        return about

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

    def _check(
        self, steps: int, seed: int, samples: int, guidance: Guidance, contact: float, threshold: float | None
    ) -> None:
        if threshold is not None and not LEAST_THRESHOLD <= threshold < 1:
            raise ValueError(f"the threshold {threshold:g} was asked for; {LEAST_THRESHOLD:g} to below 1 is wanted")
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
    style = talker.config.style and StyleEncoder.open(talker.config.style.encoder).to(device)
    return SpeechToFace(model, encoder, talker.to(device), FaceModel.load(), students, style)


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

    @contextlib.contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Adds to the seconds of a stage that is done in parts."""
        begin = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


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
