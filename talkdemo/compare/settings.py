"""The two settings of a comparison, and the motions sampled with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from talkdemo.records import (
    DIFFPOSETALK,
    DIFFUSIONTALKER,
    MAX_SEED,
    MIN_STEPS,
    MODEL_TITLES,
    SAMPLE_RATE,
    Motion,
    Progress,
    Reference,
    Request,
    Speech,
)

OTHER_SEED_STEPS = 32  # up to here a second sample costs little
WARM_UP = 1.0  # seconds of the speech, animated once before the clock runs
MODEL_STAGES = ("encode", "sample")  # what "speech to motion" is made of
PREFIX = {DIFFUSIONTALKER: "", DIFFPOSETALK: "pose-"}  # of a setting's name, as systems are called in the score table

Style = Reference | Path | str | Mapping[str, float]  # identity or reference, names with weights for a blend


class Pipeline(Protocol):
    """What a comparison needs of pipeline.SpeechToFace."""

    @property
    def students(self) -> tuple[int, ...]: ...

    def animate(
        self, request: Request, *, progress: Progress | None = None, stop: threading.Event | None = None
    ) -> list[Motion]: ...


@dataclass(frozen=True)
class Setting:
    """One way to sample: steps, student or full model, which model, in which style. `style` None leaves it to the
    model: the identity that matches the voice, the gallery's first reference."""

    steps: int
    distilled: bool
    model: str = DIFFUSIONTALKER
    style: Style | None = None

    @classmethod
    def choose(
        cls,
        steps: int,
        students: Collection[int],
        full: bool = False,
        model: str = DIFFUSIONTALKER,
        style: Style | None = None,
    ) -> Setting:
        """The student where one of exactly `steps` is installed, unless `full` is asked for."""
        return cls(steps, steps in students and not full, model, style)

    @property
    def name(self) -> str:
        """As systems are called in the score table: full-512, pose-student-8."""
        return f"{PREFIX[self.model]}{'student' if self.distilled else 'full'}-{self.steps}"

    @property
    def title(self) -> str:
        return f"{'Student' if self.distilled else 'Full model'}, {self.steps} steps"

    def request(self, speech: Speech, emotion: str, **choices: Any) -> Request:
        """The request for one side; `choices` are further fields, and replace those of the setting."""
        style = (
            {"reference": self.style} if self.model == DIFFPOSETALK else {"identity": self.style, "emotion": emotion}
        )
        return Request(
            speech, **{"model": self.model, "steps": self.steps, "distilled": self.distilled, **style, **choices}
        )


Settings = tuple[Setting, Setting]


@dataclass(frozen=True)
class Takes:
    """What was sampled: one motion per setting, and the quicker setting once more from the next seed (None when that
    would take long): two samples of one model are the scale on which the distance of two models is read."""

    settings: Settings
    motions: tuple[Motion, Motion]
    other_seed: Motion | None = None

    @property
    def quicker(self) -> int:
        """0 or 1: the setting with fewer steps."""
        return int(self.settings[1].steps <= self.settings[0].steps)

    @property
    def names(self) -> tuple[str, str]:
        return names(self.settings)


def names(settings: Settings) -> tuple[str, str]:
    """A name for each, as files and stages are called: never one and the same."""
    first, second = (setting.name for setting in settings)
    return (first, second) if first != second else (f"{first}-first", f"{second}-second")


def titles(settings: Settings, style_title: Callable[[Style | None], str] | None = None) -> tuple[str, str]:
    """A title for each: with the model where the two differ in it, with the style where they differ in that alone."""
    first, second = settings
    if first.model != second.model:
        first_title, second_title = (f"{MODEL_TITLES[s.model]} {s.title[0].lower()}{s.title[1:]}" for s in settings)
    elif first.style != second.style:
        first_title, second_title = (f"{s.title}, {(style_title or style_name)(s.style)}" for s in settings)
    else:
        first_title, second_title = (s.title for s in settings)
    return first_title, second_title


def style_name(style: Style | None) -> str:
    """A name, "Ada 60 %, Bruno 40 %", or "default style"."""
    if style is None:
        return "default style"
    if isinstance(style, Mapping):
        total = sum(style.values()) or 1.0
        return ", ".join(f"{name} {100 * weight / total:.0f} %" for name, weight in style.items())
    return style.name if isinstance(style, Reference) else Path(style).name


def sample(
    pipelines: Mapping[str, Pipeline],
    speech: Speech,
    settings: Settings,
    *,
    emotion: str = "neutral",
    seed: int = 0,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Takes:
    """One speech and seed under two settings; `pipelines` by model; `emotion` for the model that takes one.

    `progress` gets the setting's name (see `names`) as the stage. Raises ValueError for two equal settings, for a model
    or a student that is not installed and for whatever `animate` refuses; Stopped once `stop` is set.
    """
    check(settings, pipelines)

    def animate(setting: Setting, speech: Speech, report: Progress | None = None, **choices: Any) -> Motion:
        request = setting.request(speech, emotion, **choices)
        return pipelines[setting.model].animate(request, progress=report, stop=stop)[0]

    short = Speech(speech.samples[: int(WARM_UP * SAMPLE_RATE)], speech.name)
    for setting in settings:  # what only a first call costs is no setting's speed
        animate(setting, short, steps=setting.steps if setting.distilled else MIN_STEPS)

    def reporter(name: str) -> Progress | None:
        if progress is None:
            return None
        return lambda stage, fraction: progress(name, fraction) if stage == "sample" else None

    first, second = (
        animate(setting, speech, reporter(name), seed=seed)
        for setting, name in zip(settings, names(settings), strict=True)
    )
    takes = Takes(settings, (first, second))
    quicker = settings[takes.quicker]
    if quicker.steps > OTHER_SEED_STEPS:
        return takes
    return Takes(settings, takes.motions, animate(quicker, speech, seed=seed + 1 if seed < MAX_SEED else 0))


def check(settings: Settings, pipelines: Mapping[str, Pipeline]) -> None:
    """ValueError when the settings are one and the same, or ask for a model or a student that is not installed."""
    if settings[0] == settings[1]:
        title = settings[0].title.lower()
        raise ValueError(f"both sides are the {title}; two different settings are wanted")
    for setting in settings:
        if setting.model not in pipelines:
            raise ValueError(f"the model {setting.model} is not there; there are: {', '.join(pipelines)}")
        students = pipelines[setting.model].students
        if setting.distilled and setting.steps not in students:
            known = ", ".join(str(steps) for steps in sorted(students)) or "none"
            raise ValueError(f"a student of {setting.steps} steps is not installed; installed are: {known}")


def stage_seconds(motion: Motion, stages: Sequence[str]) -> float:
    """Seconds of these stages, as the motion itself records them."""
    return float(sum(motion.meta["seconds"].get(stage, 0.0) for stage in stages))
