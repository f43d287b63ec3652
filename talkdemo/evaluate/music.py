"""Evaluates how music is heard: whether it moves the jaw by itself, and what it costs speech, with and without the
voice activity gate (audio/activity.py).

The music is synthesised here: chords, drums, plucked strings (Karplus & Strong 1983), an organ, a lead with vibrato,
bells (frequency modulation), and a band of four of them.
"""

import argparse
import copy
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from talkdemo.audio.activity import CHUNK, voice_only, voiced
from talkdemo.evaluate.reporting import Column, Table
from talkdemo.evaluate.sets import load_set
from talkdemo.face.arkit import INDEX
from talkdemo.metrics.phones import speech_frames
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import DIFFUSIONTALKER, SAMPLE_RATE, Clip, Motion, Request, Speech

LEVEL = 0.1  # root mean square of the music: −20 dB re full scale
OPEN = 0.1  # jawOpen from which the jaw moves
RATIOS = (10, 0)  # dB of speech over music
ROOTS = (220.0, 174.6, 261.6, 196.0)  # Hz, of chords
SCALE = (196.0, 220.0, 246.9, 293.7, 329.6, 392.0, 440.0)


def music(kind: str, seconds: float, seed: int = 0) -> np.ndarray:
    """(N,) float32 samples of one of KINDS at LEVEL."""
    rng = np.random.default_rng(seed)
    sound = KINDS[kind](np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE, rng)
    return (sound * LEVEL / np.sqrt(np.mean(np.square(sound)))).astype(np.float32)


def _since(times: np.ndarray, beat: float) -> np.ndarray:
    """Seconds since the last beat."""
    return times % beat


def _each(values: np.ndarray, times: np.ndarray, beat: float) -> np.ndarray:
    """One of the values for every beat, in turn."""
    return values[(times / beat).astype(int) % len(values)]


