"""Retrieval with embeddings: rank of the true entry, area under the ROC curve, explained variance."""

import numpy as np


def ranks(queries: np.ndarray, gallery: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Place (Q,) of the true entry among the gallery (G, D) for every query (Q, D), 0 the nearest, by dot product.

    truth: (Q,) index into the gallery. Ties count half, so that vectors that are all the same score as chance.
    """
    queries, gallery, truth = np.asarray(queries), np.asarray(gallery), np.asarray(truth)
    if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1] or len(truth) != len(queries):
        raise ValueError(f"got queries {queries.shape}, gallery {gallery.shape}, truth {truth.shape}; wanted (Q, D)…")
    scores = (queries @ gallery.T).astype(np.float64)
    own = scores[np.arange(len(truth)), truth][:, None]
    tie = 1e-9
    return (scores > own + tie).sum(1) + ((np.abs(scores - own) <= tie).sum(1) - 1) / 2


def top(places: np.ndarray, k: int) -> float:
    """Share of the places (see `ranks`) among the first k, 0..1; nan without any."""
    return float((np.asarray(places) < k).mean()) if len(places) else float("nan")


def auc(same: np.ndarray, different: np.ndarray) -> float:
    """Area under the ROC curve: how often a score of `same` lies above one of `different`, equals counted half."""
    from scipy.stats import mannwhitneyu

    same, different = np.ravel(same), np.ravel(different)
    if not len(same) or not len(different):
        return float("nan")
    return float(mannwhitneyu(same, different, method="asymptotic").statistic / (len(same) * len(different)))


def explained(vectors: np.ndarray) -> tuple[float, float]:
    """(N, S, D) vectors of N styles × S sentences → shares of their variance that the style and that the sentence
    explain (two-way analysis without interaction); the rest belongs to neither."""
    vectors = np.asarray(vectors, np.float64)
    middle = vectors.mean(axis=(0, 1))
    total = ((vectors - middle) ** 2).sum()
    if total == 0:
        return float("nan"), float("nan")
    styles, sentences, _ = vectors.shape
    style = sentences * ((vectors.mean(axis=1) - middle) ** 2).sum()
    words = styles * ((vectors.mean(axis=0) - middle) ** 2).sum()
    return float(style / total), float(words / total)
