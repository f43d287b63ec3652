"""Measures loudness and pitch per frame of motion; numpy and scipy only.

Pitch is the autocorrelation method of Boersma (1993): windowed autocorrelation divided by the window's own, a small
price on octaves, and the best path through the candidates of all instants.
"""

import numpy as np
from scipy.signal import butter, sosfilt

from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME, Speech

SILENT_DB = -65.0  # dB re full scale: a clip whose loud frames stay below this is silence
SPAN_DB = (12.0, 45.0)  # the least and the most that speech can stand above the noise floor
LOWEST, HIGHEST = 60.0, 500.0  # Hz, of pitch
VOICED = 0.45  # autocorrelation that makes a frame voiced
QUIET = 0.03  # of the clip's peak: frames below it are unvoiced
LOW, LOW_SHARE = 1000, 0.3  # a voice has at least this fraction of its power below LOW Hz; a fricative has not
WINDOW = 1024  # samples (64 ms)
HOPS = 4  # instants per frame of motion
CANDIDATES = 5
OCTAVE_COST, JUMP_COST, VOICING_COST = 0.02, 0.35, 0.14


def _windows(samples: np.ndarray, width: int, hop: int, count: int) -> np.ndarray:
    """Windows centred on hop/2, 3·hop/2 …, zero beyond both ends: (count, width) view."""
    before = (width - hop) // 2
    padded = np.zeros(width + hop * count, np.float32)
    length = min(len(samples), len(padded) - before)
    padded[before : before + length] = samples[:length]
    return np.lib.stride_tricks.sliding_window_view(padded, width)[::hop][:count]


def energy(speech: Speech) -> np.ndarray:
    """Loudness of each frame (T,) float32: 0 at the clip's noise floor, about 1 at its speech level, 1.3 at most.

    Linear in decibels between the two; a clip that is silent throughout gives zeros.
    """
    samples = sosfilt(butter(2, 80, "highpass", fs=SAMPLE_RATE, output="sos"), speech.samples).astype(np.float32)
    width = 2 * SAMPLES_PER_FRAME
    hann = np.hanning(width + 2)[1:-1].astype(np.float32)
    frames = _windows(samples, width, SAMPLES_PER_FRAME, speech.frames)
    chunks = range(0, len(frames), 1024)  # memory flat in length
    power = np.concatenate([np.square(frames[first : first + 1024]) @ hann for first in chunks])
    decibels = 10 * np.log10(power / hann.sum() + 1e-12)
    loud = np.percentile(decibels, 90)
    if loud < SILENT_DB:
        return np.zeros(speech.frames, np.float32)
    floor = np.clip(np.percentile(decibels, 5) + 2, loud - SPAN_DB[1], loud - SPAN_DB[0])
    return np.clip((decibels - floor) / (loud - floor), 0, 1.3).astype(np.float32)


def _candidates(samples: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pitch candidates of each instant: frequency (count, K) Hz, autocorrelation (count, K), -1 where there is none;
    and the instant's peak (count,).
    """
    hop = SAMPLES_PER_FRAME // HOPS
    window = np.hanning(WINDOW + 2)[1:-1].astype(np.float32)
    size = 2 * WINDOW
    shortest, longest = int(SAMPLE_RATE / HIGHEST), int(SAMPLE_RATE / LOWEST) + 2
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)[: longest + 1]
    frequency = np.zeros((count, CANDIDATES), np.float32)
    strength = np.full((count, CANDIDATES), -1.0, np.float32)
    loudest = np.zeros(count, np.float32)
    views = _windows(samples, WINDOW, hop, count)
    for first in range(0, count, 2048):  # memory flat in length
        frames = views[first : first + 2048]
        frames = (frames - frames.mean(1, keepdims=True)) * window
        loudest[first : first + len(frames)] = np.abs(frames).max(1)
        power = np.square(np.abs(np.fft.rfft(frames, size)))
        correlation = np.fft.irfft(power)[:, : longest + 1]
        low = power[:, : LOW * size // SAMPLE_RATE].sum(1) / (power.sum(1) + 1e-9)
        silent = (correlation[:, 0] < WINDOW * 1e-8) | (low < LOW_SHARE)
        correlation = correlation / np.maximum(correlation[:, :1], 1e-9) * (own[0] / own)
        middle, left, right = correlation[:, 1:-1], correlation[:, :-2], correlation[:, 2:]
        peak = (middle > left) & (middle >= right)
        peak[:, : shortest - 1] = False
        peak[silent] = False
        lags = np.arange(1, longest)
        score = np.where(peak, middle - OCTAVE_COST * np.log2(lags * LOWEST / SAMPLE_RATE), -9.0)
        best = np.argpartition(-score, CANDIDATES, axis=1)[:, :CANDIDATES]
        a, b, c = (np.take_along_axis(x, best, 1) for x in (left, middle, right))
        shift = np.clip(0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-9), -0.5, 0.5)
        found = np.take_along_axis(peak, best, 1)
        frequency[first : first + len(frames)] = np.where(found, SAMPLE_RATE / (best + 1 + shift), 0)
        strength[first : first + len(frames)] = np.where(found, np.take_along_axis(score, best, 1), -1)
    return frequency, strength, loudest


def pitch_track(samples: np.ndarray, count: int) -> np.ndarray:
    """Pitch (count,) float32 in Hz, 0 = unvoiced, every 10 ms (at 5, 15, 25 … ms) of samples (N,) at SAMPLE_RATE."""
    # Rumble below any voice would drown the peaks of the autocorrelation.
    samples = sosfilt(butter(6, LOWEST, "highpass", fs=SAMPLE_RATE, output="sos"), samples).astype(np.float32)
    frequency, strength, loudest = _candidates(samples, count)
    # States: the candidates, and unvoiced (last). Costs follow Boersma's path finder.
    quiet = np.maximum(0, 2 - loudest * (1 + VOICED) / (QUIET * max(np.percentile(loudest, 99), 1e-5)))
    local = np.concatenate([strength, (VOICED + quiet)[:, None]], 1)
    octave = np.log2(np.maximum(frequency, 1))
    step = np.full((max(count - 1, 0), CANDIDATES + 1, CANDIDATES + 1), VOICING_COST, np.float32)  # (_, to, from)
    step[:, :-1, :-1] = JUMP_COST * np.abs(octave[1:, :, None] - octave[:-1, None, :])
    step[:, -1, -1] = 0
    total = local[0]
    back = np.zeros((count, CANDIDATES + 1), np.int64)
    states = np.arange(CANDIDATES + 1)
    for i in range(1, count):
        reach = total - step[i - 1]
        back[i] = reach.argmax(1)
        total = local[i] + reach[states, back[i]]
    path = np.empty(count, np.int64)
    path[-1] = total.argmax()
    for i in range(count - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    return np.concatenate([frequency, np.zeros((count, 1), np.float32)], 1)[np.arange(count), path]


def pitch(speech: Speech) -> np.ndarray:
    """Fundamental frequency of each frame (T,) float32 in Hz between 60 and 500; 0 = unvoiced or silent."""
    track = pitch_track(speech.samples, speech.frames * HOPS).reshape(speech.frames, HOPS)
    voiced = (track > 0).sum(1)
    return np.where(voiced * 2 >= HOPS, track.sum(1) / np.maximum(voiced, 1), 0).astype(np.float32)
