"""Cached performances and style vectors in, DiffPoseTalk's weights out (`python -m talkdemo train diffposetalk`).

The training of train/talker/diffusiontalker.py with another condition: the style vector of the same person, seen in
other sessions, so that a reference need not say the same words. Style and speech are dropped as guidance wants it, one
after the other: all 78 %, no style 13 %, neither 9 %. The head has losses of its own, and the border of two windows
too.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from talkdemo import checkpoint
from talkdemo.condition.style import KIND as STYLE
from talkdemo.condition.style import StyleEncoder, StyleLibraryConfig
from talkdemo.diffusion.network import NetworkConfig
from talkdemo.face.head import FaceModel
from talkdemo.records import FPS
from talkdemo.talker import Talker, TalkerConfig
from talkdemo.train.loop import LoopConfig, train
from talkdemo.train.talker.data import RECORDED, CachedVoice, load
from talkdemo.train.talker.diffusiontalker import (
    SHARES,
    SHORT_START_SHARE,
    START_SHARE,
    TRAINED_ON,
    TalkerLoss,
    fit_statistics,
    take_over,
)
from talkdemo.train.talker.losses import HeadLossWeights, continuity, head_terms
from talkdemo.train.talker.style_data import tracked

NO_STYLE, NEITHER = 0.22, 0.09  # shares of the windows without style, and without speech either
FROM_TRACK = 0.3  # share of the style vectors that were made of a track
SEEN = (1, 2, 4)  # windows of 4 s behind a style vector
HEAD = slice(52, 55)


@dataclass(frozen=True)
class StyleBatch:
    motion: torch.Tensor  # (B, L, 55) normalised
    previous: torch.Tensor  # (B, P, 55) normalised; ignored where `first`
    features: torch.Tensor  # (B, P + L, D)
    first: torch.Tensor  # (B,) bool
    style: torch.Tensor  # (B, style) of the same manner, from other sessions
    mask: torch.Tensor  # (B, L, 55) 1 where the motion is known

    def about(self, _: Talker) -> tuple[torch.Tensor]:
        """What the talker's library takes."""
        return (self.style,)


@dataclass(frozen=True)
class Session:
    """One performance: where its speech lies, how the face moved meanwhile."""

    voice: int
    start: int  # frames of the voice
    motion: np.ndarray  # (T, 55) float16
    key: str


@dataclass(frozen=True)
class Styles:
    """Style vectors of all windows of all sessions."""

    vectors: np.ndarray  # (W, 2, style) float16: as performed, and as a tracker might see it
    start: np.ndarray  # (S + 1,) windows of session s are start[s] … start[s + 1]


def performances(cache: Path, split: str, voices: Sequence[CachedVoice]) -> list[Session]:
    """All sessions of all voices, as identities and in drawn manners."""
    found = []
    for v, voice in enumerate(voices):
        real = voice.voice_name in RECORDED
        spans = list(itertools.pairwise(voice.start))
        keys = [
            f"real/{voice.voice_name}" if real else f"{i}/{e}"
            for i, e in zip(voice.identity, voice.emotion, strict=True)
        ]
        found += [Session(v, a, voice.motion[a:b], key) for (a, b), key in zip(spans, keys, strict=True)]
        file = cache / split / voice.voice_name / "manners.npz"
        if file.exists():
            with np.load(file) as made:
                motion, manner = made["motion"], made["manner"]
            for row, chosen in zip(motion, manner, strict=True):
                found += [Session(v, a, row[a:b], f"manner/{k}") for (a, b), k in zip(spans, chosen, strict=True)]
    return found


