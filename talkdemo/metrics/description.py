"""Motions of one identity in, its manner as six numbers out; the manners of all in, one line of words for each out.

The words are relative: an identity is said to have a wide jaw when its jaw drops further than that of three quarters
of all identities saying the same thing. What lies between the quarters goes without saying.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from talkdemo.face.arkit import INDEX, indices
from talkdemo.metrics.blink import blinks
from talkdemo.records import Motion

LIPS = (
    "mouthFunnel", "mouthPucker", "mouthStretch", "mouthPress", "mouthLowerDown", "mouthUpperUp", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
)  # fmt: skip
BROWS = ("browDown", "browInnerUp", "browOuterUp")
BLINK_DEPTH = 0.25  # of eyeBlink: a blink that shows
SMOOTH = 5  # frames over which the head is averaged before its speed is taken: trembling is not motion
# what each number is called when it lies in the lowest quarter and in the highest
WORDS: dict[str, tuple[str, str]] = {
    "jaw": ("small jaw", "wide jaw"),
    "lips": ("quiet lips", "busy lips"),
    "head": ("still head", "lively head"),
    "blinks": ("blinks seldom", "blinks often"),
    "brows": ("calm brows", "lively brows"),
    "smile": ("earnest", "smiling"),
}
QUARTER = 0.25
MOST = 3  # words in a line
EVEN = "even in everything"


@dataclass(frozen=True)
class Manner:
    """How a talking identity moves, whatever it says."""

    jaw: float  # 90th percentile of jawOpen, 0..1
    lips: float  # standard deviation over time of the lips' own channels, mean over LIPS, 0..1
    head: float  # mean speed of its rotation, degrees/s
    blinks: float  # per minute
    brows: float  # standard deviation over time, mean over BROWS, 0..1
    smile: float  # mean of mouthSmile, 0..1


@dataclass(frozen=True)
class Entry:
    """One identity of the library."""

    manner: Manner
    ranks: Mapping[str, float]  # where each number stands among all identities: 0 the least, 1 the most
    line: str  # its manner in words
    real: bool  # learned from a real person's face, not from a synthetic voice's style


def measure(motions: Sequence[Motion]) -> Manner:
    """The manner of several motions (T ≥ 2 frames each), as if they were one. ValueError without any motion."""
    if not motions or min(map(len, motions)) < 2:
        raise ValueError(f"motions of {[len(m) for m in motions]} frames given; at least one of 2 frames is wanted")
    coefficients = np.concatenate([motion.coefficients for motion in motions])  # (T, 52)
    found = [blinks(motion.coefficients[:, indices("eyeBlink")].mean(1), motion.fps, BLINK_DEPTH) for motion in motions]
    speeds = np.concatenate([_speed(motion.head, motion.fps) for motion in motions])
    numbers = (
        np.percentile(coefficients[:, INDEX["jawOpen"]], 90),
        coefficients[:, indices(*LIPS)].std(0).mean(),
        speeds.mean(),
        60 * sum(len(one.times) for one in found) / sum(one.seconds for one in found),
        coefficients[:, indices(*BROWS)].std(0).mean(),
        coefficients[:, indices("mouthSmile")].mean(),
    )
    return Manner(*(round(float(number), 4) for number in numbers))  # as many places as the file holds


def ranks(manners: Mapping[str, Manner]) -> dict[str, dict[str, float]]:
    """Where each identity stands in each number: 0 the least of all, 1 the most; equals share, one alone is 0.5."""
    out: dict[str, dict[str, float]] = {name: {} for name in manners}
    for field in fields(Manner):
        values = np.array([getattr(manner, field.name) for manner in manners.values()])
        below = (values[None] < values[:, None]).sum(1)
        equal = (values[None] == values[:, None]).sum(1) - 1
        shares = (below + equal / 2) / max(1, len(values) - 1)
        for name, share in zip(manners, shares if len(values) > 1 else [0.5], strict=True):
            out[name][field.name] = round(float(share), 4)
    return out


def describe(standing: Mapping[str, float]) -> str:
    """Ranks of one identity → its line: the MOST that lie furthest out in the outer quarters, in the order of WORDS."""
    outer = [name for name in WORDS if not QUARTER < standing[name] < 1 - QUARTER]
    told = sorted(outer, key=lambda name: -abs(standing[name] - 0.5))[:MOST]
    return ", ".join(WORDS[name][standing[name] > 0.5] for name in outer if name in told) or EVEN


def library(manners: Mapping[str, Manner], real: Sequence[str] = ()) -> dict[str, Entry]:
    """Manners of all identities → the library; `real` names those learned from a real person."""
    standing = ranks(manners)
    return {
        name: Entry(manner, standing[name], describe(standing[name]), name in real) for name, manner in manners.items()
    }


def dumps(entries: Mapping[str, Entry]) -> str:
    """The library as JSON: name → manner, ranks, line, real."""
    return json.dumps({name: asdict(entry) for name, entry in entries.items()}, indent=1, ensure_ascii=False) + "\n"


def read(path: Path | str) -> dict[str, Entry]:
    """The library that `dumps` wrote; ValueError for a file of another kind, FileNotFoundError for none."""
    text = Path(path).read_text(encoding="utf-8")
    try:
        return {
            name: Entry(Manner(**one["manner"]), dict(one["ranks"]), str(one["line"]), bool(one["real"]))
            for name, one in json.loads(text).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: not a library of `talkdemo identities --pictures` ({error})") from error


def _speed(head: np.ndarray, fps: float) -> np.ndarray:
    """(T, 3) rotation vectors, radians → (T', 3) smoothed → speeds in degrees/s; small angles."""
    window = min(SMOOTH, len(head) - 1)
    kernel = np.ones(window) / window
    smooth = np.stack([np.convolve(axis, kernel, mode="valid") for axis in head.T], axis=1)
    return np.degrees(np.linalg.norm(np.diff(smooth, axis=0), axis=1)) * fps
