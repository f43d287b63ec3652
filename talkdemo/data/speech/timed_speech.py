"""Speech with phone times, as every speech engine returns it, and the conversion of engines' phone names to ARPABET."""

from dataclasses import dataclass

import numpy as np

from talkdemo.audio.phones import INDEX, SILENCE
from talkdemo.records import Phone

STOPS = frozenset({"P", "B", "T", "D", "K", "G", "CH", "JH"})
# The names of the US-radio phone set (flite, festival) that are not ARPABET's.
REDUCED = {"AX": "AH", "AXR": "ER", "IX": "IH", "DX": "T", "NX": "N", "HV": "HH", "PAU": SILENCE, "H#": SILENCE,
           "BRTH": SILENCE, "EM": "M", "EN": "N", "EL": "L"}  # fmt: skip


class EngineMissing(RuntimeError):
    """A speech engine or one of its voices is not installed; the message names the Debian packages."""


@dataclass(frozen=True)
class TimedSpeech:
    """Mono speech and the phones that cover it from 0 to its end, in order."""

    samples: np.ndarray  # (N,) float32 in [-1, 1]
    rate: int  # samples per second
    phones: tuple[Phone, ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def arpabet(name: str) -> str:
    """US-radio phone name (any case) → label of audio.phones. ValueError for a name that is in neither alphabet."""
    label = REDUCED.get(name.upper(), name.upper())
    if label not in INDEX:
        raise ValueError(f"phone {name!r} given, a phone of the US-radio or ARPABET set wanted")
    return label


def append(phones: list[Phone], phone: Phone) -> None:
    """Append a phone; silence after silence lengthens it."""
    if phones and phone.label == SILENCE == phones[-1].label:
        phones[-1] = Phone(phones[-1].start, phone.end, SILENCE)
    else:
        phones.append(phone)


def cover(marks: list[tuple[float, str, int]], seconds: float) -> tuple[Phone, ...]:
    """(end, label, stress) in order → phones that start at 0, follow one another and end at `seconds`.

    Neighbouring silences are joined; what an engine plans beyond the end of its sound is cut.
    """
    phones: list[Phone] = []
    start = 0.0
    for end, label, stress in marks:
        end = min(end, seconds)
        if end - start < 1e-4:
            continue
        append(phones, Phone(start, end, label, stress))
        start = end
    if not phones or seconds - start > 1e-4:
        append(phones, Phone(start, seconds, SILENCE))
    return tuple(phones)
