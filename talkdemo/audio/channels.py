"""Mixes the channels of a recording to one that carries its speech, as loud as the loudest of them.

An average would cancel a channel against its inversion, halve a voice that is on one side alone, and drown one that is
in the centre of surround sound. So channels are added with the sign in which they agree; silent ones are left out, and
where channels differ, those in which nobody speaks.
"""

from collections.abc import Sequence

import numpy as np

from talkdemo.audio.activity import voiced

FAINT = 10 ** (-30 / 20)  # of the loudest channel: a fainter one is left out
ALIKE = 0.5  # correlation from which channels carry the same
FEWER = 0.5  # of the largest share of speech: a channel with less is left out


def weights(pieces: Sequence[np.ndarray]) -> np.ndarray:
    """(C,) of each channel in the mix, of consecutive pieces (n, C): floating-point samples, or 16-bit ones."""
    channels = pieces[0].shape[1]
    if channels == 1:
        return np.ones(1, np.float32)
    count = sum(map(len, pieces))
    total, products = np.zeros(channels), np.zeros((channels, channels))
    for piece in pieces:
        values = piece.astype(np.float64)
        total += values.sum(0)
        products += values.T @ values
    covariance = products / count - np.outer(total, total) / count**2
    level = np.sqrt(covariance.diagonal().clip(0))
    if level.max() == 0:
        return np.full(channels, 1 / channels, np.float32)
    taken = level > FAINT * level.max()
    loudest = int(level.argmax())
    likeness = covariance[loudest] / np.maximum(level * level.max(), 1e-30)
    if (np.abs(likeness[taken]) < ALIKE).any():
        shares = [float(voiced(channel(pieces, i)).mean()) if taken[i] else 0.0 for i in range(channels)]
        taken &= np.array(shares) >= FEWER * max(shares)
        loudest = int(np.where(taken, level, 0).argmax())
        likeness = covariance[loudest] / np.maximum(level * level[loudest], 1e-30)
    mix = taken * np.where(likeness < -ALIKE, -1.0, 1.0)
    return (mix * level[loudest] / np.sqrt(mix @ covariance @ mix)).astype(np.float32)


def channel(pieces: Sequence[np.ndarray], index: int) -> np.ndarray:
    """(N,) float32 samples in -1..1 of one channel."""
    return np.concatenate([scaled(piece[:, index]) for piece in pieces])


def mixed(pieces: Sequence[np.ndarray], mix: np.ndarray) -> np.ndarray:
    """(N,) float32: the channels with their weights `mix` (C,)."""
    return np.concatenate([scaled(piece) @ mix for piece in pieces])


def scaled(samples: np.ndarray) -> np.ndarray:
    """Floating-point samples as they are, 16-bit ones as float32 in -1..1."""
    return samples.astype(np.float32) / 32768 if samples.dtype == np.int16 else samples


def described(mix: np.ndarray, names: Sequence[str]) -> str | None:
    """The channels in the mix by name or number, "−" before one that is inverted; None where all are added up."""
    if (mix > 0).all():
        return None
    named = [str(number) if name == "NONE" else name for number, name in enumerate(names, 1)]
    return ", ".join(f"{'−' if w < 0 else ''}{name}" for w, name in zip(mix, named, strict=True) if w)
