"""What the recipes of both talking models share: objective, statistics, initial weights, arguments, the run."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch

from talkdemo import checkpoint
from talkdemo.condition.identity import IdentityLibrary
from talkdemo.diffusion.schedule import add_noise
from talkdemo.records import COEFFICIENTS, FPS, HEAD_CHANNELS
from talkdemo.talker import KIND, Talker
from talkdemo.train import recipe
from talkdemo.train.loop import train
from talkdemo.train.talker.data import CachedVoice
from talkdemo.train.talker.losses import MotionLoss
from talkdemo.train.talker.windows import Batch, Windows

DROP_SPEECH, DROP_CONDITION = 0.1, 0.1
PREVIOUS_NOISE = 0.05  # on the clean frames in front: when sampling they are not perfect either
TABLES = {"library.identity": "identities", "library.emotion": "emotions"}  # one row a name
TRAINED_ON = {
    "synthetic": "motion made by talkdemo.data.articulation.model for speech made by talkdemo.data.speech.synthetic",
    "speechocean762": "the same for speechocean762, training speakers (Zhang et al. 2021; CC BY 4.0)",
    "voices-kathleen": "the same for kathleen (English), training clips (Rhasspy voice datasets; CC0 1.0)",
    "voices-kerstin": "the same for kerstin (German), training clips (Rhasspy voice datasets; CC0 1.0)",
    "voices-nathalie": "the same for nathalie (Dutch), training clips (Rhasspy voice datasets; CC0 1.0)",
    "grid_s1": "GRID speaker s1, training clips (Cooke, Barker, Cunningham, Shao 2006; CC BY 4.0), MediaPipe tracks",
    "facegood": "FACEGOOD-Audio2Face, training takes (MIT)",
}
AnyBatch = TypeVar("AnyBatch", bound=Batch)


class TalkerLoss(Generic[AnyBatch]):
    """x0-prediction at steps drawn uniformly; speech and condition are dropped at random, as guidance wants it."""

    def __init__(self, motion: MotionLoss, seed: int = 0) -> None:
        self.motion = motion
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, talker: Talker, batch: AnyBatch) -> dict[str, torch.Tensor]:
        size, device = len(batch.motion), batch.motion.device
        t = torch.randint(1, talker.config.steps + 1, (size,), generator=self.generator).to(device)
        noise = torch.randn(batch.motion.shape, generator=self.generator).to(device)
        jitter = torch.randn(batch.previous.shape, generator=self.generator).to(device)
        drop_speech, drop_condition = (drop.to(device) for drop in self.dropped(size))

        if talker.config.regressor:
            t, z = torch.full_like(t, talker.config.steps), torch.zeros_like(batch.motion)
            drop_speech, drop_condition = torch.zeros_like(drop_speech), torch.zeros_like(drop_condition)
        else:
            z = add_noise(talker.schedule, batch.motion, noise, t)
        previous = torch.where(batch.first[:, None, None], talker.start, batch.previous + PREVIOUS_NOISE * jitter)
        features = torch.where(drop_speech[:, None, None], talker.null_features, batch.features)
        condition = talker.library(*batch.condition, features, drop_condition)
        predicted = talker.network(z, t, talker.network.window(features, previous, condition)).float()

        with torch.autocast(device.type, enabled=False):
            terms = self.motion(talker.statistics, predicted, batch.motion, batch.mask)
            return terms | self.own_terms(talker, batch, predicted)

    def dropped(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(B,) bool each: windows without speech, windows without condition."""
        speech, condition = torch.rand(2, size, generator=self.generator)
        return speech < DROP_SPEECH, condition < DROP_CONDITION

    def own_terms(self, talker: Talker, batch: AnyBatch, predicted: torch.Tensor) -> dict[str, torch.Tensor]:
        """Terms of this system alone."""
        return {}


def fit_statistics(talker: Talker, voices: Sequence[CachedVoice]) -> None:
    """Mean and standard deviation of every motion channel (in corpora without a mask) and of the voices. A channel that
    hardly moves gets a floor of 0.02, so that its noise is not blown up."""
    motion = np.concatenate([v.motion[::7] for v in voices if v.mask.all()]).astype(np.float32)
    floor = np.repeat([0.02, 0.005], [COEFFICIENTS, HEAD_CHANNELS]).astype(np.float32)
    fit(talker.statistics.mean, talker.statistics.std, motion, floor)
    if isinstance(talker.library, IdentityLibrary):
        voice = np.concatenate([v.voice[::7] for v in voices]).astype(np.float32)
        fit(talker.library.voice_mean, talker.library.voice_std, voice, np.float32(1e-2))


def fit(mean: torch.Tensor, std: torch.Tensor, rows: np.ndarray, floor: np.ndarray | np.float32) -> None:
    """Set `mean` and `std` (C,) to those of `rows` (N, C), no smaller than `floor`."""
    mean.copy_(torch.from_numpy(rows.mean(0)))
    std.copy_(torch.from_numpy(np.maximum(rows.std(0), floor)))


def copy_weights(talker: Talker, name: str) -> int:
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


def argument_parser(model: str, description: str | None, minutes: float) -> argparse.ArgumentParser:
    out = checkpoint.WEIGHTS / f"{model}.safetensors"
    parser = recipe.argument_parser(model, description, minutes=minutes, batch=32, rate=5e-4, out=out)
    parser.add_argument("--cache", type=Path, default=Path("runs/talker"), help="what `train talker_data` filled")
    parser.add_argument("--encoder", default="audio-encoder", help="that the cached features come from")
    parser.add_argument("--init", metavar="NAME", help="start from the weights of this talker, as far as they match")
    return parser


def prepare(talker: Talker, voices: Sequence[CachedVoice], args: argparse.Namespace) -> None:
    """Initial weights and statistics."""
    if args.init:
        print(f"from {args.init}: {copy_weights(talker, args.init)} tensors copied", flush=True)
    fit_statistics(talker, voices)


def train_talker(
    talker: Talker, windows: Windows, loss: TalkerLoss[Any], args: argparse.Namespace, module: str, **more: Any
) -> None:
    """Train and save the average as args.out; `module` and `more` go into its provenance."""
    voices = windows.voices
    sources = [TRAINED_ON[name] for name in ("synthetic", *(v.voice_name for v in voices)) if name in TRAINED_ON]
    hours = sum(len(v.motion) for v in voices) / FPS / 3600
    more |= {"hours_of_speech": round(hours, 2), "began_from": Path(args.init).stem if args.init else "random weights"}

    def save(average: Talker, steps: int, minutes: float) -> None:
        average.save(args.out, recipe.provenance(f"talker.{module}", sources, steps, minutes, **more))

    config = recipe.loop_config(args, save_every=240)
    train(talker, iter(windows), loss, config, args.run, save, [windows.rng, loss.generator])
