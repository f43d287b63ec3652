"""A portrait and target landmarks in, the portrait with them out: the model's way, and two that know nothing of faces.

`copy` leaves the portrait as it is; `warp` draws it along with its landmarks (thin-plate splines), painting nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from talkdemo.evaluate.portraits.people import Pair, Person
from talkdemo.gcgan.crop import SIDE, Crop
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.flow import backward_flow, resize, warp
from talkdemo.gcgan.portrait import Portrait

Maker = Callable[[Portrait, np.ndarray], np.ndarray]  # (H, W, 3), targets (N, 68, 2) pixels → (N, H, W, 3) uint8
COPY, WARP = "copy the input", "warp by landmarks"
FLOW = 64  # pixels at which a warp is worked out


def copied(portrait: Portrait, targets: np.ndarray) -> np.ndarray:
    return np.repeat(portrait.picture[None], len(targets), axis=0)


def warped(portrait: Portrait, targets: np.ndarray) -> np.ndarray:
    crop = Crop.around(portrait.landmarks, SIDE)
    taken = crop.take(portrait.picture)
    picture = torch.from_numpy(taken.astype(np.float32)).permute(2, 0, 1)[None]
    source = torch.from_numpy(crop.into(portrait.landmarks))[None] / SIDE
    made = []
    for target in targets:
        flow = resize(backward_flow(source, torch.from_numpy(crop.into(target))[None] / SIDE, FLOW), SIDE)
        moved = warp(picture, flow)[0].permute(1, 2, 0).round().clamp(0, 255).byte().numpy()
        made.append(crop.put(portrait.picture, moved, taken))
    return np.stack(made)


def by(expresser: Expresser) -> Maker:
    """The model as it is used."""
    return lambda portrait, targets: np.stack(list(expresser.express_all(portrait, targets)))


def crops_made(make: Maker, people: Sequence[Person], pairs: Sequence[Pair]) -> np.ndarray:
    """(N, S, S, 3): what becomes of every pair's source, in the pair's crop. Pairs of one source are made together."""
    groups: dict[tuple[int, int], list[int]] = {}
    for k, pair in enumerate(pairs):
        groups.setdefault((pair.person, pair.source), []).append(k)
    made: list[np.ndarray] = [np.empty(0)] * len(pairs)
    for (person, source), rows in groups.items():
        one = people[person]
        pictures = make(one.portrait(source), np.stack([one.seen[pairs[k].target] for k in rows]))
        for k, picture in zip(rows, pictures, strict=True):
            made[k] = pairs[k].crop.take(picture)
    return np.stack(made)


def crops_taken(people: Sequence[Person], pairs: Sequence[Pair], of: str) -> np.ndarray:
    """(N, S, S, 3): every pair's own `source` or `target` picture, in the pair's crop."""
    return np.stack([pair.crop.take(people[pair.person].pictures[getattr(pair, of)]) for pair in pairs])
