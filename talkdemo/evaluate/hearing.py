"""Scores what a speech encoder hears: bilabials at a fixed false alarm rate, false reports, phone errors, lag."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.audio.encoder import ENCODER_RATE
from talkdemo.audio.phones import BILABIAL, INDEX, SILENCE, VOWELS
from talkdemo.records import Phone

MARGIN = 0.040  # seconds before and after a /p b m/ in which it may be heard
FALSE = 0.02  # share of vowel frames that may be taken for a bilabial
REACH = 0.080  # seconds around a boundary in which its posteriors may cross


@dataclass(frozen=True)
class Heard:
    """What an encoder makes of a clip."""

    posterior: np.ndarray  # (T50, 40) of the phones, in as many frames as lie wholly in the speech
    phones: tuple[str, ...]  # in order, without silence


def columns(labels: Collection[str]) -> list[int]:
    return sorted(INDEX[label] for label in labels)


def frame_labels(phones: Sequence[Phone], frames: int) -> np.ndarray:
    """(T50,) index of the phone at the middle of each of `frames` 50 Hz frames; silence where there is none."""
    middles = (np.arange(frames) + 0.5) / ENCODER_RATE
    labels = np.full(frames, INDEX[SILENCE])
    for phone in phones:
        labels[(middles >= phone.start) & (middles < phone.end)] = INDEX[phone.label]
    return labels


@dataclass(frozen=True)
class Recall:
    """Of the phones of a class, heard at a threshold that FALSE of the vowel frames exceed."""

    threshold: float
    within: float  # share of phones with such a frame inside them or within MARGIN
    frames: float  # share of their frames that are such
    count: int  # phones


def far(phones: Sequence[Phone], frames: int, labels: Collection[str], apart: float) -> np.ndarray:
    """(T50,) bool: frames whose middle lies more than `apart` seconds from every phone of the class."""
    middles = (np.arange(frames) + 0.5) / ENCODER_RATE
    out = np.ones(frames, bool)
    for phone in phones:
        if phone.label in labels:
            out &= (middles < phone.start - apart) | (middles >= phone.end + apart)
    return out


def recall(
    clips: Sequence[Sequence[Phone]],
    posteriors: Sequence[np.ndarray],
    labels: Collection[str] = BILABIAL,
    apart: float = 0.0,
) -> Recall:
    """Threshold and recall over clips (phones and posteriors (T50, 40) of each); nan without such phones. Vowel frames
    within `apart` seconds of a phone of the class do not count: there two annotators differ about where it ends."""
    sums = [posterior[:, columns(labels)].sum(1) for posterior in posteriors]
    marks = [frame_labels(phones, len(score)) for phones, score in zip(clips, sums, strict=True)]
    away = [far(phones, len(score), labels, apart) for phones, score in zip(clips, sums, strict=True)]
    vowel = [np.isin(mark, columns(VOWELS)) & counts for mark, counts in zip(marks, away, strict=True)]
    vowels = np.concatenate([score[where] for score, where in zip(sums, vowel, strict=True)])
    threshold = float(np.quantile(vowels, 1 - FALSE)) if len(vowels) else float("nan")
    hits = count = 0
    for phones, score in zip(clips, sums, strict=True):
        middles = (np.arange(len(score)) + 0.5) / ENCODER_RATE
        for phone in phones:
            if phone.label in labels:
                near = (middles >= phone.start - MARGIN) & (middles <= phone.end + MARGIN)
                hits += bool((score[near] > threshold).any())
                count += 1
    own = np.concatenate([score[np.isin(mark, columns(labels))] for score, mark in zip(sums, marks, strict=True)])
    nan = float("nan")
    return Recall(threshold, hits / count if count else nan, float((own > threshold).mean()) if count else nan, count)


def pairs(wanted: Sequence[str], given: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Phones said beside phones heard, along one alignment of the fewest edits (Levenshtein); None where one lacks."""
    cost = np.zeros((len(wanted) + 1, len(given) + 1), int)
    cost[:, 0], cost[0] = np.arange(len(wanted) + 1), np.arange(len(given) + 1)
    for i, a in enumerate(wanted, 1):
        for j, b in enumerate(given, 1):
            cost[i, j] = min(cost[i - 1, j] + 1, cost[i, j - 1] + 1, cost[i - 1, j - 1] + (a != b))
    out: list[tuple[str | None, str | None]] = []
    i, j = len(wanted), len(given)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (wanted[i - 1] != given[j - 1]):
            i, j = i - 1, j - 1
            out.append((wanted[i], given[j]))
        elif j and cost[i, j] == cost[i, j - 1] + 1:
            j -= 1
            out.append((None, given[j]))
        else:
            i -= 1
            out.append((wanted[i], None))
    return out[::-1]


def false_reports(
    matched: Sequence[tuple[str | None, str | None]], labels: Collection[str] = BILABIAL
) -> tuple[int, int]:
    """How many phones of a class were heard, and how many of them where none of that class was said."""
    heard = [said for said, given in matched if given in labels]
    return len(heard), sum(said not in labels for said in heard)


def false_runs(phones: Sequence[Phone], posterior: np.ndarray, labels: Collection[str] = BILABIAL) -> tuple[int, int]:
    """Stretches of frames in which the class has more than half of the posterior: how many there are, and in how many
    of them no phone of the class is said, give or take MARGIN."""
    over = np.concatenate([[False], posterior[:, columns(labels)].sum(1) > 0.5, [False]])
    edges = np.flatnonzero(np.diff(over.astype(int))).reshape(-1, 2) / ENCODER_RATE  # (runs, 2) start and end, s
    said = [(phone.start - MARGIN, phone.end + MARGIN) for phone in phones if phone.label in labels]
    false = [not any(start < last and end > first for first, last in said) for start, end in edges]
    return len(edges), sum(false)


def crossings(phones: Sequence[Phone], posterior: np.ndarray) -> list[float]:
    """Of each boundary between two phones: when (s after it) the second's posterior comes to exceed the first's, where
    that happens within REACH."""
    found = []
    middles = (np.arange(len(posterior)) + 0.5) / ENCODER_RATE
    for before, after in itertools.pairwise(phones):
        if before.label == after.label or abs(before.end - after.start) > 1e-3:
            continue
        lead = posterior[:, INDEX[after.label]] - posterior[:, INDEX[before.label]]
        near = np.flatnonzero((middles[:-1] >= after.start - REACH) & (middles[1:] <= after.start + REACH))
        up = [t for t in near if lead[t] < 0 <= lead[t + 1]]
        if up:
            times = [middles[t] + (middles[t + 1] - middles[t]) * -lead[t] / (lead[t + 1] - lead[t]) for t in up]
            found.append(min((time - after.start for time in times), key=abs))
    return found
