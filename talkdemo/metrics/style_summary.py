"""Summarises the style of each talking identity: six numbers, their rank among all identities, a line of words.

The words are relative: an identity has a "wide jaw" when its jaw opens further than that of three quarters of all
identities saying the same thing. Numbers between the quartiles get no word.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from talkdemo.face.arkit import INDEX, indices
from talkdemo.metrics.blink import blinks
from talkdemo.records import Motion

FILE = "styles.json"  # of a library
PREVIEWS = "previews.npz"  # beside it: some seconds of motion of each
LIPS = (
    "mouthFunnel", "mouthPucker", "mouthStretch", "mouthPress", "mouthLowerDown", "mouthUpperUp", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
)  # fmt: skip
BROWS = ("browDown", "browInnerUp", "browOuterUp")
BLINK_DEPTH = 0.25  # of eyeBlink: the least visible blink
SMOOTH = 5  # frames of the moving average over the head before its speed is taken, against tremor
# the words for the lowest and for the highest quarter of each number
WORDS: dict[str, tuple[str, str]] = {
    "jaw": ("small jaw", "wide jaw"),
    "lips": ("quiet lips", "busy lips"),
    "head": ("still head", "lively head"),
    "blinks": ("blinks seldom", "blinks often"),
    "brows": ("calm brows", "lively brows"),
    "smile": ("earnest", "smiling"),
}
QUARTER = 0.25
MAX_WORDS = 3
EVEN = "average throughout"


@dataclass(frozen=True)
class StyleSummary:
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

    style: StyleSummary
    ranks: Mapping[str, float]  # rank of each number among all identities: 0 the lowest, 1 the highest
    line: str  # its style in words
    real: bool  # learned from a real person's face, not from a synthetic voice's style


def measure(motions: Sequence[Motion]) -> StyleSummary:
    """The style of several motions (T ≥ 2 frames each), pooled. ValueError without any motion."""
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
    return StyleSummary(*(round(float(number), 4) for number in numbers))  # as many places as the file holds


def ranks(styles: Mapping[str, StyleSummary]) -> dict[str, dict[str, float]]:
    """Rank of each identity in each number: 0 the lowest, 1 the highest; ties share their mean, one alone is 0.5."""
    from scipy.stats import rankdata  # slow to import

    out: dict[str, dict[str, float]] = {name: {} for name in styles}
    for field in fields(StyleSummary):
        places = rankdata([getattr(style, field.name) for style in styles.values()]) - 1
        for name, place in zip(styles, places, strict=True):
            out[name][field.name] = round(float(place / (len(styles) - 1)), 4) if len(styles) > 1 else 0.5
    return out


def describe(standing: Mapping[str, float]) -> str:
    """Ranks of one identity → its line: the MAX_WORDS outermost of the outer quarters, in the order of WORDS."""
    outer = [name for name in WORDS if not QUARTER < standing[name] < 1 - QUARTER]
    chosen = sorted(outer, key=lambda name: -abs(standing[name] - 0.5))[:MAX_WORDS]
    return ", ".join(WORDS[name][standing[name] > 0.5] for name in outer if name in chosen) or EVEN


def library(styles: Mapping[str, StyleSummary], real: Sequence[str] = ()) -> dict[str, Entry]:
    """Summaries of all identities → the library; `real` names those learned from a real person."""
    standing = ranks(styles)
    return {
        name: Entry(style, standing[name], describe(standing[name]), name in real) for name, style in styles.items()
    }


def dumps(entries: Mapping[str, Entry]) -> str:
    """The library as JSON: name → style, ranks, line, real."""
    return json.dumps({name: asdict(entry) for name, entry in entries.items()}, indent=1, ensure_ascii=False) + "\n"


def read(path: Path | str) -> dict[str, Entry]:
    """The library that `dumps` wrote; ValueError for a file of another kind, FileNotFoundError for none."""
    text = Path(path).read_text(encoding="utf-8")
    try:
        return {
            name: Entry(StyleSummary(**one["style"]), dict(one["ranks"]), str(one["line"]), bool(one["real"]))
            for name, one in json.loads(text).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: not a library of talkdemo.build.identities ({error})") from error


def _speed(head: np.ndarray, fps: float) -> np.ndarray:
    """(T, 3) rotation vectors, radians → speeds (T',) in degrees/s of the smoothed rotation; small angles."""
    window = min(SMOOTH, len(head) - 1)
    kernel = np.ones(window) / window
    smooth = np.stack([np.convolve(axis, kernel, mode="valid") for axis in head.T], axis=1)
    return np.degrees(np.linalg.norm(np.diff(smooth, axis=0), axis=1)) * fps
