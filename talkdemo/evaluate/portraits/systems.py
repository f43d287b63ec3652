"""The systems that edit portraits: GC-GAN, and two baselines that know nothing of faces.

`copy` leaves the portrait as it is; `warp` moves its pixels along with its landmarks (thin-plate splines), without
painting anything.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch

from talkdemo.evaluate.portraits.people import Pair, Person
from talkdemo.gcgan.crop import SIDE, Crop
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.flow import backward_flow, resize, warp
from talkdemo.gcgan.gaze import with_eyes
from talkdemo.gcgan.portrait import Portrait

System = Callable[[Portrait, np.ndarray], np.ndarray]  # (H, W, 3), targets (N, 68 or 70, 2) pixels → (N, H, W, 3) uint8
COPY, WARP = "copy the input", "warp by landmarks"
FLOW = 64  # pixels at which a warp is computed


def copy(portrait: Portrait, targets: np.ndarray) -> np.ndarray:
    return np.repeat(portrait.image[None], len(targets), axis=0)


def warp_landmarks(portrait: Portrait, targets: np.ndarray) -> np.ndarray:
    crop = Crop.around(portrait.landmarks, SIDE, portrait.frame.upright)
    original = crop.take(portrait.image)
    image = torch.from_numpy(original.astype(np.float32)).permute(2, 0, 1)[None]
    source = torch.from_numpy(crop.into(portrait.seen[: targets.shape[1]]))[None] / SIDE
    results = []
    for target in targets:
        goal = torch.from_numpy(crop.into(target))[None] / SIDE
        flow = with_eyes(resize(backward_flow(source, goal, FLOW), SIDE), source, goal)
        warped = warp(image, flow)[0].permute(1, 2, 0).round().clamp(0, 255).byte().numpy()
        results.append(crop.put(portrait.image, warped, original))
    return np.stack(results)


def model_system(expresser: Expresser) -> System:
    """The model as it is used."""
    return lambda portrait, targets: np.stack(list(expresser.express_all(portrait, targets)))


def edited_crops(system: System, people: Sequence[Person], pairs: Sequence[Pair]) -> np.ndarray:
    """(N, S, S, 3): every pair's source, edited, in the pair's crop. Pairs of one source are edited together."""
    groups: dict[tuple[int, int], list[int]] = {}
    for k, pair in enumerate(pairs):
        groups.setdefault((pair.person, pair.source), []).append(k)
    crops: dict[int, np.ndarray] = {}
    for (person, source), rows in groups.items():
        one = people[person]
        images = system(one.portrait(source), np.stack([one.seen[pairs[k].target] for k in rows]))
        crops |= {k: pairs[k].crop.take(image) for k, image in zip(rows, images, strict=True)}
    return np.stack([crops[k] for k in range(len(pairs))])


def true_crops(people: Sequence[Person], pairs: Sequence[Pair], which: Literal["source", "target"]) -> np.ndarray:
    """(N, S, S, 3): every pair's own `source` or `target` image, in the pair's crop."""
    return np.stack([pair.crop.take(people[pair.person].images[getattr(pair, which)]) for pair in pairs])
