"""Structural similarity of two images (Wang et al. 2004); 1 for identical ones."""

import numpy as np

SIGMA = 1.5  # pixels of the Gaussian window
RADIUS = 5  # of which 11 × 11 pixels are taken, as in the paper
K1, K2, RANGE = 0.01, 0.03, 255.0


def ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(…, H, W, C) images in 0 … 255 → (…, H, W): the mean over the channels at every pixel."""
    from scipy.ndimage import gaussian_filter1d

    a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
    if a.shape != b.shape or a.ndim < 3:
        raise ValueError(f"got images {a.shape} and {b.shape}; wanted two of the same (…, H, W, C)")

    def smooth(x: np.ndarray) -> np.ndarray:
        for axis in (-3, -2):
            x = gaussian_filter1d(x, SIGMA, axis=axis, radius=RADIUS, mode="mirror")
        return x

    mean_a, mean_b = smooth(a), smooth(b)
    var_a, var_b = smooth(a * a) - mean_a**2, smooth(b * b) - mean_b**2
    covariance = smooth(a * b) - mean_a * mean_b
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return (similarity / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean(-1)


def ssim(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """(…, H, W, C) images in 0 … 255 → (…): the mean, or the mean weighted by a mask (…, H, W)."""
    found = ssim_map(a, b)
    if mask is None:
        return found.mean((-2, -1))
    weights = np.broadcast_to(np.asarray(mask, np.float64), found.shape)
    return (found * weights).sum((-2, -1)) / weights.sum((-2, -1))
