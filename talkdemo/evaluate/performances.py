"""Performances of the articulation model: its motion on recorded or synthetic speech, in a style and an emotion."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from talkdemo.data.articulation import model
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.data.articulation.styles import Style
from talkdemo.data.corpora.table import CORPORA
from talkdemo.records import SAMPLE_RATE, Clip, Motion, Phone, Speech

TRUTH_SEED, SYSTEM_SEED = 1, 2  # of the synthetic corpus's truth; of the system `articulation`, another draw
PAUSE = 0.4  # seconds between joined utterances


def performances(clip: Clip, variants: Iterable[tuple[Style, str, np.random.Generator]]) -> Iterator[Motion]:
    """The motion of a clip with phones, once for every (style, emotion, generator)."""
    return model.performances(clip.speech, phones(clip), variants)


def perform(clip: Clip, seed: int) -> Motion:
    """The clip in the style of its identity and in its emotion; always the same for a seed."""
    draw = style_of(clip.identity), clip.emotion, np.random.default_rng([seed, *clip.name.encode()])
    return next(performances(clip, [draw]))


def style_of(identity: str | None) -> Style:
    """The style of an identity; voices that are no identity get the middle one."""
    return IDENTITIES[identity].style if identity in IDENTITIES else Style()


def phones(clip: Clip) -> tuple[Phone, ...]:
    """The phones of a clip. Raises ValueError where it has none."""
    if clip.phones is None:
        raise ValueError(f"{clip.name} has no phones; a clip with timed phones is wanted")
    return clip.phones


def motion(clip: Clip) -> Motion:
    """The true motion of a clip. Raises ValueError where it has none."""
    if clip.motion is None:
        raise ValueError(f"{clip.name} has no motion; a clip with true motion is wanted")
    return clip.motion


def concatenate(clips: Sequence[Clip]) -> Clip:
    """Utterances of one speaker as one clip, with pauses: blinks and head motion take longer than an utterance."""
    samples: list[np.ndarray] = []
    timed: list[Phone] = []
    start = 0.0
    for clip in clips:
        samples += [clip.speech.samples, np.zeros(int(PAUSE * SAMPLE_RATE), np.float32)]
        timed += [Phone(start + p.start, start + p.end, p.label, p.stress) for p in phones(clip)]
        start += clip.speech.seconds + PAUSE
    speech = Speech(np.concatenate(samples), clips[0].identity)
    return replace(clips[0], name=clips[0].identity, speech=speech, phones=tuple(timed))


def session(voice: str, split: str, seconds: float, emotion: str | None = None) -> Clip:
    """Utterances of a synthetic voice, concatenated to at least `seconds` where there are as many; of one emotion, or
    of any as a neutral session. Raises ValueError when the corpus on this machine has none."""
    chosen, length = [], 0.0
    for clip in CORPORA["synthetic"](voices=[voice], split=split):
        if emotion in (None, clip.emotion) and length < seconds:
            chosen.append(clip)
            length += clip.speech.seconds
    if not chosen:
        spoken = f"{emotion} {split}" if emotion else split
        raise ValueError(f"the corpus has no {spoken} utterance of {voice}; `make corpus` makes them")
    return replace(concatenate(chosen), name=f"{voice}/{split}", emotion=emotion or "neutral")
