"""Cached sessions in, the talking model's weights out (`python -m talkdemo train diffusiontalker`).

x0-prediction on windows of L frames after P clean ones, steps drawn uniformly; losses on coefficients, velocities and
lip vertices; the voice is matched with the identity and emotion tables by contrastive losses (`--contrastive 0` leaves
them out: the ablation). Speech and identity are dropped at random, so that the model can be guided. Channels that a
corpus has not recorded carry no loss. `--regressor` trains the same network to answer without diffusion.
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
from talkdemo.data.articulation.emotions import EMOTIONS
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.diffusion.network import NetworkConfig
from talkdemo.diffusion.schedule import add_noise
from talkdemo.face.head import FaceModel
from talkdemo.records import FPS
from talkdemo.talker import KIND, Talker, TalkerConfig
from talkdemo.train.loop import LoopConfig, train
from talkdemo.train.talker.data import RECORDED, CachedVoice, load
from talkdemo.train.talker.losses import MotionLossWeights, motion_terms

DROP_SPEECH, DROP_IDENTITY = 0.1, 0.1
START_SHARE = 0.08  # windows that begin a session, with the learned start in front
SHORT_START_SHARE = 0.5  # likewise in sessions shorter than a window
SHARES = {"speechocean762": 10.0, "grid_s1": 5.0, "facegood": 1.5}  # how often drawn; a synthetic voice: 1
TABLES = {"library.identity": "identities", "library.emotion": "emotions"}  # one row a name
HEARD = 0.4  # loudness that counts as speech; a fifth of a window must reach it for its voice to be matched
PREVIOUS_NOISE = 0.05  # on the clean frames in front: when sampling they are not perfect either


TRAINED_ON = {
    "synthetic": "motion made by talkdemo.data.articulation.model for speech made by talkdemo.data.speech.synthetic",
    "speechocean762": "the same for speechocean762, training speakers (Zhang et al. 2021; CC BY 4.0)",
    "grid_s1": "GRID speaker s1, training clips (Cooke, Barker, Cunningham, Shao 2006; CC BY 4.0), MediaPipe tracks",
    "facegood": "FACEGOOD-Audio2Face, training takes (MIT)",
}


@dataclass(frozen=True)
class Batch:
    motion: torch.Tensor  # (B, L, 55) normalised
    previous: torch.Tensor  # (B, P, 55) normalised; ignored where `first`
    features: torch.Tensor  # (B, P + L, D)
    first: torch.Tensor  # (B,) bool
    identity: torch.Tensor  # (B,) in whose style
    emotion: torch.Tensor  # (B,)
    voice: torch.Tensor  # (B, P + L, 83)
    speaker: torch.Tensor  # (B,) the identity the voice belongs to, −1 for none or nobody heard
    mood: torch.Tensor  # (B,) the emotion that is heard, −1 where nobody is
    mask: torch.Tensor  # (B, L, 55) 1 where the motion is known

    def about(self, talker: Talker) -> tuple[torch.Tensor, torch.Tensor]:
        """What the talker's library takes: identities (B, I) and emotions (B, E) as weights."""
        config = talker.config.identity
        return (
            F.one_hot(self.identity, len(config.identities)).float(),
            F.one_hot(self.emotion, len(config.emotions)).float(),
        )