@torch.no_grad()
def styles(
    sessions: Sequence[Session], voices: Sequence[CachedVoice], encoder: StyleEncoder, file: Path, seed: int = 0
) -> Styles:
    """Every window of 4 s, every 2 s, by the encoder; kept in `file`, whose name says of which encoder."""
    if file.exists():
        with np.load(file) as kept:
            if len(kept["start"]) == len(sessions) + 1:
                return Styles(kept["vectors"], kept["start"])
    rng, window = np.random.default_rng(seed), encoder.config.window
    device = encoder.mean.device
    start, vectors = [0], []
    queue: list[tuple[np.ndarray, np.ndarray]] = []

    def work_off() -> None:
        if queue:
            motion, mask = (torch.from_numpy(np.stack(x)).float().to(device) for x in zip(*queue, strict=True))
            with torch.autocast(device.type, dtype=torch.bfloat16):
                vectors.append(encoder(motion, mask).cpu().numpy().astype(np.float16))
            queue.clear()

    for session in sessions:
        mask, motion = voices[session.voice].mask, session.motion.astype(np.float32)
        last = max(0, len(motion) - window)
        begins = range(0, last + 1, window // 2)
        for a in begins:
            cut = motion[a : a + window]
            cut = np.concatenate([cut, np.repeat(cut[-1:], window - len(cut), axis=0)])
            queue += [(cut, mask), tracked(cut, mask, rng)]
        start.append(start[-1] + len(begins))
        if len(queue) >= 256:
            work_off()
    work_off()
    made = Styles(np.concatenate(vectors).reshape(start[-1], 2, -1), np.array(start))
    part = file.with_suffix(".part.npz")
    np.savez(part, vectors=made.vectors, start=made.start)
    part.replace(file)
    return made


class StyleWindows:
    """Endless random windows of the performances, each with the style of its manner."""

    def __init__(
        self,
        voices: Sequence[CachedVoice],
        sessions: Sequence[Session],
        known: Styles,
        talker: Talker,
        batch: int,
        seed: int,
    ) -> None:
        self.voices, self.sessions, self.known, self.talker, self.batch = voices, sessions, known, talker, batch
        self.rng = np.random.default_rng(seed)
        shares = np.array([SHARES.get(voice.voice_name, 1.0) for voice in voices])
        counts = np.bincount([s.voice for s in sessions], minlength=len(voices))
        weights = np.array([shares[s.voice] / counts[s.voice] for s in sessions])
        self.weights = weights / weights.sum()
        self.of: dict[str, list[int]] = {}
        for k, session in enumerate(sessions):
            self.of.setdefault(session.key, []).append(k)

    def __iter__(self) -> Iterator[StyleBatch]:
        config, statistics = self.talker.config.network, self.talker.statistics
        length, p = config.window, config.previous
        device = statistics.mean.device
        while True:
            motion, features, first, mask, style = ([] for _ in range(5))
            for k in self.rng.choice(len(self.sessions), self.batch, p=self.weights):
                session = self.sessions[k]
                voice, frames = self.voices[session.voice], len(session.motion)
                short = frames < length + p
                starts = self.rng.random() < (SHORT_START_SHARE if short else START_SHARE)
                offset = -p if starts else int(self.rng.integers(0, max(1, frames - length - p + 1)))
                at = np.arange(offset, offset + p + length)
                rows = np.clip(at, 0, frames - 1)
                motion.append(session.motion[rows])
                features.append(voice.features[rows + session.start])
                mask.append((at[p:] < frames)[:, None] & voice.mask)
                first.append(starts)
                style.append(self._style(k))
            moved = torch.from_numpy(np.stack(motion)).float().to(device)
            x = statistics.normalise(moved)
            real = torch.from_numpy(np.stack(mask)).float().to(device)
            yield StyleBatch(
                motion=x[:, p:] * real.amax(1, keepdim=True),  # channels not recorded stand at their mean
                previous=x[:, :p] * real.amax(1, keepdim=True),
                features=torch.from_numpy(np.stack(features)).float().to(device),
                first=torch.tensor(first, device=device),
                style=torch.from_numpy(np.stack(style)).float().to(device),
                mask=real,
            )

    def _style(self, session: int) -> np.ndarray:
        """(style,) of length 1 from another session of the manner, where there is one."""
        others = [k for k in self.of[self.sessions[session].key] if k != session] or [session]
        count, seen = int(self.rng.choice(SEEN)), []
        for _ in range(count):  # a real clip is one window long: several clips
            other = others[int(self.rng.integers(len(others)))]
            row = int(self.rng.integers(self.known.start[other], self.known.start[other + 1]))
            seen.append(self.known.vectors[row, int(self.rng.random() < FROM_TRACK)])
        total = np.sum(seen, axis=0, dtype=np.float32)
        return total / np.linalg.norm(total)


class StyleTalkerLoss(TalkerLoss):
    """The loss as one object: named terms of one batch."""

    def __init__(self, face: FaceModel, seed: int = 0, head: HeadLossWeights | None = None) -> None:
        super().__init__(face, seed=seed, contrastive=0.0)
        self.head = head or HeadLossWeights()

    def dropped(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        draw = torch.rand(size, generator=self.generator)
        return draw < NEITHER, draw < NO_STYLE

    def more(self, talker: Talker, batch: StyleBatch, predicted: torch.Tensor) -> Mapping[str, torch.Tensor]:
        head = head_terms(predicted[..., HEAD], batch.motion[..., HEAD], batch.mask[..., HEAD], self.head)
        border = continuity(predicted, batch.motion, batch.previous, batch.mask, ~batch.first)
        return {**head, "continuity": self.head.continuity * border}


def windows(
    cache: Path, split: str, voices: Sequence[CachedVoice], talker: Talker, batch: int, seed: int
) -> Iterator[StyleBatch]:
    """Batches for a talker that follows references, their styles by the encoder it names."""
    name = talker.config.style.encoder
    digest = hashlib.sha256(checkpoint.find(name).read_bytes()).hexdigest()[:12]
    encoder = StyleEncoder.open(name).to(talker.start.device)
    sessions = performances(cache, split, voices)
    known = styles(sessions, voices, encoder, cache / f"styles-{split}-{digest}.npz")
    return iter(StyleWindows(voices, sessions, known, talker, batch, seed))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train diffposetalk", description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("runs/talker"))
    parser.add_argument("--encoder", default="audio-encoder", help="that made the cached features")
    parser.add_argument("--style-encoder", default=STYLE, help="that makes the style vectors")
    parser.add_argument("--init", metavar="NAME", help="start from the weights of this talker, as far as they fit")
    parser.add_argument("--run", type=Path, default=Path("runs/diffposetalk"), help="folder of the run; resumes")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--out", type=Path, default=checkpoint.WEIGHTS / "diffposetalk.safetensors")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-steps", type=int, help="stop after so many optimiser steps, whatever the minutes")
    args = parser.parse_args(arguments)

    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    voices = load(args.cache, "train")
    network = NetworkConfig(features=voices[0].features.shape[1])
    style = StyleLibraryConfig(features=network.features, encoder=args.style_encoder)
    talker = Talker(TalkerConfig(network=network, style=style, encoder=args.encoder)).to(device)
    if args.init:
        print(f"from {args.init}: {take_over(talker, args.init)} tensors taken over", flush=True)
    fit_statistics(talker, voices)
    batches = windows(args.cache, "train", voices, talker, args.batch, args.seed)
    sources = ["synthetic", *(v.voice_name for v in voices if v.voice_name in TRAINED_ON)]
    hours = sum(len(v.motion) for v in voices) / FPS / 3600

    def save(average: Talker, steps: int, minutes: float) -> None:
        provenance = {
            "trained_on": [TRAINED_ON[name] for name in sources],
            "licence": "Apache-2.0",
            "recipe": "talkdemo.train.talker.diffposetalk",
            "hours_of_speech": round(hours, 2),
            "steps": steps,
            "minutes": round(minutes, 1),
            "began_from": Path(args.init).stem if args.init else "random weights",
        }
        average.save(args.out, provenance)

    loss = StyleTalkerLoss(FaceModel.load().to(device), seed=args.seed)
    train(talker, batches, loss, LoopConfig(args.minutes, args.rate, save_every=240), args.run, save, args.max_steps)


if __name__ == "__main__":
    main()
