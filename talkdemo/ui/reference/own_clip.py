"""Reads a visitor's own clip (video, Live Link CSV or npz). No gradio here.

Its motion and a video of it lie in the visitor's private folder, which goes when the visit ends; the record holds
their places and some numbers.
"""

import dataclasses
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkdemo.export import npz
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import CHANNELS, COEFFICIENTS, FPS, Motion, Progress, Reference
from talkdemo.reference import open_reference
from talkdemo.ui.reference.style_map import StyleMap

OWN = "my-clip"  # its name wherever one is wanted: never that of the file
CALLED = "This clip"  # what messages call it
SECONDS, SIZE = 5.0, 240  # of the video
TRACKING = 0.8  # share of the progress; the rest is the video


@dataclass(frozen=True)
class OwnClip:
    """What was measured of a visitor's clip."""

    motion: Path  # npz, with its mask in meta
    video: Path  # mp4 of our head moving like that
    seconds: float
    seen: float | None  # share of the frames of a video in which a face was visible
    channels: int  # of the 52 coefficients that were measured
    head: bool  # whether the head's rotation was measured
    point: tuple[float, float]  # where its style lies on the map
    nearest: tuple[str, ...]  # references


def analyse(
    pipeline: SpeechToFace,
    styles: StyleMap,
    path: Path,
    mirrored: bool,
    character: str,
    folder: Path,
    report: Progress,
    stop: threading.Event,
) -> OwnClip:
    """Raises ValueError in one sentence for a clip that cannot be used, Stopped when `stop` is set."""
    report("reference", 0.0)
    reference = read(path, lambda _, share: report("reference", TRACKING * share), stop, mirrored)
    style = pipeline.style(reference)
    motion, mask = reference.motion, np.ones(CHANNELS, bool) if reference.mask is None else reference.mask
    seen = motion.meta.get("seen")  # by the tracker
    own = OwnClip(
        folder / f"{OWN}.npz",
        folder / f"{OWN}.mp4",
        len(motion) / FPS,
        float(seen) if isinstance(seen, int | float) else None,
        int(mask[:COEFFICIENTS].sum()),
        bool(mask[COEFFICIENTS:].all()),
        styles.place(style),
        styles.nearest(style),
    )
    npz.write(own.motion, [Motion(motion.coefficients, motion.head, FPS, {"mask": mask.tolist()})])
    pipeline.video(
        motion[: int(SECONDS * FPS)], None, own.video, character=character, size=SIZE, stop=stop,
        progress=lambda _, share: report("reference", TRACKING + (1 - TRACKING) * share),
    )  # fmt: skip
    return own


def read(path: Path, report: Progress, stop: threading.Event, mirrored: bool = False) -> Reference:
    """A visitor's file under the name OWN. Messages call it CALLED: they name neither the file nor our folders."""
    try:
        reference = open_reference(path, name=CALLED, mirrored=mirrored, progress=report, stop=stop)
    except ValueError as error:
        raise ValueError(str(error).replace(str(path), CALLED)) from error
    return dataclasses.replace(reference, name=OWN)
