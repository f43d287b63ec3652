"""Measures how far pupils move by MediaPipe's channels of gaze, of which gaze.LOOKS is chosen; trains nothing."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from talkdemo.face.arkit import indices
from talkdemo.gcgan import gaze
from talkdemo.train.gcgan.data import Faces, load
from talkdemo.train.gcgan.part_reader import coefficients_seen

SHUT = 0.3  # of eyeBlink, from which a pupil is not seen well


def ways(coefficients: np.ndarray) -> np.ndarray:
    """(N, 52) → (N, 2) how far MediaPipe says that both eyes look to the image's right and down."""
    right, left, down, up = (
        coefficients[:, indices(*names)].mean(1)
        for names in (
            ("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookInLeft", "eyeLookOutRight"), ("eyeLookDown",), ("eyeLookUp",)
        )
    )  # fmt: skip
    return np.stack([right - left, down - up], axis=1)


def measure(faces: Faces, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Eye widths by which pupils move where the channels of a way go from 0 to 1: (2,) to the right and down, their
    correlations (2,), and of how many open eyes. Views are compared with themselves: everybody's eyes are set
    otherwise."""
    wide = (coefficients[:, indices("eyeBlink")] < SHUT).all(1) & np.isfinite(coefficients).all(1)
    found = gaze.of(np.concatenate([faces.seen, faces.pupils], axis=1)).mean(1)
    said = ways(coefficients)
    for view in np.unique(faces.view):
        rows = wide & (faces.view == view)
        if rows.any():
            found[rows] -= found[rows].mean(0)
            said[rows] -= said[rows].mean(0)
    found, said = found[wide], said[wide]
    both = (found * said).sum(0)
    slope = both / np.square(said).sum(0).clip(1e-9)
    alike = both / np.sqrt(np.square(said).sum(0) * np.square(found).sum(0)).clip(1e-9)
    return slope, alike, int(wide.sum())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train gcgan_gaze", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"))
    parser.add_argument("--seen", type=Path, default=Path("runs/gcgan-part-reader/coefficients.npy"))
    args = parser.parse_args(arguments)
    faces = load(args.data, "train")
    slope, alike, count = measure(faces, coefficients_seen(faces, args.seen))
    for way, moved, r in zip(("to the side", "down"), slope, alike, strict=True):
        print(f"{way}: {moved:.3f} eye widths from 0 to 1, r {r:.2f}, {count} faces")
