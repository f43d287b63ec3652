"""Analyses the prosody of speech: segments without gaps, loudness, accents, phrases and questions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.audio.phones import INDEX, SILENCE, VOWELS
from talkdemo.data.speech.timed_speech import append
from talkdemo.records import FPS, Phone

PAUSE = 0.25  # seconds of silence that end a phrase and let the mouth close


@dataclass(frozen=True)
class Prosody:
    """Phones without gaps, and their prosody."""

    segments: tuple[Phone, ...]  # P phones and silences that cover the clip without gaps
    loudness: np.ndarray  # (P,) -1 faint … 1 strong, relative to the clip's median
    accents: tuple[tuple[float, float], ...]  # (time of the peak, strength 0..1) of accented vowels
    phrases: tuple[tuple[float, float], ...]  # (start, end) of speech between pauses
    questions: tuple[bool, ...]  # one per phrase: does the pitch rise at its end
    speaking: np.ndarray  # (T,) 0..1, smooth


def segments(phones: Sequence[Phone], seconds: float) -> tuple[Phone, ...]:
    """The phones with silence in every gap, from 0 to `seconds`; ValueError on unknown labels or disordered times."""
    out: list[Phone] = []
    now = 0.0
    for phone in phones:
        if phone.label not in INDEX:
            raise ValueError(f"phone {phone.label!r} is not in audio.phones.PHONES (ARPABET without stress, or SIL)")
        if phone.end < phone.start or phone.start < now - 0.02:
            raise ValueError(f"phone {phone.label} [{phone.start:.3f}, {phone.end:.3f}] s follows {now:.3f} s; "
                             "phones are wanted in order and without overlap")  # fmt: skip
        if phone.start >= seconds:
            break
        start, end = max(now, phone.start), min(phone.end, seconds)
        if start > now + 1e-4:
            append(out, Phone(now, start, SILENCE))
        if end > start + 1e-4:
            append(out, Phone(start, end, phone.label, phone.stress))
            now = end
    if seconds > now + 1e-4 or not out:
        append(out, Phone(now, max(seconds, now + 1e-3), SILENCE))
    return tuple(out)


def analyse(phones: Sequence[Phone], energy: np.ndarray, pitch: np.ndarray, frames: int) -> Prosody:
    """Prosody of one clip of `frames` frames; energy and pitch (T,) as audio.prosody measures them."""
    parts = segments(phones, frames / FPS)
    energy, pitch = _fit(energy, frames, "energy"), _fit(pitch, frames, "pitch")
    speech = np.array([p.label != SILENCE for p in parts])
    middle = np.array([(p.start + p.end) / 2 for p in parts])
    at = np.clip((middle * FPS).astype(int), 0, frames - 1)
    reference = np.median(energy[at[speech]]) if speech.any() else 0.0
    loudness = np.clip((energy[at] - reference) / 0.35, -1, 1) * speech
    phrases = _phrases(parts)
    accents = _accents(parts, energy, pitch, frames)
    questions = tuple(_rises(pitch, end) for _, end in phrases)
    time = (np.arange(frames) + 0.5) / FPS
    speaking = np.zeros(frames)
    for start, end in phrases:
        speaking = np.maximum(speaking, _sigmoid((time - start + 0.1) / 0.06) * _sigmoid((end + 0.1 - time) / 0.08))
    return Prosody(parts, loudness, accents, phrases, questions, speaking)


def _fit(track: np.ndarray, frames: int, name: str) -> np.ndarray:
    track = np.asarray(track, dtype=np.float64)
    if track.ndim != 1 or abs(len(track) - frames) > 2:
        raise ValueError(f"{name} has shape {track.shape}; one value for each of {frames} frames is wanted")
    return np.pad(track, (0, max(0, frames - len(track))), mode="edge" if len(track) else "constant")[:frames]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -40, 40)))


def _phrases(parts: tuple[Phone, ...]) -> tuple[tuple[float, float], ...]:
    phrases: list[list[float]] = []
    pause = True
    for phone in parts:
        if phone.label == SILENCE:
            pause = pause or phone.end - phone.start > PAUSE
        elif pause:
            phrases.append([phone.start, phone.end])
            pause = False
        else:
            phrases[-1][1] = phone.end
    return tuple((start, end) for start, end in phrases)


def _accents(
    parts: tuple[Phone, ...], energy: np.ndarray, pitch: np.ndarray, frames: int
) -> tuple[tuple[float, float], ...]:
    """Vowels that stand out by stress, pitch, loudness and length; at least 0.28 s apart, the strongest first."""
    vowels = [p for p in parts if p.label in VOWELS]
    if not vowels:
        return ()
    voiced = pitch > 0
    tone = np.where(voiced, 12 * np.log2(np.maximum(pitch, 1) / (np.median(pitch[voiced]) if voiced.any() else 1)), 0.0)
    spans = [slice(min(int(p.start * FPS), frames - 1), max(int(np.ceil(p.end * FPS)), 1)) for p in vowels]
    cues = np.array([[tone[s].max(), energy[s].max(), p.end - p.start] for s, p in zip(spans, vowels, strict=True)])
    spread = np.maximum(cues.std(axis=0), [0.5, 0.04, 0.015])
    score = ((cues - cues.mean(axis=0)) / spread) @ [0.45, 0.25, 0.3]
    score += np.array([{0: -0.9, 1: 0.5, 2: -0.1}.get(p.stress, 0.0) for p in vowels])
    chosen: list[tuple[float, float]] = []
    for i in np.argsort(-score):
        time = vowels[i].start + 0.45 * (vowels[i].end - vowels[i].start)
        if score[i] > 0.15 and all(abs(time - other) > 0.28 for other, _ in chosen):
            chosen.append((time, float(np.clip(0.35 + 0.3 * score[i], 0.2, 1.0))))
    return tuple(sorted(chosen))


def _rises(pitch: np.ndarray, end: float) -> bool:
    """Does the pitch climb by more than two semitones over the last 0.35 s of a phrase?"""
    tail = pitch[max(0, int((end - 0.35) * FPS)) : int(end * FPS) + 1]
    tail = tail[tail > 0]
    return len(tail) >= 4 and 12 * np.log2(tail[-2:].mean() / tail[:2].mean()) > 2.0
