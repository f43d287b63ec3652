"""The records that flow between stages: frozen, with a shape on every field.

Alphabet of shapes: K samples, T frames, N audio samples, D features, C = 52 coefficients, V vertices, F faces,
L landmarks, H W picture. Arrays are numpy float32 unless a field says otherwise.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

FPS = 25  # frames of motion and video per second
SAMPLE_RATE = 16_000  # audio samples per second, mono
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 640
COEFFICIENTS, HEAD_CHANNELS = 52, 3
CHANNELS = COEFFICIENTS + HEAD_CHANNELS  # of a motion's tracks

# What may be asked of the pipeline, wherever it is asked: Python, command line, page, endpoints.
MODELS = DIFFUSIONTALKER, DIFFPOSETALK = ("diffusiontalker", "diffposetalk")  # by identity; by reference clip
SAMPLERS = DDIM, DPM_SOLVER = ("ddim", "dpm++")  # of the full model; students were distilled for DDIM
MODEL_TITLES = {DIFFUSIONTALKER: "DiffusionTalker", DIFFPOSETALK: "DiffPoseTalk"}
AUTO = "auto"  # identity: as the voice suggests
DEFAULT_STEPS, MIN_STEPS, MAX_STEPS = 8, 2, 512  # sampling steps
MAX_SAMPLES = 16  # motions of one speech
MAX_SEED = 2**31 - 1
MAX_GUIDANCE = 4.0  # 0 leaves the condition out, 1 is the model as it was trained
MAX_AMOUNT = 1.5  # of an expression: 0 leaves the portrait as it is, 1 takes all of it
MIN_THRESHOLD, MAX_THRESHOLD = 0.9, 0.999  # quantile of dynamic thresholding; below, most of the motion would be cut
DEFAULT_SIZE, MIN_SIZE, MAX_SIZE = 512, 64, 2048  # pixels of a square image

STAGES = ("decode", "reference", "encode", "sample", "face", "render", "mux")  # of a request, in order
Progress = Callable[[str, float], None]  # stage, fraction done


class Stopped(Exception):
    """Raised inside a stage when the caller's stop event is set."""


def check_stop(stop: threading.Event | None) -> None:
    """Raises Stopped once `stop` is set."""
    if stop is not None and stop.is_set():
        raise Stopped


class Clock:
    """Measures the seconds of every stage, reports progress, and raises Stopped once `stop` is set."""

    def __init__(self, progress: Progress | None, stop: threading.Event | None) -> None:
        self.progress, self.stop = progress, stop
        self.seconds: dict[str, float] = {}
        self._within = 0.0  # seconds of the stages inside the one that is timed

    def report(self, stage: str, fraction: float) -> None:
        check_stop(self.stop)
        if self.progress:
            self.progress(stage, fraction)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A stage from its beginning to its end."""
        self.report(name, 0.0)
        with self.timed(name):
            yield
        self.report(name, 1.0)

    @contextlib.contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Adds to the seconds of a stage that is done in parts; a stage within another counts for itself alone."""
        begin, outer, self._within = time.perf_counter(), self._within, 0.0
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            self.seconds[name] = self.seconds.get(name, 0.0) + spent - self._within
            self._within = outer + spent


@dataclass(frozen=True)
class Speech:
    """Mono sound at SAMPLE_RATE as it was heard (loudness is normalised only on the model's way in)."""

    samples: np.ndarray  # (N,) float32 in [-1, 1]
    name: str = "speech"
    notes: Mapping[str, Any] = field(default_factory=dict)  # on the file: which stream and channels, pauses

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @property
    def frames(self) -> int:
        """T: frames of motion that cover the whole sound (the last may be covered in part)."""
        return max(1, math.ceil(len(self.samples) / SAMPLES_PER_FRAME))


