"""Generates motion of any length in windows of L frames, each continuing the last P frames of the one before.

The last frames of a window do not hear what comes next (a mouth closes for a /p/ before the /p/ is heard), so
`lookahead` frames at its end are generated again by the next window, which hears them in context. The first FADE of
them are cross-faded, so that no seam is left where the two versions disagree. Head rotation does not follow single
sounds and its two versions differ more, so it is faded over the whole lookahead.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch

LOOKAHEAD = 12  # frames, 0.48 s
FADE = 5  # frames of the lookahead that are cross-faded: these still hear 0.28 s of what follows in either version


@dataclass(frozen=True)
class Window:
    start: int  # first new frame
    keep: int  # how many of the window's L frames are final


def windows(frames: int, length: int) -> list[Window]:
    """Windows that cover `frames` frames; the last keeps whatever is left."""
    if frames < 1:
        raise ValueError(f"{frames} frames were asked for; at least 1 is wanted")
    if length <= LOOKAHEAD:
        raise ValueError(f"windows of {length} frames were asked for; more than the lookahead of {LOOKAHEAD} is wanted")
    keep = length - LOOKAHEAD
    last = math.ceil(max(0, frames - length) / keep) * keep
    return [*(Window(start, keep) for start in range(0, last, keep)), Window(last, frames - last)]


def generate(
    sample_window: Callable[[torch.Tensor, torch.Tensor, Window], torch.Tensor],
    features: Iterable[torch.Tensor],
    first: torch.Tensor,
    frames: int,
    length: int,
    slow: slice = slice(0, 0),
) -> Iterator[torch.Tensor]:
    """Yield the new frames (K, keep, channels) of each window as soon as they are done.

    `features`: pieces (t, D) that follow each other, taken as windows need them; together they must cover whole windows
    (see `padded_frames`). `first` (K, P, channels) stands in front of the first window;
    `sample_window(features (P + L, D), previous (K, P, channels), window)` → (K, L, channels).
    The features of the P frames before the start repeat the first frame's. `slow`: channels that fade over the whole
    lookahead.
    """
    previous, tail = first, None
    p = first.shape[1]
    pieces = iter(features)
    padded = next(pieces)
    padded = torch.cat([padded[:1].expand(p, -1), padded])  # frame i stands at i + p
    for window in windows(frames, length):
        while len(padded) < window.start + p + length:
            padded = torch.cat([padded, next(pieces)])
        whole = sample_window(padded[window.start : window.start + p + length], previous, window)
        motion = whole[:, : window.keep]
        if tail is not None:
            motion = _cross_fade(tail, motion, slow)
        tail = whole[:, window.keep :]
        previous = torch.cat([previous, motion], dim=1)[:, -p:]
        yield motion


def _cross_fade(old: torch.Tensor, new: torch.Tensor, slow: slice) -> torch.Tensor:
    """`new` (K, T, channels), its first frames blended in from `old` (K, T', channels), both of the same moments."""
    frames = min(old.shape[1], new.shape[1])
    moments = torch.arange(1, frames + 1, device=new.device)[:, None]
    weight = (moments / (min(FADE, frames) + 1)).clamp(max=1).repeat(1, new.shape[2])  # of the new, (frames, channels)
    along = moments / (frames + 1)
    weight[:, slow] = along**2 * (3 - 2 * along)
    return torch.cat([old[:, :frames] * (1 - weight) + new[:, :frames] * weight, new[:, frames:]], dim=1)


def padded_frames(frames: int, length: int) -> int:
    """How many frames of features `generate` needs for `frames` frames of motion."""
    return windows(frames, length)[-1].start + length
