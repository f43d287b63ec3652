"""The name of a set in, its clips out: the same ones every time, with true motion where there is any."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np

from talkdemo.data.corpora import CORPORA
from talkdemo.data.voices import IDENTITY_VOICES, VOICES
from talkdemo.evaluate_systems import TRUTH_SEED, teach
from talkdemo.records import Clip

SETS: dict[str, tuple[str, str]] = {
    "synthetic": ("synthetic", "held-out sentences of the voices trained on"),
    "voices": ("synthetic", "held-out sentences of voices never trained on"),
    "ljspeech": ("ljspeech", "16 clips of a real reader: phones, no motion"),
    "grid": ("grid_s1", "held-out clips of a real speaker: motion, only the channels that were tracked"),
}
MEAN_CLIPS = 40  # training clips behind the mean pose


def load_set(name: str, count: int) -> list[Clip]:
    """At most `count` clips of a set, the same ones every time, spread over its voices.

    Raises ValueError or FileNotFoundError with one sentence when the corpus is not on this machine.
    """
    corpus, _ = SETS[name]
    if corpus == "synthetic":
        found = [with_truth(clip) for clip in _synthetic(name == "voices", "held-out", count)]
    else:
        found = even([clip for clip in CORPORA[corpus]() if clip.split == "held-out"], count)
    if not found:
        wanted = "`make corpus` makes them" if corpus == "synthetic" else "see README on shared data"
        raise ValueError(f"set {name!r} has no held-out clips on this machine ({wanted})")
    return found


def _synthetic(strangers: bool, split: str, count: int) -> list[Clip]:
    """Clips of the identity voices, or of the voices never trained on, as many of each."""
    voices = [name for name in VOICES if name.startswith("heldout-")] if strangers else list(IDENTITY_VOICES)
    each = -(-count // len(voices))
    return even(
        [c for voice in voices for c in even(list(CORPORA["synthetic"](voices=[voice], split=split)), each)], count
    )


def even(clips: list[Clip], count: int) -> list[Clip]:
    """`count` of the clips at equal steps."""
    return [clips[i] for i in np.linspace(0, len(clips) - 1, min(count, len(clips))).astype(int)]


def with_truth(clip: Clip) -> Clip:
    """A synthetic clip with its true motion: one draw of the teacher, always the same."""
    return clip if clip.motion is not None else replace(clip, motion=teach(clip, TRUTH_SEED))


def mean_coefficients(corpus: str) -> np.ndarray:
    """Mean (52,) over the true motion of training clips; a corpus without motion takes that of the synthetic one."""
    if corpus in ("synthetic", "ljspeech"):
        loader = CORPORA["synthetic"]
        clips = [c for v in IDENTITY_VOICES for c in islice(loader(voices=[v], split="train"), MEAN_CLIPS // 20)]
    else:
        clips = list(islice((c for c in CORPORA[corpus]() if c.split == "train"), MEAN_CLIPS))
    if not clips:
        raise FileNotFoundError("the mean pose needs training clips; `make corpus` makes them")
    return np.mean([with_truth(clip).motion.coefficients.mean(axis=0) for clip in clips], axis=0)
