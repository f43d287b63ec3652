"""Clips of manners and of people in, how well the style encoder tells them apart out: retrieval, AUC, invariance.

Every score is by cosine. Manners: 64 that were never trained on, each performed by the teacher on several speeches of
held-out sentences; a query and what it is compared with never share a sentence (or a voice).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.data.articulation.samples import COUNTS
from talkdemo.evaluate.style.manners import OFFSET, SPLIT, cut, grid_mask, people, references, speeches, tracked
from talkdemo.metrics.retrieval import auc, explained, ranks, top
from talkdemo.records import Reference

Embed = Callable[[Reference], np.ndarray]  # → (D,) of length 1
SECONDS, WINDOW = 8.0, 4.0
CLIPS = 4  # of each manner


@dataclass(frozen=True)
class Figures:
    """One line of the table; shares 0..1."""

    queries: int
    top1: float
    top5: float
    auc: float


def retrieval(queries: np.ndarray, gallery: np.ndarray) -> Figures:
    """(N, S, D) vectors of N manners × S speeches, as queries and as they stand in the gallery: the gallery is one clip
    of each manner, a query is a clip of one of them on another speech; every pair of speeches in turn."""
    count, said, _ = queries.shape
    truth, places, same, different = np.arange(count), [], [], []
    for i, j in itertools.permutations(range(said), 2):
        places.append(ranks(queries[:, i], gallery[:, j], truth))
        scores = queries[:, i] @ gallery[:, j].T
        same.append(scores.diagonal())
        different.append(scores[~np.eye(count, dtype=bool)])
    places = np.concatenate(places)
    return Figures(len(places), top(places, 1), top(places, 5), auc(np.concatenate(same), np.concatenate(different)))


def invariance(vectors: np.ndarray) -> dict[str, float]:
    """(N, S, D) → mean cosines of pairs by what they share, how often the manner outweighs the words, and the shares of
    the variance that manner and words explain."""
    count, said, _ = vectors.shape
    flat = vectors.reshape(count * said, -1)
    cosines = (flat @ flat.T).reshape(count, said, count, said)
    manner = np.eye(count, dtype=bool)[:, None, :, None] & np.ones((1, said, 1, said), bool)
    words = np.eye(said, dtype=bool)[None, :, None, :] & np.ones((count, 1, count, 1), bool)
    same_manner, same_words = cosines[manner & ~words], cosines[~manner & words]
    by_manner, by_words = explained(vectors)
    return {
        "same manner, other words": float(same_manner.mean()),
        "other manner, same words": float(same_words.mean()),
        "other manner, other words": float(cosines[~manner & ~words].mean()),
        "manner above words (AUC)": auc(same_manner, same_words),
        "variance by manner": by_manner,
        "variance by words": by_words,
    }


def persons(names: Sequence[str], vectors: np.ndarray) -> dict[str, float]:
    """Clips (N, D) of people: mean cosine of one person's clips and of two persons', how far they are apart, and the
    share of clips whose nearest other clip is of the same person."""
    whose, cosines = np.asarray(names), vectors @ vectors.T
    pairs = np.triu(np.ones((len(whose),) * 2, bool), 1)
    together = whose[:, None] == whose[None]
    same, different = cosines[pairs & together], cosines[pairs & ~together]
    nearest = whose[np.where(np.eye(len(whose), dtype=bool), -np.inf, cosines).argmax(1)]
    return {
        "persons": len(set(names)),
        "clips": len(names),
        "one person": float(same.mean()),
        "two persons": float(different.mean()),
        "auc": auc(same, different),
        "nearest": float((nearest == whose).mean()),
    }


def manner_lines(embed: Embed, count: int = COUNTS[SPLIT], clips: int = CLIPS, seed: int = 0) -> list[str]:
    """Markdown of the manners: retrieval as they are, in 4 s, degraded as a tracker would; then the invariance."""
    said = speeches(clips, SECONDS)
    made = [references(speech, range(count), seed) for speech in said]  # [speech][manner]
    draw = np.random.default_rng(seed)

    def embedded(change: Callable[[Reference], Reference] = lambda one: one) -> np.ndarray:
        return np.stack([[embed(change(made[j][k])) for j in range(clips)] for k in range(count)])  # (N, S, D)

    def degraded(**how: object) -> Callable[[Reference], Reference]:
        return lambda one: tracked(one, draw, **how)

    plain, channels = embedded(), grid_mask()
    few = embedded(degraded(mask=channels))
    everything = degraded(noise=True, amplitude=True, offset=True, mask=channels)
    tries = {
        f"clips of {SECONDS:g} s": (plain, plain),
        f"queries of {WINDOW:g} s": (embedded(lambda one: cut(one, WINDOW, 2.0)), plain),
        "queries with a tracker's noise": (embedded(degraded(noise=True)), plain),
        "queries with other amplitudes (0.8 to 1.25)": (embedded(degraded(amplitude=True)), plain),
        f"queries with a neutral face off by {OFFSET:g}": (embedded(degraded(offset=True)), plain),
        "queries with GRID's channels": (few, plain),
        "queries with all of these": (embedded(everything), plain),
        "all with GRID's channels": (few, few),
    }
    lines = [
        f"### Style encoder: {count} held-out manners, {clips} speeches each, other words and another voice "
        f"(chance {100 / count:.1f} %)",
        "",
        "| queries | pairs | top-1 % | top-5 % | AUC same / other manner |",
        "|---|---|---|---|---|",
    ]
    for title, pair in tries.items():
        found = retrieval(*pair)
        lines.append(
            f"| {title} | {found.queries} | {100 * found.top1:.1f} | {100 * found.top5:.1f} | {found.auc:.3f} |"
        )
    shown = invariance(plain)
    head = [name if i < 4 else f"{name} %" for i, name in enumerate(shown)]
    cells = [f"{value:.3f}" if i < 4 else f"{100 * value:.1f}" for i, value in enumerate(shown.values())]
    lines += ["", "Mean cosines of pairs:", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return [*lines, f"| {' | '.join(cells)} |", ""]


def people_lines(embed: Embed, count: int = 16, seed: int = 0) -> list[str]:
    """Markdown of the real people; FileNotFoundError where the shared data is absent."""
    found = people()
    names = [name for name, _ in found]
    known = np.all([one.mask if one.mask is not None else np.ones(55, bool) for _, one in found], axis=0)
    draw = np.random.default_rng(seed)

    def common(one: Reference) -> Reference:
        return tracked(one, draw, mask=known)

    made = [references(speech, range(count), seed) for speech in speeches(4, SECONDS)]
    others = [(f"manner {k}", one[k]) for one in made for k in range(count)]
    tries = {
        "as recorded": (names, [one for _, one in found]),
        f"the {known.sum()} channels that all have": (names, [common(one) for _, one in found]),
        f"the same, among {count} held-out manners": (
            [*names, *(name for name, _ in others)],
            [common(one) for _, one in [*found, *others]],
        ),
    }
    lines = [
        "### Style encoder: real people (GRID and FACEGOOD held out, Live Link captures)",
        "",
        "| channels | persons | clips | one person | two persons | AUC | nearest clip is of the same person % |",
        "|---" * 7 + "|",
    ]
    for title, (whose, clips) in tries.items():
        row = persons(whose, np.stack([embed(one) for one in clips]))
        lines.append(
            f"| {title} | {row['persons']} | {row['clips']} | {row['one person']:.3f} | {row['two persons']:.3f} "
            f"| {row['auc']:.3f} | {100 * row['nearest']:.1f} |"
        )
    return [*lines, ""]