@dataclass(frozen=True)
class Motion:
    """A moving head: ARKit-52 coefficients (order: face.arkit.NAMES) and head rotation.

    `head` is a rotation vector (axis × angle, radians) in the head's frame: x to the character's left, y up,
    z out of the face. +x nods down, +y turns to the character's left, +z tilts towards the character's right shoulder.
    """

    coefficients: np.ndarray  # (T, 52) in 0..1
    head: np.ndarray  # (T, 3)
    fps: float = FPS
    meta: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, tracks: np.ndarray, fps: float = FPS, meta: Mapping[str, Any] | None = None) -> Motion:
        """From tracks (T, 55)."""
        return cls(tracks[:, :-HEAD_CHANNELS], tracks[:, -HEAD_CHANNELS:], fps, meta or {})

    @classmethod
    def concatenate(cls, parts: Sequence[Motion]) -> Motion:
        """Consecutive parts as one motion, with the frame rate and the meta of the last."""
        return cls.of(np.concatenate([part.tracks for part in parts]), parts[-1].fps, parts[-1].meta)

    @property
    def tracks(self) -> np.ndarray:
        """(T, 55): the coefficients, then the head's x, y, z."""
        return np.concatenate([self.coefficients, self.head], axis=1)

    def __len__(self) -> int:
        return len(self.coefficients)

    def __getitem__(self, frames: slice) -> Motion:
        """A part of the motion."""
        return Motion(self.coefficients[frames], self.head[frames], self.fps, self.meta)


@dataclass(frozen=True)
class Reference:
    """Motion of somebody talking, whose style is followed. `mask` (55,): the tracks that were measured; None = all."""

    name: str
    motion: Motion  # at FPS
    mask: np.ndarray | None = None


ReferenceSource = Reference | Path | str  # itself, a file, or the name of one of the gallery


@dataclass(frozen=True)
class Guidance:
    """Weights of classifier-free guidance on the speech and on the style (identity or reference); 1 and 1 is none."""

    audio: float = 1.0
    style: float = 1.0

    @property
    def none(self) -> bool:
        return self.audio == 1.0 and self.style == 1.0


@dataclass(frozen=True)
class Request:
    """One speech under one setting. Raises ValueError for a number out of range.

    DiffusionTalker takes `identity` (a name, names with weights, or AUTO: the learned identities mixed as they match
    the voice; the default) and `emotion` (a name, default neutral). DiffPoseTalk takes `reference`: one (default: the
    gallery's first), names with weights, or pairs of a source and its weight.
    """

    speech: Speech | Path | str  # sound as it is, or any audio or video file
    model: str | None = None  # None: whichever the pipeline is
    identity: str | Mapping[str, float] | None = None
    emotion: str | None = None
    reference: ReferenceSource | Mapping[str, float] | Sequence[tuple[ReferenceSource, float]] | None = None
    head: bool = True  # False holds the head still
    steps: int = DEFAULT_STEPS
    distilled: bool | None = None  # None: the student of so many steps where there is one; False: the full model
    sampler: str = DDIM  # one of SAMPLERS; another than DDIM samples the full model
    seed: int = 0  # of the first sample; sample k has seed + k
    samples: int = 1
    guidance: Guidance = field(default_factory=Guidance)
    contact: float = 1.0  # how far lips are brought together on /p b m/, 0 (as sampled) to 1; face/contact.py
    threshold: float | None = None  # quantile of dynamic thresholding; None: none
    character: str | None = None  # None: the first
    size: int = DEFAULT_SIZE
    name: str | None = None  # what messages call the speech; None: its own name

    def __post_init__(self) -> None:
        for what, name, known in (("model", self.model or MODELS[0], MODELS), ("sampler", self.sampler, SAMPLERS)):
            if name not in known:
                raise ValueError(f"there is no {what} {name!r}; known are {', '.join(known)}")
        if self.threshold is not None and not MIN_THRESHOLD <= self.threshold <= MAX_THRESHOLD:
            wanted = f"{MIN_THRESHOLD:g} to {MAX_THRESHOLD:g} is wanted"
            raise ValueError(f"the threshold {self.threshold:g} was asked for; {wanted}")
        if not 0 <= self.contact <= 1:
            raise ValueError(f"contact {self.contact:g} was asked for; 0 to 1 is wanted")
        if not MIN_STEPS <= self.steps <= MAX_STEPS:
            raise ValueError(f"{self.steps} steps were asked for; {MIN_STEPS} to {MAX_STEPS} are wanted")
        if not 1 <= self.samples <= MAX_SAMPLES:
            raise ValueError(f"{self.samples} samples were asked for; 1 to {MAX_SAMPLES} can be made at once")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"the seed {self.seed} is out of range; a whole number from 0 to {MAX_SEED} is wanted")
        for what, weight in (("audio", self.guidance.audio), ("style", self.guidance.style)):
            if not 0 <= weight <= MAX_GUIDANCE:
                raise ValueError(f"{what} guidance {weight:g} was asked for; 0 to {MAX_GUIDANCE:g} is wanted")


