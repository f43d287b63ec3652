"""The pipeline: speech → features → sampled motion → files, one line per stage.

`run` answers a whole `Request`; page, endpoints, command line, comparison and evaluation all come here.
"""

import functools
import itertools
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkdemo.audio.activity import voice_only
from talkdemo.audio.decode import decode
from talkdemo.audio.encoder import SpeechEncoder, heard
from talkdemo.audio.phones import BILABIAL, VOWELS
from talkdemo.audio.read import SHORTEST
from talkdemo.audio.ssl import SelfSupervised, open_encoder
from talkdemo.audio.voice import frames as voice_frames
from talkdemo.checkpoint import installed
from talkdemo.condition.identity import IdentityLibrary
from talkdemo.condition.resolve import Condition, check_condition, needs_voice, resolve_identity, resolve_style
from talkdemo.condition.style import StyleEncoder
from talkdemo.diffusion.sampler import SAMPLERS
from talkdemo.export import bundle, gltf, mesh, summary
from talkdemo.face.characters import CHARACTERS, Character
from talkdemo.face.contact import meet_and_part
from talkdemo.face.head import FaceModel
from talkdemo.files import numbered
from talkdemo.guard import process as guard
from talkdemo.records import (
    DDIM,
    DEFAULT_SIZE,
    DIFFPOSETALK,
    DIFFUSIONTALKER,
    FPS,
    MODELS,
    Clock,
    Motion,
    Outputs,
    Progress,
    ReferenceSource,
    Request,
    Result,
    Speech,
)
from talkdemo.reference import gallery
from talkdemo.render import motion as render_motion
from talkdemo.render.raster import Renderer
from talkdemo.talker import Talker

_LOADING = threading.Lock()


