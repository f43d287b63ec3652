"""Moves a student along with its retrained teacher, without distilling again: `python -m talkdemo train transfer`.

What retraining added to the teacher's weights is added to the student's: both started from the same weights and stayed
near them, so the difference means the same in either (task arithmetic, Ilharco et al. 2023). Statistics are taken over.
It takes a second; `evaluate` says whether the student still stands beside its teacher.
"""

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from talkdemo import checkpoint
from talkdemo.talker import Talker, TalkerConfig

TAKEN_OVER = ("statistics.", "library.voice_")  # how motion and voices are normalised: the new teacher's as they are


def moved(student: Talker, before: Talker, after: Talker) -> Talker:
    """`student` plus what `after` is more than `before`. Raises ValueError for networks that differ in more than that a
    student's takes guidance and few steps."""
    if not _plan(student) == _plan(before) == _plan(after):
        raise ValueError("a student and two teachers of different networks were given; the same network is wanted")
    tables = student.state_dict()
    first, second = before.state_dict(), after.state_dict()
    for name in tables.keys() & first.keys():
        if name.startswith(TAKEN_OVER):
            tables[name] = second[name]
        elif tables[name].is_floating_point():
            tables[name] = tables[name] + second[name] - first[name]
    talker = Talker(replace(after.config, network=student.config.network, student_steps=student.config.student_steps))
    talker.load_state_dict(tables)
    return talker.eval()


def _plan(talker: Talker) -> TalkerConfig:
    """The configuration, but for what distillation changes and for the names of encoders."""
    style = talker.config.style and replace(talker.config.style, encoder="")
    network = replace(talker.config.network, guided=False)
    return replace(talker.config, network=network, student_steps=None, encoder="", style=style)


def describe(student: checkpoint.Checkpoint, before: Path, after: checkpoint.Checkpoint) -> dict[str, Any]:
    """Provenance of a moved student: the new teacher's sources, and which weights it was moved between."""
    old: Mapping[str, Any] = student.provenance
    kept = {name: old[name] for name in ("method", "steps", "minutes", "rounds") if name in old}
    ends = {"from": _sha256(before), "to": _sha256(after.path)}
    own = {"recipe", "steps", "minutes"}
    return {
        **{name: value for name, value in after.provenance.items() if name not in own},
        **kept,
        "recipe": "talkdemo.train.distill.transfer",
        "teacher": {"name": after.path.stem, "sha256": ends["to"], **{k: after.provenance.get(k) for k in sorted(own)}},
        "moved": ends,
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train transfer", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("student", help="name or file of the student as it is")
    parser.add_argument("before", help="the teacher that it was distilled from")
    parser.add_argument("after", help="the same teacher, trained further")
    parser.add_argument("--out", type=Path, help="the checkpoint that is written (assets/weights/<student>)")
    args = parser.parse_args(arguments)
    (student, own), (before, first), (after, second) = map(Talker.open, (args.student, args.before, args.after))
    out = args.out or checkpoint.WEIGHTS / f"{own.path.stem}.safetensors"
    with torch.no_grad():
        moved(student, before, after).save(out, describe(own, first.path, second))
    print(f"{out}: {own.path.stem} moved to {second.path.stem}")


if __name__ == "__main__":
    main()
