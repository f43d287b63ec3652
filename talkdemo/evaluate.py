"""Systems × sets of clips in, runs/metrics.jsonl and a Markdown table out: `python -m talkdemo evaluate`.

Systems: `truth` (the recorded or synthetic motion itself), `mean` (mean pose), `loudness` (RMS → jaw), `teacher` (the
corpus's articulation, told the phones: the best that the training data could teach) and `NAME@STEPS` for a model of
the pipeline (`full-STEPS`: `diffusiontalker@STEPS`). Where the truth is synthetic it is one draw of a stochastic
teacher, and `teacher` is another draw: its errors are the noise floor, below which no system can be expected.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from talkdemo.audio.phones import BILABIAL, LABIODENTAL, SILENCE, VOWELS
from talkdemo.evaluate_gauge import Gauge
from talkdemo.evaluate_sets import SETS, load_set, mean_coefficients
from talkdemo.evaluate_systems import System, make_system, parse_system
from talkdemo.metrics.control import derangement
from talkdemo.metrics.diversity import diversity
from talkdemo.metrics.score import (
    Labels,
    Sums,
    Take,
    add,
    against_phones,
    against_truth,
    alone,
    means,
    shuffled,
)
from talkdemo.metrics.table import METRICS
from talkdemo.records import Clip

LABELS = Labels(BILABIAL, LABIODENTAL, frozenset(VOWELS), frozenset({"UW", "OW", "W"}), SILENCE)
SYSTEMS = ("truth", "mean", "loudness", "teacher", "full-8", "full-50", "full-512")
BITE_CONTACT = 0.0025  # metres between the lower lip's inner edge and the upper incisors
DIVERSITY_CLIPS, DIVERSITY_SAMPLES = 3, 3


@dataclass(frozen=True)
class Row:
    """One line of metrics.jsonl."""

    set: str
    system: str
    clips: int
    frames: int
    seconds: float  # spent by the system on all clips
    metrics: Mapping[str, float]

    def json(self) -> str:
        head = {"set": self.set, "system": self.system, "clips": self.clips, "frames": self.frames}
        figures = {name: round(self.metrics[name], 6) for name in METRICS if name in self.metrics}
        return json.dumps(head | {"seconds": round(self.seconds, 3)} | figures)


def evaluate(
    clips: Sequence[Clip], system: System, gauge: Gauge, *, seed: int = 0, many: bool = False
) -> tuple[dict[str, float], int, float]:
    """Every metric that `clips` allow, pooled; (metrics, frames, seconds spent in `system`). Same seed, same figures.

    many: the system is stochastic, so diversity over seeds is measured on the first clips.
    """
    order = derangement(len(clips), np.random.default_rng(seed)) if len(clips) > 1 else None
    totals: Sums = {}
    frames, spent = 0, 0.0
    for i, clip in enumerate(clips):
        start = time.perf_counter()
        motion = system(clip, seed)
        spent += time.perf_counter() - start
        take = gauge.take(motion, clip.mask)
        frames += len(motion)
        add(totals, alone(take, clip.speech, gauge.regions))
        if clip.phones is not None:
            add(totals, against_phones(take, clip.phones, LABELS))
        if clip.motion is not None:
            add(totals, against_truth(*_common(take, gauge.take(clip.motion, clip.mask)), gauge.regions, clip.mask))
        if order is not None:
            other = clips[order[i]]
            gap = gauge.take(other.motion, other.mask).gap if other.motion is not None else None
            add(totals, shuffled(take, other.speech, other.phones, gap, SILENCE))
        if many and i < DIVERSITY_CLIPS:
            draws = [gauge.take(system(clip, seed + 1 + k), clip.mask).vertices for k in range(DIVERSITY_SAMPLES)]
            add(totals, {"diversity": (diversity(np.stack(draws)), 1)})
    return means(totals), frames, spent


def _common(take: Take, truth: Take) -> tuple[Take, Take]:
    """Both cut to the shorter one: a track of video may lack the last frame of the sound."""
    frames = min(len(take.gap), len(truth.gap))
    if abs(len(take.gap) - len(truth.gap)) > 3:
        raise ValueError(
            f"motion of {len(take.gap)} frames against a truth of {len(truth.gap)}; wanted the same length"
        )

    def cut(whole: Take) -> Take:
        tracks = ("coefficients", "head", "vertices", "gap", "width")
        return replace(whole, **{name: getattr(whole, name)[:frames] for name in tracks})

    return cut(take), cut(truth)


def table(rows: Sequence[Row]) -> str:
    """Markdown: one table per set, one line per system, the metrics of METRICS that the set allows."""
    parts = []
    for name in dict.fromkeys(row.set for row in rows):
        mine = [row for row in rows if row.set == name]
        shown = [m for m in METRICS if any(m in row.metrics for row in mine)]
        titles = [f"{METRICS[m].title}{f' ({METRICS[m].unit})' if METRICS[m].unit else ''}" for m in shown]
        lines = [
            f"### {name}: {_title(name)} ({mine[0].clips} clips, {mine[0].frames} frames)",
            "",
            "| " + " | ".join(["system", *titles, "s"]) + " |",
            "|---" * (len(shown) + 2) + "|",
        ]
        for row in mine:
            cells = [f"{row.metrics[m]:.{METRICS[m].digits}f}" if m in row.metrics else "–" for m in shown]
            lines.append("| " + " | ".join([row.system, *cells, f"{row.seconds:.1f}"]) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _title(name: str) -> str:
    base = name.removesuffix("-rendered")
    described = SETS[base][1] if base in SETS else base
    return described if base == name else f"{described}; on rendered pictures, seen by MediaPipe"


def write(path: Path, rows: Sequence[Row]) -> None:
    """metrics.jsonl, under a temporary name first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text("".join(row.json() + "\n" for row in rows), encoding="utf-8")
    part.replace(path)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", nargs="+", default=["synthetic", "ljspeech", "grid"], help=", ".join(SETS))
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS[:-1]), help="or NAME@STEPS of a model")
    parser.add_argument("--clips", type=int, default=24, help="at most so many clips of each set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rendered", type=int, default=0, help="also on pictures of so many clips, seen by MediaPipe")
    parser.add_argument("--out", type=Path, default=Path("runs/metrics.jsonl"))


