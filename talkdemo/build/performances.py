"""Performs a gallery style by the articulation model on some 10 s of speech of the synthetic corpus."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from talkdemo.build.reference_styles import GalleryStyle
from talkdemo.data.articulation.model import performances
from talkdemo.data.corpora.synthetic import read_clip, read_index
from talkdemo.data.speech.utterances import concatenate
from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME, Clip, Motion, Phone, Speech

SEED = 2310
SECONDS, SPARE = 9.0, 2.5  # of sound at least, and what may come on top
PERFORMANCES = 12  # of which the most typical is taken
FIRST = 3.6, 5.4  # seconds of the first utterance, which the preview shows
BEFORE, BETWEEN, AFTER = 0.24, 0.4, 0.48  # seconds of silence around utterances


@dataclass(frozen=True)
class Performance:
    """Speech and the motion of one who speaks it."""

    speech: Speech  # a whole number of frames
    motion: Motion  # as long
    first: int  # frames of the first utterance, until the mouth has closed
    text: str


def perform(style: GalleryStyle, corpus: Path | str, spoken: set[str], seconds: float = SECONDS) -> Performance:
    """The style performed on joined utterances of its voice; always the same for the same corpus.

    Utterances in the style's emotion are preferred, among them held-out ones. `spoken` holds the texts of other
    references, which are avoided where possible; this one's are added. Raises ValueError where the voice has no
    utterance.
    """
    folder = Path(corpus) / style.voice
    index = read_index(folder)
    if not index:
        raise ValueError(f"{folder}: no utterance of {style.voice} is there; `make corpus` speaks it")
    chosen = _choose(index, style.emotion, spoken, seconds)
    spoken |= {entry["text"] for entry in chosen}
    speech, phones, first = _join(style.name, [read_clip(folder, entry) for entry in chosen])
    generator = np.random.default_rng([SEED, *style.name.encode()])
    variants = [(style.style, style.emotion, generator)] * PERFORMANCES
    motions = list(performances(speech, phones, variants))
    return Performance(speech, _typical(motions), first, " ".join(entry["text"] for entry in chosen))


def _typical(motions: Sequence[Motion]) -> Motion:
    """The one nearest to the mean in level and spread of every channel: in a few seconds there are few blinks and nods,
    and chance would hide the style."""
    tracks = np.stack([motion.tracks for motion in motions])  # (K, T, 55)
    statistics = np.concatenate([tracks.mean(axis=1), tracks.std(axis=1)], axis=1)
    distance = (statistics - statistics.mean(axis=0)) / (statistics.std(axis=0) + 1e-6)
    return motions[int((distance**2).sum(axis=1).argmin())]


def _choose(
    index: Sequence[Mapping[str, Any]], emotion: str, spoken: Collection[str], seconds: float
) -> list[Mapping[str, Any]]:
    """The first has a length that a preview can show; the others follow until there are enough seconds."""

    def rank(entry: Mapping[str, Any]) -> tuple[bool, bool, bool]:
        return entry["text"] in spoken, entry["emotion"] != emotion, entry["split"] != "held-out"

    order = sorted(index, key=rank)
    chosen = [entry for entry in order if FIRST[0] <= entry["seconds"] <= FIRST[1]][:1] or order[:1]
    for entry in order:
        left = seconds - sum(one["seconds"] for one in chosen)
        if left <= 0:
            break
        if entry["seconds"] < left + SPARE and entry["text"] not in {one["text"] for one in chosen}:
            chosen.append(entry)
    return chosen


def _join(name: str, clips: Sequence[Clip]) -> tuple[Speech, list[Phone], int]:
    """Speech and phones of the utterances with silence before, between and after; and the frames of the first."""
    parts = [(clip.speech.samples, list(clip.phones or ())) for clip in clips]
    samples, phones = concatenate(parts, [BEFORE, *[BETWEEN] * (len(parts) - 1), AFTER])
    samples = np.pad(samples, (0, -len(samples) % SAMPLES_PER_FRAME))
    first = round((BEFORE + clips[0].speech.seconds + BETWEEN) * SAMPLE_RATE) // SAMPLES_PER_FRAME
    return Speech(samples, name), phones, first
