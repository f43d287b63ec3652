"""Two settings in, everything the tab "Compare" shows out, as files in a private folder. No gradio here.

In a blind comparison a coin puts the two settings left and right; neither file nor caption tells which is which.
"""

from __future__ import annotations

import functools
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from talkdemo.compare.comparison import REFERENCES, Comparison, Setting, Talker, Who, compare, names, sample, titles
from talkdemo.compare.report import Record, record
from talkdemo.export import npz, summary
from talkdemo.face.head import FaceModel
from talkdemo.film import pair as compare_film
from talkdemo.pipeline import AUTO
from talkdemo.records import Speech
from talkdemo.ui.parts.job import Reporter
from talkdemo.ui.reference import gallery as references

SIZE = 448  # pixels of each head: two are drawn for every frame
SIDES = ("left", "right")
BLIND_CAPTIONS = ("Left", "Right")


@dataclass(frozen=True)
class Choice:
    """One press of Compare."""

    speech: Path
    settings: tuple[Setting, Setting]
    emotion: str
    character: str
    seed: int
    blind: bool = False

    @property
    def stages(self) -> dict[str, str]:
        """Stage → its title, in the order they come."""
        named = dict(zip(names(self.settings), self.titles, strict=True))
        return {"decode": "Sound", **named, "render": "Draw both heads"}

    @property
    def titles(self) -> tuple[str, str]:
        """How the two settings are called: by what tells one from the other."""
        return titles(self.settings, shown)


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
        left, right = (self.choice.titles[side] for side in self.order)
        return left, right

    @property
    def slower(self) -> int:
        """0 or 1: the setting that takes more of the full model (of equals the second model's, then the first side),
        which a blind visitor is asked to find."""

        def weight(setting: Setting) -> tuple:
            return setting.steps, not setting.distilled, setting.model == REFERENCES

        first, second = self.choice.settings
        return int(weight(second) > weight(first))


def shown(who: Who | None) -> str:
    """Whose manner, as the page calls it."""
    if who is None or who == AUTO:
        return "as my voice fits" if who == AUTO else "as it comes"
    return references.title(str(who))


@functools.cache
def face() -> FaceModel:
    """One face model for all visitors: weights, nothing of a request."""
    return FaceModel.load()


def toss() -> tuple[int, int]:
    """Which setting stands left and which right."""
    left = secrets.randbelow(2)
    return left, 1 - left


def run(
    talkers: Mapping[str, Talker],
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
    chosen = {"emotion": choice.emotion, "seed": choice.seed}
    takes = sample(talkers, speech, choice.settings, **chosen, progress=report, stop=stop)
    figures = compare(face(), takes)

    order = toss() if choice.blind else (0, 1)
    left, right = (takes.motions[side] for side in order)
    captions = BLIND_CAPTIONS if choice.blind else tuple(choice.titles[side] for side in order)
    path = folder / "side-by-side.mp4"
    seconds |= film(
        path,
        face(),
        (left, right),
        speech,
        captions,
        character=choice.character,
        size=SIZE,
        progress=report,
        stop=stop,
    )
    archives = tuple(folder / f"{name}.npz" for name in takes.names)
    for archive, motion in zip(archives, takes.motions, strict=True):
        npz.write(archive, [motion])
    made = record(
        figures,
        character=choice.character,
        seconds={stage: round(value, 4) for stage, value in seconds.items()},
        sides={side: takes.names[k] for side, k in zip(SIDES, order, strict=True)},
    )
    written = folder / "comparison.json"
    summary.write(written, made)
    return Outcome(choice, order, path, archives, written, speech, figures, made)
