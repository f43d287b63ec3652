"""What a visitor chose in, files in a private folder out: decode, animate, render, export. No gradio here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from talkdemo.export import livelink, npz, summary
from talkdemo.pipeline import Guidance
from talkdemo.records import Motion, Reference, Speech
from talkdemo.ui.parts.job import Reporter
from talkdemo.ui.reference import own_clip
from talkdemo.ui.reference.own_clip import OWN, READING

IDENTITY, REFERENCE = "diffusiontalker", "diffposetalk"  # the model that takes identities, and the one that takes clips
STAGES = {
    IDENTITY: ("decode", "encode", "sample", "render"),
    REFERENCE: ("decode", "reference", "encode", "sample", "render"),
}
SIZE = 512


class Talker(Protocol):
    """What the app needs of pipeline.SpeechToFace."""

    identities: tuple[str, ...]
    emotions: tuple[str, ...]
    students: tuple[int, ...]

    def animate(self, speech: Speech, **choices: object) -> list[Motion]: ...

    def video(self, motion: Motion, speech: Speech | None, path: Path, **choices: object) -> dict[str, float]: ...

    def style(self, reference: object) -> np.ndarray: ...


@dataclass(frozen=True)
class Learned:
    """The manner of a learned identity: a name, "auto" or names with shares; and its emotion."""

    identity: str | Mapping[str, float]
    emotion: str
    model: str = IDENTITY

    @property
    def given(self) -> dict[str, Any]:
        """What `animate` takes."""
        return {"identity": self.identity, "emotion": self.emotion}

    @property
    def name(self) -> str:
        """For the names of files."""
        return self.identity if isinstance(self.identity, str) else "-".join(self.identity)


@dataclass(frozen=True)
class Followed:
    """The manner of a clip, or of two with shares: names of the gallery or a visitor's files (then, once they are read,
    References); and whether the head moves."""

    references: tuple[tuple[str | Path | Reference, float], ...]
    head: bool = True
    model: str = REFERENCE

    @property
    def given(self) -> dict[str, Any]:
        return {"reference": list(self.references), "head": self.head}

    @property
    def name(self) -> str:
        """A visitor's clip is OWN, whatever its file is called."""
        return "-".join(one if isinstance(one, str) else OWN for one, _ in self.references)

    def opened(self, report: Reporter, stop: threading.Event) -> Followed:
        """With what files hold in place of the files. ValueError in one sentence for one that cannot be used."""

        def read(one: str | Path | Reference) -> str | Reference:
            if not isinstance(one, Path):
                return one
            return own_clip.read(one, report=lambda _, share: report("reference", READING * share), stop=stop)

        return replace(self, references=tuple((read(one), share) for one, share in self.references))


@dataclass(frozen=True)
class Choice:
    """One press of Generate. `distilled` as the pipeline has it: None takes the student of so many steps where there is
    one, True insists on it, False takes the full model."""

    speech: Path
    manner: Learned | Followed
    character: str
    steps: int
    seed: int
    distilled: bool | None = None
    guidance: Guidance = field(default_factory=Guidance)

    @property
    def stages(self) -> tuple[str, ...]:
        """In the order in which they are reported."""
        return STAGES[self.manner.model]


@dataclass(frozen=True)
class Outcome:
    """What one press of Generate gives."""

    video: Path
    csv: Path
    npz: Path
    motion: Motion
    speech: Speech
    summary: dict[str, object]


def talk(
    talkers: Mapping[str, Talker],
    decode: Callable[[Path, str], Speech],
    choice: Choice,
    folder: Path,
    report: Reporter,
    stop: threading.Event,
) -> Outcome:
    """Run every stage; ValueError in one sentence for sound that cannot be used, Stopped when `stop` is set."""
    talker, report, manner = talkers[choice.manner.model], forward(choice.stages, report), choice.manner
    report("decode", 0.0)
    begin = time.perf_counter()
    speech = decode(choice.speech, "This file")  # an error repeats neither the visitor's file name nor our folders
    seconds = {"decode": time.perf_counter() - begin}
    opening = 0.0
    if isinstance(manner, Followed):
        begin = time.perf_counter()
        manner = manner.opened(report, stop)
        opening = time.perf_counter() - begin
    (motion,) = talker.animate(
        speech,
        **manner.given,
        steps=choice.steps,
        seed=choice.seed,
        guidance=choice.guidance,
        distilled=choice.distilled,
        progress=report,
        stop=stop,
    )
    if opening:
        seconds["reference"] = opening + dict(motion.meta["seconds"]).get("reference", 0.0)  # type: ignore[call-overload]
    name = f"talk-{choice.manner.name}-{choice.seed}".lower()
    outcome = folder / f"{name}.mp4", folder / f"{name}.csv", folder / f"{name}.npz"
    seconds |= talker.video(
        motion, speech, outcome[0], character=choice.character, size=SIZE, progress=report, stop=stop
    )
    livelink.write(outcome[1], motion)
    npz.write(outcome[2], [motion])
    made = summary.summarise([motion], seconds, character=choice.character)
    return Outcome(*outcome, motion, speech, made)


def forward(stages: tuple[str, ...], report: Reporter) -> Reporter:
    """`report` that never goes back: what is decoded and read here passes through those stages of the pipeline too."""
    reached = 0, 0.0

    def told(stage: str, fraction: float) -> None:
        nonlocal reached
        now = (stages.index(stage) if stage in stages else reached[0]), fraction
        if now >= reached:
            reached = now
            report(stage, fraction)

    return told
