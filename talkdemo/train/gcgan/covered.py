"""Trains the small networks that tell whether a mouth, or both eyes, are covered, on what is drawn over photographs.

The figures that it prints are of people who were neither trained on nor asked for the threshold. All that covers faces
is drawn (data/portraits/occluders.py); so are beards and glasses, which must not count. How well drawings stand for
real masks and hands is not measured; a hint is what is found of a kind that was left out of the training.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from talkdemo.data.portraits.occluders import EYES, MOUTH
from talkdemo.data.portraits.photographs import Photo, photos
from talkdemo.data.portraits.store import VIEWS, Portraits, See, landmarks_seen
from talkdemo.face.landmarks import LANDMARKS
from talkdemo.face.track.landmarker import open_landmarker
from talkdemo.files import ASSETS, replacing
from talkdemo.gcgan import covered
from talkdemo.gcgan.portrait import Portrait
from talkdemo.train.gcgan.overlays import beard, glasses
from talkdemo.train.gcgan.recipe import TRAINED_ON

KINDS = {"mouth": tuple(MOUTH), "eyes": tuple(EYES)}
WORN = {"beard": beard, "glasses": glasses}
WEIGHTS = {"render": 0.5, "beard": 2.0, "glasses": 2.0}  # of an uncovered example; 1 for the others
COVERED = 0.7  # weight of all covered examples together, for 1 of the uncovered photographs
VALIDATION = 5  # every how many-th of the training people sets the threshold instead
RENDERED = 6  # images of a rendered person
UNITS, BATCH, RATE, DECAY, NOISE = 8, 512, 3e-3, 0.3, 0.15  # NOISE: of features, in their spreads
RARE, MARGIN = 0.99, 1.0  # the threshold lies MARGIN above this quantile of each kind of uncovered validation faces
SOURCES = TRAINED_ON[:3]  # all but the frames of GRID


@dataclass(frozen=True)
class Look:
    """How the parts of one face look."""

    kind: str  # "photograph" or "render"; of WORN or KINDS: what is drawn on a photograph
    split: str  # "train", "val" or "test"
    values: dict[str, np.ndarray]  # part of covered.PARTS → (255,) features

    @classmethod
    def of(cls, kind: str, split: str, image: np.ndarray, points: np.ndarray) -> "Look":
        """Of an image with landmarks (68, 3)."""
        face = Portrait(image, points[:, :2], depth=points[:, 2])
        return cls(kind, split, {part: covered.features(covered.patch(face, part)) for part in covered.PARTS})

    def under(self, name: str) -> str:
        """The kind, for one of the two networks: to that of the mouth all that covers eyes is one."""
        other = KINDS["eyes" if name == "mouth" else "mouth"]
        return "only the other covered" if self.kind in other else self.kind


def splits(found: Iterable[Photo]) -> dict[str, str]:
    """Person → split; some of the training people become "val"."""
    people = dict(sorted({photo.person: photo.split for photo in found}.items()))
    training = [person for person, split in people.items() if split == "train"]
    return people | dict.fromkeys(training[::VALIDATION], "val")


def photographed(found: Sequence[Photo], see: See, seed: int) -> Iterator[Look]:
    """Photographs as they are and with each kind of thing drawn on, where MediaPipe still finds the face."""
    split = splits(found)
    for number, photo in enumerate(found):
        with Image.open(photo.path) as file:
            image = np.asarray(file.convert("RGB"))
        points = landmarks_seen(image, see)[:LANDMARKS]
        if not np.isfinite(points).all():
            continue
        yield Look.of("photograph", split[photo.person], image, points)
        for name, drawn in dressed(image, points[:, :2], [seed, number]):
            again = landmarks_seen(drawn, see)[:LANDMARKS]  # as at run time: landmarks stray where nothing can be seen
            if np.isfinite(again).all():
                yield Look.of(name, split[photo.person], drawn, again)


def dressed(image: np.ndarray, points: np.ndarray, seed: list[int]) -> Iterator[tuple[str, np.ndarray]]:
    """An image (S, S, 3) uint8 with landmarks (68, 2) → each kind of WORN and KINDS by name, drawn on it."""
    side = len(image)
    for number, (name, wear) in enumerate(WORN.items()):
        colour, cover = wear(points / side, side, np.random.default_rng([*seed, number]))
        cover = cover[..., None]
        yield name, np.rint((image * (1 - cover) + 255 * colour * cover).clip(0, 255)).astype(np.uint8)
    for number, (name, draw) in enumerate((MOUTH | EYES).items(), len(WORN)):
        yield name, draw(image, points, np.random.default_rng([*seed, number]))


def rendered(folder: Path, seed: int) -> Iterator[Look]:
    """One view of each rendered person, in turn from the front, half and far aside."""
    rng = np.random.default_rng(seed)
    for path in sorted(folder.glob("p*.npz")):  # p<person>-<view>.npz
        person, view = path.stem[1:].split("-")
        if int(person) % VIEWS != int(view):
            continue
        faces = Portraits.load(path)
        there = np.flatnonzero(np.isfinite(faces.seen).all((1, 2)))
        for row in rng.permutation(there)[:RENDERED]:
            yield Look.of("render", faces.split, faces.pictures[row], faces.seen[row])


def scores(network: covered.Network, name: str, looks: Sequence[Look]) -> np.ndarray:
    """(N,) log odds, as covered.scores has them: of the side that looks covered least."""
    return np.min([network.odds(np.stack([look.values[side] for look in looks])) for side in covered.SIDES[name]], 0)


def fit(name: str, looks: Sequence[Look], steps: int, seed: int, without: str = "") -> covered.Network:
    """The network for the mouth or the eyes, from the training and validation people; `without` one kind."""
    torch.manual_seed(seed)
    rows = [look for look in looks if look.split == "train" and look.kind != without]
    values = np.stack([look.values[side] for look in rows for side in covered.SIDES[name]])
    kinds = np.array([look.kind for look in rows for _ in covered.SIDES[name]])
    wanted = np.isin(kinds, KINDS[name])
    photographs = len(kinds) - wanted.sum() - np.isin(kinds, list(WEIGHTS)).sum()
    weights = np.array([WEIGHTS.get(kind, 1.0) for kind in kinds])
    weights[wanted] = COVERED * photographs / max(wanted.sum(), 1)
    mean, spread = values.mean(0), values.std(0) + 0.1
    x = torch.from_numpy((values - mean) / spread)
    y, weight = torch.from_numpy(wanted).float(), torch.from_numpy(weights).float()
    net = nn.Sequential(nn.Linear(x.shape[1], UNITS), nn.Tanh(), nn.Linear(UNITS, 1))
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    for _ in range(steps):
        chosen = torch.randint(len(x), (BATCH,))
        noisy = x[chosen] + NOISE * torch.randn(BATCH, x.shape[1])
        loss = F.binary_cross_entropy_with_logits(net(noisy)[:, 0], y[chosen], weight[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    kept = [mean, spread, *(weight.detach().numpy() for weight in net.parameters()), np.array(0.0)]
    network = covered.Network(*(array.astype(np.float16).astype(np.float32) for array in kept))  # as it is stored
    return replace(network, sure=threshold(network, name, looks))


def threshold(network: covered.Network, name: str, looks: Sequence[Look]) -> np.ndarray:
    """(): above nearly all uncovered validation faces of every kind, and above even odds."""
    rows = [look for look in looks if look.split == "val" and look.kind not in KINDS[name]]
    found = by_kind(network, name, rows)
    highest = max((float(np.quantile(values, RARE)) for values in found.values()), default=0.0)
    return np.array(np.ceil(10 * (MARGIN + max(highest, 0.0))) / 10, np.float16).astype(np.float32)


def by_kind(network: covered.Network, name: str, looks: Sequence[Look]) -> dict[str, np.ndarray]:
    """Kind → log odds of its faces."""
    found = scores(network, name, looks) if looks else np.zeros(0)
    kinds = np.array([look.under(name) for look in looks])
    return {kind: found[kinds == kind] for kind in dict.fromkeys(kinds.tolist())}


def report(network: covered.Network, name: str, looks: Sequence[Look], left_out: dict[str, covered.Network]) -> str:
    """What is held for covered among the test people's faces, in lines."""

    def told(judge: covered.Network, kind: str) -> str:
        odds = by_kind(judge, name, [look for look in looks if look.split == "test" and look.under(name) == kind])
        high = odds.get(kind, np.zeros(0)) > judge.sure
        return f"{high.sum()} of {len(high)} ({100 * high.mean() if len(high) else 0:.0f} %)"

    free = dict.fromkeys(look.under(name) for look in looks if look.kind not in KINDS[name])
    lines = [f"{name}: covered from log odds of {float(network.sure):.1f}, by validation people; test people:"]
    lines += [f"  uncovered, {kind}: {told(network, kind)}" for kind in free]
    for kind in KINDS[name]:
        alone = f"; {told(left_out[kind], kind)} left out of training" if kind in left_out else ""
        lines.append(f"  covered, {kind}: {told(network, kind)}{alone}")
    return "\n".join(lines)


