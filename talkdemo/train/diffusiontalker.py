"""Cached sessions in, the talking model's weights out (`python -m talkdemo train diffusiontalker`).

x0-prediction on windows of L frames after P clean ones, steps drawn uniformly; losses on coefficients, velocities and
lip vertices; the voice is matched with the identity table by a contrastive loss. Speech and identity are dropped at
random, so that the model can be guided.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from talkdemo import checkpoint
from talkdemo.condition.identity import IdentityConfig
from talkdemo.data.emotions import EMOTIONS
from talkdemo.data.identities import IDENTITIES
from talkdemo.diffusion.network import NetworkConfig
from talkdemo.diffusion.schedule import add_noise
from talkdemo.face.head import FaceModel
from talkdemo.records import FPS
from talkdemo.talker import Talker, TalkerConfig
from talkdemo.train.loop import LoopConfig, train
from talkdemo.train.losses import MotionLossWeights, motion_terms
from talkdemo.train.talker_data import CachedVoice, load

DROP_SPEECH, DROP_IDENTITY = 0.1, 0.1
START_SHARE = 0.08  # windows that begin a session, with the learned start in front
PREVIOUS_NOISE = 0.05  # on the clean frames in front: when sampling they are not perfect either


@dataclass(frozen=True)
class Batch:
    motion: torch.Tensor  # (B, L, 55) normalised
    previous: torch.Tensor  # (B, P, 55) normalised; ignored where `first`
    features: torch.Tensor  # (B, P + L, D)
    first: torch.Tensor  # (B,) bool
    identity: torch.Tensor  # (B,) in whose style
    emotion: torch.Tensor  # (B,)
    voice: torch.Tensor  # (B, 163)
    speaker: torch.Tensor  # (B,) the identity the voice belongs to, −1 for none


class Windows:
    """Endless random windows of the cached sessions."""

    def __init__(self, cached: Sequence[CachedVoice], talker: Talker, batch: int, seed: int) -> None:
        self.cached, self.batch, self.talker = cached, batch, talker
        self.rng = np.random.default_rng(seed)
        names = talker.config.identity.identities
        self.speaker = [names.index(c.voice_name) if c.voice_name in names else -1 for c in cached]
        self.identity = [[names.index(str(i)) for i in c.identity] for c in cached]
        self.emotion = [[talker.config.identity.emotions.index(str(e)) for e in c.emotion] for c in cached]

    def __iter__(self) -> Iterator[Batch]:
        config = self.talker.config.network
        length, p = config.window, config.previous
        statistics = self.talker.statistics
        while True:
            motion, features, first, identity, emotion, voice, speaker = [], [], [], [], [], [], []
            for _ in range(self.batch):
                k = int(self.rng.integers(len(self.cached)))
                c = self.cached[k]
                s = int(self.rng.integers(len(c.emotion)))
                a, b = int(c.start[s]), int(c.start[s + 1])
                starts = self.rng.random() < START_SHARE
                offset = -p if starts else int(self.rng.integers(0, max(1, b - a - length - p + 1)))
                rows = np.clip(np.arange(offset, offset + p + length), 0, b - a - 1) + a
                motion.append(c.motion[rows])
                features.append(c.features[rows])
                first.append(starts)
                identity.append(self.identity[k][s])
                speaker.append(self.speaker[k])
                emotion.append(self.emotion[k][s])
                voice.append(c.voice[s])
            device = statistics.mean.device
            moved = torch.from_numpy(np.stack(motion)).float().to(device)
            x = statistics.normalise(moved[..., :52], moved[..., 52:])
            yield Batch(
                motion=x[:, p:],
                previous=x[:, :p],
                features=torch.from_numpy(np.stack(features)).float().to(device),
                first=torch.tensor(first, device=device),
                identity=torch.tensor(identity, device=device),
                emotion=torch.tensor(emotion, device=device),
                voice=torch.from_numpy(np.stack(voice)).to(device),
                speaker=torch.tensor(speaker, device=device),
            )


class TalkerLoss:
    """The loss as one object: named terms of one batch."""

    def __init__(self, face: FaceModel, weights: MotionLossWeights | None = None, seed: int = 0) -> None:
        lips = face.masks["lips"]
        upper, lower = (int(i) for i in face.inner_lip_middle)
        chosen = torch.cat([lips, torch.tensor([upper, lower])])
        self.lips = face.subset(chosen)
        self.inner = (len(chosen) - 2, len(chosen) - 1)
        self.weights = weights or MotionLossWeights()
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, talker: Talker, batch: Batch) -> Mapping[str, torch.Tensor]:
        size, device = len(batch.motion), batch.motion.device
        t = torch.randint(1, talker.config.steps + 1, (size,), generator=self.generator).to(device)
        noise = torch.randn(batch.motion.shape, generator=self.generator).to(device)
        jitter = torch.randn(batch.previous.shape, generator=self.generator).to(device)
        drop_speech, drop_identity = torch.rand(2, size, generator=self.generator).to(device)
        drop_speech, drop_identity = drop_speech < DROP_SPEECH, drop_identity < DROP_IDENTITY

        z = add_noise(talker.schedule, batch.motion, noise, t)
        previous = torch.where(batch.first[:, None, None], talker.start, batch.previous + PREVIOUS_NOISE * jitter)
        features = torch.where(drop_speech[:, None, None], talker.null_features, batch.features)
        who = F.one_hot(batch.identity, len(talker.config.identity.identities)).float()
        condition = talker.library(who, batch.emotion, drop_identity)
        predicted = talker.network(z, t, talker.network.speech(features), previous, condition).float()

        with torch.autocast(device.type, enabled=False):
            coefficients, _ = talker.statistics.restore(predicted)
            true, _ = talker.statistics.restore(batch.motion)
            terms = motion_terms(
                predicted, batch.motion, self.lips(coefficients), self.lips(true), self.inner, self.weights
            )
            known = batch.speaker >= 0
            matching = predicted.new_zeros(())  # stays 0 in a batch without any voice of an identity
            if known.any():
                matching = talker.library.contrastive_loss(batch.voice[known], batch.speaker[known])
        return {**terms, "matching": 0.05 * matching}


def fit_statistics(talker: Talker, cached: Sequence[CachedVoice]) -> None:
    """Mean and standard deviation of every motion channel and of the voice summaries. A channel that hardly moves gets
    a floor of 0.02, so that its noise is not blown up."""
    motion = np.concatenate([c.motion[::7] for c in cached]).astype(np.float32)
    voice = np.concatenate([c.voice for c in cached])
    floor = np.r_[np.full(52, 0.02), np.full(3, 0.005)].astype(np.float32)
    talker.statistics.mean.copy_(torch.from_numpy(motion.mean(0)))
    talker.statistics.std.copy_(torch.from_numpy(np.maximum(motion.std(0), floor)))
    talker.library.voice_mean.copy_(torch.from_numpy(voice.mean(0)))
    talker.library.voice_std.copy_(torch.from_numpy(np.maximum(voice.std(0), 1e-2)))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train diffusiontalker", description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("runs/talker"))
    parser.add_argument("--run", type=Path, default=Path("runs/diffusiontalker"), help="folder of the run; resumes")
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--out", type=Path, default=checkpoint.WEIGHTS / "diffusiontalker.safetensors")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)

    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cached = load(args.cache, "train")
    network = NetworkConfig(features=cached[0].features.shape[1])
    identity = IdentityConfig(tuple(IDENTITIES), tuple(EMOTIONS), voice=cached[0].voice.shape[1])
    talker = Talker(TalkerConfig(identity, network)).to(device)
    fit_statistics(talker, cached)
    hours = sum(len(c.motion) for c in cached) / FPS / 3600

    def save(average: Talker, steps: int, minutes: float) -> None:
        provenance = {
            "trained_on": "motion made by talkdemo.data.articulation for speech made by talkdemo.data.synthetic",
            "licence": "Apache-2.0",
            "recipe": "talkdemo.train.diffusiontalker",
            "hours_of_motion": round(hours, 2),
            "steps": steps,
            "minutes": round(minutes, 1),
        }
        average.save(args.out, provenance)

    loss = TalkerLoss(FaceModel.load().to(device), seed=args.seed)
    batches = iter(Windows(cached, talker, args.batch, args.seed))
    train(talker, batches, loss, LoopConfig(args.minutes, args.rate, save_every=240), args.run, save)


if __name__ == "__main__":
    main()
