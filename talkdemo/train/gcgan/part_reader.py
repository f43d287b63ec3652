"""Trains networks that read expressions off mouths and eyes, for the losses of GC-GAN's second stage.

A mouth that is nearly right pixel by pixel may still be read as another expression. What these networks learn to read
off a part is what MediaPipe reads off the whole face. Not shipped, and trained on training people alone.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkdemo import files
from talkdemo.face.arkit import MIRROR, NAMES, indices
from talkdemo.face.track.landmarker import open_landmarker
from talkdemo.gcgan.detail import PARTS, look
from talkdemo.train import recipe
from talkdemo.train.gcgan.data import Faces, Pairs, PairSampler, load
from talkdemo.train.loop import train

# What is read off a part, by network: the eye is the right one, as its network sees both.
COEFFICIENTS = {
    "mouth": [k for k, name in enumerate(NAMES) if name.startswith(("jaw", "mouth"))],
    "eye": indices(
        *(f"eye{way}Right" for way in ("Blink", "Squint", "Wide", "LookDown", "LookIn", "LookOut", "LookUp"))
    ),
}
WIDTHS = (24, 48, 96, 128)
PHOTOGRAPHS = 0.4  # share of the pairs, here and in the second stage


class PartReader(nn.Module):
    """Parts (B, 3, S, S) in −1 … 1 of one network → ARKit coefficients (B, C), and its stages' features."""

    def __init__(self, network: str) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 4, 2, 1), nn.GroupNorm(8, b), nn.LeakyReLU(0.2),
                nn.Conv2d(b, b, 3, 1, 1), nn.GroupNorm(8, b), nn.LeakyReLU(0.2),
            )
            for a, b in pairwise((4 * 3, *WIDTHS))
        )  # fmt: skip
        (side,) = {part.side for part in PARTS.values() if part.network == network}
        left = side // 2 ** (1 + len(WIDTHS))
        self.narrow = nn.Conv2d(WIDTHS[-1], 64, 1)
        self.last = nn.Sequential(
            nn.Linear(64 * left**2, 128), nn.LeakyReLU(0.2), nn.Linear(128, len(COEFFICIENTS[network]))
        )

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        x, features = F.pixel_unshuffle(image, 2), []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return self.last(F.leaky_relu(self.narrow(x), 0.2).flatten(1)).float(), features


def part_readers() -> nn.ModuleDict:
    """One of every network, untrained."""
    return nn.ModuleDict({network: PartReader(network) for network in COEFFICIENTS})


def open_part_readers(file: Path) -> nn.ModuleDict:
    """As they were saved."""
    readers = part_readers()
    readers.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return readers.eval().requires_grad_(False)


def coefficients_seen(faces: Faces, file: Path) -> np.ndarray:
    """(N, 52) float32: what MediaPipe reads off all faces, NaN where it finds none; kept in a file."""
    if not file.exists():
        rows = np.full((len(faces), len(NAMES)), np.nan, np.float32)
        with open_landmarker(video=False, faces=1) as see:
            for k, image in enumerate(faces.images):
                if found := see(image):
                    rows[k] = found[0].coefficients
        file.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(file) as part, part.open("wb") as to:
            np.save(to, rows)
    rows = np.load(file)
    if rows.shape != (len(faces), len(NAMES)):
        raise ValueError(
            f"{file} is of {len(rows)} faces, and there are {len(faces)}; remove it to have them read anew"
        )
    return rows


def part_reader_loss(readers: nn.ModuleDict, batch: Pairs, seen: Tensor) -> dict[str, Tensor]:
    """Of both images of every pair; `seen` (N, 52) is true of all faces."""
    images = [
        (batch.source_fine, batch.source_points, batch.rows[:, 0]),
        (batch.target_fine, batch.target_points, batch.rows[:, 1]),
    ]
    terms = {}
    for network, reader in readers.items():
        parts, truths = [], []
        for name in (name for name, part in PARTS.items() if part.network == network):
            other_side = batch.mirrored ^ PARTS[name].mirrored
            for fine, points, rows in images:
                parts.append(look(name, fine, fine, points, points).shown)
                own = seen[rows]
                truths.append(torch.where(other_side[:, None], own[:, list(MIRROR)], own)[:, COEFFICIENTS[network]])
        truth = torch.cat(truths)
        known = truth.isfinite().all(1)
        read, _ = reader(torch.cat(parts)[known])
        terms[network] = 10 * (read - truth[known]).abs().mean() + 30 * (read - truth[known]).square().mean()
    return terms


def main(arguments: Sequence[str] | None = None) -> None:
    run = "runs/gcgan-part-reader"
    parser = recipe.argument_parser("gcgan_part_reader", __doc__, minutes=12.0, batch=24, rate=1e-3, run=run)
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"))
    args = parser.parse_args(arguments)

    device = recipe.begin(args)
    faces = load(args.data, "train")
    seen = torch.from_numpy(coefficients_seen(faces, args.run / "coefficients.npy")).to(device)
    readers = part_readers().to(device)
    sampler = PairSampler(faces, args.batch, PHOTOGRAPHS if faces.real.any() else 0.0, args.seed)

    def save(average: nn.ModuleDict, steps: int, minutes: float) -> None:
        with files.replacing(args.run / "readers.pt") as part:
            torch.save(average.state_dict(), part)

    def loss(readers: nn.ModuleDict, batch: Pairs) -> dict[str, Tensor]:
        return part_reader_loss(readers, batch, seen)

    config = recipe.loop_config(args, save_every=60, log_every=25, average=0.995, clip=5.0)
    train(readers, recipe.on_device(sampler, device), loss, config, args.run, save, [sampler.rng, sampler.generator])
