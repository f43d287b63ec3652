"""DiffPoseTalk in, what its style encoder and its motion are worth out: `python -m talkdemo.evaluate.style.report`.

    python -m talkdemo.evaluate.style.report [--parts encoder generated head diversity] [--systems pose-student-8 …]

Parts: `encoder` (held-out manners and real people told apart), `generated` (is the generated motion in the reference's
manner? with and without style), `head` (does the head move with the speech, and as fast as real heads?), `diversity`
(over seeds and references). All on held-out sentences and on manners that were never trained on. Markdown on the
standard output, the rows of its tables as JSON lines in runs/style.jsonl. Generated motions are kept in
runs/evaluate-cache.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from talkdemo.data.articulation.samples import COUNTS
from talkdemo.evaluate.style import (
    diversity as evaluate_style_diversity,
)
from talkdemo.evaluate.style import (
    encoder as evaluate_style_encoder,
)
from talkdemo.evaluate.style import (
    generated as evaluate_style_generated,
)
from talkdemo.evaluate.style import (
    head as evaluate_style_head,
)
from talkdemo.evaluate.style.manners import SPLIT, Follower, follower_weights
from talkdemo.evaluate.systems import parse_system
from talkdemo.pipeline import DEFAULT_GUIDANCE
from talkdemo.records import Reference

PARTS = ("encoder", "generated", "head", "diversity")
SYSTEMS = ("pose-student-8", "pose-full-8", "pose-full-512")
SLOW = 64  # steps from which on a system is asked for few manners, and for no heads and no diversity
ABLATION = "pose-full-8"


def follower(name: str) -> Follower:
    """Raises ValueError for the name of a system that follows no references, or that is not installed."""
    model = parse_system(name)
    if model is None:
        raise ValueError(f"got system {name!r}; wanted pose-full-STEPS, pose-student-STEPS or NAME@STEPS")
    follower_weights(model)
    return Follower(name, model)


def asked(
    systems: Sequence[Follower], guidance: Sequence[float], manners: int, few: int, ablation: Follower | None
) -> list[tuple[Follower, int]]:
    """Every system with the number of manners it is asked for: at the pipeline's own guidance, the quick ones also at
    every other weight of `guidance` on the style; then, without style, `ablation`."""
    found = []
    for system in systems:
        slow = system.model.steps >= SLOW
        found.append((system, few if slow else manners))
        if not slow:
            own = DEFAULT_GUIDANCE.get(system.model.checkpoint)
            found += [
                (replace(system, title=f"{system.title}, style {weight:g}", guidance=(1.0, weight)), manners)
                for weight in guidance
                if own is None or (own.audio, own.style) != (1.0, weight)
            ]
    if ablation:
        found.append((replace(ablation, title=f"{ablation.title}, null style", guidance=(1.0, 0.0)), manners))
    return found


def report(args: argparse.Namespace) -> Iterator[list[str]]:
    """The Markdown, part by part."""
    systems = [follower(name) for name in args.systems]
    quick = [system for system in systems if system.model.steps < SLOW]

    def embed(reference: Reference) -> np.ndarray:
        return encoder.embed(reference).cpu().numpy()

    if {"encoder", "generated"} & set(args.parts):
        from talkdemo.condition.style import StyleEncoder

        encoder = StyleEncoder.open(args.encoder) if args.encoder else StyleEncoder.open()
    if "encoder" in args.parts:
        yield evaluate_style_encoder.manner_lines(embed, args.manners, seed=args.seed)
        try:
            yield evaluate_style_encoder.people_lines(embed, seed=args.seed)
        except FileNotFoundError as error:
            print(f"evaluate_style: real people left out: {error}", file=sys.stderr)
    if "generated" in args.parts:
        ablation = follower(args.ablation) if args.ablation else None
        wanted = asked(systems, args.guidance, args.manners, args.few, ablation)
        yield evaluate_style_generated.lines(wanted, embed, args.manners, args.seconds, args.seed)
    if "head" in args.parts:
        yield evaluate_style_head.lines(quick, args.clips, args.seed)
    if "diversity" in args.parts:
        yield evaluate_style_diversity.lines(quick, seed=args.seed)


def rows(lines: Sequence[str]) -> Iterator[dict[str, object]]:
    """The rows of Markdown tables, each with the nearest heading above it as "table"; numbers as numbers."""
    table, head = "", None
    for line in lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else None
        if line.startswith("###"):
            table = line.strip("# ")
        if cells is None:
            head = None
        elif head is None:
            head = cells
        elif not set(line) <= set("|-"):
            yield {"table": table} | {name: _number(cell) for name, cell in zip(head, cells, strict=True)}


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="talkdemo.evaluate.style.report", description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), help="pose-full-N, pose-student-N or NAME@N")
    parser.add_argument("--guidance", type=float, nargs="*", default=[1.0, 1.5, 2.0], help="weights on the style")
    parser.add_argument("--ablation", default=ABLATION, metavar="SYSTEM", help="also asked without style; '' for none")
    parser.add_argument("--encoder", default="", metavar="CHECKPOINT", help="style encoder that judges (the shipped)")
    parser.add_argument("--manners", type=int, choices=range(2, COUNTS[SPLIT] + 1), metavar="2…64", default=64)
    parser.add_argument("--few", type=int, default=8, help=f"manners for systems of {SLOW} steps and more")
    parser.add_argument("--seconds", type=float, default=12.0, help="of speech behind each generated motion")
    parser.add_argument("--clips", type=int, default=56, help="heads whose beats are tested")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/style.jsonl"))
    args, told = parser.parse_args(arguments), []
    try:
        for lines in report(args):
            print("\n".join(lines), flush=True)
            told += [json.dumps(row) + "\n" for row in rows(lines)]
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text("".join(told), encoding="utf-8")
    except (ValueError, FileNotFoundError) as error:
        print(f"evaluate_style: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
