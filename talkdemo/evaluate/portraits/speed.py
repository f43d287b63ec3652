"""Measures the speed of GC-GAN per image, and its size."""

import time
from collections.abc import Callable

import numpy as np
import torch

from talkdemo.evaluate.portraits.people import Person
from talkdemo.evaluate.reporting import Column, Table
from talkdemo.gcgan.crop import steady
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.model import FacePoints

ROUNDS, WARM_UP = 20, 2
THREADS = 2
LARGE = 1024  # pixels of the photograph
FILM, FILMS = 50, 3  # frames of a film, and how many are made


def milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    """Median and minimum over ROUNDS, after WARM_UP rounds."""
    spent = []
    for _ in range(ROUNDS + WARM_UP):
        begin = time.perf_counter()
        call()
        spent.append(1000 * (time.perf_counter() - begin))
    return float(np.median(spent[WARM_UP:])), float(min(spent[WARM_UP:]))


def evaluate(expresser: Expresser, one: Person, name: str) -> Table:
    """Timed on THREADS threads."""
    import cv2

    portrait, side = one.portrait(0), expresser.side
    target = one.landmarks[min(1, len(one.landmarks) - 1)]
    crop = one.crop(0, side)
    small = torch.from_numpy(crop.take(portrait.image)).permute(2, 0, 1)[None].float() / 127.5 - 1
    source, goal = (
        FacePoints(torch.from_numpy(crop.into(points))[None] / side, torch.from_numpy(steady(points)[None]))
        for points in (portrait.landmarks, target)
    )
    zoom = LARGE / len(portrait.image)
    photograph = portrait.within(cv2.resize(portrait.image, (LARGE, LARGE)), zoom, np.zeros(2))

    def network() -> object:
        with torch.inference_mode():
            return expresser.model(small, source, goal)

    calls: dict[str, Callable[[], object]] = {
        f"the network, {side}²": network,
        f"`express` in a photograph of {len(portrait.image)}²": lambda: expresser.express(portrait, target),
        f"`express` in a photograph of {LARGE}²": lambda: expresser.express(photograph, target * zoom),
    }

    def frame() -> float:
        begin = time.perf_counter()
        path = expresser.path(portrait, target, np.linspace(0, 1, FILM).tolist())
        frames = sum(1 for _ in expresser.express_all(portrait, path))
        return 1000 * (time.perf_counter() - begin) / frames

    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        rows = [[title, *milliseconds(call)] for title, call in calls.items()]
        films = [frame() for _ in range(FILMS)]
        rows.append([f"a frame of a film of {len(portrait.image)}²", float(np.median(films)), min(films)])
    finally:
        torch.set_num_threads(threads)
    parts = {"generator": expresser.model.generator, "geometry": expresser.model.geometry}
    sizes = {title: sum(p.numel() for p in module.parameters()) / 1e6 for title, module in parts.items()}
    listed = ", ".join(f"{title} {size:.2f} M" for title, size in sizes.items())
    columns = [Column(f"{name}, {THREADS} threads")]
    columns += [Column("ms (median)", ".0f"), Column("ms (best)", ".0f")]
    return Table(columns, rows, note=f"Parameters: {listed}; together {sum(sizes.values()):.2f} M.")
