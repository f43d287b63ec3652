"""Diversity: the mean distance between several samples of one audio."""

from itertools import combinations

import numpy as np

from talkdemo.metrics.errors import mve


def diversity(samples: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean vertex distance over all pairs of samples, in millimetres. samples: (K, T, V, 3) metres, K ≥ 2.

    Give samples over seeds, or over identities (styles), never both at once: the two answer different questions.
    """
    samples = np.asarray(samples)
    if samples.ndim != 4 or len(samples) < 2:
        raise ValueError(f"got samples {samples.shape}; wanted (K, T, V, 3) with at least 2 samples")
    return float(np.mean([mve(a, b, mask) for a, b in combinations(samples, 2)]))


def head_diversity(heads: np.ndarray) -> float:
    """Mean angle over all pairs of samples and all frames, in degrees. heads: (K, T, 3) rotation vectors, K ≥ 2."""
    from scipy.spatial.transform import Rotation

    heads = np.asarray(heads, np.float64)
    if heads.ndim != 3 or len(heads) < 2:
        raise ValueError(f"got heads {heads.shape}; wanted (K, T, 3) with at least 2 samples")
    turned = [Rotation.from_rotvec(head) for head in heads]
    return float(np.degrees(np.mean([(a.inv() * b).magnitude().mean() for a, b in combinations(turned, 2)])))


def agreement(tracks: np.ndarray) -> float:
    """Mean correlation over all pairs of samples of one track, (K, T); nan when one of them does not move."""
    tracks = np.asarray(tracks, np.float64)
    if tracks.ndim != 2 or len(tracks) < 2:
        raise ValueError(f"got tracks {tracks.shape}; wanted (K, T) with at least 2 samples")
    if (tracks.std(axis=1) < 1e-9).any():
        return float("nan")
    return float(np.corrcoef(tracks)[np.triu_indices(len(tracks), 1)].mean())