class Windows:
    """Endless random windows of the cached sessions."""

    def __init__(self, cached: Sequence[CachedVoice], talker: Talker, batch: int, seed: int) -> None:
        self.cached, self.batch, self.talker = cached, batch, talker
        self.rng = np.random.default_rng(seed)
        names = talker.config.identity.identities
        shares = np.array([SHARES.get(c.voice_name, 1.0) for c in cached])
        self.shares = shares / shares.sum()
        self.speaker = [names.index(c.voice_name) if c.voice_name in names else -1 for c in cached]
        self.identity = [[names.index(str(i)) for i in c.identity] for c in cached]
        self.emotion = [[talker.config.identity.emotions.index(str(e)) for e in c.emotion] for c in cached]

    def __iter__(self) -> Iterator[Batch]:
        config = self.talker.config.network
        length, p = config.window, config.previous
        statistics = self.talker.statistics
        while True:
            motion, features, first, identity, emotion, voice, speaker, mood, mask = ([] for _ in range(9))
            for k in self.rng.choice(len(self.cached), self.batch, p=self.shares):
                c = self.cached[k]
                s = int(self.rng.integers(len(c.emotion)))
                a, b = int(c.start[s]), int(c.start[s + 1])
                short = b - a < length + p
                starts = self.rng.random() < (SHORT_START_SHARE if short else START_SHARE)
                offset = -p if starts else int(self.rng.integers(0, max(1, b - a - length - p + 1)))
                frames = np.arange(offset, offset + p + length)
                rows = np.clip(frames, 0, b - a - 1) + a
                motion.append(c.motion[rows])
                features.append(c.features[rows])
                mask.append((frames[p:] < b - a)[:, None] & c.mask)
                first.append(starts)
                identity.append(self.identity[k][s])
                emotion.append(self.emotion[k][s])
                voice.append(c.voice[rows])
                heard = (c.voice[rows, -3] > HEARD).mean() > 0.2
                speaker.append(self.speaker[k] if heard else -1)
                mood.append(self.emotion[k][s] if heard else -1)
            device = statistics.mean.device
            moved = torch.from_numpy(np.stack(motion)).float().to(device)
            x = statistics.normalise(moved)
            known = torch.from_numpy(np.stack(mask)).float().to(device)
            yield Batch(
                motion=x[:, p:] * known.amax(1, keepdim=True),  # channels not recorded stand at their mean
                previous=x[:, :p] * known.amax(1, keepdim=True),
                features=torch.from_numpy(np.stack(features)).float().to(device),
                first=torch.tensor(first, device=device),
                identity=torch.tensor(identity, device=device),
                emotion=torch.tensor(emotion, device=device),
                voice=torch.from_numpy(np.stack(voice)).float().to(device),
                speaker=torch.tensor(speaker, device=device),
                mood=torch.tensor(mood, device=device),
                mask=known,
            )


