"""Answers one press of Compare with files in a private folder. No gradio here.

In a blind comparison neither file nor caption says which setting stands left and which right.
"""

import functools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from talkdemo.compare.comparison import Comparison, compare
from talkdemo.compare.report import Record, record
from talkdemo.compare.settings import Settings, Style, names, sample, style_name, titles
from talkdemo.export import npz, summary
from talkdemo.face.head import FaceModel
from talkdemo.film import pair as pair_video
from talkdemo.pipeline import SpeechToFace, decode
from talkdemo.records import AUTO, DIFFPOSETALK, Motion, Progress, Speech
from talkdemo.ui.parts.panel import STAGES
from talkdemo.ui.reference import gallery as references
from talkdemo.ui.viewer.take import Take, write_sound

SIZE = 448  # pixels of each head in the video: every frame shows two
SIDES = ("left", "right")
BLIND_CAPTIONS = ("Left", "Right")


@dataclass(frozen=True)
class Pair:
    """One press of Compare."""

    speech: Path
    settings: Settings
    emotion: str
    character: str
    seed: int
    blind: str = ""  # the question of a blind test, of vote.QUESTIONS; "": not blind
    order: tuple[int, int] = (0, 1)  # which setting stands left and which right

    @property
    def stages(self) -> dict[str, str]:
        """Name → title, in the order in which they are reported."""
        return stages(dict(zip(names(self.settings), self.titles, strict=True)))

    @property
    def titles(self) -> tuple[str, str]:
        """By what tells one setting from the other."""
        return titles(self.settings, style_title)


@dataclass(frozen=True)
class PairResult:
    """What one press of Compare gives. `sound`: what the browser plays."""

    pair: Pair
    sound: Path
    archives: tuple[Path, Path]
    summary: Path
    speech: Speech
    comparison: Comparison
    record: Record

    @property
    def order(self) -> tuple[int, int]:
        """Which setting (0 or 1) stands left and which right."""
        return self.pair.order

    @property
    def titles(self) -> tuple[str, str]:
        """Of left and right."""
        left, right = (self.pair.titles[side] for side in self.order)
        return left, right

    @property
    def motions(self) -> tuple[Motion, Motion]:
        """Of left and right."""
        left, right = (self.comparison.takes.motions[side] for side in self.order)
        return left, right

    @property
    def names(self) -> tuple[str, str]:
        """Of left and right, as files are called."""
        left, right = (self.comparison.takes.names[side] for side in self.order)
        return left, right

    def take(self, sealed: bool) -> dict[str, Any]:
        """What the viewer shows; `sealed`: without names."""
        heads = [(self.pair.character, motion) for motion in self.motions]
        return Take.whole(heads, sound=self.sound, labels=BLIND_CAPTIONS if sealed else self.titles).value()

    @property
    def slower(self) -> int:
        """0 or 1: the setting with more steps (at a tie the full model, then DiffPoseTalk, then the first), which a
        blind visitor is asked to find."""
        first, second = (
            (setting.steps, not setting.distilled, setting.model == DIFFPOSETALK) for setting in self.pair.settings
        )
        return int(second > first)


def stages(sides: Mapping[str, str]) -> dict[str, str]:
    """Name → title; `sides` are those of the two settings."""
    return {"decode": STAGES["decode"], **sides}


def style_title(style: Style | None) -> str:
    """A style as the page calls it."""
    if style == AUTO:
        return "matched to the voice"
    return references.title(style) if isinstance(style, str) else style_name(style)


@functools.cache
def face() -> FaceModel:
    """One face model for all visitors: weights, nothing of a request."""
    return FaceModel.load()


def run(
    pipelines: Mapping[str, SpeechToFace], pair: Pair, folder: Path, report: Progress, stop: threading.Event
) -> PairResult:
    """Every stage; ValueError in one sentence for what cannot be used, Stopped when `stop` is set."""
    report("decode", 0.0)
    begin = time.perf_counter()
    speech = decode(pair.speech, "This file")  # an error repeats neither the visitor's file name nor our folders
    seconds = {"decode": time.perf_counter() - begin}
    takes = sample(pipelines, speech, pair.settings, emotion=pair.emotion, seed=pair.seed, progress=report, stop=stop)
    comparison = compare(face(), takes)

    sound = write_sound(speech, folder)
    first, second = (folder / f"{name}.npz" for name in takes.names)
    for archive, motion in zip((first, second), takes.motions, strict=True):
        npz.write(archive, [motion])
    figures = record(
        comparison,
        character=pair.character,
        seconds={stage: round(value, 4) for stage, value in seconds.items()},
        sides={side: takes.names[k] for side, k in zip(SIDES, pair.order, strict=True)},
    )
    json = folder / "comparison.json"
    summary.write(json, figures)
    return PairResult(pair, sound, (first, second), json, speech, comparison, figures)


def draw(result: PairResult, sealed: bool, folder: Path, report: Progress, stop: threading.Event) -> Path:
    """The video of both heads side by side, `sealed` without a word that says which setting stands left. Raises
    Stopped."""
    left, right = result.names
    video = folder / ("side-by-side.mp4" if sealed else f"left-{left}-right-{right}.mp4")
    pair_video.write(
        video, face(), result.motions, result.speech, BLIND_CAPTIONS if sealed else result.titles,
        character=result.pair.character, size=SIZE, progress=report, stop=stop,
    )  # fmt: skip
    return video
