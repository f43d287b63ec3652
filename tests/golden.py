"""Hashes of what the command line makes, to prove that a change of structure changed no result.

    python tests/golden.py            # compare with tests/golden.json; status 1 and a list where something differs
    python tests/golden.py --record   # after a change that is meant to change results

Bitwise results hold for one kind of processor and one version of torch, so this is a program and not a test: record
before a re-cut, compare after it, on the same machine.
"""

from __future__ import annotations

import argparse
import hashlib
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


def digest(*arrays: np.ndarray) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype} {array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def talkdemo(*words: object) -> None:
    """One command line, in this process."""
    from talkdemo.__main__ import run

    with redirect_stdout(StringIO()):
        status = run([str(word) for word in words])
    if status:
        raise RuntimeError(f"talkdemo {words[0]} ended with status {status}")


def motion(path: Path) -> str:
    with np.load(path) as file:
        return digest(file["coefficients"], file["head"])


def picture(path: Path, index: int = 0) -> str:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return digest(frames[index])


def hashes(folder: Path) -> dict[str, str]:
    """Name of a result → 16 hexadecimal digits."""
    found = {}
    npz, csv, mp4, png = (folder / f"x.{ending}" for ending in ("npz", "csv", "mp4", "png"))
    speech = {clip: ROOT / "examples" / "speech" / f"{clip}.flac" for clip in CLIPS}
    for clip in CLIPS:
        for model in MODELS:
            for steps in STEPS:
                talkdemo("animate", speech[clip], "--model", model, "--steps", steps, "--seed", 7, "--npz", npz)
                found[f"{clip} {model} {steps}"] = motion(npz)
    talkdemo("animate", speech["lips"], "--csv", csv, "--npz", npz, "--out", mp4, "--size", 256)
    with np.load(npz) as file:
        found["npz"] = digest(*(file[name] for name in sorted(file) if name != "meta"))
    found["csv"] = hashlib.sha256(csv.read_bytes()).hexdigest()[:16]
    found["rendered frame"] = picture(mp4, FRAME)
    talkdemo("express", "maya", "--preset", "happy", "--out", png)
    found["expression"] = picture(png)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.name}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = hashes(Path(folder))
    if arguments.record:
        machine = {"torch": torch.__version__, "machine": platform.machine()}
        RECORD.write_text(json.dumps({**machine, "hashes": found}, indent=1) + "\n")
        return 0
    wanted = json.loads(RECORD.read_text())["hashes"]
    different = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    print(f"{len(found) - len(different)} of {len(wanted)} are identical", *different, sep="\n  ")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
