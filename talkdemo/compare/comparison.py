"""Two motions of one speech in, how far apart they are out: lips in millimetres, closures, blinks, time and speed-up.

The two may be of two models, of one model's full and distilled weights, or in two manners.

All lengths are measured on the default character with the head held still, as in the score table.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from talkdemo.face.arkit import indices
from talkdemo.metrics.blink import blinks
from talkdemo.metrics.closure import CLOSED, relative_gap
from talkdemo.metrics.opening import opening
from talkdemo.metrics.openness import correlation
from talkdemo.metrics.vertices import METRES_TO_MM, distances
from talkdemo.records import MAX_SEED, SAMPLE_RATE, Motion, Reference, Speech

SLACK = 1  # frames two closures may lie apart and still be one event of the speech
SHUT = 0.5e-3  # metres: a mouth that never opens wider than this is closed throughout
OTHER_SEED_STEPS = 32  # up to here a second draw costs little
WARM_UP = 1.0  # seconds of the speech, animated once before the clock runs
CHUNK = 1000  # frames measured at a time, so that ten minutes need little memory
MODEL_STAGES = ("encode", "sample")  # what "speech to motion" is made of

IDENTITIES, REFERENCES = "diffusiontalker", "diffposetalk"  # the models that take an identity, a reference clip
MODELS = {IDENTITIES: "DiffusionTalker", REFERENCES: "DiffPoseTalk"}
PREFIX = {IDENTITIES: "", REFERENCES: "pose-"}  # of a setting's name, as systems are called in the score table

Progress = Callable[[str, float], None]
Who = Reference | Path | str | Mapping[str, float]  # identity or reference, names with shares for a blend


class Talker(Protocol):
    """What a comparison, and whoever offers one, needs of pipeline.SpeechToFace."""

    students: tuple[int, ...]
    identities: tuple[str, ...]
    emotions: tuple[str, ...]
    references: tuple[str, ...]  # of the model that follows them

    def animate(self, speech: Speech, **choices: object) -> list[Motion]: ...


@dataclass(frozen=True)
class Setting:
    """One way to sample: how many steps, by the distilled student or by the full model; which model, in whose manner.
    `who` None leaves the manner to the model: the identity that fits the voice, the first reference of the gallery."""

    steps: int
    distilled: bool
    model: str = IDENTITIES
    who: Who | None = None

    @classmethod
    def choose(
        cls, steps: int, students: Collection[int], full: bool = False, model: str = IDENTITIES, who: Who | None = None
    ) -> Setting:
        """The student where one of exactly `steps` is installed, unless `full` is asked for."""
        return cls(steps, steps in students and not full, model, who)

    @property
    def name(self) -> str:
        """As systems are called in the score table: full-512, pose-student-8."""
        return f"{PREFIX[self.model]}{'student' if self.distilled else 'full'}-{self.steps}"

    @property
    def title(self) -> str:
        return f"{'Student' if self.distilled else 'Full model'}, {self.steps} steps"


def names(settings: tuple[Setting, Setting]) -> tuple[str, str]:
    """A name for each, as files and stages are called: never one and the same."""
    first, second = (setting.name for setting in settings)
    return (first, second) if first != second else (f"{first}-first", f"{second}-second")


def titles(settings: tuple[Setting, Setting], called: Callable[[Who | None], str] | None = None) -> tuple[str, str]:
    """How each is called in front of people: the model where the two differ in it, whose manner (in the words of
    `called`) where they differ in that alone."""
    first, second = settings
    whole = [setting.title for setting in settings]
    if first.model != second.model:
        whole = [f"{MODELS[one.model]} {one.title[0].lower()}{one.title[1:]}" for one in settings]
    elif first.who != second.who:
        whole = [f"{title}, {(called or named)(one.who)}" for one, title in zip(settings, whole, strict=True)]
    return whole[0], whole[1]


def named(who: Who | None) -> str:
    """Whose manner, in words: a name, "Ada 60 %, Bruno 40 %", or "as it comes"."""
    if who is None:
        return "as it comes"
    if isinstance(who, Mapping):
        whole = sum(who.values()) or 1.0
        return ", ".join(f"{name} {100 * share / whole:.0f} %" for name, share in who.items())
    return who.name if isinstance(who, Reference) else Path(who).name


@dataclass(frozen=True)
class Takes:
    """What was sampled: one motion per setting, and the quicker setting once more from the next seed (None when that
    would take long): two draws of one model are the scale on which the distance of two models is read."""

    settings: tuple[Setting, Setting]
    motions: tuple[Motion, Motion]
    other_seed: Motion | None = None

    @property
    def quicker(self) -> int:
        """0 or 1: the setting with fewer steps."""
        return int(self.settings[1].steps <= self.settings[0].steps)

    @property
    def names(self) -> tuple[str, str]:
        return names(self.settings)


@dataclass(frozen=True)
class Lips:
    """The mouth of one motion with the head held still."""

    vertices: np.ndarray  # (T, L, 3) metres, all vertices of the lips
    gap: np.ndarray  # (T,) metres between the middles of the inner lips, never negative


@dataclass(frozen=True)
class Distance:
    """Millimetres; of a track (T,) whose entries are the farthest lip vertex of each frame."""

    mean: float
    p95: float
    max: float

    @classmethod
    def of(cls, track: np.ndarray) -> Distance:
        return cls(float(track.mean()), float(np.percentile(track, 95)), float(track.max()))


@dataclass(frozen=True)
class Comparison:
    """The figures of two takes; tracks in millimetres at the motions' frame rate."""

    takes: Takes
    gaps: tuple[np.ndarray, np.ndarray]  # each (T,) inner-lip gap
    apart: np.ndarray  # (T,) farthest lip vertex of each frame
    distance: Distance
    other_seed: Distance | None
    opening_r: float  # correlation of the two gaps; nan when a mouth does not move
    closures: tuple[int, int]
    shared_closures: int
    blinks: tuple[float, float]  # per minute

    @property
    def agreement(self) -> float | None:
        """2 · shared / (closures of one + closures of the other), 0..1; None when neither closes."""
        total = sum(self.closures)
        return 2 * self.shared_closures / total if total else None

    @property
    def seconds(self) -> tuple[float, float]:
        """Speech to motion of each setting: encode + sample."""
        first, second = (spent(motion, MODEL_STAGES) for motion in self.takes.motions)
        return first, second

    @property
    def speed_up(self) -> float:
        """How many times quicker the second setting is, speech to motion."""
        return self.seconds[0] / max(self.seconds[1], 1e-9)

    @property
    def speed_up_sampling(self) -> float:
        """The same of the sampler alone; encoding the speech costs both settings the same."""
        first, second = (spent(motion, ("sample",)) for motion in self.takes.motions)
        return first / max(second, 1e-9)


