"""What a visitor chose in, files in a private folder out: decode, animate, render, export. No gradio here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from talkdemo.export import livelink, npz, summary
from talkdemo.pipeline import Guidance
from talkdemo.records import Motion, Speech
from talkdemo.ui.job import Reporter

STAGES = ("decode", "encode", "sample", "render")
SIZE = 512


class Talker(Protocol):
    """What the app needs of pipeline.SpeechToFace."""

    identities: tuple[str, ...]
    emotions: tuple[str, ...]
    students: tuple[int, ...]

    def animate(self, speech: Speech, **choices: object) -> list[Motion]: ...

    def video(self, motion: Motion, speech: Speech, path: Path, **choices: object) -> dict[str, float]: ...


@dataclass(frozen=True)
class Choice:
    """One press of Generate. `identity` is a name, "auto" or names with shares; `distilled` as the pipeline has it:
    None takes the student of so many steps where there is one, True insists on it, False takes the full model."""

    speech: Path
    identity: str | Mapping[str, float]
    emotion: str
    character: str
    steps: int
    seed: int
    distilled: bool | None = None
    guidance: Guidance = field(default_factory=Guidance)


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
    talker: Talker,
    decode: Callable[[Path, str], Speech],
    choice: Choice,
    folder: Path,
    report: Reporter,
    stop: threading.Event,
) -> Outcome:
    """Run every stage; ValueError in one sentence for sound that cannot be used, Stopped when `stop` is set."""
    report("decode", 0.0)
    begin = time.perf_counter()
    speech = decode(choice.speech, "This file")  # an error repeats neither the visitor's file name nor our folders
    seconds = {"decode": time.perf_counter() - begin}
    (motion,) = talker.animate(
        speech,
        identity=choice.identity,
        emotion=choice.emotion,
        steps=choice.steps,
        seed=choice.seed,
        guidance=choice.guidance,
        distilled=choice.distilled,
        progress=report,
        stop=stop,
    )
    who = choice.identity if isinstance(choice.identity, str) else "-".join(choice.identity)
    name = f"talk-{who}-{choice.seed}".lower()
    outcome = folder / f"{name}.mp4", folder / f"{name}.csv", folder / f"{name}.npz"
    seconds |= talker.video(
        motion, speech, outcome[0], character=choice.character, size=SIZE, progress=report, stop=stop
    )
    livelink.write(outcome[1], motion)
    npz.write(outcome[2], [motion])
    made = summary.summarise([motion], seconds, character=choice.character)
    return Outcome(*outcome, motion, speech, made)
