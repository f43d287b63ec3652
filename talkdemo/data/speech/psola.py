"""Changes the pitch of speech and nothing else (TD-PSOLA).

Pitch-synchronous overlap-add after Moulines & Charpentier (1990): grains of two periods around pitch marks are laid out
again at the new period. For engines that take no pitch. Formants and phone times stay.
"""

import numpy as np

from talkdemo.audio.prosody import HOPS, pitch_track
from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME

UNVOICED_PERIOD = 80  # samples between marks where there is no pitch
HOP = SAMPLES_PER_FRAME // HOPS


def _marks(samples: np.ndarray, period: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """Times of pitch marks: on the strongest sample of each period in voiced sound, evenly spaced elsewhere."""
    sign = 1.0 if abs(samples.max()) >= abs(samples.min()) else -1.0
    marks: list[int] = []
    at, last = 0, False
    while at < len(samples):
        hop = min(at // HOP, len(period) - 1)
        if voiced[hop]:
            reach = period[hop] * (0.2 if last else 0.5)
            low, high = max(int(at - reach), 0), min(int(at + reach) + 1, len(samples))
            at = low + int(np.argmax(sign * samples[low:high]))
            if marks and at <= marks[-1]:
                at = int(marks[-1] + period[hop])
        last = bool(voiced[hop])
        marks.append(at)
        at = int(at + period[hop])
    return np.array(marks)


def repitch(samples: np.ndarray, shift: float, spread: float = 1.0) -> np.ndarray:
    """Samples (N,) at SAMPLE_RATE with their mean pitch × `shift`, its moves in octaves × `spread`: (N,) float32."""
    count = len(samples) // HOP
    if count < 2:
        return samples.astype(np.float32)
    track = pitch_track(samples, count)
    voiced = track > 0
    if not voiced.any():
        return samples.astype(np.float32)
    middle = np.exp(np.log(track[voiced]).mean())
    new_track = np.clip(middle * shift * (np.maximum(track, 1) / middle) ** spread, 50, 600)
    period = np.where(voiced, SAMPLE_RATE / np.maximum(track, 1), UNVOICED_PERIOD)
    new_period = np.where(voiced, SAMPLE_RATE / new_track, UNVOICED_PERIOD)
    marks = _marks(samples, period, voiced)
    pad = int(period.max()) + 2
    padded = np.pad(samples, pad)
    out = np.zeros(len(padded), np.float32)
    weight = np.zeros(len(padded), np.float32)
    at = float(marks[0])
    while at < len(samples):
        hop = min(int(at) // HOP, count - 1)
        right = int(np.searchsorted(marks, at))
        nearest = min((i for i in (right - 1, right) if 0 <= i < len(marks)), key=lambda i: abs(marks[i] - at))
        # A grain reaches one period to each side; where pitch falls, the gaps are filled by the wider of both periods.
        half = int(min(max(period[hop], new_period[hop] if not voiced[hop] else 0), pad - 1))
        window = np.hanning(2 * half + 1).astype(np.float32)
        source, target = marks[nearest] + pad, int(at) + pad
        out[target - half : target + half + 1] += window * padded[source - half : source + half + 1]
        weight[target - half : target + half + 1] += window
        at += new_period[hop]
    out /= np.maximum(weight, 0.5)
    return out[pad : pad + len(samples)]
