"""Makes GC-GAN's training images: renders of random people and crops of photographs, under runs/portraits.

`python -m talkdemo train portrait_data renders` skips the people that are there, so it resumes; `… photos` reads the
photographs of data/portraits/photographs.py in one go.
"""

import argparse
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from talkdemo import files
from talkdemo.data.portraits.photographs import photos
from talkdemo.data.portraits.store import PEOPLE, VIEWS, into, landmarks_seen, render_people, stored_crop
from talkdemo.face.landmarks import LANDMARKS


def make_renders(out: Path, people: range, processes: int = 2, seed: int = 0) -> int:
    """Fill out/renders; returns how many of `people` are there."""
    folder = out / "renders"
    shares = [people[i::processes] for i in range(processes)]
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_one_thread) as pool:
        for job in [pool.submit(_renders, share, folder, seed) for share in shares]:
            job.result()
    return sum((folder / f"p{k:03d}-{VIEWS - 1}.npz").exists() for k in people)


def make_photos(out: Path, folder: Path | None = None) -> list[str]:
    """Write out/photos.npz; returns the photographs in which no face was found."""
    from talkdemo.face.track.landmarker import open_landmarker

    rows, unseen = [], []
    with open_landmarker(video=False) as see:
        for photo in photos(folder):
            with Image.open(photo.path) as file:
                image = np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
            points = landmarks_seen(image, see)
            if not np.isfinite(points).all():
                unseen.append(photo.path.name)
                continue
            crop = stored_crop(points[:LANDMARKS])
            marks = into(crop, points)
            about = photo.person, photo.expression, photo.corpus, photo.split, photo.view
            rows.append((crop.take(image), marks[:LANDMARKS], marks[LANDMARKS:, :2], *about))
    if not rows:
        raise ValueError(f"{len(unseen)} photographs were given, and no face was found in any; photographs are wanted")
    names = ("pictures", "seen", "pupils", "person", "expression", "corpus", "split", "view")
    columns: dict[str, Any] = dict(zip(names, map(np.array, zip(*rows, strict=True)), strict=True))
    out.mkdir(parents=True, exist_ok=True)
    with files.replacing(out / "photos.npz") as part:
        np.savez(part, **columns)
    return unseen


def _renders(people: Sequence[int], folder: Path, seed: int) -> None:
    start = time.monotonic()
    for count, portraits in enumerate(render_people(people, folder, seed), 1):
        lost = int(np.isnan(portraits.seen[:, 0, 0]).sum())
        note = f", {lost} without landmarks" if lost else ""
        print(
            f"{portraits.person}-{portraits.view}: {(time.monotonic() - start) / count:.1f} s a view{note}", flush=True
        )


def _one_thread() -> None:
    """Two processes on two cores: neither torch nor Mesa's rasteriser is to start more threads."""
    import torch

    torch.set_num_threads(1)
    os.environ.setdefault("LP_NUM_THREADS", "0")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train portrait_data", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("step", choices=["renders", "photos"])
    parser.add_argument("--out", type=Path, default=Path("runs/portraits"))
    parser.add_argument("--first", type=int, default=0, help="person to begin with")
    parser.add_argument("--people", type=int, default=PEOPLE, help="person to end before")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    if args.step == "photos":
        unseen = make_photos(args.out)
        print(f"{args.out / 'photos.npz'} written; no face in {', '.join(unseen) or 'none'}")
        return
    if args.processes < 1:
        raise ValueError(f"{args.processes} processes were asked for; at least 1 is wanted")
    if not 0 <= args.first < args.people <= PEOPLE:
        raise ValueError(f"people {args.first} to {args.people} were asked for; there are 0 to {PEOPLE}")
    there = make_renders(args.out, range(args.first, args.people), args.processes, args.seed)
    print(f"{there} people in {args.out / 'renders'}")
