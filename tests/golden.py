"""Fingerprints of what the command line makes, to prove that a change of structure changed no result.

    python tests/golden.py            # compare with tests/golden.json; status 1 and a list where something differs
    python tests/golden.py --record   # after a change that is meant to change results

A fingerprint is eight random projections of an array, so that a change of one coefficient by 1e-3 in every frame shows.
The same code differs from itself in the last bit (sums are split by threads and by how memory happens to be aligned),
which sampling grows to some 1e-7; hence a tolerance instead of a hash. Numbers hold for one kind of processor, so this
is a program and not a test: record before a re-cut, compare after it, on the same machine.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import av
import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
RECORD = Path(__file__).with_suffix(".json")
CLIPS = ("welcome", "lips", "german")
MODELS = ("diffusiontalker", "diffposetalk")
STEPS = (8, 32)
FRAME = 12  # of the rendered video
TOLERANCE = 2e-6  # of a projection of numbers of the order of 1
OF_VIDEO = 0.03  # of a frame of 0..1: the codec turns a last bit into grey levels


def fingerprint(array: np.ndarray) -> list[float]:
    """Eight projections on fixed random directions of unit length times √n; n itself comes first."""
    flat = np.asarray(array, np.float64).ravel()
    directions = np.random.default_rng(0).standard_normal((8, len(flat))) / np.sqrt(len(flat))
    return [float(len(flat)), *np.round(directions @ flat, 7)]


def talkdemo(*words: object) -> None:
    """One command line, in this process."""
    from talkdemo.__main__ import run

    with redirect_stdout(StringIO()):
        status = run([str(word) for word in words])
    if status:
        raise RuntimeError(f"talkdemo {words[0]} ended with status {status}")


def motion(path: Path) -> list[float]:
    with np.load(path) as file:
        return fingerprint(np.concatenate([file["coefficients"], file["head"]], axis=-1))


def table(path: Path) -> list[float]:
    """The numbers of a CSV, its column of time codes left out."""
    rows = [line.split(",")[1:] for line in path.read_text().splitlines()[1:]]
    return fingerprint(np.array(rows, float))


def picture(path: Path, index: int = 0) -> list[float]:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return fingerprint(frames[index] / 255)


def fingerprints(folder: Path) -> dict[str, list[float]]:
    """Name of a result → its fingerprint."""
    found = {}
    npz, csv, mp4, png = (folder / f"x.{ending}" for ending in ("npz", "csv", "mp4", "png"))
    speech = {clip: ROOT / "examples" / "speech" / f"{clip}.flac" for clip in CLIPS}
    for clip in CLIPS:
        for model in MODELS:
            for steps in STEPS:
                talkdemo("animate", speech[clip], "--model", model, "--steps", steps, "--seed", 7, "--npz", npz)
                found[f"{clip} {model} {steps}"] = motion(npz)
    talkdemo("animate", speech["lips"], "--csv", csv, "--npz", npz, "--out", mp4, "--size", 256)
    found |= {"npz": motion(npz), "csv": table(csv), "rendered frame": picture(mp4, FRAME)}
    talkdemo("express", "maya", "--preset", "happy", "--out", png)
    found["expression"] = picture(png)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.name}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # several threads wait for each other on a busy machine
    with tempfile.TemporaryDirectory() as folder:
        found = fingerprints(Path(folder))
    if arguments.record:
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in found.items())
        machine = json.dumps({"torch": torch.__version__, "machine": platform.machine()})
        RECORD.write_text(f'{{"made on": {machine}, "fingerprints": {{\n{lines}\n}}}}\n')
        return 0
    wanted = json.loads(RECORD.read_text())["fingerprints"]
    worst = {name: float(np.abs(np.subtract(found[name], wanted[name])).max()) for name in wanted}
    tolerance = {name: OF_VIDEO if name == "rendered frame" else TOLERANCE for name in wanted}
    different = [f"{name}: off by {by:.1e}" for name, by in worst.items() if not by <= tolerance[name]]
    print(f"{len(wanted) - len(different)} of {len(wanted)} are the same", *different, sep="\n  ")
    print(", ".join(f"{name} {by:.0e}" for name, by in worst.items()))
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