def sample(
    talkers: Mapping[str, Talker],
    speech: Speech,
    settings: tuple[Setting, Setting],
    *,
    emotion: str = "neutral",
    seed: int = 0,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Takes:
    """One speech and seed under two settings; `talkers`: the models by name; `emotion`: of the one that takes any.

    `progress` gets the setting's name (see `names`) as the stage. Raises ValueError for two equal settings, for a model
    or a student that is not installed and for whatever `animate` refuses; Stopped once `stop` is set.
    """
    check(settings, talkers)

    def animate(setting: Setting, speech: Speech, **choices: object) -> Motion:
        if setting.model == REFERENCES:
            whose = {"reference": setting.who}
        else:
            whose = {"identity": "auto" if setting.who is None else setting.who, "emotion": emotion}
        choices = {"steps": setting.steps, "distilled": setting.distilled, "stop": stop, **whose, **choices}
        return talkers[setting.model].animate(speech, **choices)[0]

    short = Speech(speech.samples[: int(WARM_UP * SAMPLE_RATE)], speech.name)
    for setting in settings:  # what only a first call costs is nobody's speed
        animate(setting, short, steps=setting.steps if setting.distilled else 2)

    def told(name: str) -> Progress | None:
        if progress is None:
            return None
        return lambda stage, share: progress(name, share) if stage == "sample" else None

    first, second = (
        animate(setting, speech, seed=seed, progress=told(name))
        for setting, name in zip(settings, names(settings), strict=True)
    )
    takes = Takes(settings, (first, second))
    quicker = settings[takes.quicker]
    if quicker.steps > OTHER_SEED_STEPS:
        return takes
    return Takes(settings, takes.motions, animate(quicker, speech, seed=seed + 1 if seed < MAX_SEED else 0))


def check(settings: tuple[Setting, Setting], talkers: Mapping[str, Talker]) -> None:
    """ValueError when the settings are one and the same, or ask for a model or a student that is not installed."""
    if settings[0] == settings[1]:
        title = settings[0].title.lower()
        raise ValueError(f"both sides are the {title}; two different settings are wanted")
    for setting in settings:
        if setting.model not in talkers:
            raise ValueError(f"the model {setting.model} is not there; there are: {', '.join(talkers)}")
        students = talkers[setting.model].students
        if setting.distilled and setting.steps not in students:
            known = ", ".join(str(steps) for steps in sorted(students)) or "none"
            raise ValueError(f"a student of {setting.steps} steps is not installed; installed are: {known}")


def lips(face: torch.nn.Module, motion: Motion) -> Lips:
    """Pose the lips alone. face: face.head.FaceModel."""
    upper, lower = (int(vertex) for vertex in face.inner_lip_middle)
    edge = face.masks["lips"]
    with torch.no_grad():
        posed = face.subset(torch.cat([edge, torch.tensor([upper, lower])]))(torch.from_numpy(motion.coefficients))
    vertices = posed.numpy()
    return Lips(vertices[:, : len(edge)], opening(vertices[:, len(edge) :], 0, 1))


def compare(face: torch.nn.Module, takes: Takes) -> Comparison:
    """Measure two takes on one face (face.head.FaceModel). Raises ValueError when they differ in length or rate."""
    first, second = takes.motions
    if (len(first), first.fps) != (len(second), second.fps):
        raise ValueError(
            f"got motions of {len(first)} frames at {first.fps:g} and {len(second)} at {second.fps:g} per second; "
            "wanted two of one speech"
        )
    mouths = [lips(face, motion) for motion in takes.motions]
    apart = lip_distance(mouths[0], mouths[1])
    other = lip_distance(mouths[takes.quicker], lips(face, takes.other_seed)) if takes.other_seed is not None else None
    runs = [closed_runs(mouth.gap) for mouth in mouths]
    lids = indices("eyeBlink")
    return Comparison(
        takes,
        (mouths[0].gap * METRES_TO_MM, mouths[1].gap * METRES_TO_MM),
        apart,
        Distance.of(apart),
        None if other is None else Distance.of(other),
        correlation(mouths[0].gap, mouths[1].gap),
        (len(runs[0]), len(runs[1])),
        shared(*runs),
        tuple(blinks(motion.coefficients[:, lids].mean(axis=1), motion.fps).per_minute for motion in takes.motions),
    )


def lip_distance(a: Lips, b: Lips) -> np.ndarray:
    """(T,) millimetres: the lip vertex that lies farthest apart, per frame; its mean is the LVE between them."""
    parts = [slice(start, start + CHUNK) for start in range(0, len(a.vertices), CHUNK)]
    farthest = [distances(a.vertices[part], b.vertices[part]).max(axis=1) for part in parts]
    return np.concatenate(farthest) * METRES_TO_MM


def closed_runs(gap: np.ndarray) -> list[tuple[int, int]]:
    """Stretches [begin, end) of frames in which the inner-lip gap (T,) in metres is below CLOSED of its 95th
    percentile."""
    closed = relative_gap(gap, SHUT) < CLOSED
    edges = np.flatnonzero(np.diff(np.concatenate([[False], closed, [False]]).astype(int)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def shared(a: Sequence[tuple[int, int]], b: Sequence[tuple[int, int]], slack: int = SLACK) -> int:
    """How many closures of `a` have one of `b` (each used once) that overlaps them or begins within `slack` frames."""
    i = j = count = 0
    while i < len(a) and j < len(b):
        if a[i][0] - slack < b[j][1] and b[j][0] - slack < a[i][1]:
            count, i, j = count + 1, i + 1, j + 1
        elif a[i][1] <= b[j][1]:
            i += 1
        else:
            j += 1
    return count


def spent(motion: Motion, stages: Sequence[str]) -> float:
    """Seconds of these stages, as the motion itself records them."""
    seconds = motion.meta["seconds"]
    return float(sum(seconds.get(stage, 0.0) for stage in stages))  # type: ignore[attr-defined]
