"""Numbers of sampling steps in, quality and time of full model and students out: `python -m talkdemo.evaluate.steps`.

Prints a Markdown table and writes talkdemo/assets/steps.json (steps-diffposetalk.json with `--model diffposetalk`),
which the app plots. Errors and dynamics are measured on held-out sentences of the corpus, closures, r(opening) and
blinks on LJSpeech (where it is absent, on those sentences too). Times are medians of rounds in which all systems take
turns, so that a busy machine slows all of them; trust the ratios. One round alone from `ONCE` steps on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from talkdemo.evaluate.gauge import Gauge
from talkdemo.evaluate.motion import evaluate
from talkdemo.evaluate.sets import load_set
from talkdemo.evaluate.systems import PIPELINE, POSE, Model, make_system, open_pipeline, parse_system
from talkdemo.files import ASSETS
from talkdemo.metrics.table import METRICS
from talkdemo.records import SAMPLE_RATE, Request, Speech

FULL = (2, 4, 8, 16, 32, 64, 128, 256, 512)
ROUNDS, ONCE, SECONDS = 3, 64, 10
TRUE, SPOKEN = "synthetic", "ljspeech"
COLUMNS: dict[str, tuple[str, ...]] = {
    TRUE: ("lve", "fdd", "fdd_absolute", "eve", "diversity"),
    SPOKEN: ("hits", "false", "vowel_hits", "r_phones", "blinks", "blink_peak"),
}
FILES = {PIPELINE: "steps.json", POSE: "steps-diffposetalk.json"}
PREFIX = {PIPELINE: "", POSE: "pose-"}  # of the systems' names


@dataclass(frozen=True)
class Step:
    """One system of the table. `seconds`: waveform → motion for ten seconds of speech; `figures` as in METRICS."""

    system: str
    steps: int
    distilled: bool
    seconds: float
    megabytes: float  # of the talking model's file
    figures: Mapping[str, float] = field(default_factory=dict)

    def record(self) -> dict[str, object]:
        """What the app's plot reads; None where a figure was not measured."""

        def figure(name: str, digits: int = 3) -> float | None:
            return round(self.figures[name], digits) if name in self.figures else None

        return {
            "system": self.system,
            "distilled": self.distilled,
            "steps": self.steps,
            "seconds_per_10s": float(f"{self.seconds:.4g}"),
            "lve_mm": figure("lve"),
            "hits": figure("hits", 2),
            "false": figure("false", 2),
            "fdd": figure("fdd_absolute"),
            "r_opening": figure("r_phones"),
            "megabytes": round(self.megabytes, 2),
        }


def timed(actions: Mapping[str, Callable[[], object]], rounds: Mapping[str, int]) -> dict[str, float]:
    """Median seconds of every action, which take turns round by round; `rounds` says how often each is asked."""
    spent: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(max(rounds.values())):
        for name, action in actions.items():
            if turn < rounds[name]:
                begin = time.perf_counter()
                action()
                spent[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in spent.items()}


def times(models: Mapping[str, Model], rounds: int = ROUNDS) -> dict[str, float]:
    """Seconds from waveform to motion for SECONDS of speech by every model, measured in one run after a warm-up."""
    speech = ten_seconds()

    def sampled(model: Model) -> Callable[[], object]:
        pipeline = open_pipeline(model.checkpoint)
        # an identity, so that no voice is matched, or the first reference
        whose = {"identity": pipeline.identities[0]} if pipeline.identities else {}
        return lambda: pipeline.animate(Request(speech, steps=model.steps, distilled=model.distilled, **whose))

    actions = {name: sampled(model) for name, model in models.items()}
    for name in sorted(actions, key=lambda name: models[name].steps)[:2]:
        actions[name]()  # warms up
    return timed(actions, {name: 1 if models[name].steps >= ONCE else rounds for name in models})


