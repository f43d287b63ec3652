"""A design of the gallery and the spoken corpus in; the design performed by the teacher on some 10 s of speech out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from talkdemo.audio.prosody import energy, pitch
from talkdemo.build.references.designs import Design
from talkdemo.data.articulation.model import articulate
from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME, Motion, Phone, Speech

SEED = 2310
SECONDS, SPARE = 9.0, 2.5  # of sound at least, and what may come on top
PERFORMANCES = 12  # of which the most typical is taken
FIRST = 3.6, 5.4  # seconds of the first utterance: the preview shows it
BEFORE, BETWEEN, AFTER = 0.24, 0.4, 0.48  # seconds of silence around utterances


@dataclass(frozen=True)
class Take:
    """A design performed: what is said, and how the face moves."""

    speech: Speech  # a whole number of frames
    motion: Motion  # as long
    first: int  # frames until the first utterance is over and the mouth has closed
    text: str


def perform(design: Design, corpus: Path | str, said: set[str], seconds: float = SECONDS) -> Take:
    """Joins utterances of the design's voice and lets the teacher perform them; always the same for the same corpus.

    Utterances spoken in the design's emotion are preferred, among them those of the held-out part. `said` holds the
    texts that other references say; they are passed over where there are others, and this one's are added. Raises
    ValueError where the voice has no utterance.
    """
    folder = Path(corpus) / design.voice
    index = folder / "utterances.json"
    spoken = json.loads(index.read_text(encoding="utf-8")) if index.is_file() else []
    if not spoken:
        raise ValueError(f"{folder}: no utterance of {design.voice} is there; `make corpus` speaks it")
    chosen = _choose(spoken, design.emotion, said, seconds)
    said |= {entry["text"] for entry in chosen}
    speech, phones, first = _join(design.name, folder, chosen)
    generator = np.random.default_rng([SEED, *design.name.encode()])
    loudness, hertz = energy(speech), pitch(speech)
    motions = [
        articulate(phones, loudness, hertz, design.style, design.emotion, generator, speech.frames)
        for _ in range(PERFORMANCES)
    ]
    return Take(speech, _typical(motions), first, " ".join(entry["text"] for entry in chosen))


def _typical(motions: Sequence[Motion]) -> Motion:
    """The one nearest to the mean of all in level and spread of every channel: in few seconds there are
    few blinks and nods, and chance would hide the style."""
    tracks = np.stack([np.c_[motion.coefficients, motion.head] for motion in motions])  # (K, T, 55)
    about = np.concatenate([tracks.mean(axis=1), tracks.std(axis=1)], axis=1)
    far = (about - about.mean(axis=0)) / (about.std(axis=0) + 1e-6)
    return motions[int((far**2).sum(axis=1).argmin())]


def _choose(
    spoken: Sequence[Mapping[str, Any]], emotion: str, said: Iterable[str], seconds: float
) -> list[Mapping[str, Any]]:
    """The first is of a length that a preview can show; the others follow until there are enough seconds."""

    def rank(entry: Mapping[str, Any]) -> tuple[bool, bool, bool]:
        return entry["text"] in said, entry["emotion"] != emotion, entry["split"] != "held-out"

    order = sorted(spoken, key=rank)
    chosen = [entry for entry in order if FIRST[0] <= entry["seconds"] <= FIRST[1]][:1] or order[:1]
    for entry in order:
        left = seconds - sum(one["seconds"] for one in chosen)
        if left <= 0:
            break
        if entry["seconds"] < left + SPARE and entry["text"] not in {one["text"] for one in chosen}:
            chosen.append(entry)
    return chosen


def _join(name: str, folder: Path, chosen: Sequence[Mapping[str, Any]]) -> tuple[Speech, list[Phone], int]:
    """Sound and phones of the utterances with silence before, between and after; and the frames of the first."""
    pieces = [np.zeros(round(BEFORE * SAMPLE_RATE), np.float32)]
    phones: list[Phone] = []
    first = 0
    for entry in chosen:
        offset = sum(map(len, pieces)) / SAMPLE_RATE
        phones += [Phone(start + offset, end + offset, label, stress) for start, end, label, stress in entry["phones"]]
        samples, _ = soundfile.read(folder / f"{entry['utt']}.flac", dtype="float32")
        pieces += [samples, np.zeros(round(BETWEEN * SAMPLE_RATE), np.float32)]
        first = first or sum(map(len, pieces)) // SAMPLES_PER_FRAME
    samples = np.concatenate([*pieces, np.zeros(round((AFTER - BETWEEN) * SAMPLE_RATE), np.float32)])
    samples = np.pad(samples, (0, -len(samples) % SAMPLES_PER_FRAME))
    return Speech(samples, name), phones, first
