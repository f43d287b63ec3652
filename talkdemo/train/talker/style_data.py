"""Cached performances and real captures in, pairs of windows in one manner out; augmented as trackers would see them.

A pair shows one person and emotion in two sessions, so in other words. Every second pair begins with the very words of
the pair before it, in another manner: what two such windows share is the words, and the encoder must not go by them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
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
from talkdemo.face.arkit import INDEX, indices
from talkdemo.face.track.video import UNSEEN
from talkdemo.train.talker.data import RECORDED

REAL_SHARE = 0.12  # of the pairs
LENGTHS = (60, 75, 75, 100, 100, 100)  # frames of a batch's windows; GRID's clips have 75
MOUTH = [i for name, i in INDEX.items() if name.startswith(("mouth", "jaw"))]
HEAD = slice(52, 55)
FAINT = ("mouthSmile", "mouthPress", "browInnerUp", "browDown", "browOuterUp", "eyeSquint")  # read weakly when small


@dataclass(frozen=True)
class Take:
    """One performance of one session, or one real clip."""

    motion: np.ndarray  # (T, 55)
    key: str  # who, in which emotion
    twin: int = -1  # which take says the same words in another manner
    mask: np.ndarray | None = None  # (55,)


@dataclass(frozen=True)
class Known:
    """What is known of a key: the numbers of its style, standardised over their ranges, and its emotion."""

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
    """Every cached performance of the split, sessions of identities first, and the real captures."""
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
        if (folder / "manners.npz").exists():
            with np.load(folder / "manners.npz") as file:
                performed, drawn = file["motion"], file["manner"]
            for row, chosen in zip(performed, drawn, strict=True):
                for i, (a, b) in enumerate(itertools.pairwise(start)):
                    words = len(found) - len(chosen)  # the same session one variant (or the identity's) before
                    found.append(Take(row[a:b], f"manner/{chosen[i]}", twin=words))
    if split == "train" and root() is not None and (root() / "live_link_face").exists():
        for clip in live_link.clips():
            tracks = np.c_[clip.motion.coefficients, clip.motion.head].astype(np.float16)
            known = np.r_[clip.mask, np.zeros(3, bool)]
            pieces = np.array_split(tracks, max(1, len(tracks) // 250))
            found += [Take(piece, f"real/{clip.identity}", mask=known) for piece in pieces]
    return found


def known(split: str) -> dict[str, Known]:
    """What is known of every synthetic key."""
    names = [field.name for field in fields(Style)]
    low, high = (np.array([RANGES[name][k] for name in names]) for k in (0, 1))

    def numbers(style: Style) -> np.ndarray:
        values = np.array([getattr(style, name) for name in names])
        return ((values - low) / (high - low) - 0.5) * np.sqrt(12)

    found = {
        f"manner/{k}": Known(numbers(m.style), EMOTIONS.index(m.emotion)) for k, m in enumerate(style_samples(split))
    }
    for name, identity in IDENTITIES.items():
        for k, emotion in enumerate(EMOTIONS):
            found[f"{name}/{emotion}"] = Known(numbers(identity.style), k)
    return found


class PairWindows:
    """Endless random pairs."""

    def __init__(self, found: Sequence[Take], about: dict[str, Known], batch: int, seed: int) -> None:
        self.takes, self.about, self.batch = found, about, batch
        self.rng = np.random.default_rng(seed)
        self.of: dict[str, list[int]] = {}
        for k, take in enumerate(found):
            self.of.setdefault(take.key, []).append(k)
        usable = [key for key, members in self.of.items() if len(members) > 1]
        self.made = [key for key in usable if not key.startswith("real/")]
        self.real = [key for key in usable if key.startswith("real/")]

    def __iter__(self) -> Iterator[Pairs]:
        while True:
            length = int(self.rng.choice(LENGTHS))
            rows = [self._row(*pair, length) for pair in self._drawn(length)]
            first, second, first_mask, second_mask, style, emotion = zip(*rows, strict=True)
            yield Pairs(
                *(torch.from_numpy(np.stack(x)).float() for x in (first, second, first_mask, second_mask, style)),
                torch.tensor(emotion),
            )

    def _drawn(self, length: int) -> list[tuple[int, int, float]]:
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
            key = str(self.rng.choice(self.real if real else self.made))
            take, at = int(self.rng.choice(self.of[key])), float(self.rng.random())
            add(take, at)
            if (twin := self.takes[take].twin) >= 0 and self.rng.random() < 0.5:
                add(twin, at)
        return pairs[: self.batch]

    def _row(self, first: int, second: int, at: float, length: int) -> tuple[np.ndarray, ...]:
        one, other = self.takes[first], self.takes[second]
        views = (self._window(one, at, length), self._window(other, float(self.rng.random()), length))
        about = self.about.get(one.key)
        style = np.full(len(RANGES), np.nan) if about is None else about.style
        return (*(m for m, _ in views), *(k for _, k in views), style, -1 if about is None else about.emotion)

    def _window(self, take: Take, at: float, length: int) -> tuple[np.ndarray, np.ndarray]:
        cut, mask = window(take, at, length)
        return (cut, mask) if self.rng.random() < 0.25 else tracked(cut, mask, self.rng)


@dataclass(frozen=True)
class Seen:
    clean: torch.Tensor  # (B, T, 55)
    clean_mask: torch.Tensor  # (B, 55)
    tracked: torch.Tensor  # (B, T, 55) the same windows as a tracker might have given them
    tracked_mask: torch.Tensor  # (B, 55)


class SeenWindows:
    """Endless random windows, as performed and as tracked."""

    def __init__(self, found: Sequence[Take], batch: int, seed: int) -> None:
        self.takes = [take for take in found if len(take.motion) >= min(LENGTHS)]
        self.batch, self.rng = batch, np.random.default_rng(seed)

    def __iter__(self) -> Iterator[Seen]:
        while True:
            length = int(self.rng.choice(LENGTHS))
            rows = []
            for k in self.rng.integers(len(self.takes), size=self.batch):
                take = self.takes[int(k)]
                cut, mask = window(take, float(self.rng.random()), length)
                rows.append((cut, mask, *tracked(cut, mask, self.rng)))
            yield Seen(*(torch.from_numpy(np.stack(x)).float() for x in zip(*rows, strict=True)))


def window(take: Take, at: float, length: int) -> tuple[np.ndarray, np.ndarray]:
    """(length, 55) of a take from the share `at` of what there is to begin with, and its mask; a clip that is too short
    stands still at its end."""
    begin = int(at * max(0, len(take.motion) - length + 1))
    cut = take.motion[begin : begin + length].astype(np.float32)
    if len(cut) < length:
        cut = np.concatenate([cut, np.repeat(cut[-1:], length - len(cut), axis=0)])
    return cut, np.ones(55, bool) if take.mask is None else take.mask


def tracked(motion: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A window (T, 55) and its mask (55,) as a tracker might have given them: other gains and rest, a camera that looks
    from elsewhere, fewer frames a second, noise, smoothing, channels that are missing."""
    out, frames = motion.copy(), len(motion)
    if rng.random() < 0.6:  # gains of the channels, and of the whole face
        out[:, :52] *= np.exp(rng.normal(0, 0.12, 52)) * np.exp(rng.normal(0, 0.07))
    if rng.random() < 0.5:  # small actions hardly register
        for name in FAINT:
            low = out[:, indices(name)]
            out[:, indices(name)] = low * np.clip(low / rng.uniform(0.2, 0.7), 0.1, 1)
    if rng.random() < 0.5:  # a neutral face that is not quite this person's
        out[:, :52] += rng.uniform(0, 0.05) * rng.standard_normal(52)
    if rng.random() < 0.5:  # the rest was taken for neutral, as face/track/filter.py does
        rest = np.minimum(np.percentile(out[:, :52], 10, axis=0), rng.uniform(0.1, 0.3))
        out[:, :52] -= rng.uniform(0.5, 1) * rest
    if rng.random() < 0.25:  # the camera's angle: turned away from, or taken off
        turned = rng.normal(0, np.radians(4), 3) if rng.random() < 0.4 else -np.median(out[:, HEAD], axis=0) * [1, 1, 0]
        out[:, HEAD] += turned
    if rng.random() < 0.3:  # fewer frames a second
        rate = rng.uniform(0.5, 0.95)
        times = np.arange(0, frames, 1 / rate)
        low = np.minimum(times.astype(int), frames - 1)
        at = np.interp(np.arange(frames), times, np.arange(len(times)))
        kept, left = out[low], np.minimum(at.astype(int), len(low) - 1)
        part = (at - left)[:, None]
        out = kept[left] * (1 - part) + kept[np.minimum(left + 1, len(low) - 1)] * part
    if rng.random() < 0.6:  # noise
        level = rng.uniform(0, 1)
        out[:, :52] += level * 0.02 * rng.standard_normal((frames, 52)) * np.exp(rng.normal(-0.5, 0.7, 52))
        out[:, HEAD] += level * 0.004 * rng.standard_normal((frames, 3))
    if rng.random() < 0.3:  # a filter against it
        out = uniform_filter1d(out, 3, axis=0, mode="nearest")
    out[:, :52] = np.clip(out[:, :52], 0, 1)
    keep, kind = mask.copy(), rng.random()
    keep[INDEX["tongueOut"]] &= rng.random() < 0.5
    if kind < 0.35:  # what our tracker measures
        keep[indices(*UNSEEN)] = False
    elif kind < 0.45:
        keep[HEAD] = False
    elif kind < 0.6:
        keep &= rng.random(55) > rng.uniform(0, 0.5)
    elif kind < 0.66:  # channels that never stir look like channels that are not there
        keep[:52] &= np.ptp(motion[:, :52], axis=0) > 1e-3
    elif kind < 0.72:  # a rig of the mouth alone
        only = np.zeros(55, bool)
        only[MOUTH] = True
        keep &= only
    return out.astype(np.float32), keep
