"""How well labels separate in an embedding: k nearest neighbours, silhouette (Rousseeuw 1987)."""

import numpy as np


def knn_right(vectors: np.ndarray, labels: np.ndarray, k: int = 5, groups: np.ndarray | None = None) -> np.ndarray:
    """(N,): 1 for vectors (N, D) whose label (N,) most of the k nearest others have, else 0.

    groups: (N,); only vectors of other groups count as neighbours (leave one person out). A tie goes to the label of
    the nearest. nan where nobody may be asked.
    """
    distances, labels, names = _prepared(vectors, labels)
    if groups is None:
        np.fill_diagonal(distances, np.inf)
    else:
        groups = np.asarray(groups)
        distances[groups[:, None] == groups] = np.inf
    asked = np.isfinite(distances).sum(1) >= 1
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    known = np.isfinite(np.take_along_axis(distances, order, axis=1))
    votes = np.zeros((len(labels), names))
    rows = np.arange(len(labels))
    for place in range(order.shape[1]):  # the nearer counts a little more, which only decides ties
        votes[rows, labels[order[:, place]]] += known[:, place] * (1 + 1e-3 / (place + 1))
    return np.where(asked, votes.argmax(1) == labels, np.nan)


def silhouette(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Mean of (b − a) / max(a, b) over the vectors (N, D): a the mean distance to those of the same label, b to those
    of the nearest other one; −1..1. A vector alone with its label counts 0. ValueError for less than two labels."""
    distances, labels, names = _prepared(vectors, labels)
    if names < 2:
        raise ValueError(f"{len(labels)} vectors of {names} label were given; at least two labels are wanted")
    member = np.eye(names)[labels]  # (N, K)
    counts = member.sum(0)
    sums = distances @ member
    rows = np.arange(len(labels))
    own = counts[labels] - 1
    a = sums[rows, labels] / np.maximum(own, 1)
    others = sums / counts
    others[rows, labels] = np.inf
    b = others.min(1)
    top = np.maximum(a, b)
    score = np.where((own > 0) & (top > 0), (b - a) / np.where(top > 0, top, 1), 0)
    return float(score.mean())


def _prepared(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Distances (N, N), labels as numbers (N,), how many there are."""
    vectors, labels = np.asarray(vectors, np.float64), np.asarray(labels)
    if vectors.ndim != 2 or labels.shape != (len(vectors),):
        raise ValueError(f"got vectors {vectors.shape} and labels {labels.shape}; wanted (N, D) and (N,)")
    names, numbers = np.unique(labels, return_inverse=True)
    square = (vectors**2).sum(1)
    distances = np.sqrt(np.maximum(square[:, None] + square - 2 * vectors @ vectors.T, 0))
    np.fill_diagonal(distances, 0)
    return distances, numbers, len(names)
