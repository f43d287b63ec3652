"""What chance scores: shuffled pairs, a permutation test of the pairing, Wilcoxon's signed-rank test."""

import numpy as np

ROUNDS = 10_000


def derangement(count: int, generator: np.random.Generator) -> np.ndarray:
    """A permutation of 0 … count − 1 without fixed points, (count,): clip i is scored against the sound of clip p[i].

    A random cycle, so one is always found; needs at least 2 clips.
    """
    if count < 2:
        raise ValueError(f"a shuffled control needs at least 2 clips, got {count}")
    order = generator.permutation(count)
    shuffled = np.empty(count, int)
    shuffled[order] = np.roll(order, 1)
    return shuffled


def pairing(scores: np.ndarray, generator: np.random.Generator, rounds: int = ROUNDS) -> float:
    """(N, N) scores of every one of N with every one of N others → p, one-sided, of a mean as high as the diagonal's
    when they are paired at random; never below 1 / (rounds + 1).

    Every random pairing uses each row and each column once, so that a row or a column that scores high with everything
    (a dense rhythm) helps none of them.
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:
        raise ValueError(f"got scores {scores.shape}; wanted (N, N) with at least 2 of each")
    rows = np.arange(len(scores))
    drawn = np.array([scores[rows, generator.permutation(len(scores))].sum() for _ in range(rounds)])
    return float(((drawn >= scores.trace() - 1e-12).sum() + 1) / (rounds + 1))


def wilcoxon(differences: np.ndarray) -> float:
    """p of Wilcoxon's signed-rank test that `differences` (N,) lie above 0; 1 when all of them are 0."""
    from scipy.stats import wilcoxon as signed_rank

    differences = np.asarray(differences, np.float64)
    if not len(differences):
        return float("nan")
    return float(signed_rank(differences, alternative="greater").pvalue) if np.any(differences) else 1.0
