"""Training windows of the talking models: random stretches of cached sessions with their conditions."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import torch

from talkdemo.talker import Talker
from talkdemo.train.talker.data import RECORDED, CachedVoice

SHARES = {  # how often drawn; a synthetic voice: 1
    "voices-kathleen": 20.0, "voices-kerstin": 14.0, "voices-nathalie": 10.0, "speechocean762": 10.0, "grid_s1": 10.0,
    "facegood": 5.0,
}  # fmt: skip
START_SHARE = 0.08  # windows that begin a session, with the learned start in front
SHORT_START_SHARE = 0.5  # likewise in sessions shorter than a window
HEARD, HEARD_SHARE = 0.4, 0.2  # energy of speech; share of a window that must reach it for its voice to be matched


@dataclass(frozen=True)
class Batch:
    """B windows of L frames after P frames of context."""

    motion: torch.Tensor  # (B, L, 55) normalised
    previous: torch.Tensor  # (B, P, 55) normalised; ignored where `first`
    features: torch.Tensor  # (B, P + L, D)
    first: torch.Tensor  # (B,) bool: the window begins a session
    mask: torch.Tensor  # (B, L, 55) 1 where the motion is known

    def __getitem__(self, rows: slice) -> Self:
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def condition(self) -> tuple[torch.Tensor, ...]:
        """What the talker's library takes."""
        raise NotImplementedError


@dataclass(frozen=True)
class IdentityBatch(Batch):
    identity: torch.Tensor  # (B, I) weights: in whose style
    emotion: torch.Tensor  # (B, E) weights
    voice: torch.Tensor  # (B, P + L, 83)
    speaker: torch.Tensor  # (B,) the identity the voice belongs to, −1 for none or where nobody is heard
    mood: torch.Tensor  # (B,) the emotion that is heard, −1 where nobody is

    @property
    def condition(self) -> tuple[torch.Tensor, ...]:
        return self.identity, self.emotion


@dataclass(frozen=True)
class Session:
    """One performance of a voice's session."""

    voice: int
    row: int  # which session of the voice
    start: int  # its first frame of the voice
    motion: np.ndarray  # (T, 55) float16
    key: str  # whose style: "Ada/happy", "real/grid_s1" or "style/17"


def sessions(voices: Sequence[CachedVoice]) -> list[Session]:
    """All sessions of all voices, each in the style of an identity, or recorded."""
    found = []
    for v, voice in enumerate(voices):
        real = f"real/{voice.voice_name}" if voice.voice_name in RECORDED else None
        for row, (a, b) in enumerate(itertools.pairwise(voice.start.tolist())):
            key = real or f"{voice.identity[row]}/{voice.emotion[row]}"
            found.append(Session(v, row, a, voice.motion[a:b], key))
    return found


class Windows:
    """Endless random batches; every voice as often as SHARES says. A subclass adds the condition of each window."""

    kind: type[Batch]

    def __init__(
        self, voices: Sequence[CachedVoice], performed: Sequence[Session], talker: Talker, batch: int, seed: int
    ) -> None:
        self.voices, self.sessions, self.talker, self.batch = voices, performed, talker, batch
        self.rng = np.random.default_rng(seed)
        counts = np.bincount([s.voice for s in performed], minlength=len(voices))
        weights = np.array([SHARES.get(voices[s.voice].voice_name, 1.0) / counts[s.voice] for s in performed])
        self.weights = weights / weights.sum()

    def condition(self, session: int, frames: np.ndarray) -> dict[str, Any]:
        """The further fields of the batch for one window; `frames` (P + L,) count from the session's first."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        previous, statistics = self.talker.config.network.previous, self.talker.statistics
        while True:
            drawn = self.rng.choice(len(self.sessions), self.batch, p=self.weights)
            rows = [self._window(int(session)) for session in drawn]
            columns = {
                name: torch.from_numpy(np.stack([row[name] for row in rows])).to(statistics.mean.device)
                for name in rows[0]
            }
            recorded = columns["mask"].amax(1, keepdim=True)  # channels that were not recorded stand at their mean
            x = statistics.normalise(columns.pop("motion")) * recorded
            yield self.kind(motion=x[:, previous:], previous=x[:, :previous], **columns)

    def _window(self, k: int) -> dict[str, Any]:
        config, session = self.talker.config.network, self.sessions[k]
        voice, frames, whole = self.voices[session.voice], len(session.motion), config.previous + config.window
        first = self.rng.random() < (SHORT_START_SHARE if frames < whole else START_SHARE)
        offset = -config.previous if first else int(self.rng.integers(0, max(1, frames - whole + 1)))
        at = np.arange(offset, offset + whole)
        inside = np.clip(at, 0, frames - 1)
        return {
            "motion": session.motion[inside].astype(np.float32),
            "features": voice.features[session.start + inside].astype(np.float32),
            "first": first,
            "mask": ((at[config.previous :] < frames)[:, None] & voice.mask).astype(np.float32),
            **self.condition(k, inside),
        }


class IdentityWindows(Windows):
    """Windows conditioned on identity and emotion, with the voice that is to be matched."""

    kind = IdentityBatch

    def __init__(self, voices: Sequence[CachedVoice], talker: Talker, batch: int, seed: int) -> None:
        """Raises ValueError for a talker without identities."""
        super().__init__(voices, sessions(voices), talker, batch, seed)
        if talker.config.identity is None:
            raise ValueError("a talker that follows references was given; one with identities is wanted")
        self.identities, self.emotions = talker.config.identity.identities, talker.config.identity.emotions

    def condition(self, session: int, frames: np.ndarray) -> dict[str, Any]:
        performed = self.sessions[session]
        voice = self.voices[performed.voice]
        emotion = self.emotions.index(str(voice.emotion[performed.row]))
        sound = voice.voice[performed.start + frames].astype(np.float32)
        heard = (sound[:, -3] > HEARD).mean() > HEARD_SHARE
        speaks = heard and voice.voice_name in self.identities
        return {
            "identity": _one_hot(self.identities.index(str(voice.identity[performed.row])), len(self.identities)),
            "emotion": _one_hot(emotion, len(self.emotions)),
            "voice": sound,
            "speaker": self.identities.index(voice.voice_name) if speaks else -1,
            "mood": emotion if heard else -1,
        }


def _one_hot(index: int, size: int) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[index]
