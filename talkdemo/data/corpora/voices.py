"""Loads `voices/`: sentences read by four people in English, German and Dutch.

Rhasspy voice datasets (CC0 1.0): kathleen (US English), kerstin (German), nathalie (Dutch) and flemishguy (Flemish).
flemishguy is held out whole. Of the others one sentence in sixteen is held out, by its words, so that a sentence that
was read twice, or by two people, is on one side only. nathalie's phone times are published, the others have none.
"""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import soundfile

from talkdemo.audio import ipa
from talkdemo.audio.phones import SILENCE, VOWELS
from talkdemo.data.corpora.shared import need
from talkdemo.records import SAMPLE_RATE, Clip, Phone, Speech

LANGUAGES = {"kathleen": "en", "kerstin": "de", "nathalie": "nl", "flemishguy": "nl"}
HELD_OUT_SPEAKER = "flemishguy"
HELD_OUT_SHARE = 16  # one sentence in so many
GAP = 0.015  # seconds: a longer gap between two published phones is silence


def split_of(speaker: str, text: str) -> str:
    """ "train" or "held-out", by the speaker and the words alone."""
    words = "".join(letter for letter in text.lower() if letter.isalpha())
    held_out = speaker == HELD_OUT_SPEAKER or zlib.crc32(words.encode()) % HELD_OUT_SHARE == 0
    return "held-out" if held_out else "train"


def phones_of(timed: list[list], seconds: float) -> tuple[Phone, ...]:
    """Published [start, end, IPA] as Phones that cover the clip; what several labels share is divided evenly, a vowel
    twice as long as a consonant."""
    out: list[Phone] = []

    def silence(start: float, end: float) -> None:
        if end - start > GAP:
            out.append(Phone(start, end, SILENCE))
        elif out and end > start:
            out[-1] = Phone(out[-1].start, end, out[-1].label, out[-1].stress)

    for start, end, symbol in timed:
        silence(out[-1].end if out else 0.0, start)
        labels = ipa.labels(symbol)
        stress = 1 if "ˈ" in symbol else 2 if "ˌ" in symbol else 0
        weights = [2.0 if label in VOWELS else 1.0 for label in labels]
        for i, label in enumerate(labels):
            first, last = (start + (end - start) * sum(weights[:k]) / sum(weights) for k in (i, i + 1))
            out.append(Phone(first, last, label, stress if label in VOWELS else 0))
    silence(out[-1].end if out else 0.0, seconds)
    return tuple(out)


def sound(speaker: str, name: str) -> Path:
    """Where a sentence lies below the shared data."""
    return Path("voices") / speaker / "audio" / f"{name}.ogg"


def clips(speakers: tuple[str, ...] = tuple(LANGUAGES), split: str | None = None) -> Iterator[Clip]:
    """Clips, speaker by speaker; FileNotFoundError where the data is absent."""
    folder = need("voices")
    for speaker in speakers:
        for name, entry in json.loads((folder / speaker / "utterances.json").read_text("utf-8")).items():
            part = split_of(speaker, entry["text"])
            if split is not None and part != split:
                continue
            path = folder.parent / sound(speaker, name)
            samples, rate = soundfile.read(path, dtype="float32")
            if rate != SAMPLE_RATE or samples.ndim != 1:
                raise ValueError(f"{path.name} has {rate} Hz; {SAMPLE_RATE} Hz mono is wanted")
            timed = entry.get("phones")
            yield Clip(
                name=name, corpus=f"voices-{speaker}", speech=Speech(samples, name), split=part, identity=speaker,
                language=LANGUAGES[speaker], text=entry["text"],
                phones=phones_of(timed, len(samples) / SAMPLE_RATE) if timed else None,
            )  # fmt: skip