def ten_seconds() -> Speech:
    """SECONDS of speech that every machine has: an example clip, repeated."""
    from talkdemo.audio.decode import decode
    from talkdemo.bench.stages import EXAMPLE

    return Speech(np.resize(decode(EXAMPLE).samples, SECONDS * SAMPLE_RATE), "ten seconds")


def quality(names: Sequence[str], clips: int, seed: int, gauge: Gauge) -> dict[str, dict[str, float]]:
    """System → figures of COLUMNS."""
    sets = {}
    for set_name in COLUMNS:
        try:
            sets[set_name] = load_set(set_name, clips)
        except (ValueError, FileNotFoundError) as error:
            print(f"evaluate_steps: {set_name} left out: {error}", file=sys.stderr)
    if not sets:
        raise ValueError("there are no held-out sentences of the corpus and no LJSpeech; `make corpus` makes the first")
    figures: dict[str, dict[str, float]] = {}
    for name in names:
        measured = {}
        for set_name, these in sets.items():
            measured[set_name], *_ = evaluate(
                these, make_system(name, these, lambda: None), gauge, seed=seed, many=set_name == TRUE
            )
            print(f"evaluate_steps: {name} on {set_name} done", file=sys.stderr)
        figures[name] = {
            column: measured[source][column]
            for wanted, columns in COLUMNS.items()
            for source in [wanted if wanted in measured else next(iter(measured))]
            for column in columns
            if column in measured[source]
        }
    return figures


def table(rows: Sequence[Step]) -> str:
    """Markdown: one line per system; speed-up against the slowest full model."""
    slowest = max((row.seconds for row in rows if not row.distilled), default=float("nan"))
    shown = [name for columns in COLUMNS.values() for name in columns if any(name in row.figures for row in rows)]
    titles = [f"{METRICS[m].title}{f' ({METRICS[m].unit})' if METRICS[m].unit else ''}" for m in shown]
    lines = [
        "| " + " | ".join(["system", *titles, "ms per 10 s", "× faster", "MB"]) + " |",
        "|---" * (len(shown) + 4) + "|",
    ]
    for row in rows:
        cells = [f"{row.figures[m]:.{METRICS[m].digits}f}" if m in row.figures else "–" for m in shown]
        cells += [f"{1000 * row.seconds:.0f}", f"{slowest / row.seconds:.1f}", f"{row.megabytes:.1f}"]
        lines.append("| " + " | ".join([row.system, *cells]) + " |")
    return "\n".join(lines)


def write(path: Path, rows: Sequence[Step]) -> None:
    """steps.json, under a temporary name first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps([row.record() for row in rows], indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="talkdemo.evaluate.steps", description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=FILES, default=PIPELINE)
    parser.add_argument("--full", type=int, nargs="*", default=list(FULL), help="steps of the full model")
    parser.add_argument("--students", type=int, nargs="*", help="steps of students (default: all that are installed)")
    parser.add_argument("--clips", type=int, default=16, help="at most so many clips of each set")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the clock")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="default: the file in talkdemo/assets that the app plots")
    try:
        args = parser.parse_args(arguments)
        students = open_pipeline(args.model).students if args.students is None else args.students
        names = [*(f"full-{steps}" for steps in args.full), *(f"student-{steps}" for steps in students)]
        names = [PREFIX[args.model] + name for name in names]
        models = {name: parse_system(name) for name in names}
        if not models:
            raise ValueError("no system was asked for; wanted --full or --students with steps")
        for name in names:
            make_system(name, [], lambda: None)  # refuses what is not installed before any work
        spent = times(models, args.rounds)
        figures = quality(names, args.clips, args.seed, Gauge.load())
        rows = [
            Step(name, model.steps, bool(model.distilled), spent[name], model.weights()[0].stat().st_size / 1e6, found)
            for (name, model), found in zip(models.items(), figures.values(), strict=True)
        ]
        write(args.out or ASSETS / FILES[args.model], rows)
        print(table(rows))
    except (ValueError, FileNotFoundError) as error:
        print(f"evaluate_steps: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
