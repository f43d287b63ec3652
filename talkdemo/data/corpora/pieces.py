"""Cuts long clips into short ones at the quietest frames: sound, motion and phones together."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from talkdemo.audio.prosody import energy
from talkdemo.records import FPS, SAMPLES_PER_FRAME, Clip, Phone, Speech

REACH = 1.0  # seconds before and after an even cut in which the quietest frame is chosen


def pieces(clip: Clip, seconds: float = 10.0) -> Iterator[Clip]:
    """Equal parts of at most `seconds`, whose borders move to the quietest frame within REACH: none is longer than
    seconds + 2·REACH. Named NAME/0, NAME/1 …; text and transcript are dropped, as they have no times.

    Raises ValueError for less than 4·REACH seconds, of which no piece would be left.
    """
    if seconds < 4 * REACH:
        raise ValueError(f"pieces of {seconds} s given; at least {4 * REACH} s are wanted")
    frames = len(clip.motion) if clip.motion is not None else clip.speech.frames
    borders = cuts(energy(clip.speech)[:frames], frames, round(seconds * FPS))
    for i, (start, stop) in enumerate(itertools.pairwise(borders)):
        yield part(clip, start, stop, f"{clip.name}/{i}")


def cuts(loudness: np.ndarray, frames: int, longest: int) -> list[int]:
    """Borders [0, …, frames] of the fewest equal parts of at most `longest` frames, moved to where `loudness` (T,),
    averaged over five frames, is least (of equals, the one nearest to the even cut)."""
    count = max(1, -(-frames // longest))
    reach, quiet = round(REACH * FPS), np.convolve(loudness, np.full(5, 0.2), "same")
    borders = [0]
    for even in np.linspace(0, frames, count + 1)[1:-1].round().astype(int):
        near = range(even - reach, min(even + reach + 1, len(quiet)))
        borders.append(int(min(near, key=lambda t: (quiet[t], abs(t - even)), default=even)))
    return [*borders, frames]


def part(clip: Clip, start: int, stop: int, name: str) -> Clip:
    """Frames start … stop − 1 of a clip, with the sound and the parts of phones that fall into them."""
    first, last = start / FPS, stop / FPS
    phones = None
    if clip.phones is not None:
        inside = (p for p in clip.phones if p.end > first and p.start < last)
        phones = tuple(Phone(max(p.start, first) - first, min(p.end, last) - first, p.label, p.stress) for p in inside)
    motion = None
    if clip.motion is not None:
        motion = replace(clip.motion[start:stop], meta={})
    samples = clip.speech.samples[start * SAMPLES_PER_FRAME : stop * SAMPLES_PER_FRAME]
    return replace(
        clip, name=name, speech=Speech(samples, name), text=None, transcript=None, phones=phones, motion=motion
    )
