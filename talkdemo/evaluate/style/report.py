"""Evaluates DiffPoseTalk: its style encoder, the style of its motion, head motion, diversity.

Parts: `encoder` (held-out styles and real people told apart), `generated` (is the generated motion in the reference's
style? with and without style guidance), `head` (does the head move with the speech, and as fast as real heads?),
`diversity` (over seeds and references). All on held-out sentences and on styles that were never trained on. Markdown on
the standard output, the rows of its tables as JSON lines in runs/style.jsonl. Generated motions are cached.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import numpy as np

from talkdemo.evaluate.names import SLOW
from talkdemo.evaluate.reporting import Table, note, write_text
from talkdemo.evaluate.style import diversity, encoder, generated, head
from talkdemo.evaluate.style.systems import StyleSystem
from talkdemo.records import Guidance, Reference


def conditions(
    systems: Sequence[StyleSystem], weights: Sequence[float], styles: int, few: int, ablation: StyleSystem | None
) -> list[tuple[StyleSystem, int]]:
    """Every system with its number of styles: without guidance, the quick ones also at every other of the `weights` on
    the style; then, without style, `ablation`."""
    found = []
    for system in systems:
        slow = system.model.steps >= SLOW
        found.append((system, few if slow else styles))
        if not slow:
            found += [
                (replace(system, title=f"{system.title}, style {weight:g}", guidance=Guidance(1.0, weight)), styles)
                for weight in weights
                if Guidance(1.0, weight) != system.guidance
            ]
    if ablation:
        found.append((replace(ablation, title=f"{ablation.title}, null style", guidance=Guidance(1.0, 0.0)), styles))
    return found


def report(args: argparse.Namespace) -> Iterator[list[Table]]:
    """The tables, part by part."""
    systems = [StyleSystem.open(name) for name in args.systems]
    quick = [system for system in systems if system.model.steps < SLOW]
    if {"encoder", "generated"} & set(args.parts):
        from talkdemo.condition.style import StyleEncoder

        style_encoder = StyleEncoder.open(args.encoder)

    def embed(reference: Reference) -> np.ndarray:
        return style_encoder.embed(reference).cpu().numpy()

    if "encoder" in args.parts:
        yield encoder.style_tables(embed, args.styles, args.seed)
        try:
            yield [encoder.people_table(embed, seed=args.seed)]
        except FileNotFoundError as error:
            note(f"real people left out: {error}")
    if "generated" in args.parts:
        ablation = StyleSystem.open(args.ablation) if args.ablation else None
        asked = conditions(systems, args.guidance, args.styles, args.few, ablation)
        yield generated.evaluate(asked, embed, args.styles, args.seconds, args.seed)
    if "head" in args.parts:
        yield head.evaluate(quick, args.clips, args.seed)
    if "diversity" in args.parts:
        yield diversity.evaluate(quick, seed=args.seed)


def run(args: argparse.Namespace) -> int:
    """Evaluate and print, part by part; the rows go to args.out."""
    records: list[str] = []
    for tables in report(args):
        print(*tables, sep="\n\n", end="\n\n", flush=True)
        lines = (record for table in tables for record in table.records())
        records += [json.dumps(line, ensure_ascii=False, default=asdict) + "\n" for line in lines]
        write_text(args.out, "".join(records))
    return 0
