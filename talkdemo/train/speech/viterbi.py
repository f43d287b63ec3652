"""Forced alignment: the Viterbi path of a transcript through phone posteriors.

A hybrid HMM of one state a phone (Bourlard & Morgan 1994). GRID's words have times, so there a phone may not leave its
word by more than SLACK.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from talkdemo.audio.encoder import ENCODER_RATE
from talkdemo.audio.phones import INDEX, SILENCE
from talkdemo.data.corpora import grid
from talkdemo.records import Clip, Phone

SLACK = 0.08  # seconds
PRIOR_POWER = 0.6  # posterior / prior^power: phones that are frequent in training do not swallow their neighbours


def viterbi(scores: np.ndarray, optional: np.ndarray) -> np.ndarray:
    """Best monotone path of T frames through S states: scores (T, S) → state of each frame (T,).

    Every state must be visited in order for at least a frame, but `optional` (S,) bool ones may be skipped.
    Raises ValueError where there are more obligatory states than frames.
    """
    frames, states = scores.shape
    if frames < int((~optional).sum()):
        raise ValueError(f"{frames} frames for {int((~optional).sum())} phones; at least one frame a phone is wanted")
    best = np.full(states, -np.inf)
    best[0] = scores[0, 0]
    if optional[0] and states > 1:
        best[1] = scores[0, 1]
    came = np.zeros((frames, states), np.int8)
    skip = np.zeros(states, bool)
    skip[2:] = optional[1:-1]
    for t in range(1, frames):
        one = np.concatenate([[-np.inf], best[:-1]])
        two = np.where(skip, np.concatenate([[-np.inf, -np.inf], best[:-2]])[:states], -np.inf)
        options = np.stack([best, one, two])
        came[t] = options.argmax(0)
        best = options.max(0) + scores[t]
    last = states - 1
    if optional[-1] and states > 1 and best[-2] > best[-1]:
        last = states - 2
    path = np.empty(frames, np.int64)
    for t in range(frames - 1, -1, -1):
        path[t] = last
        last -= int(came[t, last])
    return path


def align(
    posterior: np.ndarray, transcript: Sequence[str], inside: np.ndarray | None = None, rate: int = ENCODER_RATE
) -> tuple[list[Phone], float]:
    """Posterior (T, 40) at `rate` Hz and phones with stress digits → timed phones and the path's mean log posterior.

    inside: (S, 2) seconds that each phone of the transcript must lie in, or None.
    """
    labels = [label.rstrip("012") for label in transcript]
    columns = np.array([INDEX[label] for label in labels])
    log = np.log(np.maximum(posterior, 1e-6))
    prior = np.maximum(posterior.mean(0), 1e-3)
    scores = (log - PRIOR_POWER * np.log(prior))[:, columns]
    if inside is not None:
        middle = (np.arange(len(posterior)) + 0.5)[:, None] / rate
        scores = scores - 30.0 * ((middle < inside[:, 0]) | (middle > inside[:, 1]))
    path = viterbi(scores, np.array([label == SILENCE for label in labels]))
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1), len(path)]
    phones = []
    for a, b in itertools.pairwise(edges):
        label = transcript[path[a]]
        stress = int(label[-1]) if label[-1].isdigit() else 0
        phones.append(Phone(a / rate, b / rate, label.rstrip("012"), stress))
    return phones, float(log[np.arange(len(path)), columns[path]].mean())


def grid_transcript(clip: Clip) -> tuple[tuple[str, ...], np.ndarray]:
    """A GRID clip's phones with stress digits, and the seconds each must lie in (its word's, give or take SLACK)."""
    phones = clip.phones or ()
    labels = tuple(p.label if p.stress == 0 else f"{p.label}{p.stress}" for p in phones)
    spans = []
    for phone in phones:
        around = [w for w in grid.words(clip.name) if w[0] <= (phone.start + phone.end) / 2 <= w[1]]
        start, end = (around[0][0], around[0][1]) if around else (phone.start, phone.end)
        spans.append((start - SLACK, end + SLACK))
    spans[0] = (-1.0, spans[0][1])
    spans[-1] = (spans[-1][0], 1e9)
    return labels, np.array(spans)