def save(path: Path, networks: dict[str, covered.Network]) -> None:
    """The file that covered.network reads."""
    arrays = {
        f"{name}/{key}": value.astype(np.float16)
        for name, found in networks.items()
        for key, value in vars(found).items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        np.savez_compressed(part, allow_pickle=False, trained_on=np.array(SOURCES), **arrays)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train covered", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("runs/portraits"), help="what `portrait_data` filled")
    parser.add_argument("--photographs", type=Path, help="folder of the photographs")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ASSETS / covered.NAME, help="the file that is written")
    args = parser.parse_args(arguments)

    with open_landmarker(video=False) as see:
        still = [photo for photo in photos(args.photographs) if photo.corpus != "grid"]  # which is one man
        looks = [*photographed(still, see, args.seed), *rendered(args.data / "renders", args.seed)]
    for kind in dict.fromkeys(look.kind for look in looks):
        counts = {
            split: sum(look.kind == kind and look.split == split for look in looks)
            for split in ("train", "val", "test")
        }
        print(f"{kind}: {', '.join(f'{count} {split}' for split, count in counts.items())}", flush=True)
    networks = {name: fit(name, looks, args.steps, args.seed) for name in KINDS}
    save(args.out, networks)
    for name, kinds in KINDS.items():
        left_out = {kind: fit(name, looks, args.steps, args.seed, kind) for kind in kinds}
        print(report(networks[name], name, looks, left_out), flush=True)