@dataclass(frozen=True)
class Outputs:
    """The files a request is to be written to; None: not. Of several samples, the k-th video, CSV and GLB get "-k"
    before their ending, from the second on; one npz holds them all. `zip` holds one of each kind."""

    video: Path | str | None = None
    csv: Path | str | None = None
    npz: Path | str | None = None
    json: Path | str | None = None
    glb: Path | str | None = None
    wav: Path | str | None = None  # the speech
    zip: Path | str | None = None
    mesh: Path | str | None = None  # OBJ or PLY of the frame at `mesh_at` seconds, of the first sample; not in the zip
    mesh_at: float = 0.0
    csv_fps: float = FPS


@dataclass(frozen=True)
class Result:
    """What a request gave. `summary`: model, steps, evaluations, seed, seconds per stage …; see export/summary.py."""

    request: Request
    outputs: Outputs
    speech: Speech
    motions: tuple[Motion, ...]
    summary: Mapping[str, Any]

    @property
    def motion(self) -> Motion:
        return self.motions[0]


@dataclass(frozen=True)
class Phone:
    """One phone of an utterance; `label` stands in audio.phones.PHONES."""

    start: float  # seconds
    end: float
    label: str
    stress: int = 0  # 0 none, 1 primary, 2 secondary (vowels)


@dataclass(frozen=True)
class Clip:
    """One utterance of a corpus. What a corpus does not have is None; `mask` says which channels of motion are real."""

    name: str
    corpus: str
    speech: Speech
    split: str  # "train" | "held-out"
    identity: str
    emotion: str = "neutral"
    language: str = "en"
    text: str | None = None
    phones: tuple[Phone, ...] | None = None
    transcript: tuple[str, ...] | None = None  # phones in order without times; SIL where a pause may be
    motion: Motion | None = None
    mask: np.ndarray | None = None  # (52,) bool, None = all


@dataclass(frozen=True)
class Material:
    """How a part of the head answers light (glTF's metallic-roughness model, metallic = 0)."""

    texture: np.ndarray  # (H, W, 3) or (H, W, 4) uint8; alpha is opacity
    roughness: float = 0.6
    alpha: str = "opaque"  # "opaque" | "mask" | "blend"
    cutoff: float = 0.5  # for "mask"
    double_sided: bool = False


@dataclass(frozen=True)
class Part:
    """A named piece of the head drawn with one material: skin, eyes, teeth, hair …"""

    name: str
    faces: np.ndarray  # (F, 3) int32 into the head's vertices
    material: Material


@dataclass(frozen=True)
class Face:
    """What a renderer needs of a character beside the moving vertices."""

    neutral: np.ndarray  # (V, 3) metres, y up, facing +z
    uv: np.ndarray  # (V, 2), v up (OpenGL convention: (0, 0) is the texture's bottom left)
    weld: np.ndarray  # (V,) int32: vertices that share a value share one normal (UV seams)
    parts: tuple[Part, ...]
