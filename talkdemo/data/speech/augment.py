"""Augments clean speech by speed, formants, room, noise, microphone and codec, so that the encoder reads real voices.

All randomness comes from the generator; 4 s of sound take some 15 ms on one core.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import resample_poly

from talkdemo.records import SAMPLE_RATE

FFT, HOP = 512, 128  # samples: short-time transform of the formant warp and the codec
LIFTER = 26  # cepstral coefficients that make the spectral envelope
SPEED_STEP = 40  # speeds are n / SPEED_STEP
WINDOW = np.hanning(FFT + 1)[:-1].astype(np.float32)


@dataclass(frozen=True)
class Augmentation:
    """How often each change is made (0..1) and how far it goes."""

    speed: float = 0.6
    speeds: tuple[float, float] = (0.8, 1.25)
    formant: float = 0.45
    formants: tuple[float, float] = (0.85, 1.2)
    codec: float = 0.15
    equaliser: float = 0.6
    equaliser_db: float = 7.0  # standard deviation of the gain's knots
    band: float = 0.25
    reverb: float = 0.4
    reverb_seconds: tuple[float, float] = (0.08, 0.8)  # time to −60 dB
    noise: float = 0.6
    babble: float = 0.3  # of the noisy ones, where there is babble
    snr_db: tuple[float, float] = (7.0, 42.0)
    clip: float = 0.08
    law: float = 0.08
    level_db: tuple[float, float] = (-38.0, -12.0)  # root mean square in the end


def speed(samples: np.ndarray, factor: float) -> tuple[np.ndarray, float]:
    """Played `factor` times as fast (pitch, formants and tempo rise together): samples (M,) and the factor on times."""
    steps = round(SPEED_STEP * factor)
    if steps == SPEED_STEP:
        return samples, 1.0
    return resample_poly(samples, SPEED_STEP, steps).astype(np.float32), SPEED_STEP / steps


def spectral(samples: np.ndarray, formant: float = 1.0, floor_db: float | None = None) -> np.ndarray:
    """Formants × `formant`, pitch and times unchanged; bins more than `floor_db` below their frame's peak cut: (N,)."""
    count = -(-(len(samples) + FFT) // HOP) + 1
    padded = np.zeros((count + FFT // HOP) * HOP, np.float32)
    padded[FFT - HOP : FFT - HOP + len(samples)] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP][:count] * WINDOW
    spectrum = rfft(frames)  # (count, FFT / 2 + 1)
    log = np.log(np.abs(spectrum) + 1e-5)
    if formant != 1.0:
        cepstrum = irfft(log)
        cepstrum[:, LIFTER : FFT - LIFTER + 1] = 0
        envelope = rfft(cepstrum).real
        at = np.arange(FFT // 2 + 1) / formant
        low = np.minimum(at.astype(np.int64), FFT // 2 - 1)
        share = np.minimum(at - low, 1.0).astype(np.float32)
        moved = envelope[:, low] * (1 - share) + envelope[:, low + 1] * share
        spectrum *= np.exp(np.clip(moved - envelope, -5, 5))
    if floor_db is not None:
        spectrum[log < log.max(1, keepdims=True) - floor_db * np.log(10) / 20] = 0
    frames = irfft(spectrum) * WINDOW
    out = np.zeros(((count + FFT // HOP), HOP), np.float32)
    for part in range(FFT // HOP):
        out[part : part + count] += frames[:, part * HOP : (part + 1) * HOP]
    return out.reshape(-1)[FFT - HOP : FFT - HOP + len(samples)] / np.square(WINDOW).reshape(-1, HOP).sum(0).mean()


def _curve(frequency: np.ndarray, generator: np.random.Generator, options: Augmentation) -> np.ndarray:
    """Gain at each frequency (Hz): a random equaliser, and now and then a telephone's or a dull microphone's band."""
    gain = np.ones(len(frequency), np.float32)
    octaves = np.log2(np.maximum(frequency, 20) / 20)
    if generator.random() < options.equaliser:
        knots = generator.normal(0, options.equaliser_db, 8).clip(-14, 14) + generator.normal(0, 1.2) * np.arange(8)
        gain *= 10 ** (np.interp(octaves, np.linspace(1, 8.7, 8), knots) / 20)
    if generator.random() < options.band:
        low, high = (300.0, 3400.0) if generator.random() < 0.4 else (generator.uniform(20, 200), 0.0)
        high = high or generator.uniform(2500, 7500)
        gain *= 1 / np.sqrt(1 + (low / np.maximum(frequency, 1)) ** 8) / np.sqrt(1 + (frequency / high) ** 16)
    return gain


def _room(generator: np.random.Generator, options: Augmentation) -> np.ndarray:
    """An impulse response: the direct sound at 0, then noise that decays exponentially."""
    seconds = np.exp(generator.uniform(*np.log(options.reverb_seconds)))
    length = int(min(seconds, 0.6) * SAMPLE_RATE)
    decay = np.exp(-6.9 / (seconds * SAMPLE_RATE) * np.arange(length, dtype=np.float32))
    tail = generator.standard_normal(length, dtype=np.float32) * decay
    tail[: int(generator.uniform(0.001, 0.012) * SAMPLE_RATE)] = 0
    tail *= 10 ** (-generator.uniform(0, 15) / 20) / np.sqrt(np.sum(np.square(tail)) + 1e-9)
    tail[0] = 1.0
    return tail


def _noise(length: int, generator: np.random.Generator) -> np.ndarray:
    """White to brown noise that swells and fades, sometimes with mains hum: (length,)."""
    size = next_fast_len(length, real=True)
    bins = size // 2 + 1
    spectrum = generator.standard_normal(2 * bins, dtype=np.float32).view(np.complex64)
    spectrum *= np.maximum(np.arange(bins, dtype=np.float32), 20 * size / SAMPLE_RATE) ** -generator.uniform(0.1, 1.2)
    noise = irfft(spectrum, size)[:length]
    knots = np.exp(generator.normal(0, generator.uniform(0, 0.6), 12))
    noise = noise / (noise.std() + 1e-9) * np.interp(np.linspace(0, 11, length), np.arange(12), knots)
    if generator.random() < 0.15:
        mains = 2 * np.pi * (50.0 if generator.random() < 0.5 else 60.0) / SAMPLE_RATE * np.arange(length)
        noise += sum(np.sin(mains * k) * generator.uniform(0, 0.8) for k in (1, 2, 3))
    return noise.astype(np.float32)


def _level(samples: np.ndarray) -> float:
    """Root mean square of the louder blocks of 20 ms: speech without its pauses."""
    blocks = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    power = np.sort(np.mean(np.square(blocks), 1)) if len(blocks) else np.array([np.mean(np.square(samples))])
    return float(np.sqrt(power[len(power) // 2 :].mean()) + 1e-7)


def augment(
    samples: np.ndarray,
    generator: np.random.Generator,
    babble: np.ndarray | None = None,
    options: Augmentation = Augmentation(),
) -> tuple[np.ndarray, float]:
    """Samples (N,) float32 → (samples (M,) float32 in [-1, 1], time scale): phone times × time scale fit the result.

    `babble` (any length) is speech of others to mix in. Silence comes back as silence with noise.
    """
    chance = generator.random(8)
    samples = np.asarray(samples, np.float32)
    scale = 1.0
    if chance[0] < options.speed:
        samples, scale = speed(samples, float(np.exp(generator.uniform(*np.log(options.speeds)))))
    formant = float(np.exp(generator.uniform(*np.log(options.formants)))) if chance[1] < options.formant else 1.0
    floor = float(generator.uniform(25, 50)) if chance[2] < options.codec else None
    if formant != 1.0 or floor is not None:
        samples = spectral(samples, formant, floor)
    length = len(samples)
    room = _room(generator, options) if chance[3] < options.reverb else np.ones(1, np.float32)
    size = next_fast_len(length + len(room), real=True)
    curve = _curve(np.arange(size // 2 + 1) * (SAMPLE_RATE / size), generator, options)
    samples = irfft(rfft(samples, size) * rfft(room, size) * curve, size)[:length].astype(np.float32)
    level = _level(samples)
    if chance[4] < options.noise:
        if babble is not None and len(babble) > 0 and generator.random() < options.babble:
            noise = np.resize(np.roll(babble, int(generator.integers(len(babble)))), length).astype(np.float32)
        else:
            noise = _noise(length, generator)
        amount = max(level, 1e-3) * 10 ** (-generator.uniform(*options.snr_db) / 20)
        samples = samples + noise * (amount / _level(noise))
    if chance[5] < options.clip:
        limit = _level(samples) * generator.uniform(1.0, 3.0)
        samples = np.clip(samples, -limit, limit)
    target = 10 ** (generator.uniform(*options.level_db) / 20)
    samples = samples * min(target / _level(samples), 0.99 / max(float(np.abs(samples).max()), 1e-6), 1e3)
    if chance[6] < options.law:  # G.711's curve at 8 bits
        coded = np.round(np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256) * 127) / 127
        samples = np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255
    return samples.astype(np.float32), scale
