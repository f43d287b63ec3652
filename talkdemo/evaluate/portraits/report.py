"""GC-GAN in, what its portraits are worth on unseen people out: `python -m talkdemo.evaluate.portraits.report`.

    python -m talkdemo.evaluate.portraits.report [--parts renders photographs sweep manifold speed sheet] [--side 64]

Parts: `renders` and `photographs` (landmarks read off the result by MediaPipe, identity, SSIM, beside "copy the input"
and "warp by landmarks"), `sweep` (does the picture go steadily as the amount grows?), `manifold` (the claim about the
codes, with --plain NAME beside a geometry trained without the contrastive loss), `speed`, `sheet` (pictures; those of
photographs only into runs/). Markdown on the standard output; --file also writes each part as a section of such a file,
its command above it, so that evaluate_scores can measure it again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from talkdemo.evaluate import scores as evaluate_scores
from talkdemo.evaluate.portraits import (
    manifold as evaluate_portraits_manifold,
)
from talkdemo.evaluate.portraits import (
    pairs as evaluate_portraits_pairs,
)
from talkdemo.evaluate.portraits import (
    sheet as evaluate_portraits_sheet,
)
from talkdemo.evaluate.portraits import (
    speed as evaluate_portraits_speed,
)
from talkdemo.evaluate.portraits import (
    sweep as evaluate_portraits_sweep,
)
from talkdemo.evaluate.portraits.eye import Eye, open_eye
from talkdemo.evaluate.portraits.identity import Gallery, open_recogniser
from talkdemo.evaluate.portraits.makers import by
from talkdemo.evaluate.portraits.people import (
    Pair,
    Person,
    photographed,
    photographed_pairs,
    rendered,
    rendered_pairs,
)
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.model import KIND
from talkdemo.metrics.portraits.recogniser import Recogniser

TITLES = {
    "renders": "held-out renders",
    "photographs": "held-out photographs",
    "sweep": "amount sweep",
    "manifold": "manifold",
    "speed": "speed",
    "sheet": "contact sheet",
}
DATA, RECOGNISER = Path("runs/portraits"), Path("runs/recogniser.safetensors")
SHEET, PRIVATE = Path("examples/expression_sheet.webp"), Path("runs/expression_sheet_photographs.webp")
SIDES = (128, 64)


class Run:
    """What several parts share, made when the first one asks for it."""

    def __init__(self, args: argparse.Namespace, stack: ExitStack) -> None:
        self.args, self._stack = args, stack

    @cached_property
    def expresser(self) -> Expresser:
        return Expresser.load(self.args.model)

    @cached_property
    def name(self) -> str:
        return Path(self.args.model).stem

    @cached_property
    def rendered(self) -> list[Person]:
        return rendered(self.args.data, self.args.limit)

    @cached_property
    def photographed(self) -> list[Person]:
        return photographed(self.args.data, self.args.limit)

    @cached_property
    def eye(self) -> Eye:
        return self._stack.enter_context(open_eye())

    @cached_property
    def recogniser(self) -> Recogniser | None:
        return open_recogniser(self.args.recogniser) if self.args.recogniser else None


def renders(run: Run) -> list[str]:
    args, people = run.args, run.rendered
    pairs = rendered_pairs(people, args.pairs, args.side, args.seed)
    title = f"### {len(pairs)} pairs of {len(people)} rendered people, {args.side}²"
    found = _judged(run, people, pairs)
    part = evaluate_portraits_pairs
    whole, wanted = part.table(found, without=["smile"]), part.reach(found, run.name, "renders")
    return [title, "", *whole, *wanted, *part.by_expression(people, pairs, found, run.name)]


def photographs(run: Run) -> list[str]:
    people, side = run.photographed, run.args.side
    pairs = photographed_pairs(people, side)
    title = f"### {len(pairs)} people, neutral → smiling, {side}²; identity among {len(people)}"
    part, found = evaluate_portraits_pairs, _judged(run, people, pairs)
    return [title, "", *part.table(found), *part.reach(found, run.name, "photographs")]


def sweep(run: Run) -> list[str]:
    shown, args = [], run.args
    groups: list[tuple[str, list[Person], Callable[[list[Person], int], list[Pair]]]] = [
        ("rendered people, from rest", run.rendered, evaluate_portraits_sweep.rendered_sweeps),
        ("photographs, to a smile", run.photographed, photographed_pairs),
    ]
    for title, people, chosen in groups:
        pairs = [pair for pair in chosen(people, args.side) if pair.moves]
        shown += [f"### Amount 0 … 1.5 in {evaluate_portraits_sweep.STEPS} steps: {len(pairs)} {title}", ""]
        shown += evaluate_portraits_sweep.lines(people, pairs, run.expresser, run.eye, run.name)
    return shown


def manifold(run: Run) -> list[str]:
    part = evaluate_portraits_manifold
    models = {run.name: run.expresser}
    if run.args.plain:
        models["without contrastive loss"] = Expresser.load(run.args.plain)
    codes = {"landmarks as they are": part.plain} | {title: part.codes_of(model) for title, model in models.items()}
    landmarks, names = part.drawn(run.rendered)
    return [
        *part.separation_lines(run.rendered, codes),
        *part.transfer_lines(landmarks, names, models, run.args.seed),
        *part.path_lines(landmarks, names, models),
    ]


def speed(run: Run) -> list[str]:
    return evaluate_portraits_speed.lines(run.expresser, run.rendered[0], run.name)


def sheet(run: Run) -> list[str]:
    part, told = evaluate_portraits_sheet, []
    for people, made, path in (
        (lambda: run.rendered, part.rendered_sheet, run.args.sheet),
        (lambda: run.photographed, part.photographed_sheet, PRIVATE),
    ):
        picture = made(people(), run.expresser)
        part.save(picture, path)
        told.append(f"{path}: {picture.shape[1]} × {picture.shape[0]} pixels")
    return [*told, ""]


def _judged(run: Run, people: Sequence[Person], pairs: Sequence[Pair]) -> Mapping[str, Mapping]:
    gallery = Gallery.of(people, run.recogniser)
    make = by(run.expresser)
    return evaluate_portraits_pairs.judged(people, pairs, make, gallery, run.eye, run.args.side, run.name)


PARTS: dict[str, Callable[[Run], list[str]]] = {
    part.__name__: part for part in (renders, photographs, sweep, manifold, speed, sheet)
}


def command(args: argparse.Namespace, part: str) -> str:
    """The command that prints this part alone."""
    words = ["python -m talkdemo.evaluate.portraits.report", "--parts", part]
    given = {"--model": KIND, "--data": DATA, "--recogniser": RECOGNISER, "--limit": None, "--pairs": 600, "--seed": 0,
             "--side": SIDES[0], "--plain": ""}  # fmt: skip
    for flag, usual in given.items():
        value = getattr(args, flag.removeprefix("--"))
        if value != usual and (flag != "--plain" or part == "manifold"):
            words += [flag, str(value or "''")]
    return " ".join(words)


def report(args: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """Part by part, its Markdown."""
    with ExitStack() as stack:
        run = Run(args, stack)
        for part in args.parts:
            yield part, PARTS[part](run)


def write(path: Path, title: str, command: str, printed: str) -> None:
    """The file with one section new or in the place of the one that was there."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# Scores\n"
    head, sections = evaluate_scores.read(text)
    made = evaluate_scores.measured(evaluate_scores.Section(title, command, ""), printed)
    titles = [section.title for section in sections]
    if title in titles:
        sections[titles.index(title)] = made
    else:
        sections.append(made)
    part = path.with_name(path.name + ".part")
    whole = "\n".join(section.text() for section in sections)
    part.write_text(f"{head.rstrip()}\n\n{whole}", encoding="utf-8")
    part.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="talkdemo.evaluate.portraits.report", description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--model", default=KIND, metavar="NAME", help="checkpoint's name or path")
    parser.add_argument("--plain", default="", metavar="NAME", help="one whose geometry had no contrastive loss")
    parser.add_argument("--data", type=Path, default=DATA, help="what `talkdemo train portrait_data` filled")
    parser.add_argument("--recogniser", type=_path, default=RECOGNISER, help="from `train recogniser`; '' for none")
    parser.add_argument("--limit", type=int, metavar="N", help="so many people at most (all)")
    parser.add_argument("--pairs", type=int, default=600, help="of rendered pictures")
    parser.add_argument("--side", type=int, choices=SIDES, default=SIDES[0], help="pixels at which all is measured")
    parser.add_argument("--sheet", type=Path, default=SHEET, help="where the sheet of rendered people goes")
    parser.add_argument("--file", type=Path, metavar="SCORES.md", help="also write the parts as its sections")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    try:
        for part, lines in report(args):
            asked, printed = command(args, part), "\n".join(lines)
            title = f"GC-GAN: {TITLES[part]}" + ("" if args.side == SIDES[0] else f" at {args.side}²")
            if len(args.parts) > 1:  # alone, whoever asked knows what for
                print(f"## {title}\n\n`{asked}`\n")
            print(printed, flush=True)
            if args.file and part != "sheet":
                write(args.file, title, asked, printed)
    except (ValueError, FileNotFoundError) as error:
        print(f"evaluate_portraits: {error}", file=sys.stderr)
        return 2
    return 0


def _path(text: str) -> Path | None:
    return Path(text) if text else None


if __name__ == "__main__":
    raise SystemExit(main())
