"""Sentences and voices in, a corpus of synthetic speech with exact phone times on disk out; and back as clips.

    python -m talkdemo.data.speech.synthetic --hours 10 --out runs/corpus/speech      (make corpus)

Needs Debian's `flite festival festvox-us-slt-hts festvox-kallpc16k festvox-kdlpc16k espeak-ng`, at build time only.
Each folder is a voice: `<utt>.flac` (16 kHz mono int16) and `utterances.json`, a list of {"utt", "text", "language",
"emotion", "seconds", "phones": [[start, end, label, stress], …], "split"}. Utterance k of a voice depends on the seed,
the voice and k alone, so a run that was stopped goes on where it was. (espeak carries the phase of its voice from one
text to the next, so there a later run repeats an earlier one to some 2 ms, not to the sample.)
"""

from __future__ import annotations

import argparse
import json
import os
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from talkdemo.audio.phones import SILENCE
from talkdemo.audio.prosody import pitch as pitch_of
from talkdemo.data.speech.psola import repitch
from talkdemo.data.speech.sentences import sentences, split
from talkdemo.data.speech.tts_spoken import EngineMissing, Spoken
from talkdemo.data.speech.voices import IDENTITY_VOICES, VOICES, Voice
from talkdemo.records import SAMPLE_RATE, Clip, Phone, Speech


@dataclass(frozen=True)
class Mood:
    """How an emotion changes a voice: factors on pitch, its moves and tempo, and loudness in dB."""

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
REPITCHED = {"rms": 100.0, "slt-hts": 175.0}  # Hz: engine voices that take no pitch; psola gives it to them
CALIBRATION = "Hello world, this is a simple test of the voice, and my mother bought a new umbrella."
STOPS = frozenset({"P", "B", "T", "D", "K", "G", "CH", "JH"})
CLOSURE = 0.06  # seconds of silence that a stop after a pause owns, where the engine labels the burst alone


class Engines:
    """The speech engines, each opened when it is first asked for."""

    def __init__(self) -> None:
        self._open: dict[str, object] = {}
        self._espeak_pitch: dict[str, np.ndarray] = {}

    def _engine(self, name: str):
        if name not in self._open:
            if name == "flite":
                from talkdemo.data.speech.tts_flite import Flite as Engine
            elif name == "festival":
                from talkdemo.data.speech.tts_festival import Festival as Engine
            else:
                from talkdemo.data.speech.tts_espeak import Espeak as Engine
            self._open[name] = Engine()
        return self._open[name]

    def _setting(self, base: str, hertz: float) -> float:
        """espeak's pitch setting that sounds at `hertz`, from a measured sentence at five settings."""
        settings = np.array([0.0, 25, 50, 75, 99])
        if base not in self._espeak_pitch:
            heard = []
            for setting in settings:
                spoken = self._engine("espeak").say(CALIBRATION, base, setting)
                track = pitch_of(Speech(resampled(spoken.samples, spoken.rate, 1.0)[0]))
                heard.append(float(np.median(track[track > 0])) if (track > 0).any() else 0.0)
            self._espeak_pitch[base] = np.maximum.accumulate(heard)
        return float(np.interp(hertz, self._espeak_pitch[base], settings))

    def say(self, text: str, voice: Voice, pitch: float, spread: float, tempo: float, formant: float) -> Spoken:
        """Text in a voice's warp: mean `pitch` Hz as heard, moves × `spread`, `tempo` and `formant` as heard."""
        engine, stretch, hertz = self._engine(voice.engine), formant / tempo, pitch / formant
        if voice.base in REPITCHED:
            spoken = engine.say(text, voice.base, REPITCHED[voice.base], 1.0, stretch)
            samples, _ = resampled(spoken.samples, spoken.rate, 1.0)
            shift = np.clip(hertz / REPITCHED[voice.base], 0.6, 1.7)
            spoken = Spoken(repitch(samples, float(shift), spread), SAMPLE_RATE, spoken.phones)
        elif voice.engine == "espeak":
            spoken = engine.say(text, voice.base, self._setting(voice.base, hertz), spread, stretch)
        else:
            spoken = engine.say(text, voice.base, hertz, spread, stretch)
        samples, factor = resampled(spoken.samples, spoken.rate, formant)
        phones = tuple(Phone(p.start * factor, p.end * factor, p.label, p.stress) for p in spoken.phones)
        return Spoken(samples, SAMPLE_RATE, phones)

    def close(self) -> None:
        for engine in self._open.values():
            if hasattr(engine, "close"):
                engine.close()
        self._open.clear()


