"""Training windows of DiffPoseTalk: the same performances, conditioned on a style vector from another session."""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkdemo import checkpoint, files
from talkdemo.condition.style import StyleEncoder
from talkdemo.talker import Talker
from talkdemo.train.talker.data import CachedVoice, read_styles
from talkdemo.train.talker.style_data import simulate_tracker
from talkdemo.train.talker.windows import Batch, IdentityWindows, Session, Windows, sessions

TRACKED_SHARE = 0.3  # of the style vectors are those of a simulated track
WINDOWS = (1, 2, 4)  # of 4 s behind a style vector


@dataclass(frozen=True)
class StyleBatch(Batch):
    style: torch.Tensor  # (B, style) of the same style, from other sessions

    @property
    def condition(self) -> tuple[torch.Tensor, ...]:
        return (self.style,)


@dataclass(frozen=True)
class StyleVectors:
    """Style vectors of all windows of all sessions."""

    vectors: np.ndarray  # (W, 2, style) float16: as performed, and as a tracker might see it
    start: np.ndarray  # (S + 1,) windows of session s are start[s] … start[s + 1]


def performances(cache: Path, split: str, voices: Sequence[CachedVoice]) -> list[Session]:
    """All sessions of all voices, as identities and in sampled styles."""
    found = sessions(voices)
    for v, voice in enumerate(voices):
        for motion, styles in read_styles(cache / split / voice.voice_name):
            for row, (a, b) in enumerate(itertools.pairwise(voice.start.tolist())):
                found.append(Session(v, row, a, motion[a:b], f"style/{styles[row]}"))
    return found


@torch.no_grad()
def style_vectors(
    performed: Sequence[Session], voices: Sequence[CachedVoice], encoder: StyleEncoder, file: Path, seed: int = 0
) -> StyleVectors:
    """The encoder's vectors of every window of 4 s, every 2 s; cached in `file`, whose name says of which encoder."""
    if file.exists():
        with np.load(file) as cached:
            if len(cached["start"]) == len(performed) + 1:
                return StyleVectors(cached["vectors"], cached["start"])
    rng, window, device = np.random.default_rng(seed), encoder.config.window, encoder.mean.device
    start, vectors = [0], []
    queue: list[tuple[np.ndarray, np.ndarray]] = []

    def encode() -> None:
        if queue:
            motion, mask = (torch.from_numpy(np.stack(x)).float().to(device) for x in zip(*queue, strict=True))
            with torch.autocast(device.type, dtype=torch.bfloat16):
                vectors.append(encoder(motion, mask).cpu().numpy().astype(np.float16))
            queue.clear()

    for session in performed:
        mask, motion = voices[session.voice].mask, session.motion.astype(np.float32)
        begins = range(0, max(0, len(motion) - window) + 1, window // 2)
        for a in begins:
            cut = motion[np.arange(a, a + window).clip(max=len(motion) - 1)]
            queue += [(cut, mask), simulate_tracker(cut, mask, rng)]
        start.append(start[-1] + len(begins))
        if len(queue) >= 256:
            encode()
    encode()
    found = StyleVectors(np.concatenate(vectors).reshape(start[-1], 2, -1), np.array(start))
    with files.replacing(file) as part:
        np.savez(part, vectors=found.vectors, start=found.start)
    return found


class StyleWindows(Windows):
    """Windows conditioned on style."""

    kind = StyleBatch

    def __init__(
        self,
        voices: Sequence[CachedVoice],
        performed: Sequence[Session],
        known: StyleVectors,
        talker: Talker,
        batch: int,
        seed: int,
    ) -> None:
        super().__init__(voices, performed, talker, batch, seed)
        self.known = known
        self.of: dict[str, list[int]] = {}
        for k, session in enumerate(performed):
            self.of.setdefault(session.key, []).append(k)

    def condition(self, session: int, frames: np.ndarray) -> dict[str, Any]:
        """(style,) of length 1 from another session of the style, where there is one."""
        others = [k for k in self.of[self.sessions[session].key] if k != session] or [session]
        vectors = []
        for _ in range(int(self.rng.choice(WINDOWS))):  # a real clip is one window long: several clips
            other = others[int(self.rng.integers(len(others)))]
            row = int(self.rng.integers(self.known.start[other], self.known.start[other + 1]))
            vectors.append(self.known.vectors[row, int(self.rng.random() < TRACKED_SHARE)])
        total = np.asarray(np.sum(vectors, axis=0, dtype=np.float32))
        return {"style": total / np.linalg.norm(total)}


def open_windows(
    talker: Talker, cache: Path, split: str, voices: Sequence[CachedVoice], batch: int, seed: int
) -> Windows:
    """Windows with the conditions that the talker takes; style vectors are those of the encoder it names."""
    if talker.config.style is None:
        return IdentityWindows(voices, talker, batch, seed)
    name = talker.config.style.encoder
    digest = hashlib.sha256(checkpoint.find(name).read_bytes()).hexdigest()[:12]
    encoder = StyleEncoder.open(name).to(talker.start.device)
    performed = performances(cache, split, voices)
    known = style_vectors(performed, voices, encoder, cache / f"styles-{split}-{digest}.npz")
    return StyleWindows(voices, performed, known, talker, batch, seed)
