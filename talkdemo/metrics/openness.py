"""r(opening): the correlation of mouth opening with the openness of the phones.

Every phone has a fixed openness in 0..1. The step function of an utterance is smoothed by a Gaussian of 80 ms
full width at half maximum and read at the frames' middles. r is Pearson's correlation over the **speech frames** of a
clip (with silence included, telling sound from silence alone would score high), averaged over clips.

The loudness-driven jaw (metrics.baselines) scores 0.48 on the 16 LJSpeech clips, the figure published for that
baseline; the articulation model (`articulation` in `evaluate`) shows what motion made from the phones can reach.
"""

from collections.abc import Sequence

import numpy as np

from talkdemo.metrics.errors import pair
from talkdemo.metrics.phones import frame_times, speech_frames
from talkdemo.records import Phone

# Jaw height of English vowels after the vowel quadrilateral (open 1 … close 0.35, rounded lower), consonants by manner.
OPENNESS: dict[str, float] = {
    "SIL": 0.0,
    "AA": 1.0, "AE": 0.95, "AH": 0.65, "AO": 0.8, "AW": 0.9, "AY": 0.95, "EH": 0.7, "ER": 0.45, "EY": 0.6,
    "IH": 0.45, "IY": 0.35, "OW": 0.55, "OY": 0.6, "UH": 0.4, "UW": 0.3,
    "P": 0.0, "B": 0.0, "M": 0.0, "F": 0.1, "V": 0.1, "W": 0.15, "TH": 0.2, "DH": 0.2, "S": 0.15, "Z": 0.15,
    "SH": 0.2, "ZH": 0.2, "CH": 0.2, "JH": 0.2, "T": 0.2, "D": 0.2, "N": 0.25, "L": 0.35, "R": 0.3, "K": 0.35,
    "G": 0.35, "NG": 0.3, "HH": 0.45, "Y": 0.3,
}  # fmt: skip
KERNEL_FWHM = 0.080  # seconds


def openness(phones: Sequence[Phone], frames: int) -> np.ndarray:
    """Reference track (T,) in 0..1: OPENNESS of the phones, smoothed. Unknown labels raise ValueError.

    Exact: the smoothed step function is a sum of differences of normal distribution functions.
    """
    from scipy.special import ndtr

    sigma = KERNEL_FWHM / (2 * np.sqrt(2 * np.log(2)))
    times = frame_times(frames)
    track = np.zeros(frames)
    for phone in phones:
        if phone.label not in OPENNESS:
            raise ValueError(f"phone {phone.label!r} has no openness; wanted one of {' '.join(OPENNESS)}")
        if OPENNESS[phone.label]:
            inside = ndtr((times - phone.start) / sigma) - ndtr((times - phone.end) / sigma)
            track += OPENNESS[phone.label] * inside
    return track


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r of two tracks (T,); nan where one of them does not move (a still mouth has no correlation)."""
    a, b = pair(a, b, "tracks", "(T,)", 1)
    if len(a) < 3 or np.ptp(a) < 1e-9 or np.ptp(b) < 1e-9:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def r_opening(gap: np.ndarray, phones: Sequence[Phone]) -> float:
    """Correlation of the opening (T,) (any unit) with `openness` over the speech frames; nan for a still mouth."""
    speaking = speech_frames(phones, len(gap))
    return correlation(gap[speaking], openness(phones, len(gap))[speaking])
