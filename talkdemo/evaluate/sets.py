"""Loads the test sets: the same clips every time, with true motion where there is any."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import numpy as np

from talkdemo.audio.phones import SILENCE
from talkdemo.data.corpora import facegood
from talkdemo.data.corpora.table import CORPORA
from talkdemo.data.speech import aligned
from talkdemo.data.speech.voices import IDENTITY_VOICES, VOICES
from talkdemo.evaluate.names import SETS
from talkdemo.evaluate.performances import TRUTH_SEED, motion, perform
from talkdemo.records import SAMPLE_RATE, Clip, Phone, Speech

VOICES_OF: dict[str, tuple[str, ...]] = {
    "synthetic": IDENTITY_VOICES,
    "voices": tuple(name for name in VOICES if name.startswith("heldout-")),
    "languages": tuple(name for name, voice in VOICES.items() if voice.language != "en"),
}
RECORDED = ("grid_s1", "facegood")  # corpora with recorded motion to train on
T = TypeVar("T")
MEAN_CLIPS = 40  # training clips behind the mean pose
PIECE = 10.0  # seconds of facegood's long take at once
QUIET_SECONDS, QUIET_CLIPS, QUIET_LEVEL = 30, 4, 10**-3.5  # the level is that of a quiet room, re full scale


def load_set(name: str, count: int) -> list[Clip]:
    """At most `count` clips of a set, the same ones every time, spread over its voices.

    Raises ValueError or FileNotFoundError with one sentence when the corpus is not on this machine.
    """
    corpus, _ = SETS[name]
    if name == "silence":
        return silence(count)
    if corpus == "synthetic":
        found = [with_truth(clip) for clip in synthetic(VOICES_OF[name], "held-out", count)]
    elif corpus.startswith("voices-"):
        found = even(list(aligned.clips(corpus, "held-out")), count)
    elif corpus == "facegood":
        found = even(list(facegood.pieces(PIECE)), count)
    else:
        found = even([clip for clip in CORPORA[corpus]() if clip.split == "held-out"], count)
    if not found:
        wanted = "`make corpus` makes them" if corpus == "synthetic" else "see README on shared data"
        raise ValueError(f"set {name!r} has no held-out clips on this machine ({wanted})")
    return found


def synthetic(voices: Sequence[str], split: str | None, count: int) -> list[Clip]:
    """`count` clips of the synthetic corpus, as many of each voice; split None: of any."""
    each = -(-count // len(voices))
    load = CORPORA["synthetic"]
    return even([clip for voice in voices for clip in even(list(load(voices=[voice], split=split)), each)], count)


def silence(count: int) -> list[Clip]:
    """At most QUIET_CLIPS clips without speech, as identities spread over the list."""
    clips = []
    for i, identity in enumerate(even(list(IDENTITY_VOICES), min(count, QUIET_CLIPS))):
        noise = np.random.default_rng(i).standard_normal(QUIET_SECONDS * SAMPLE_RATE) * (QUIET_LEVEL if i % 2 else 0)
        name = f"silence-{identity}"
        phones = (Phone(0.0, float(QUIET_SECONDS), SILENCE),)
        speech = Speech(noise.astype(np.float32), name)
        clips.append(Clip(name, "silence", speech, "held-out", identity, phones=phones))
    return clips


def even(items: Sequence[T], count: int) -> list[T]:
    """`count` of the items at equal steps."""
    return [items[i] for i in np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)]


def with_truth(clip: Clip) -> Clip:
    """A synthetic clip with its true motion: one draw of the articulation model, always the same."""
    return clip if clip.motion is not None else replace(clip, motion=perform(clip, TRUTH_SEED))


def mean_coefficients(corpus: str) -> np.ndarray:
    """Mean (52,) over the true motion of training clips; a corpus without motion takes that of the synthetic one."""
    if corpus in RECORDED:
        clips = list(islice((c for c in CORPORA[corpus]() if c.split == "train"), MEAN_CLIPS))
    else:
        loader, each = CORPORA["synthetic"], MEAN_CLIPS // 20
        clips = [c for voice in IDENTITY_VOICES for c in islice(loader(voices=[voice], split="train"), each)]
    if not clips:
        raise FileNotFoundError("the mean pose needs training clips; `make corpus` makes them")
    return np.mean([motion(with_truth(clip)).coefficients.mean(axis=0) for clip in clips], axis=0)
