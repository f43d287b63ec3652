"""Speaks text in the voices of the synthetic corpus, through whichever speech engine has them."""

import importlib
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.signal import resample_poly

from talkdemo.audio.prosody import pitch as pitch_of
from talkdemo.data.speech.psola import repitch
from talkdemo.data.speech.timed_speech import TimedSpeech
from talkdemo.data.speech.voices import Voice
from talkdemo.records import SAMPLE_RATE, Phone, Speech

FIXED_PITCH = {"rms": 100.0, "slt-hts": 175.0}  # Hz: engine voices that take no pitch; PSOLA changes it afterwards
CALIBRATION = "Hello world, this is a simple test of the voice, and my mother bought a new umbrella."


class Engines:
    """The speech engines, each opened when it is first needed."""

    def __init__(self) -> None:
        self._open: dict[str, Any] = {}
        self._espeak_pitch: dict[str, np.ndarray] = {}

    def _engine(self, name: str) -> Any:
        if name not in self._open:
            module = importlib.import_module(f"talkdemo.data.speech.tts_{name}")
            self._open[name] = getattr(module, name.capitalize())()
        return self._open[name]

    def _setting(self, base: str, hertz: float) -> float:
        """espeak's setting for a pitch of `hertz`, from the measured pitch of one sentence at five settings."""
        settings = np.array([0.0, 25, 50, 75, 99])
        if base not in self._espeak_pitch:
            measured = []
            for setting in settings:
                spoken = self._engine("espeak").say(CALIBRATION, base, setting)
                track = pitch_of(Speech(change_speed(spoken.samples, spoken.rate, 1.0)[0]))
                measured.append(float(np.median(track[track > 0])) if (track > 0).any() else 0.0)
            self._espeak_pitch[base] = np.maximum.accumulate(measured)
        return float(np.interp(hertz, self._espeak_pitch[base], settings))

    def say(self, text: str, voice: Voice, pitch: float, spread: float, tempo: float, formant: float) -> TimedSpeech:
        """Speak a text; `pitch` (mean, Hz), `tempo` and `formant` are those of the result, pitch moves × `spread`."""
        engine, stretch, hertz = self._engine(voice.engine), formant / tempo, pitch / formant
        if voice.base in FIXED_PITCH:
            spoken = engine.say(text, voice.base, FIXED_PITCH[voice.base], 1.0, stretch)
            samples, _ = change_speed(spoken.samples, spoken.rate, 1.0)
            shift = np.clip(hertz / FIXED_PITCH[voice.base], 0.6, 1.7)
            spoken = TimedSpeech(repitch(samples, float(shift), spread), SAMPLE_RATE, spoken.phones)
        elif voice.engine == "espeak":
            spoken = engine.say(text, voice.base, self._setting(voice.base, hertz), spread, stretch)
        else:
            spoken = engine.say(text, voice.base, hertz, spread, stretch)
        samples, factor = change_speed(spoken.samples, spoken.rate, formant)
        phones = tuple(Phone(p.start * factor, p.end * factor, p.label, p.stress) for p in spoken.phones)
        return TimedSpeech(samples, SAMPLE_RATE, phones)

    def close(self) -> None:
        for engine in self._open.values():
            if hasattr(engine, "close"):
                engine.close()
        self._open.clear()


def change_speed(samples: np.ndarray, rate: int, formant: float) -> tuple[np.ndarray, float]:
    """Play samples (N,) `formant` times as fast: (M,) float32 at SAMPLE_RATE, and the factor on times (1 / formant)."""
    ratio = Fraction(SAMPLE_RATE / (rate * formant)).limit_denominator(256)
    if ratio == 1:
        return samples.astype(np.float32), 1.0
    out = resample_poly(samples, ratio.numerator, ratio.denominator).astype(np.float32)
    return out, float(rate * ratio / SAMPLE_RATE)