class SpeechToFace:
    """The way from speech to a moving head. Holds weights only: nothing of a request is kept here."""

    def __init__(
        self,
        model: str,
        encoder: SpeechEncoder | SelfSupervised,
        talker: Talker,
        face: FaceModel,
        students: Mapping[int, tuple[str, Talker]] | None = None,
        style_encoder: StyleEncoder | None = None,
    ) -> None:
        """`students`: steps → name and weights of the model distilled to so many. `style_encoder`: for DiffPoseTalk."""
        self.model, self.encoder, self.talker, self.face = model, encoder, talker, face
        self.style_encoder, self.gate = style_encoder, voice_only  # gate: what is heard; a film keeps its music
        self._students = dict(students or {})
        self.students: tuple[int, ...] = tuple(sorted(self._students))
        identity = talker.config.identity
        self.identities: tuple[str, ...] = identity.identities if identity else ()
        self.emotions: tuple[str, ...] = identity.emotions if identity else ()
        self.references: tuple[str, ...] = () if identity else tuple(gallery())

    @classmethod
    def load(cls, model: str = DIFFUSIONTALKER, device: str | None = None) -> "SpeechToFace":
        """Open the shipped weights (once per process, model and device). Raises ValueError for an unknown model."""
        if model not in MODELS:
            raise ValueError(f"there is no model {model!r}; known are {', '.join(MODELS)}")
        guard.warm()
        with _LOADING:  # a second visitor waits for the first one's weights instead of opening them again
            return _load(model, device or ("cuda" if torch.cuda.is_available() else "cpu"))

    def animate(
        self, request: Request, *, progress: Progress | None = None, stop: threading.Event | None = None
    ) -> list[Motion]:
        """One motion per sample: what `stream` yields, put together. Raises the same errors."""
        windows = list(self.stream(request, progress=progress, stop=stop))
        return [Motion.concatenate(parts) for parts in zip(*windows, strict=True)]

    def stream(
        self, request: Request, *, progress: Progress | None = None, stop: threading.Event | None = None
    ) -> Iterator[list[Motion]]:
        """Yield the motions window by window, each as soon as it is sampled; the last one's `meta` counts all seconds.

        Raises ValueError for what this model cannot answer (before any work), or cannot use; Stopped by `stop`.
        """
        (name, talker), clock = self.check(request), Clock(progress, stop)
        speech = self.gate(_decode(request, clock))
        if self.style_encoder is not None:
            with clock.stage("reference"):
                style, condition_meta = resolve_style(self.style_encoder, request.reference, clock.report, stop)
            condition: Condition = (style,)
        with clock.stage("encode"):
            encoded: list[np.ndarray] = []  # the features of frames that are not sampled yet
            pieces = self._encode(speech, talker.padded_frames(speech.frames), clock, encoded)
            first = next(pieces)
            if isinstance(talker.library, IdentityLibrary):
                voice = torch.from_numpy(voice_frames(speech)) if needs_voice(request) else None
                condition, condition_meta = resolve_identity(talker.library, request, voice)
        meta: dict[str, Any] = {
            "model": self.model,
            "checkpoint": name,
            "distilled": talker is not self.talker,
            "steps": talker.steps(request.steps),
            "nfe": 0,
            "guidance": {"audio": request.guidance.audio, "style": request.guidance.style},
            "contact": request.contact,
            **({} if request.threshold is None else {"threshold": request.threshold}),
            **({} if request.sampler == DDIM else {"sampler": request.sampler}),
            "head": request.head,
            **({"sound": dict(speech.notes)} if speech.notes else {}),
            **condition_meta,
            "frames": speech.frames,
        }
        clock.report("sample", 0.0)
        seeds = range(request.seed, request.seed + request.samples)
        windows = talker.sample(
            itertools.chain([first], pieces),
            speech.frames,
            condition,
            request.steps,
            seeds,
            request.guidance,
            on_step=lambda done, total: clock.report("sample", done / total),
            threshold=request.threshold,
            sampler=SAMPLERS[request.sampler],
        )
        while True:
            with clock.timed("sample"):
                window = next(windows, None)
            if window is None:
                clock.report("sample", 1.0)
                return
            coefficients, head = (x.cpu().numpy() for x in window)  # (K, T', 52), (K, T', 3)
            waiting, frames = np.concatenate(encoded), coefficients.shape[1]
            encoded[:] = [waiting[frames:]]
            coefficients = self._contact(coefficients, waiting[:frames], request.contact)
            meta["nfe"] += talker.evaluations(request.steps, request.guidance)
            seconds = {"seconds": dict(clock.seconds)}  # of the whole batch so far
            metas = ({**meta, **seconds, "seed": seed} for seed in seeds)
            head = head if request.head else np.zeros_like(head)
            yield [Motion(c, h, FPS, one) for c, h, one in zip(coefficients, head, metas, strict=True)]

    def _encode(self, speech: Speech, frames: int, clock: Clock, encoded: list[np.ndarray]) -> Iterator[torch.Tensor]:
        """Features piece by piece, so that the first window of long speech need not wait; `encoded` collects them."""
        pieces = self.encoder.stream(speech, frames)
        while True:
            with clock.timed("encode"):
                piece = next(pieces, None)
            if piece is None:
                return
            encoded.append(piece)
            yield torch.from_numpy(piece)

    def _contact(self, coefficients: np.ndarray, features: np.ndarray, amount: float) -> np.ndarray:
        """(K, T', 52) with the lips brought together where the encoder hears /p b m/, and apart on vowels."""
        if amount == 0 or not isinstance(self.encoder, SpeechEncoder):  # other encoders do not say where lips meet
            return coefficients
        lips, vowels = (heard(features, phones, self.encoder.config) for phones in (BILABIAL, VOWELS))
        return np.stack([meet_and_part(sample, lips, vowels, amount) for sample in coefficients])

    def style(
        self, reference: ReferenceSource | Mapping[str, float] | list[tuple[ReferenceSource, float]] | None = None
    ) -> np.ndarray:
        """(128,) the style vector of a reference, or of several with weights (as a request holds them).

        Raises ValueError for a reference that cannot be used, or where the model follows no references.
        """
        if self.style_encoder is None:
            raise ValueError(f"{self.model} follows no reference clips; {DIFFPOSETALK} does")
        return resolve_style(self.style_encoder, reference, lambda *_: None)[0].cpu().numpy()

    def check(self, request: Request) -> tuple[str, Talker]:
        """Name and weights of what answers a request. Raises ValueError, before any work, where this model cannot."""
        if request.model not in (None, self.model):
            raise ValueError(f"a request for {request.model} was given to {self.model}")
        check_condition(self.talker.library, request, self.model)
        if request.distilled and request.sampler != DDIM:
            raise ValueError(f"the sampler {request.sampler} was asked for; the students were distilled for {DDIM}")
        if request.distilled is not False and request.sampler == DDIM and request.steps in self._students:
            return self._students[request.steps]
        if request.distilled:
            known = ", ".join(map(str, self.students)) or "none"
            raise ValueError(f"no student of {request.steps} steps is installed; there are students of: {known}")
        if request.steps > self.talker.config.steps:
            raise ValueError(f"{request.steps} steps were asked for; this model has {self.talker.config.steps}")
        return self.model, self.talker

    def evaluations(self, request: Request) -> int:
        """How many times the network runs for one window of a request. Raises what `check` raises."""
        return self.check(request)[1].evaluations(request.steps, request.guidance)

    def video(
        self,
        motion: Motion,
        speech: Speech | None,
        path: Path | str,
        *,
        character: str | Character | None = None,
        size: int = DEFAULT_SIZE,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> dict[str, float]:
        """Render the motion to an mp4 with the speech as its sound; returns the seconds spent per stage."""
        character = character or next(iter(CHARACTERS))
        renderer = Renderer(self.face.drawable(character), size)
        vertices = functools.partial(self.face.vertices, character=character)
        return render_motion.write(path, [motion], vertices, renderer, speech, progress=progress, stop=stop)


def run(
    pipeline: SpeechToFace,
    request: Request,
    outputs: Outputs | None = None,
    *,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    on_window: Callable[[list[Motion]], None] | None = None,
) -> Result:
    """Answer a request: decode, encode, sample, render and write the files asked for.

    `on_window` gets the motions of every window as soon as they are sampled. Raises what `SpeechToFace.stream` raises,
    and ValueError for a file that cannot be written; a file is written whole or not at all.
    """
    outputs = outputs or Outputs()
    clock = Clock(progress, stop)
    pipeline.check(request)
    speech = _decode(request, clock)
    if outputs.mesh:
        mesh.check(outputs.mesh, outputs.mesh_at, speech.seconds)
    windows: list[list[Motion]] = []
    for window in pipeline.stream(replace(request, speech=speech), progress=progress, stop=stop):
        windows.append(window)
        if on_window:
            on_window(window)
    motions = tuple(Motion.concatenate(parts) for parts in zip(*windows, strict=True))
    with bundle.complete(outputs, motions) as files:
        for path, motion in zip(numbered(files.video, len(motions)), motions, strict=False):
            character, size = request.character, request.size
            spent = pipeline.video(motion, speech, path, character=character, size=size, progress=progress, stop=stop)
            clock.seconds |= {stage: clock.seconds.get(stage, 0.0) + value for stage, value in spent.items()}
        for path, motion in zip(numbered(files.glb, len(motions)), motions, strict=False):
            gltf.write(path, pipeline.face, request.character, motion)
        if files.mesh:
            mesh.write(files.mesh, pipeline.face, motions[0], outputs.mesh_at, request.character)
        bundle.write_motions(files, motions, speech)
        described = summary.summarise(
            motions,
            clock.seconds,
            speech=request.name or (speech.name if request.speech is speech else str(request.speech)),
            character=request.character,
            files=summary.paths(outputs),
        )
        if files.json:
            summary.write(files.json, described)
    return Result(request, outputs, speech, motions, described)


def _decode(request: Request, clock: Clock) -> Speech:
    if isinstance(request.speech, Speech):
        speech = request.speech
    else:
        with clock.stage("decode"):
            speech = decode(request.speech, request.name, clock.stop)
    if speech.seconds < SHORTEST:
        raise ValueError(f"{speech.name} holds {speech.seconds:.2f} s of sound; wanted: at least {SHORTEST} s")
    return speech


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
    style = StyleEncoder.open(talker.config.style.encoder).to(device) if talker.config.style else None
    return SpeechToFace(model, encoder, talker.to(device), FaceModel.load(), students, style)
