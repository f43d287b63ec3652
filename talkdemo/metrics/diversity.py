"""Diversity: several samples of one audio in, the mean distance between them out."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from talkdemo.metrics.mve import mve


def diversity(samples: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean vertex distance over all pairs of samples, in millimetres. samples: (K, T, V, 3) metres, K ≥ 2.

    Give samples over seeds, or over identities (styles), never both at once: the two answer different questions.
    """
    samples = np.asarray(samples)
    if samples.ndim != 4 or len(samples) < 2:
        raise ValueError(f"got samples {samples.shape}; wanted (K, T, V, 3) with at least 2 samples")
    return float(np.mean([mve(a, b, mask) for a, b in combinations(samples, 2)]))
