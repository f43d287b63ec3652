"""Lips on phones: closure on /p b m/, rounding, lip-to-teeth contact on /f v/, rest in silence.

Hits, false closures and hits on vowels are only meaningful together: a mouth that never opens hits every /p b m/.
"""

from collections.abc import Collection, Sequence

import numpy as np

from talkdemo.audio.phones import BILABIAL, LABIODENTAL, SILENCE, VOWELS
from talkdemo.metrics.errors import METRES_TO_MM
from talkdemo.records import FPS, Phone

CLOSED = 0.15  # of the 95th percentile of the clip's gap
MARGIN = 0.040  # seconds around a phone in which its closure or contact may fall
REST_MARGIN = 0.2  # seconds before and after a sound in which the lips may still move
REST_OPEN = 1e-3  # metres
ROUNDED = frozenset({"UW", "OW", "W"})


def frame_times(frames: int) -> np.ndarray:
    """Middle of each frame in seconds, (T,): frame t stands for the sound in [t, t + 1) / FPS."""
    return (np.arange(frames) + 0.5) / FPS


def window(frames: int, start: float, end: float) -> np.ndarray:
    """Indices of the frames whose middle lies in [start, end]; never empty: a short phone gets its nearest frame."""
    times = frame_times(frames)
    chosen = np.flatnonzero((times >= start) & (times <= end))
    return chosen if len(chosen) else np.array([int(np.argmin(np.abs(times - (start + end) / 2)))])


def frames_of(phones: Sequence[Phone], labels: Collection[str], frames: int) -> np.ndarray:
    """(T,) bool: the frames whose middle lies in a phone with one of `labels`."""
    times = frame_times(frames)
    chosen = np.zeros(frames, bool)
    for phone in phones:
        if phone.label in labels:
            chosen |= (times >= phone.start) & (times < phone.end)
    return chosen


def speech_frames(phones: Sequence[Phone], frames: int) -> np.ndarray:
    """(T,) bool: the frames inside a phone that is not silence."""
    return frames_of(phones, {phone.label for phone in phones} - {SILENCE}, frames)


def relative_gap(gap: np.ndarray, closed_below: float = 1e-9) -> np.ndarray:
    """Gap over its 95th percentile in the clip, (T,); a mouth that is always shut (≤ closed_below) gives zeros."""
    gap = np.asarray(gap, np.float64)
    scale = np.percentile(gap, 95)
    return gap / scale if scale > closed_below else np.zeros_like(gap)


def closure(gap: np.ndarray, phones: Sequence[Phone]) -> dict[str, tuple[float, float]]:
    """(100 · count, of how many) as in score.Sums: `hits`, /p b m/ within MARGIN of which the lips meet; `false`, vowel
    frames on which they are closed; `vowel_hits`, vowels near which they meet (near `hits` = they close anywhere).

    gap: (T,) inner-lip distance in any unit (head turned away: over the inter-ocular distance); phones: seconds.
    """
    relative = relative_gap(gap)
    in_vowels = relative[frames_of(phones, VOWELS, len(relative))]
    counts = {
        "hits": _reached(relative, phones, BILABIAL, CLOSED),
        "false": (int((in_vowels < CLOSED).sum()), len(in_vowels)),
        "vowel_hits": _reached(relative, phones, VOWELS, CLOSED),
    }
    return {name: (100 * count, total) for name, (count, total) in counts.items()}


def contact(distance: np.ndarray, phones: Sequence[Phone], threshold: float) -> tuple[int, int]:
    """(/f v/ whose smallest distance within MARGIN is below `threshold`, all /f v/). distance: (T,) of the lower lip's
    edge to the upper incisors, in the unit of `threshold`."""
    return _reached(distance, phones, LABIODENTAL, threshold)


def _reached(track: np.ndarray, phones: Sequence[Phone], labels: Collection[str], threshold: float) -> tuple[int, int]:
    """(phones in `labels` near which the track (T,) falls below `threshold`, all such phones)."""
    smallest = [
        track[window(len(track), phone.start - MARGIN, phone.end + MARGIN)].min()
        for phone in phones
        if phone.label in labels
    ]
    return int(sum(value < threshold for value in smallest)), len(smallest)


def rounding(width: np.ndarray, phones: Sequence[Phone]) -> tuple[int, int]:
    """(phones in ROUNDED whose mean mouth width is below the clip's median over speech frames, all such phones).

    width: (T,) distance of the mouth corners in any unit. Chance is near 1/2.
    """
    speaking = speech_frames(phones, len(width))
    median = np.median(width[speaking]) if speaking.any() else np.median(width)
    means = [width[window(len(width), p.start, p.end)].mean() for p in phones if p.label in ROUNDED]
    return int(sum(mean < median for mean in means)), len(means)


def rest_frames(phones: Sequence[Phone], frames: int) -> np.ndarray:
    """(T,) bool: frames in silence at least REST_MARGIN away from any sound (lips need time to close and open)."""
    times = frame_times(frames)
    resting = np.ones(frames, bool)
    for phone in phones:
        if phone.label != SILENCE:
            resting &= (times < phone.start - REST_MARGIN) | (times > phone.end + REST_MARGIN)
    return resting


def rest(gap: np.ndarray, resting: np.ndarray) -> tuple[float, float]:
    """Mean opening (T,) metres over the frames `resting` (T,) bool, in **millimetres**, and the share of them in which
    it is at least REST_OPEN; nan when nothing rests."""
    if not resting.any():
        return float("nan"), float("nan")
    return float(gap[resting].mean() * METRES_TO_MM), float((gap[resting] >= REST_OPEN).mean())
