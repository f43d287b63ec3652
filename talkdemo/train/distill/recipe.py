"""Distils a full talking model to students of few steps: progressive distillation (Salimans & Ho 2022).

Round after round, each student is the next round's teacher:

    python -m talkdemo train distill                       # 512 → … → 8: 20 minutes, and some for the scores
    python -m talkdemo train distill --out-steps 8 4 2     # goes on from there and installs three students
    python -m talkdemo train distill --report              # the table of scores alone
    python -m talkdemo train distill --teacher diffposetalk --run runs/distill-diffposetalk
    python -m talkdemo train distill --teacher runs/distill/round-8.safetensors --run runs/distill-compact --width 160

The last trains a smaller network (`--layers` too) to predict as the student of 8 steps: diffusiontalker-8-compact.

Round 512 folds guidance into the network (after Meng et al. 2023): a student with the guidance weights as an input
predicts in one evaluation what the teacher predicts in up to three. Every round after it halves the steps: the student
predicts x̃, from which one step arrives where two of its teacher's arrive (diffusion/progressive.py).

The same command resumes, a half-finished round too; a finished chain only prints its table. A student of N steps is to
be sampled in N steps.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from talkdemo import checkpoint, files
from talkdemo.talker import Talker
from talkdemo.train import recipe
from talkdemo.train.distill.chain import CHAIN_MINUTES, Chain, Options, Origin, planned
from talkdemo.train.distill.scores import read, table

TEACHER = "diffusiontalker"


def install(source: Path, target: Path) -> None:
    """Copy a round's checkpoint to where models are looked for; nothing where it is already."""
    if not target.exists() or target.read_bytes() != source.read_bytes():
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(target) as part:
            shutil.copyfile(source, part)
        print(f"{target.name}: installed in {target.parent}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = recipe.argument_parser("distill", __doc__, minutes=CHAIN_MINUTES, batch=32, out=checkpoint.WEIGHTS)
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("--teacher", default=TEACHER, help="the full model; for a compact student, a student")
    parser.add_argument("--cache", type=Path, default=Path("runs/talker"))
    parser.add_argument("--out-steps", type=int, nargs="+", default=[8], help="students that are installed in --out")
    parser.add_argument("--until", type=int, help="go on to so few steps, whatever is installed")
    parser.add_argument("--width", type=int, help="of a compact student")
    parser.add_argument("--layers", type=int, help="of a compact student")
    parser.add_argument("--report", action="store_true", help="only print the table of a run")
    args = parser.parse_args(arguments)
    if args.report:
        print(report(args.run))
        return

    device = recipe.begin(args)
    teacher, file = Talker.open(args.teacher)
    compact = args.width is not None or args.layers is not None
    until = min(args.out_steps if args.until is None else [*args.out_steps, args.until])
    rounds = planned(teacher.config, until, args.minutes, compact)
    reached = {current.steps for current in rounds}
    if not compact and not set(args.out_steps) <= reached:
        raise ValueError(f"students of {args.out_steps} steps were asked for; known are {sorted(reached)}")
    options = Options(args.run, args.cache, args.batch, args.seed, args.width, args.layers, args.max_steps)
    chain = Chain(teacher.to(device), Origin.of(file), options)
    chain.go(rounds)
    model = file.provenance.get("teacher", {}).get("name", file.path.stem)  # a compact student's teacher has a teacher
    for steps in reached if compact else args.out_steps:
        install(chain.file(steps), args.out / f"{model}-{steps}{'-compact' * compact}.safetensors")
    print(report(args.run))


def report(run: Path) -> str:
    """The table of a run. Raises ValueError if no round of it is done."""
    lines = read(run / "rounds.jsonl")
    if not lines:
        raise ValueError(f"{run} holds no finished round; `python -m talkdemo train distill --run {run}` makes them")
    return table(lines)