class TalkerLoss:
    """The loss as one object: named terms of one batch."""

    def __init__(
        self, face: FaceModel, weights: MotionLossWeights | None = None, seed: int = 0, contrastive: float = 0.05
    ) -> None:
        lips = face.masks["lips"]
        upper, lower = (int(i) for i in face.inner_lip_middle)
        chosen = torch.cat([lips, torch.tensor([upper, lower])])
        self.lips = face.subset(chosen)
        self.inner = (len(chosen) - 2, len(chosen) - 1)
        self.weights = weights or MotionLossWeights()
        self.contrastive = contrastive
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, talker: Talker, batch: Batch) -> Mapping[str, torch.Tensor]:
        size, device = len(batch.motion), batch.motion.device
        t = torch.randint(1, talker.config.steps + 1, (size,), generator=self.generator).to(device)
        noise = torch.randn(batch.motion.shape, generator=self.generator).to(device)
        jitter = torch.randn(batch.previous.shape, generator=self.generator).to(device)
        drop_speech, drop_manner = (drop.to(device) for drop in self.dropped(size))

        if talker.config.regressor:
            t, z = torch.full_like(t, talker.config.steps), torch.zeros_like(batch.motion)
            drop_speech, drop_manner = torch.zeros_like(drop_speech), torch.zeros_like(drop_manner)
        else:
            z = add_noise(talker.schedule, batch.motion, noise, t)
        previous = torch.where(batch.first[:, None, None], talker.start, batch.previous + PREVIOUS_NOISE * jitter)
        features = torch.where(drop_speech[:, None, None], talker.null_features, batch.features)
        condition = talker.library(*batch.about(talker), features, drop_manner)
        predicted = talker.network(z, t, talker.network.speech(features), previous, condition).float()

        with torch.autocast(device.type, enabled=False):
            # lips of a masked clip: the prediction on its own channels, everything else as the truth was filled
            coefficients, _ = talker.statistics.restore(torch.where(batch.mask > 0, predicted, batch.motion))
            true, _ = talker.statistics.restore(batch.motion)
            terms = motion_terms(
                predicted, batch.motion, self.lips(coefficients), self.lips(true), self.inner, self.weights, batch.mask
            )
            return terms | self.more(talker, batch, predicted)

    def dropped(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(B,) bool each: whose speech and whose manner are left out, so that both can be guided."""
        speech, identity = torch.rand(2, size, generator=self.generator)
        return speech < DROP_SPEECH, identity < DROP_IDENTITY

    def more(self, talker: Talker, batch: Batch, predicted: torch.Tensor) -> Mapping[str, torch.Tensor]:
        """The terms of this system alone: voices against the tables."""
        if self.contrastive == 0:
            return {}
        who, mood = talker.library.contrastive_loss(batch.voice, batch.speaker, batch.mood)
        return {"identity": self.contrastive * who, "emotion": 0.5 * self.contrastive * mood}


def fit_statistics(talker: Talker, cached: Sequence[CachedVoice]) -> None:
    """Mean and standard deviation of every motion channel (in corpora without a mask) and of the voices. A channel that
    hardly moves gets a floor of 0.02, so that its noise is not blown up."""
    motion = np.concatenate([c.motion[::7] for c in cached if c.mask.all()]).astype(np.float32)
    voice = np.concatenate([c.voice[::7] for c in cached]).astype(np.float32)
    floor = np.r_[np.full(52, 0.02), np.full(3, 0.005)].astype(np.float32)
    talker.statistics.mean.copy_(torch.from_numpy(motion.mean(0)))
    talker.statistics.std.copy_(torch.from_numpy(np.maximum(motion.std(0), floor)))
    if talker.config.identity is None:
        return
    talker.library.voice_mean.copy_(torch.from_numpy(voice.mean(0)))
    talker.library.voice_std.copy_(torch.from_numpy(np.maximum(voice.std(0), 1e-2)))


def take_over(talker: Talker, name: str) -> int:
    """Copy the weights of checkpoint `name` that `talker` has in the same shape, and the rows of tables by their name;
    returns how many tensors were copied, whole or in part."""
    file = checkpoint.load(name, KIND)
    own, copied = talker.state_dict(), 0
    for key, tensor in file.tensors.items():
        if key in TABLES and key in own:
            before, now = file.config["identity"][TABLES[key]], getattr(talker.config.identity, TABLES[key])
            for i, row in enumerate(before):
                if row in now:
                    own[key][now.index(row)] = tensor[i]
        elif key in own and own[key].shape == tensor.shape:
            own[key].copy_(tensor)
        else:
            continue
        copied += 1
    talker.load_state_dict(own)
    return copied


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train diffusiontalker", description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("runs/talker"))
    parser.add_argument("--encoder", default="audio-encoder", help="that made the cached features")
    parser.add_argument("--init", metavar="NAME", help="start from the weights of this talker, as far as they fit")
    parser.add_argument("--width", type=int, default=NetworkConfig.width)
    parser.add_argument("--layers", type=int, default=NetworkConfig.layers)
    parser.add_argument("--run", type=Path, default=Path("runs/diffusiontalker"), help="folder of the run; resumes")
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--out", type=Path, default=checkpoint.WEIGHTS / "diffusiontalker.safetensors")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-steps", type=int, help="stop after so many optimiser steps, whatever the minutes")
    parser.add_argument("--contrastive", type=float, default=0.05, help="weight of the contrastive losses; 0: ablation")
    parser.add_argument("--regressor", action="store_true", help="no diffusion: the deterministic baseline")
    args = parser.parse_args(arguments)

    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cached = load(args.cache, "train")
    network = NetworkConfig(features=cached[0].features.shape[1], width=args.width, layers=args.layers)
    names = (*IDENTITIES, *(c.voice_name for c in cached if c.voice_name in RECORDED))
    voice = cached[0].voice.shape[1]
    identity = IdentityConfig(names, tuple(EMOTIONS), voice=voice, features=network.features)
    talker = Talker(TalkerConfig(identity, network, regressor=args.regressor, encoder=args.encoder)).to(device)
    if args.init:
        print(f"from {args.init}: {take_over(talker, args.init)} tensors taken over", flush=True)
    fit_statistics(talker, cached)
    sources = ["synthetic", *(c.voice_name for c in cached if c.voice_name in TRAINED_ON)]
    hours = sum(len(c.motion) for c in cached) / FPS / 3600

    def save(average: Talker, steps: int, minutes: float) -> None:
        provenance = {
            "trained_on": [TRAINED_ON[name] for name in sources],
            "licence": "Apache-2.0",
            "recipe": "talkdemo.train.talker.diffusiontalker",
            "hours_of_motion": round(hours, 2),
            "steps": steps,
            "minutes": round(minutes, 1),
            "contrastive": args.contrastive,
            "began_from": Path(args.init).stem if args.init else "random weights",
        }
        average.save(args.out, provenance)

    loss = TalkerLoss(FaceModel.load().to(device), seed=args.seed, contrastive=args.contrastive)
    batches = iter(Windows(cached, talker, args.batch, args.seed))
    train(talker, batches, loss, LoopConfig(args.minutes, args.rate, save_every=240), args.run, save, args.max_steps)


if __name__ == "__main__":
    main()