def resampled(samples: np.ndarray, rate: int, formant: float) -> tuple[np.ndarray, float]:
    """Samples played `formant` times as fast: (M,) float32 at SAMPLE_RATE, and the factor on all times (1/formant)."""
    ratio = Fraction(SAMPLE_RATE / (rate * formant)).limit_denominator(256)
    if ratio == 1:
        return samples.astype(np.float32), 1.0
    out = resample_poly(samples, ratio.numerator, ratio.denominator).astype(np.float32)
    return out, float(rate * ratio / SAMPLE_RATE)


def trimmed(spoken: Spoken, bursts: bool) -> tuple[np.ndarray, list[Phone]]:
    """Without silence at the ends but for EDGE; phones from 0 that begin and end with SIL. `bursts`: see CLOSURE."""
    sounding = [p for p in spoken.phones if p.label != SILENCE]
    if not sounding:
        return np.zeros(0, np.float32), []
    room = CLOSURE if bursts and sounding[0].label in STOPS else 0.0
    begin = sounding[0].start - room - EDGE
    end = min(sounding[-1].end + 2 * EDGE, spoken.seconds)
    first, last = round(begin * SAMPLE_RATE), round(end * SAMPLE_RATE)
    samples = np.concatenate([np.zeros(max(-first, 0), np.float32), spoken.samples[max(first, 0) : last]])
    fade = round(0.01 * SAMPLE_RATE)
    samples[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    shift, seconds = first / SAMPLE_RATE, len(samples) / SAMPLE_RATE
    phones = [Phone(0.0, sounding[0].start - shift, SILENCE)]
    for phone in spoken.phones:
        if sounding[0].start <= phone.start < sounding[-1].end:
            start, stop = phone.start - shift, min(phone.end - shift, seconds)
            if bursts and phone.label in STOPS and phones[-1].label == SILENCE:
                start -= min(CLOSURE, 0.5 * (phones[-1].end - phones[-1].start) if phones[1:] else CLOSURE)
                phones[-1] = Phone(phones[-1].start, start, SILENCE)
            phones.append(Phone(start, stop, phone.label, phone.stress))
    phones.append(Phone(phones[-1].end, seconds, SILENCE))
    return samples, phones


def joined(parts: Iterable[tuple[np.ndarray, list[Phone]]], pauses: Iterable[float]) -> tuple[np.ndarray, list[Phone]]:
    """Parts with a pause before each and one after the last: sound, and phones that cover it without gap or overlap."""
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


def levelled(samples: np.ndarray, phones: Iterable[Phone], decibels: float) -> np.ndarray:
    """Samples whose phones have a root mean square of `decibels` re full scale, or less where they would clip."""
    spoken = np.zeros(len(samples), bool)
    for phone in phones:
        if phone.label != SILENCE:
            spoken[int(phone.start * SAMPLE_RATE) : int(phone.end * SAMPLE_RATE)] = True
    gain = 10 ** (decibels / 20) / np.sqrt(np.mean(np.square(samples[spoken])) + 1e-12)
    return samples * min(gain, 0.97 / np.abs(samples).max())


@dataclass(frozen=True)
class Plan:
    """What utterance k of a voice will be."""

    utt: str
    indices: tuple[int, ...]  # sentences, spoken one after the other
    emotion: str
    seed: int


def plan(voice: str, k: int, seed: int = 0) -> Plan:
    """Utterance k of a voice: which sentences, which emotion. Depends on its arguments alone."""
    number = zlib.crc32(f"{seed}/{voice}/{k}".encode())
    draw = np.random.default_rng(number)
    texts = sentences(VOICES[voice].language)
    part = "held-out" if draw.random() < 0.06 else "train"
    # A walk through a fixed shuffle: a voice says every sentence once before it says one again.
    order = np.random.default_rng(zlib.crc32(f"{seed}/{voice}".encode())).permutation(len(texts))
    pool = [int(i) for i in order if split(int(i)) == part]
    count = int(draw.choice([1, 2, 3], p=[0.68, 0.27, 0.05]))
    start = k * 2 if part == "train" else int(draw.integers(len(pool)))
    indices = tuple(pool[(start + i) % len(pool)] for i in range(min(count, len(pool))))
    others = [name for name in MOODS if name != "neutral"]
    emotion = "neutral" if draw.random() < NEUTRAL_SHARE else str(draw.choice(others))
    return Plan(f"{k:05d}", indices, emotion, number)


def utterance(engines: Engines, name: str, what: Plan) -> tuple[np.ndarray, dict]:
    """Speak a plan: samples (N,) float32 at SAMPLE_RATE and the entry for utterances.json."""
    voice, mood = VOICES[name], MOODS[what.emotion]
    draw = np.random.default_rng([what.seed, 1])
    texts = [sentences(voice.language)[i] for i in what.indices]
    pitch = voice.pitch * mood.pitch * np.exp(draw.normal(0, 0.05))
    spread = voice.range * mood.range * np.exp(draw.normal(0, 0.12))
    tempo = voice.tempo * mood.tempo * np.exp(draw.normal(0, 0.06))
    formant = voice.formant * np.exp(draw.normal(0, 0.008))
    parts = []
    for text in texts:
        own = pitch * np.exp(draw.normal(0, 0.02))
        parts.append(trimmed(engines.say(text, voice, own, spread, tempo, formant), voice.engine == "espeak"))
    middle = np.exp(draw.uniform(np.log(0.2), np.log(1.4), len(parts) - 1))
    samples, phones = joined(parts, [draw.uniform(0.15, 0.9), *middle, draw.uniform(0.15, 0.9)])
    samples = levelled(samples, phones, SPEECH_LEVEL + mood.gain + draw.normal(0, 1.5))
    entry = {
        "utt": what.utt, "text": " ".join(texts), "language": voice.language, "emotion": what.emotion,
        "seconds": round(len(samples) / SAMPLE_RATE, 4),
        "phones": [[round(p.start, 4), round(p.end, 4), p.label, p.stress] for p in phones],
        "split": split(what.indices[0]),
    }  # fmt: skip
    return samples, entry


def _read(folder: Path) -> list[dict]:
    path = folder / "utterances.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def _write(folder: Path, entries: list[dict]) -> None:
    rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    temporary = folder / "utterances.json.part"
    temporary.write_text(f"[\n{rows}\n]\n", "utf-8")
    os.replace(temporary, folder / "utterances.json")


def targets(hours: float) -> dict[str, float]:
    """Seconds wanted of every voice: `hours` over the identity voices; a third of that again over all the others."""
    others = [name for name in VOICES if name not in IDENTITY_VOICES]
    share = {name: hours * 3600 / len(IDENTITY_VOICES) for name in IDENTITY_VOICES}
    return share | {name: hours * 3600 / 3 / len(others) for name in others}


def build(root: Path, wanted: Mapping[str, float], seed: int = 0, rounds: int = 20, report=print) -> float:
    """Fill `root` until every voice in `wanted` has its seconds, all voices in step; returns the seconds made."""
    engines, began, made = Engines(), time.perf_counter(), 0.0
    try:
        for turn in range(1, rounds + 1):
            total = 0.0
            for name, seconds in wanted.items():
                folder = root / name
                folder.mkdir(parents=True, exist_ok=True)
                entries = _read(folder)
                have = sum(entry["seconds"] for entry in entries)
                before = len(entries)
                while have < seconds * turn / rounds:
                    samples, entry = utterance(engines, name, plan(name, len(entries), seed))
                    soundfile.write(folder / f"{entry['utt']}.flac", samples, SAMPLE_RATE, subtype="PCM_16")
                    entries.append(entry)
                    have += entry["seconds"]
                    made += entry["seconds"]
                if len(entries) > before:
                    _write(folder, entries)
                total += have
            spent = time.perf_counter() - began
            report(f"{turn}/{rounds}: {total / 3600:.2f} h of speech; {made / spent:.0f}× real time", flush=True)
    finally:
        engines.close()
    return made


def clips(root: Path | str, voices: Iterable[str] | None = None, split: str | None = None) -> Iterator[Clip]:
    """The corpus below `root` as clips without motion, voice by voice; sound is read as each clip is reached."""
    root = Path(root)
    names = sorted(p.parent.name for p in root.glob("*/utterances.json")) if voices is None else list(voices)
    if not names:
        raise ValueError(f"{root.name} given, a folder made by `make corpus` wanted")
    for name in names:
        for entry in _read(root / name):
            if split is not None and entry["split"] != split:
                continue
            samples, _ = soundfile.read(root / name / f"{entry['utt']}.flac", dtype="float32")
            yield Clip(
                name=f"{name}/{entry['utt']}", corpus="synthetic", speech=Speech(samples, entry["utt"]),
                split=entry["split"], identity=name, emotion=entry["emotion"], language=entry["language"],
                text=entry["text"], phones=tuple(Phone(*row) for row in entry["phones"]),
            )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Speak the corpus.")
    parser.add_argument("--hours", type=float, default=10.0, help="of the 24 identity voices together")
    parser.add_argument("--out", type=Path, default=Path("runs/corpus/speech"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--voices", nargs="*", choices=sorted(VOICES), help="these only")
    options = parser.parse_args()
    wanted = targets(options.hours)
    if options.voices:
        wanted = {name: wanted[name] for name in options.voices}
    try:
        build(options.out, wanted, options.seed)
    except EngineMissing as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
