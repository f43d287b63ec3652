"""Animates every clip of a FOLDER, however many; stopped or crashed, the same command goes on from there.

No clip stops the others: those that fail are named at the end, and in batch.jsonl beside the results.
"""

import argparse
import json
import sys
from pathlib import Path

from talkdemo.cli.arguments import add_style, choose_character, integer
from talkdemo.records import DEFAULT_STEPS, DIFFPOSETALK, DIFFUSIONTALKER, MAX_SEED, MAX_STEPS, MIN_STEPS
from talkdemo.serve.folder import KINDS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="sound and video files, also in folders within it")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the results go")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["npz"], help="what is made of each clip (npz)")
    add_style(parser)
    steps = integer(MIN_STEPS, MAX_STEPS)
    parser.add_argument("--steps", type=steps, default=DEFAULT_STEPS, metavar="N", help=f"({DEFAULT_STEPS})")
    parser.add_argument("--seed", type=integer(0, MAX_SEED), default=0, metavar="S", help="of every clip (0)")
    parser.add_argument("--character", metavar="NAME", help="of GLB and video (see talkdemo characters)")
    workers = "processes of a Ray cluster (talkdemo[ray]); without, this process alone"
    parser.add_argument("--workers", type=integer(1, 10_000), metavar="N", help=workers)
    parser.add_argument("--address", metavar="HOST:PORT|auto", help="of the cluster; without, one of this machine")
    parser.add_argument("--again", action="store_true", help="try again what failed before")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.serve.folder import Batch, animate, read_log

    if not arguments.folder.is_dir():
        raise ValueError(f"{arguments.folder}: there is no such folder; one of sound or video files is wanted")
    choices = {
        "model": DIFFUSIONTALKER if arguments.reference is None else DIFFPOSETALK,
        "identity": arguments.identity,
        "emotion": arguments.emotion,
        "reference": arguments.reference,
        "steps": arguments.steps,
        "seed": arguments.seed,
        "character": choose_character(arguments.character),
    }
    choices = {name: value for name, value in choices.items() if value is not None}
    batch = Batch(arguments.folder.resolve(), arguments.out.resolve(), tuple(arguments.kinds), choices)
    for row in animate(batch, arguments.workers, arguments.address, arguments.again):
        print(f"{row['clip']}: {row.get('error') or str(row['frames']) + ' frames'}", file=sys.stderr, flush=True)
    latest = {row["clip"]: row.get("error") for row in read_log(batch.out)[1:]}
    failed = {clip: error for clip, error in latest.items() if error}
    print(json.dumps({"done": len(latest) - len(failed), "failed": failed}, ensure_ascii=False))
    return 1 if failed else 0
