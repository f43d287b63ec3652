"""The records that flow between stages: frozen, with a shape on every field.

Alphabet of shapes: K samples, T frames, N audio samples, D features, C = 52 coefficients, V vertices, F faces,
L landmarks, H W picture. Arrays are numpy float32 unless a field says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

FPS = 25  # frames of motion and video per second
SAMPLE_RATE = 16_000  # audio samples per second, mono
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS  # 640

# What may be asked of the talking model, wherever it is asked: pipeline, command line, app.
DEFAULT_STEPS, MIN_STEPS, MAX_STEPS = 8, 2, 512  # steps of sampling
MAX_SAMPLES = 16  # motions of one speech
MAX_SEED = 2**31 - 1
MAX_GUIDANCE = 4.0  # 0 leaves the condition out, 1 is the model as it was trained


class Stopped(Exception):
    """Raised inside a stage when the caller's stop event is set."""


@dataclass(frozen=True)
class Speech:
    """Mono sound at SAMPLE_RATE as it was heard (loudness is normalised only on the model's way in)."""

    samples: np.ndarray  # (N,) float32 in [-1, 1]
    name: str = "speech"

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
    meta: Mapping[str, object] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.coefficients)


@dataclass(frozen=True)
class Reference:
    """A clip of somebody talking whose manner is to be followed. `mask` says which channels were really measured:
    (55,) bool, the 52 coefficients and the head's x, y, z; None = all."""

    name: str
    motion: Motion  # at FPS
    mask: np.ndarray | None = None


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
