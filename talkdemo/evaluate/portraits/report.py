"""Evaluates GC-GAN on held-out people.

Parts: `renders` and `photographs` (landmarks read off the result by MediaPipe, identity, SSIM, beside "copy the input"
and "warp by landmarks"), `poses` (turned heads keep pose and outline, closed eyes close, grey stays grey), `sweep`
(does the image change steadily as the amount grows?), `manifold` (its expression codes, with --plain NAME beside a
geometry trained without the contrastive loss), `speed`, `flicker` (what moves in a film and should not), `sheet`
(contact sheets, also by yaw, colour and opening of the mouth; those of photographs only into runs/).
Markdown on the standard output; --file also writes each part as a section of such a file, with its command, so that
`evaluate scores` can renew it.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from talkdemo.data.portraits.store import VIEWS
from talkdemo.evaluate import scores
from talkdemo.evaluate.names import (
    GCGAN,
    PORTRAIT_PARTS,
    PORTRAIT_SIDES,
    PORTRAITS,
    PRIVATE_SHEET,
    RECOGNISER,
)
from talkdemo.evaluate.portraits import contact_sheet, flicker, manifold, pairs, poses, speed, sweep
from talkdemo.evaluate.portraits.identity import Gallery, open_recogniser
from talkdemo.evaluate.portraits.landmark_reader import Reader, open_reader
from talkdemo.evaluate.portraits.people import (
    Pair,
    Person,
    photographed,
    photographed_pairs,
    rendered,
    rendered_pairs,
)
from talkdemo.evaluate.portraits.systems import model_system
from talkdemo.evaluate.reporting import Scores, table
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.gallery import open_gallery
from talkdemo.metrics.portraits.recogniser import Recogniser
from talkdemo.records import MAX_AMOUNT


class Run:
    """What several parts share, loaded when the first one needs it."""

    def __init__(self, args: argparse.Namespace, stack: ExitStack) -> None:
        self.args, self._stack = args, stack
        self.name = Path(args.model).stem

    @cached_property
    def expresser(self) -> Expresser:
        return Expresser.load(self.args.model)

    @cached_property
    def rendered(self) -> list[Person]:
        return rendered(self.args.data, self.args.limit)

    @cached_property
    def views(self) -> list[list[Person]]:
        """The rendered people from the front and from the sides."""
        return [self.rendered, *(rendered(self.args.data, self.args.limit, view) for view in range(1, VIEWS))]

    @cached_property
    def photographed(self) -> list[Person]:
        return photographed(self.args.data, self.args.limit)

    @cached_property
    def reader(self) -> Reader:
        return self._stack.enter_context(open_reader())

    @cached_property
    def recogniser(self) -> Recogniser | None:
        return open_recogniser(Path(self.args.recogniser)) if self.args.recogniser else None

    def scores(self, people: Sequence[Person], asked: Sequence[Pair]) -> Mapping[str, Scores]:
        system, gallery = model_system(self.expresser), Gallery(people, self.recogniser)
        return pairs.evaluate(people, asked, system, gallery, self.reader, self.args.side, self.name)


def evaluate_renders(run: Run) -> list[object]:
    args, people = run.args, run.rendered
    asked = rendered_pairs(people, args.pairs, args.side, args.seed)
    found = run.scores(people, asked)
    title = f"{len(asked)} pairs of {len(people)} rendered people, {args.side}²"
    targets = pairs.targets_table(found, run.name, "renders")
    by_expression = pairs.expression_table(people, asked, found, run.name)
    return [table(found, pairs.COLUMNS, title, without=["smile"]), targets, by_expression]


def evaluate_photographs(run: Run) -> list[object]:
    people, side = run.photographed, run.args.side
    asked = photographed_pairs(people, side)
    found = run.scores(people, asked)
    title = f"{len(asked)} people, neutral → smiling, {side}²; identity among {len(people)}"
    return [table(found, pairs.COLUMNS, title), pairs.targets_table(found, run.name, "photographs")]


def evaluate_poses(run: Run) -> list[object]:
    gallery = Gallery(run.rendered, run.recogniser) if run.recogniser else None
    table = poses.poses_table(run.views, run.expresser, run.reader, gallery)
    return [table, poses.grey_table(run.photographed, run.expresser)]


def evaluate_sweep(run: Run) -> list[object]:
    groups: list[tuple[str, list[Person], Callable[[Sequence[Person], int], list[Pair]]]] = [
        ("rendered people, from rest", run.rendered, sweep.rendered_sweeps),
        ("photographs, to a smile", run.photographed, photographed_pairs),
    ]
    tables: list[object] = []
    for group, people, choose in groups:
        asked = [pair for pair in choose(people, run.args.side) if pair.moves]
        found = sweep.evaluate(people, asked, run.expresser, run.reader, run.name)
        title = f"Amount 0 … {MAX_AMOUNT:g} in {sweep.STEPS} steps: {len(asked)} {group}"
        tables.append(table(found, sweep.COLUMNS, title))
    return tables


def evaluate_manifold(run: Run) -> list[object]:
    models = {run.name: run.expresser}
    if run.args.plain:
        models["without contrastive loss"] = Expresser.load(run.args.plain)
    codes: dict[str, manifold.Codes] = {"landmarks as they are": manifold.plain}
    codes |= {title: manifold.codes_of(model) for title, model in models.items()}
    landmarks, names = manifold.synthetic_landmarks(run.rendered)
    return [
        manifold.separation(run.rendered, codes),
        manifold.poses(run.views, codes),
        manifold.transfer(landmarks, names, models, run.args.seed),
        manifold.interpolation(landmarks, names, models),
    ]


def evaluate_flicker(run: Run) -> list[object]:
    shown = {"a render": open_gallery("maya"), "a photograph": run.photographed[0].portrait(0)}
    return [flicker.evaluate(run.expresser, shown, run.args.seed)]


def draw_sheets(run: Run) -> list[object]:
    path: Path = run.args.sheet
    sheets = {
        path.with_stem(path.stem + name): sheet
        for name, sheet in contact_sheet.rendered_sheets(run.views, run.expresser).items()
    }
    sheets[PRIVATE_SHEET] = contact_sheet.photographed_sheet(run.photographed, run.expresser)
    for path, sheet in sheets.items():
        contact_sheet.save(sheet, path)
    return [f"{path}: {sheet.shape[1]} × {sheet.shape[0]} pixels" for path, sheet in sheets.items()]


PARTS: dict[str, Callable[[Run], list[object]]] = {  # of PORTRAIT_PARTS
    "renders": evaluate_renders,
    "photographs": evaluate_photographs,
    "poses": evaluate_poses,
    "sweep": evaluate_sweep,
    "manifold": evaluate_manifold,
    "speed": lambda run: [speed.evaluate(run.expresser, run.rendered[0], run.name)],
    "flicker": evaluate_flicker,
    "sheet": draw_sheets,
}


def command(args: argparse.Namespace, part: str) -> str:
    """The command that prints this part alone."""
    words = [f"{scores.EVALUATE} portraits", "--parts", part]
    defaults = {"--model": GCGAN, "--data": PORTRAITS, "--recogniser": RECOGNISER, "--limit": None, "--pairs": 600,
                "--seed": 0, "--side": PORTRAIT_SIDES[0], "--plain": ""}  # fmt: skip
    for flag, default in defaults.items():
        value = getattr(args, flag.removeprefix("--"))
        if value != default and (flag != "--plain" or part == "manifold"):
            words += [flag, str(value or "''")]
    return " ".join(words)


def run(args: argparse.Namespace) -> int:
    """Evaluate and print, part by part."""
    with ExitStack() as stack:
        shared = Run(args, stack)
        for part in args.parts:
            printed = "\n\n".join(map(str, PARTS[part](shared)))
            title = f"GC-GAN: {PORTRAIT_PARTS[part]}"
            if args.side != PORTRAIT_SIDES[0]:
                title += f" at {args.side}²"
            section = scores.Section.printed(title, command(args, part), printed)
            print(section.text() if len(args.parts) > 1 else printed, flush=True)
            if args.file and part != "sheet":
                scores.replace_section(args.file, section)
    return 0
