"""The model in, its milliseconds a picture and its size out."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from talkdemo.evaluate.portraits.people import Person
from talkdemo.gcgan.crop import Crop
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait

ROUNDS = 20
THREADS = 2
LARGE = 1024  # pixels of the photograph


def middling(call: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Milliseconds: the middle and the shortest of so many rounds after two that do not count."""
    spent = []
    for _ in range(rounds + 2):
        begin = time.perf_counter()
        call()
        spent.append(1000 * (time.perf_counter() - begin))
    return float(np.median(spent[2:])), float(min(spent[2:]))


def lines(expresser: Expresser, one: Person, name: str) -> list[str]:
    """Markdown, timed on THREADS threads."""
    import cv2

    portrait, side = one.portrait(0), expresser.side
    target = one.seen[min(1, len(one.seen) - 1)]
    crop = Crop.around(portrait.landmarks, side)
    small = torch.from_numpy(crop.take(portrait.picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
    source, goal = (torch.from_numpy(crop.into(points))[None] / side for points in (portrait.landmarks, target))
    zoom = LARGE / len(portrait.picture)
    photograph = Portrait(cv2.resize(portrait.picture, (LARGE, LARGE)), portrait.landmarks * zoom, name)

    def network() -> object:
        with torch.inference_mode():
            return expresser.model(small, source, goal)

    calls: dict[str, Callable[[], object]] = {
        f"the network, {side}²": network,
        f"`express` in a photograph of {len(portrait.picture)}²": lambda: expresser.express(portrait, target),
        f"`express` in a photograph of {LARGE}²": lambda: expresser.express(photograph, target * zoom),
    }
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        timed = {title: middling(call) for title, call in calls.items()}
    finally:
        torch.set_num_threads(before)
    shown = [f"| {name}, {THREADS} threads, one picture at a time | ms (median) | ms (best) |", "|---" * 3 + "|"]
    shown += [f"| {title} | {median:.0f} | {best:.0f} |" for title, (median, best) in timed.items()]
    parts = {"generator": expresser.model.generator, "geometry": expresser.model.geometry}
    sizes = {title: sum(p.numel() for p in module.parameters()) / 1e6 for title, module in parts.items()}
    told = ", ".join(f"{title} {size:.2f} M" for title, size in sizes.items())
    return [*shown, "", f"Parameters: {told}; together {sum(sizes.values()):.2f} M.", ""]