def _chords(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(_each(np.array(ROOTS), times, 1.0)) / SAMPLE_RATE
    tones = [np.sin(k * ratio * phase) / k for ratio in (1, 1.25, 1.5, 2) for k in range(1, 6)]
    return np.sum(tones, axis=0) * np.exp(-_since(times, 1.0) / 0.8)


def _drums(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise, beat = rng.standard_normal(len(times)), _since(times, 1.0)
    hat = np.diff(noise, prepend=0) * np.exp(-_since(times, 0.25) / 0.03)
    snare = np.where(beat >= 0.5, noise * np.exp(-(beat - 0.5) / 0.1), 0)
    kick = np.sin(2 * np.pi * (60 * beat + 2.4 * (1 - np.exp(-beat / 0.03)))) * np.exp(-beat / 0.15)
    return 0.3 * hat + 0.6 * snare + 1.5 * kick


def _strings(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sound, length = np.zeros(len(times) + SAMPLE_RATE), SAMPLE_RATE // 2
    for start in range(0, len(times), SAMPLE_RATE // 5):
        period = round(SAMPLE_RATE / rng.choice(SCALE))
        burst = np.zeros(length)
        burst[:period] = rng.uniform(-1, 1, period)
        feedback = np.zeros(period + 2)
        feedback[0], feedback[-2:] = 1, -0.498
        sound[start : start + length] += lfilter([1], feedback, burst)
    return sound[: len(times)]


def _organ(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(_each(np.array(ROOTS) / 1.5, times, 1.5)) / SAMPLE_RATE
    tones = [np.sin(ratio * phase) for ratio in (1, 1.189, 1.498, 2, 4)]
    return np.sum(tones, axis=0) * (1 + 0.2 * np.sin(2 * np.pi * 6 * times))


def _lead(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    melody = _each(rng.choice(SCALE, 64), times, 0.4) * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * times))
    saw = 2 * (np.cumsum(melody) / SAMPLE_RATE % 1) - 1
    return lfilter([0.1], [1, -0.9], saw * np.exp(-_since(times, 0.4) / 0.5))


def _bells(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    hertz, since = _each(2 * rng.choice(SCALE, 64), times, 0.5), _since(times, 0.5)
    side = 3 * np.exp(-since / 0.5) * np.sin(2 * np.pi * 1.4 * hertz * since)
    return np.sin(2 * np.pi * hertz * since + side) * np.exp(-since / 0.6)


def _band(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    parts = [part(times, rng) for part in (_chords, _drums, _strings, _lead)]
    return np.sum([part / part.std() for part in parts], axis=0)


KINDS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "chords": _chords,
    "drums": _drums,
    "strings": _strings,
    "organ": _organ,
    "lead": _lead,
    "bells": _bells,
    "band": _band,
}


def mixed(speech: Speech, decibels: float, seed: int) -> Speech:
    """The speech over a band, so many decibels above it."""
    under = music("band", speech.seconds + 0.1, seed)[: len(speech.samples)]
    loud = np.quantile(np.abs(speech.samples), 0.85)
    return Speech(speech.samples + under * (loud / LEVEL * 10 ** (-decibels / 20)), speech.name)


def alone(seconds: float, pipelines: tuple[SpeechToFace, SpeechToFace], steps: int, seed: int) -> Table:
    """How much of the time music alone moves the jaw."""
    shares: list[list[float]] = []
    for kind in KINDS:
        sound = Speech(music(kind, seconds, seed), kind)
        shares.append([100 * float(np.mean(_jaw(p, sound, steps, seed) > OPEN)) for p in pipelines])
    shares.append(np.mean(shares, axis=0).tolist())
    rows = [[kind, *both] for kind, both in zip([*KINDS, "all"], shares, strict=True)]
    title = f"Music alone, {seconds:g} s of each: frames in which jawOpen > {OPEN:g}, %"
    return Table([Column("music"), Column("without gate", ".1f"), Column("with gate", ".1f")], rows, title)


def under(clips: list[Clip], pipelines: tuple[SpeechToFace, SpeechToFace], steps: int, seed: int) -> Table:
    """What music under speech costs: the correlation of the jaw with that of clean speech, phones that are silenced."""
    changed = sum(voice_only(clip.speech) is not clip.speech for clip in clips)
    rows = [["clean", None, None, _silenced(clips, [clip.speech for clip in clips])]]
    clean = [_jaw(pipelines[0], clip.speech, steps, seed) for clip in clips]
    for decibels in RATIOS:
        sounds = [mixed(clip.speech, decibels, seed + i) for i, clip in enumerate(clips)]
        likeness = [
            np.mean([np.corrcoef(_jaw(p, s, steps, seed), jaw)[0, 1] for s, jaw in zip(sounds, clean, strict=True)])
            for p in pipelines
        ]
        rows.append([f"{decibels} dB above a band", *likeness, _silenced(clips, sounds)])
    names = [Column("speech"), Column("r(jaw) without gate", ".3f"), Column("r(jaw) with gate", ".3f")]
    title = f"ljspeech, {len(clips)} clips: jaw against that of clean speech; {changed} clean clips are heard otherwise"
    return Table([*names, Column("phones silenced, %", ".2f")], rows, title)


def _jaw(pipeline: SpeechToFace, speech: Speech, steps: int, seed: int) -> np.ndarray:
    motions: list[Motion] = pipeline.animate(Request(speech, identity=pipeline.identities[0], steps=steps, seed=seed))
    return motions[0].coefficients[:, INDEX["jawOpen"]]


def _silenced(clips: list[Clip], sounds: list[Speech]) -> float:
    """Share of the frames of phones, in per cent, that the gate would silence."""
    lost = total = 0
    for clip, sound in zip(clips, sounds, strict=True):
        frames = speech_frames(clip.phones or (), sound.frames)
        middles = ((np.arange(sound.frames) + 0.5) * SAMPLE_RATE / 25).astype(int) // CHUNK
        voice = voiced(sound.samples)
        lost += int((frames & ~voice[np.minimum(middles, len(voice) - 1)]).sum())
        total += int(frames.sum())
    return 100 * lost / max(total, 1)


def run(args: argparse.Namespace) -> int:
    """What the command line does."""
    gated = SpeechToFace.load(DIFFUSIONTALKER)
    plain = copy.copy(gated)
    plain.gate = lambda speech: speech
    print(alone(args.seconds, (plain, gated), args.steps, args.seed), flush=True)
    print(f"\n{under(load_set('ljspeech', args.clips), (plain, gated), args.steps, args.seed)}")
    return 0
