"""A visitor's own clip in (video, Live Link CSV or npz), what was understood of it out. No gradio here.

The motion and a film of it lie in the visitor's private folder, which goes when the visit ends; the record holds
their places and some numbers.
"""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from talkdemo.export import npz
from talkdemo.records import FPS, Motion, Reference
from talkdemo.reference import open_reference
from talkdemo.ui.parts.job import Reporter
from talkdemo.ui.reference.style_map import StyleMap

if TYPE_CHECKING:
    from talkdemo.ui.talk.job import Talker

OWN = "my-clip"  # its name wherever one is wanted: never that of the file
SAID = "This clip"  # how messages call it
FILM_SECONDS, FILM_SIDE = 5.0, 240
READING = 0.8  # share of the progress that tracking takes; the rest is the film


@dataclass(frozen=True)
class Own:
    """What was understood of a visitor's clip."""

    motion: Path  # npz, with its mask in meta
    film: Path  # mp4 of our head moving like that
    seconds: float
    seen: float | None  # share of the frames of a video in which a face was seen
    channels: int  # of the 52 coefficients that were measured
    head: bool  # whether the head's rotation was measured
    point: tuple[float, float]  # where its style lies on the map
    near: tuple[str, ...]  # the references that it is most like


def understand(
    talker: Talker,
    styles: StyleMap,
    path: Path,
    mirrored: bool,
    character: str,
    folder: Path,
    report: Reporter,
    stop: threading.Event,
) -> Own:
    """Raises ValueError in one sentence for a clip that cannot be used, Stopped when `stop` is set."""
    report("reference", 0.0)
    reference = read(path, mirrored=mirrored, report=lambda _, share: report("reference", READING * share), stop=stop)
    style = talker.style(reference)
    motion, mask = reference.motion, np.ones(55, bool) if reference.mask is None else reference.mask
    own = Own(
        folder / f"{OWN}.npz",
        folder / f"{OWN}.mp4",
        len(motion) / FPS,
        _seen(motion),
        int(mask[:52].sum()),
        bool(mask[52:].all()),
        styles.place(style),
        styles.nearest(style),
    )
    npz.write(own.motion, [Motion(motion.coefficients, motion.head, FPS, {"mask": mask.tolist()})])
    few = slice(int(FILM_SECONDS * FPS))
    part = Motion(motion.coefficients[few], motion.head[few], FPS)
    talker.video(
        part, None, own.film, character=character, size=FILM_SIDE, stop=stop,
        progress=lambda _, share: report("reference", READING + (1 - READING) * share),
    )  # fmt: skip
    return own


def read(
    path: Path, *, mirrored: bool = False, report: Reporter | None = None, stop: threading.Event | None = None
) -> Reference:
    """A visitor's file under the name OWN. Messages call it SAID: they name neither the file nor our folders."""
    try:
        reference = open_reference(path, name=SAID, mirrored=mirrored, progress=report, stop=stop)
    except ValueError as error:
        raise ValueError(str(error).replace(str(path), SAID)) from error
    return dataclasses.replace(reference, name=OWN)


def _seen(motion: Motion) -> float | None:
    """The tracker tells it in meta; motion files know nothing of it."""
    seen = motion.meta.get("seen")
    return float(seen) if isinstance(seen, int | float) else None
