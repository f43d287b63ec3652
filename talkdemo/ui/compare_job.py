"""Two settings in, everything the tab "Compare" shows out, as files in a private folder. No gradio here.

In a blind comparison a coin puts the two settings left and right; neither file nor caption tells which is which.
"""

from __future__ import annotations

import functools
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from talkdemo import compare_film
from talkdemo.compare import Comparison, Setting, Talker, compare, sample
from talkdemo.compare_report import Record, record
from talkdemo.export import npz, summary
from talkdemo.face.head import FaceModel
from talkdemo.records import Speech
from talkdemo.ui.job import Reporter

SIZE = 448  # pixels of each head: two are drawn for every frame
SIDES = ("left", "right")
BLIND_CAPTIONS = ("Left", "Right")


@dataclass(frozen=True)
class Choice:
    """One press of Compare."""

    speech: Path
    settings: tuple[Setting, Setting]
    identity: str
    emotion: str
    character: str
    seed: int
    blind: bool = False

    @property
    def stages(self) -> dict[str, str]:
        """Stage → its title, in the order they come."""
        first, second = self.settings
        named = {setting.name: setting.title for setting in (first, second)}
        return {"decode": "Sound", **named, "render": "Draw both heads"}


@dataclass(frozen=True)
class Outcome:
    """What one press of Compare gives. `order`: which setting (0 or 1) stands left and which right."""

    choice: Choice
    order: tuple[int, int]
    film: Path
    archives: tuple[Path, Path]
    summary: Path
    speech: Speech
    figures: Comparison
    record: Record

    @property
    def titles(self) -> tuple[str, str]:
        """What stands left and right."""
        left, right = (self.choice.settings[side].title for side in self.order)
        return left, right

    @property
    def slower(self) -> int:
        """0 or 1: the setting that takes more of the full model, which a blind visitor is asked to find."""
        first, second = self.choice.settings
        return int((second.steps, not second.distilled) > (first.steps, not first.distilled))


@functools.cache
def face() -> FaceModel:
    """One face model for all visitors: weights, nothing of a request."""
    return FaceModel.load()


def toss() -> tuple[int, int]:
    """Which setting stands left and which right."""
    left = secrets.randbelow(2)
    return left, 1 - left


def run(
    talker: Talker,
    decode: Callable[[Path, str], Speech],
    choice: Choice,
    folder: Path,
    report: Reporter,
    stop: threading.Event,
    film: Callable[..., dict[str, float]] = compare_film.write,
) -> Outcome:
    """Every stage; ValueError in one sentence for what cannot be used, Stopped when `stop` is set."""
    report("decode", 0.0)
    begin = time.perf_counter()
    speech = decode(choice.speech, "This file")  # an error repeats neither the visitor's file name nor our folders
    seconds = {"decode": time.perf_counter() - begin}
    chosen = {"identity": choice.identity, "emotion": choice.emotion, "seed": choice.seed}
    takes = sample(talker, speech, choice.settings, **chosen, progress=report, stop=stop)
    figures = compare(face(), takes)

    order = toss() if choice.blind else (0, 1)
    left, right = (takes.motions[side] for side in order)
    titles = tuple(choice.settings[side].title for side in order)
    path = folder / "side-by-side.mp4"
    seconds |= film(
        path,
        face(),
        (left, right),
        speech,
        BLIND_CAPTIONS if choice.blind else titles,
        character=choice.character,
        size=SIZE,
        progress=report,
        stop=stop,
    )
    archives = tuple(folder / f"{setting.name}.npz" for setting in choice.settings)
    for archive, motion in zip(archives, takes.motions, strict=True):
        npz.write(archive, [motion])
    made = record(
        figures,
        character=choice.character,
        seconds={stage: round(value, 4) for stage, value in seconds.items()},
        sides={side: choice.settings[k].name for side, k in zip(SIDES, order, strict=True)},
    )
    written = folder / "comparison.json"
    summary.write(written, made)
    return Outcome(choice, order, path, archives, written, speech, figures, made)
