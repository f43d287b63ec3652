"""Sharpness of a part of an image: the energy of its gradients."""

import numpy as np


def gradient_energy(image: np.ndarray, points: np.ndarray) -> float:
    """Mean square of the gradient of the lightness of (S, S, 3) inside the polygon (N, 2), in grey levels a pixel; nan
    for a polygon of fewer than 12 pixels."""
    import cv2

    inside = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(points).astype(np.int32)], 1)
    if inside.sum() < 12:
        return float("nan")
    light = image.astype(np.float32).mean(2)
    down, across = np.gradient(light)
    return float((down**2 + across**2)[inside > 0].mean())


def chroma(image: np.ndarray, inside: np.ndarray) -> float:
    """Mean distance from grey (Lab, D65) of (S, S, 3) uint8 sRGB where (S, S) `inside` is not 0."""
    import cv2

    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return float(np.hypot(lab[..., 1], lab[..., 2])[inside > 0].mean())
