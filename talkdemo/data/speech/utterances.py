"""Plans and speaks the utterances of the synthetic corpus.

Utterance k of a voice depends on the seed, the voice and k alone. (espeak carries the phase of its voice from one text
to the next, so there a later run repeats an earlier one to some 2 ms, not to the sample.)
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from talkdemo.audio.phones import SILENCE
from talkdemo.data.speech.engines import Engines
from talkdemo.data.speech.sentences import sentences, split
from talkdemo.data.speech.timed_speech import STOPS, TimedSpeech
from talkdemo.data.speech.voices import VOICES
from talkdemo.records import SAMPLE_RATE, Phone


@dataclass(frozen=True)
class Mood:
    """What an emotion changes in a voice: factors on pitch, pitch range and tempo, and a gain in dB."""

    pitch: float
    range: float
    tempo: float
    gain: float


# Directions as reviewed by Scherer (2003), "Vocal communication of emotion"; the amounts are ours.
MOODS: dict[str, Mood] = {
    "neutral": Mood(1.00, 1.00, 1.00, 0.0),
    "happy": Mood(1.12, 1.50, 1.06, 1.5),
    "sad": Mood(0.92, 0.60, 0.84, -4.0),
    "angry": Mood(1.06, 1.35, 1.10, 4.0),
    "surprised": Mood(1.20, 1.70, 1.00, 2.0),
    "afraid": Mood(1.18, 0.90, 1.14, -1.0),
    "disgusted": Mood(0.94, 0.85, 0.90, -1.0),
}
NEUTRAL_SHARE = 0.6
SPEECH_LEVEL = -23.0  # dB re full scale, root mean square of the phones
EDGE = 0.04  # seconds of the engine's own silence kept at both ends
CLOSURE = 0.06  # seconds of silence that belong to a stop after a pause, where the engine labels the burst alone


@dataclass(frozen=True)
class Plan:
    """One utterance."""

    utt: str
    indices: tuple[int, ...]  # of its sentences, spoken one after the other
    emotion: str
    seed: int


def plan(voice: str, k: int, seed: int = 0) -> Plan:
    """Sentences and emotion of utterance k of a voice."""
    number = zlib.crc32(f"{seed}/{voice}/{k}".encode())
    generator = np.random.default_rng(number)
    texts = sentences(VOICES[voice].language)
    part = "held-out" if generator.random() < 0.06 else "train"
    # Through a fixed shuffle, so that a voice says every sentence once before it repeats one.
    order = np.random.default_rng(zlib.crc32(f"{seed}/{voice}".encode())).permutation(len(texts))
    pool = [int(i) for i in order if split(int(i)) == part]
    count = int(generator.choice([1, 2, 3], p=[0.68, 0.27, 0.05]))
    start = k * 2 if part == "train" else int(generator.integers(len(pool)))
    indices = tuple(pool[(start + i) % len(pool)] for i in range(min(count, len(pool))))
    others = [name for name in MOODS if name != "neutral"]
    emotion = "neutral" if generator.random() < NEUTRAL_SHARE else str(generator.choice(others))
    return Plan(f"{k:05d}", indices, emotion, number)


def speak(engines: Engines, name: str, planned: Plan) -> tuple[np.ndarray, dict[str, Any]]:
    """Samples (N,) float32 at SAMPLE_RATE of a planned utterance, and its entry for utterances.json."""
    voice, mood = VOICES[name], MOODS[planned.emotion]
    generator = np.random.default_rng([planned.seed, 1])
    texts = [sentences(voice.language)[i] for i in planned.indices]
    pitch = voice.pitch * mood.pitch * np.exp(generator.normal(0, 0.05))
    spread = voice.range * mood.range * np.exp(generator.normal(0, 0.12))
    tempo = voice.tempo * mood.tempo * np.exp(generator.normal(0, 0.06))
    formant = voice.formant * np.exp(generator.normal(0, 0.008))
    parts = []
    for text in texts:
        own = pitch * np.exp(generator.normal(0, 0.02))
        parts.append(trim(engines.say(text, voice, own, spread, tempo, formant), voice.engine == "espeak"))
    middle = np.exp(generator.uniform(np.log(0.2), np.log(1.4), len(parts) - 1))
    samples, phones = concatenate(parts, [generator.uniform(0.15, 0.9), *middle, generator.uniform(0.15, 0.9)])
    samples = set_level(samples, phones, SPEECH_LEVEL + mood.gain + generator.normal(0, 1.5))
    entry = {
        "utt": planned.utt, "text": " ".join(texts), "language": voice.language, "emotion": planned.emotion,
        "seconds": round(len(samples) / SAMPLE_RATE, 4),
        "phones": [[round(p.start, 4), round(p.end, 4), p.label, p.stress] for p in phones],
        "split": split(planned.indices[0]),
    }  # fmt: skip
    return samples, entry


def trim(speech: TimedSpeech, bursts: bool) -> tuple[np.ndarray, list[Phone]]:
    """Cut the silence at both ends down to EDGE; the phones begin and end with silence. `bursts`: see CLOSURE."""
    sounding = [p for p in speech.phones if p.label != SILENCE]
    if not sounding:
        return np.zeros(0, np.float32), []
    room = CLOSURE if bursts and sounding[0].label in STOPS else 0.0
    begin = sounding[0].start - room - EDGE
    end = min(sounding[-1].end + 2 * EDGE, speech.seconds)
    first, last = round(begin * SAMPLE_RATE), round(end * SAMPLE_RATE)
    samples = np.concatenate([np.zeros(max(-first, 0), np.float32), speech.samples[max(first, 0) : last]])
    fade = round(0.01 * SAMPLE_RATE)
    samples[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    shift, seconds = first / SAMPLE_RATE, len(samples) / SAMPLE_RATE
    phones = [Phone(0.0, sounding[0].start - shift, SILENCE)]
    for phone in speech.phones:
        if sounding[0].start <= phone.start < sounding[-1].end:
            start, stop = phone.start - shift, min(phone.end - shift, seconds)
            if bursts and phone.label in STOPS and phones[-1].label == SILENCE:
                start -= min(CLOSURE, 0.5 * (phones[-1].end - phones[-1].start) if phones[1:] else CLOSURE)
                phones[-1] = Phone(phones[-1].start, start, SILENCE)
            phones.append(Phone(start, stop, phone.label, phone.stress))
    phones.append(Phone(phones[-1].end, seconds, SILENCE))
    return samples, phones


def concatenate(
    parts: Iterable[tuple[np.ndarray, list[Phone]]], pauses: Iterable[float]
) -> tuple[np.ndarray, list[Phone]]:
    """Concatenate parts with a pause (s) before each and after the last; the phones cover the sound without gaps."""
    sound: list[np.ndarray] = []
    phones: list[Phone] = []
    pauses, count = iter(pauses), 0

    def add(start: float, end: float, label: str, stress: int = 0) -> None:
        if phones and label == SILENCE == phones[-1].label:
            phones[-1] = Phone(phones[-1].start, end, label)
        elif end - start > 1e-6:
            phones.append(Phone(start, end, label, stress))

    def silence(seconds: float) -> int:
        length = round(seconds * SAMPLE_RATE)
        sound.append(np.zeros(length, np.float32))
        add(count / SAMPLE_RATE, (count + length) / SAMPLE_RATE, SILENCE)
        return length

    for samples, part in parts:
        count += silence(next(pauses))
        for phone in part:
            add(count / SAMPLE_RATE + phone.start, count / SAMPLE_RATE + phone.end, phone.label, phone.stress)
        sound.append(samples)
        count += len(samples)
    silence(next(pauses))
    return np.concatenate(sound), phones


def set_level(samples: np.ndarray, phones: Iterable[Phone], decibels: float) -> np.ndarray:
    """Scale samples so that their phones have a level of `decibels` re full scale (RMS), less where they would clip."""
    inside = np.zeros(len(samples), bool)
    for phone in phones:
        if phone.label != SILENCE:
            inside[int(phone.start * SAMPLE_RATE) : int(phone.end * SAMPLE_RATE)] = True
    gain = 10 ** (decibels / 20) / np.sqrt(np.mean(np.square(samples[inside])) + 1e-12)
    return samples * min(gain, 0.97 / np.abs(samples).max())