def run(args: argparse.Namespace) -> int:
    """What the command line does; sets and systems that cannot be had are named on stderr and left out."""
    for set_name in args.sets:
        if set_name not in SETS:
            raise ValueError(f"got set {set_name!r}; wanted one of {', '.join(SETS)}")
    for name in args.systems:
        if name not in SYSTEMS and parse_system(name) is None:
            raise ValueError(f"got system {name!r}; wanted one of {', '.join(SYSTEMS)} or NAME@STEPS")
    rows: list[Row] = []
    gauge = Gauge.load()
    for set_name in args.sets:
        try:
            clips = load_set(set_name, args.clips)
        except (ValueError, FileNotFoundError) as error:
            print(f"evaluate: {set_name} left out: {error}", file=sys.stderr)
            continue
        for name in args.systems:
            try:
                system = make_system(name, clips, lambda corpus=SETS[set_name][0]: mean_coefficients(corpus))
            except (ValueError, FileNotFoundError) as error:
                system = str(error)
            if isinstance(system, str):
                print(f"evaluate: {name} on {set_name} left out: {system}", file=sys.stderr)
                continue
            many = name == "teacher" or parse_system(name) is not None
            metrics, frames, seconds = evaluate(clips, system, gauge, seed=args.seed, many=many)
            rows.append(Row(set_name, name, len(clips), frames, seconds, metrics))
            print(f"evaluate: {name} on {set_name}: {len(clips)} clips in {seconds:.1f} s", file=sys.stderr)
            if args.rendered and name != "mean" and clips[0].phones is not None:
                rows.append(_rendered(set_name, name, clips[: args.rendered], system, args.seed))
    if not rows:
        raise ValueError(f"none of the sets {', '.join(args.sets)} could be evaluated")
    write(args.out, rows)
    print(table(rows))
    return 0


def _rendered(set_name: str, name: str, clips: Sequence[Clip], system: System, seed: int) -> Row:
    from talkdemo.evaluate_rendered import Screen, evaluate_rendered

    start = time.perf_counter()
    motions = [system(clip, seed) for clip in clips]
    figures = evaluate_rendered(clips, motions, Screen())
    return Row(f"{set_name}-rendered", name, len(clips), sum(map(len, motions)), time.perf_counter() - start, figures)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="talkdemo evaluate", description=__doc__.splitlines()[0])
    add_arguments(parser)
    try:
        return run(parser.parse_args(arguments))
    except ValueError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
