"""Training pairs of the style encoder: two windows in one style, augmented as trackers would see them.

A pair shows one person and emotion in two sessions, so in other words. Every second pair begins with the very words of
the pair before it, in another style: what two such windows share is the words, and the encoder must not go by them.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import uniform_filter1d

from talkdemo.data.articulation.emotions import EMOTIONS
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.data.articulation.samples import style_samples
from talkdemo.data.articulation.styles import RANGES, Style
from talkdemo.data.corpora import live_link
from talkdemo.data.corpora.shared import root
from talkdemo.face.arkit import INDEX, JAW, MOUTH, indices
from talkdemo.face.track.video import UNSEEN
from talkdemo.records import CHANNELS, COEFFICIENTS, HEAD_CHANNELS
from talkdemo.train.talker.data import RECORDED, read_styles

REAL_SHARE = 0.12  # of the pairs
LENGTHS = (60, 75, 75, 100, 100, 100)  # frames of a batch's windows; GRID's clips have 75
FACE, HEAD = slice(COEFFICIENTS), slice(COEFFICIENTS, None)  # columns of the tracks
FAINT = ("mouthSmile", "mouthPress", "browInnerUp", "browDown", "browOuterUp", "eyeSquint")  # read weakly when small


@dataclass(frozen=True)
class Take:
    """One performance of one session, or one real clip."""

    motion: np.ndarray  # (T, 55)
    key: str  # whose style, in which emotion
    twin: int = -1  # which take says the same words in another style
    mask: np.ndarray | None = None  # (55,)


@dataclass(frozen=True)
class Label:
    """The numbers of a style, standardised over their ranges, and the emotion."""

    style: np.ndarray  # (S,)
    emotion: int


@dataclass(frozen=True)
class Pairs:
    first: torch.Tensor  # (B, T, 55)
    second: torch.Tensor  # (B, T, 55)
    first_mask: torch.Tensor  # (B, 55)
    second_mask: torch.Tensor  # (B, 55)
    style: torch.Tensor  # (B, S) standardised numbers of the style; nan where unknown
    emotion: torch.Tensor  # (B,) −1 where unknown


def takes(cache: Path, split: str) -> list[Take]:
    """Every cached performance of the split, sessions of identities first, and the captures of real people."""
    found: list[Take] = []
    for folder in sorted((cache / split).glob("*")):
        if not (folder / "motion.npz").exists():
            continue
        with np.load(folder / "motion.npz") as file:
            motion, start, mask = file["motion"], file["start"], file["mask"]
            keys = [f"{i}/{e}" for i, e in zip(file["identity"], file["emotion"], strict=True)]
        real = folder.name in RECORDED
        for (a, b), key in zip(itertools.pairwise(start), keys, strict=True):
            found.append(Take(motion[a:b], f"real/{folder.name}" if real else key, mask=mask if real else None))
        for row, styles in read_styles(folder):
            for i, (a, b) in enumerate(itertools.pairwise(start)):
                words = len(found) - len(styles)  # the same session one variant (or the identity's) before
                found.append(Take(row[a:b], f"style/{styles[i]}", twin=words))
    shared = root()
    if split == "train" and shared is not None and (shared / "live_link_face").exists():
        for clip in live_link.clips():
            if clip.motion is not None:
                tracks = clip.motion.tracks.astype(np.float16)
                known = np.concatenate([clip.mask, np.zeros(HEAD_CHANNELS, bool)])
                pieces = np.array_split(tracks, max(1, len(tracks) // 250))
                found += [Take(piece, f"real/{clip.identity}", mask=known) for piece in pieces]
    return found


def labels(split: str) -> dict[str, Label]:
    """The label of every synthetic key."""
    low, high = np.array(list(RANGES.values())).T

    def numbers(style: Style) -> np.ndarray:
        values = np.array([getattr(style, name) for name in RANGES])
        return ((values - low) / (high - low) - 0.5) * np.sqrt(12)

    samples = enumerate(style_samples(split))
    found = {f"style/{k}": Label(numbers(s.style), EMOTIONS.index(s.emotion)) for k, s in samples}
    for name, identity in IDENTITIES.items():
        for k, emotion in enumerate(EMOTIONS):
            found[f"{name}/{emotion}"] = Label(numbers(identity.style), k)
    return found


class PairWindows:
    """Endless random pairs."""

    def __init__(self, found: Sequence[Take], known: dict[str, Label], batch: int, seed: int) -> None:
        self.takes, self.labels, self.batch = found, known, batch
        self.rng = np.random.default_rng(seed)
        self.of: dict[str, list[int]] = {}
        for k, take in enumerate(found):
            self.of.setdefault(take.key, []).append(k)
        usable = [key for key, members in self.of.items() if len(members) > 1]
        self.synthetic = [key for key in usable if not key.startswith("real/")]
        self.real = [key for key in usable if key.startswith("real/")]

    def __iter__(self) -> Iterator[Pairs]:
        while True:
            length = int(self.rng.choice(LENGTHS))
            rows = [self._row(*pair, length) for pair in self._draw(length)]
            columns = [torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)]
            yield Pairs(*(x if x.dtype == torch.int64 else x.float() for x in columns))

    def _draw(self, length: int) -> list[tuple[int, int, float]]:
        """(take, other take of its key, where in the first to begin as a share) for keys that are all different."""
        pairs: list[tuple[int, int, float]] = []
        used: set[str] = set()

        def add(take: int, at: float) -> None:
            key = self.takes[take].key
            others = [k for k in self.of[key] if k != take]
            if key not in used and others and len(self.takes[take].motion) >= length:
                used.add(key)
                pairs.append((take, int(self.rng.choice(others)), at))

        while len(pairs) < self.batch:
            real = self.real and self.rng.random() < REAL_SHARE and not used.issuperset(self.real)
            key = str(self.rng.choice(self.real if real else self.synthetic))
            take, at = int(self.rng.choice(self.of[key])), float(self.rng.random())
            add(take, at)
            if (twin := self.takes[take].twin) >= 0 and self.rng.random() < 0.5:
                add(twin, at)
        return pairs[: self.batch]

    def _row(self, first: int, second: int, at: float, length: int) -> tuple[np.ndarray | int, ...]:
        one, other = self.takes[first], self.takes[second]
        views = (self._window(one, at, length), self._window(other, float(self.rng.random()), length))
        label = self.labels.get(one.key) or Label(np.full(len(RANGES), np.nan), -1)
        return (*(m for m, _ in views), *(k for _, k in views), label.style, label.emotion)

    def _window(self, take: Take, at: float, length: int) -> tuple[np.ndarray, np.ndarray]:
        cut, mask = window(take, at, length)
        return (cut, mask) if self.rng.random() < 0.25 else simulate_tracker(cut, mask, self.rng)


@dataclass(frozen=True)
class TrackedBatch:
    clean: torch.Tensor  # (B, T, 55)
    clean_mask: torch.Tensor  # (B, 55)
    tracked: torch.Tensor  # (B, T, 55) the same windows as a tracker might have given them
    tracked_mask: torch.Tensor  # (B, 55)


class TrackedWindows:
    """Endless random windows, as performed and as tracked."""

    def __init__(self, found: Sequence[Take], batch: int, seed: int) -> None:
        self.takes = [take for take in found if len(take.motion) >= min(LENGTHS)]
        self.batch, self.rng = batch, np.random.default_rng(seed)

    def __iter__(self) -> Iterator[TrackedBatch]:
        while True:
            length = int(self.rng.choice(LENGTHS))
            rows = []
            for k in self.rng.integers(len(self.takes), size=self.batch):
                take = self.takes[int(k)]
                cut, mask = window(take, float(self.rng.random()), length)
                rows.append((cut, mask, *simulate_tracker(cut, mask, self.rng)))
            yield TrackedBatch(*(torch.from_numpy(np.stack(x)).float() for x in zip(*rows, strict=True)))


def window(take: Take, at: float, length: int) -> tuple[np.ndarray, np.ndarray]:
    """(length, 55) of a take and its mask; it begins at the fraction `at` of the possible starts. A clip that is too
    short is continued by its last frame."""
    begin = int(at * max(0, len(take.motion) - length + 1))
    cut = take.motion[np.arange(begin, begin + length).clip(max=len(take.motion) - 1)].astype(np.float32)
    return cut, np.ones(CHANNELS, bool) if take.mask is None else take.mask


def simulate_tracker(motion: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A window (T, 55) and its mask (55,) as a tracker might have measured them: other gains and neutral face, another
    camera angle, fewer frames a second, noise, smoothing, missing channels."""
    out, frames = motion.copy(), len(motion)
    if rng.random() < 0.6:  # gains of the channels, and of the whole face
        out[:, FACE] *= np.exp(rng.normal(0, 0.12, COEFFICIENTS)) * np.exp(rng.normal(0, 0.07))
    if rng.random() < 0.5:  # small actions are underestimated
        for name in FAINT:
            low = out[:, indices(name)]
            out[:, indices(name)] = low * np.clip(low / rng.uniform(0.2, 0.7), 0.1, 1)
    if rng.random() < 0.5:  # a neutral face that is not quite this person's
        out[:, FACE] += rng.uniform(0, 0.05) * rng.standard_normal(COEFFICIENTS)
    if rng.random() < 0.5:  # the rest was taken for neutral, as face/track/filter.py does
        rest = np.minimum(np.percentile(out[:, FACE], 10, axis=0), rng.uniform(0.1, 0.3))
        out[:, FACE] -= rng.uniform(0.5, 1) * rest
    if rng.random() < 0.25:  # the camera's angle: turned away from, or taken off
        turned = rng.normal(0, np.radians(4), 3) if rng.random() < 0.4 else -np.median(out[:, HEAD], axis=0) * [1, 1, 0]
        out[:, HEAD] += turned
    if rng.random() < 0.3:  # fewer frames a second
        rate = rng.uniform(0.5, 0.95)
        times = np.arange(0, frames, 1 / rate)
        low = np.minimum(times.astype(int), frames - 1)
        at = np.interp(np.arange(frames), times, np.arange(len(times)))
        sampled, left = out[low], np.minimum(at.astype(int), len(low) - 1)
        weight = (at - left)[:, None]
        out = sampled[left] * (1 - weight) + sampled[np.minimum(left + 1, len(low) - 1)] * weight
    if rng.random() < 0.6:  # noise
        level = rng.uniform(0, 1)
        spread = np.exp(rng.normal(-0.5, 0.7, COEFFICIENTS))
        out[:, FACE] += level * 0.02 * rng.standard_normal((frames, COEFFICIENTS)) * spread
        out[:, HEAD] += level * 0.004 * rng.standard_normal((frames, HEAD_CHANNELS))
    if rng.random() < 0.3:  # a filter against it
        out = uniform_filter1d(out, 3, axis=0, mode="nearest")
    out[:, FACE] = np.clip(out[:, FACE], 0, 1)
    keep, kind = mask.copy(), rng.random()
    keep[INDEX["tongueOut"]] &= rng.random() < 0.5
    if kind < 0.35:  # what our tracker measures
        keep[indices(*UNSEEN)] = False
    elif kind < 0.45:
        keep[HEAD] = False
    elif kind < 0.6:
        keep &= rng.random(CHANNELS) > rng.uniform(0, 0.5)
    elif kind < 0.66:  # still channels look like missing ones
        keep[FACE] &= np.ptp(motion[:, FACE], axis=0) > 1e-3
    elif kind < 0.72:  # a rig of the mouth alone
        only = np.zeros(CHANNELS, bool)
        only[[*JAW, *MOUTH]] = True
        keep &= only
    return out.astype(np.float32), keep
