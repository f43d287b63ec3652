"""Evaluates the style encoder: retrieval, AUC and invariance on held-out styles and on real people.

Every score is by cosine. Styles: 64 that were never trained on, each performed by the articulation model on several
speeches of held-out sentences; a query and what it is compared with never share a sentence (or a voice).
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from talkdemo.evaluate.reporting import PERCENT, Column, Figures, Table
from talkdemo.evaluate.style.material import OFFSET, cut, degraded, grid_mask, people, references, speeches, tracked
from talkdemo.metrics.retrieval import auc, explained, ranks, top
from talkdemo.records import CHANNELS, Reference

Embed = Callable[[Reference], np.ndarray]  # → (D,) of length 1
SECONDS, WINDOW = 8.0, 4.0
CLIPS = 4  # of each style


def retrieval(queries: np.ndarray, gallery: np.ndarray) -> Figures:
    """(N, S, D) vectors of N styles × S speeches, as queries and as they stand in the gallery: the gallery is one clip
    of each style, a query is a clip of one of them on another speech; every pair of speeches in turn."""
    count, spoken, _ = queries.shape
    truth, places, same, different = np.arange(count), [], [], []
    for i, j in itertools.permutations(range(spoken), 2):
        places.append(ranks(queries[:, i], gallery[:, j], truth))
        scores = queries[:, i] @ gallery[:, j].T
        same.append(scores.diagonal())
        different.append(scores[~np.eye(count, dtype=bool)])
    place = np.concatenate(places)
    return {
        Column("pairs"): len(place),
        PERCENT("top-1 %"): top(place, 1),
        PERCENT("top-5 %"): top(place, 5),
        Column("AUC same / other style", ".3f"): auc(np.concatenate(same), np.concatenate(different)),
    }


def invariance(vectors: np.ndarray) -> Figures:
    """(N, S, D) → mean cosines of pairs by what they share, how often the style outweighs the words, and the shares of
    the variance that style and words explain."""
    count, spoken, _ = vectors.shape
    flat = vectors.reshape(count * spoken, -1)
    cosines = (flat @ flat.T).reshape(count, spoken, count, spoken)
    style = np.eye(count, dtype=bool)[:, None, :, None] & np.ones((1, spoken, 1, spoken), bool)
    words = np.eye(spoken, dtype=bool)[None, :, None, :] & np.ones((count, 1, count, 1), bool)
    same_style, same_words = cosines[style & ~words], cosines[~style & words]
    by_style, by_words = explained(vectors)
    return {
        Column("same style, other words", ".3f"): float(same_style.mean()),
        Column("other style, same words", ".3f"): float(same_words.mean()),
        Column("other style, other words", ".3f"): float(cosines[~style & ~words].mean()),
        Column("style above words (AUC)", ".3f"): auc(same_style, same_words),
        PERCENT("variance by style %"): by_style,
        PERCENT("variance by words %"): by_words,
    }


def persons(names: Sequence[str], vectors: np.ndarray) -> Figures:
    """Clips (N, D) of people: mean cosine of one person's clips and of two persons', their separation, and the share
    of clips whose nearest other clip is of the same person."""
    labels, cosines = np.asarray(names), vectors @ vectors.T
    pairs = np.triu(np.ones((len(labels),) * 2, bool), 1)
    together = labels[:, None] == labels[None]
    same, different = cosines[pairs & together], cosines[pairs & ~together]
    nearest = labels[np.where(np.eye(len(labels), dtype=bool), -np.inf, cosines).argmax(1)]
    return {
        Column("persons"): len(set(names)),
        Column("clips"): len(names),
        Column("one person", ".3f"): float(same.mean()),
        Column("two persons", ".3f"): float(different.mean()),
        Column("AUC", ".3f"): auc(same, different),
        PERCENT("nearest clip is of the same person %"): float((nearest == labels).mean()),
    }


def style_tables(embed: Embed, count: int, seed: int = 0) -> list[Table]:
    """Held-out styles: retrieval of clips as they are, of windows, of clips degraded as by a tracker; invariance."""
    clips = [references(speech, range(count), seed) for speech in speeches(CLIPS, SECONDS)]  # [speech][style]
    draw, channels = np.random.default_rng(seed), grid_mask()

    def embedded(change: Callable[[Reference], Reference] = lambda clip: clip) -> np.ndarray:
        return np.stack([[embed(change(clips[j][k])) for j in range(CLIPS)] for k in range(count)])  # (N, S, D)

    def distorted(defect: str) -> np.ndarray:
        return embedded(lambda clip: tracked(clip, draw, [defect]))

    plain = embedded()
    masked = embedded(lambda clip: tracked(clip, draw, mask=channels))
    queries = {
        f"clips of {SECONDS:g} s": (plain, plain),
        f"queries of {WINDOW:g} s": (embedded(lambda clip: cut(clip, WINDOW, 2.0)), plain),
        "queries with a tracker's noise": (distorted("noise"), plain),
        "queries with other amplitudes (0.8 to 1.25)": (distorted("amplitude"), plain),
        f"queries with a neutral face off by {OFFSET:g}": (distorted("offset"), plain),
        "queries with GRID's channels": (masked, plain),
        "queries with all of these": (embedded(lambda clip: degraded(clip, draw)), plain),
        "all with GRID's channels": (masked, masked),
    }
    found = [((name,), retrieval(*pair)) for name, pair in queries.items()]
    title = (
        f"Style encoder: {count} held-out styles, {CLIPS} speeches each, other words and another voice "
        f"(chance {100 / count:.1f} %)"
    )
    cosines = "Style encoder: mean cosines of pairs"
    return [Table.of(["queries"], found, title), Table.of([], [((), invariance(plain))], cosines)]


def people_table(embed: Embed, count: int = 16, seed: int = 0) -> Table:
    """Real people, alone and among held-out styles; FileNotFoundError where the shared data is absent."""
    found = people()
    names = [name for name, _ in found]
    known = np.all([one.mask if one.mask is not None else np.ones(CHANNELS, bool) for _, one in found], axis=0)
    draw = np.random.default_rng(seed)

    def common(clip: Reference) -> Reference:
        return tracked(clip, draw, mask=known)

    performed = [references(speech, range(count), seed) for speech in speeches(4, SECONDS)]
    others = [(f"style {k}", clips[k]) for clips in performed for k in range(count)]
    galleries = {
        "as recorded": (names, [one for _, one in found]),
        f"the {known.sum()} channels that all have": (names, [common(one) for _, one in found]),
        f"the same, among {count} held-out styles": (
            [*names, *(name for name, _ in others)],
            [common(one) for _, one in [*found, *others]],
        ),
    }
    rows = [
        ((name,), persons(labels, np.stack([embed(clip) for clip in clips])))
        for name, (labels, clips) in galleries.items()
    ]
    return Table.of(["channels"], rows, "Style encoder: real people (GRID and FACEGOOD held out, Live Link captures)")
