"""Measures quality and time of the full model and its students against the number of sampling steps.

Writes talkdemo/assets/steps.json (steps-diffposetalk.json with `--model diffposetalk`), which the app plots. Errors and
dynamics are measured on held-out sentences of the corpus, closures, r(opening) and blinks on LJSpeech (where it is
absent, on those sentences too). Times are medians of rounds in which all systems take turns, so that a busy machine
slows all of them; only their ratios are comparable. From ONCE steps on there is one round.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from talkdemo.evaluate.measurement import Measurer
from talkdemo.evaluate.motion import evaluate, metric_column
from talkdemo.evaluate.names import MODEL_SYSTEMS
from talkdemo.evaluate.reporting import Column, Table, note, write_text
from talkdemo.evaluate.sets import load_set
from talkdemo.evaluate.systems import Model, make_system, open_pipeline, parse_model
from talkdemo.files import ASSETS, EXAMPLES
from talkdemo.records import DIFFPOSETALK, DIFFUSIONTALKER, SAMPLE_RATE, Request, Speech

ONCE, SECONDS = 64, 10
EXAMPLE = EXAMPLES / "speech" / "welcome.flac"
WITH_TRUTH, WITH_PHONES = "synthetic", "ljspeech"
COLUMNS: dict[str, tuple[str, ...]] = {
    WITH_TRUTH: ("lve", "fdd", "fdd_absolute", "eve", "diversity"),
    WITH_PHONES: ("hits", "false", "vowel_hits", "r_phones", "blinks", "blink_peak"),
}
FILES = {DIFFUSIONTALKER: "steps.json", DIFFPOSETALK: "steps-diffposetalk.json"}
PREFIX = {DIFFUSIONTALKER: "", DIFFPOSETALK: "pose-"}  # of the systems' names


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


def median_times(actions: Mapping[str, Callable[[], object]], rounds: Mapping[str, int]) -> dict[str, float]:
    """Median seconds of every action; they take turns, each for its number of `rounds`."""
    spent: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(max(rounds.values())):
        for name, action in actions.items():
            if turn < rounds[name]:
                begin = time.perf_counter()
                action()
                spent[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in spent.items()}


def times(models: Mapping[str, Model], rounds: int) -> dict[str, float]:
    """Seconds from waveform to motion for SECONDS of speech by every model, measured in one run after a warm-up."""
    speech = ten_seconds()

    def sampling(model: Model) -> Callable[[], object]:
        pipeline = open_pipeline(model.checkpoint)
        identity = pipeline.identities[0] if pipeline.identities else None  # named, so that no voice is matched
        request = Request(speech, steps=model.steps, distilled=model.distilled, identity=identity)
        return lambda: pipeline.animate(request)

    actions = {name: sampling(model) for name, model in models.items()}
    for name in sorted(actions, key=lambda name: models[name].steps)[:2]:
        actions[name]()  # warms up
    return median_times(actions, {name: 1 if models[name].steps >= ONCE else rounds for name in models})


def ten_seconds() -> Speech:
    """SECONDS of speech that every machine has: an example clip, repeated."""
    from talkdemo.audio.decode import decode

    return Speech(np.resize(decode(EXAMPLE).samples, SECONDS * SAMPLE_RATE), "ten seconds")


def quality(names: Sequence[str], clips: int, seed: int, measurer: Measurer) -> dict[str, dict[str, float]]:
    """System → figures of COLUMNS."""
    sets = {}
    for set_name in COLUMNS:
        try:
            sets[set_name] = load_set(set_name, clips)
        except (ValueError, FileNotFoundError) as error:
            note(f"{set_name} left out: {error}")
    if not sets:
        raise ValueError("there are no held-out sentences of the corpus and no LJSpeech; `make corpus` makes the first")
    figures: dict[str, dict[str, float]] = {}
    for name in names:
        measured: dict[str, Mapping[str, float]] = {}
        for set_name, these in sets.items():
            stochastic = set_name == WITH_TRUTH
            system = make_system(name, these)
            measured[set_name] = evaluate(these, system, measurer, seed=seed, stochastic=stochastic).metrics
            note(f"{name} on {set_name} done")
        figures[name] = {
            column: measured[source][column]
            for set_name, columns in COLUMNS.items()
            for source in [set_name if set_name in measured else next(iter(measured))]
            for column in columns
            if column in measured[source]
        }
    return figures


def table(rows: Sequence[Step]) -> Table:
    """One line per system; speed-up against the slowest full model."""
    slowest = max((row.seconds for row in rows if not row.distilled), default=float("nan"))
    shown = [name for columns in COLUMNS.values() for name in columns if any(name in row.figures for row in rows)]
    columns = [Column("system"), *map(metric_column, shown)]
    columns += [Column("ms per 10 s", ".0f", 1000), Column("× faster", ".1f"), Column("MB", ".1f")]
    cells = [
        [row.system, *map(row.figures.get, shown), row.seconds, slowest / row.seconds, row.megabytes] for row in rows
    ]
    return Table(columns, cells)


def run(args: argparse.Namespace) -> int:
    """Measure, print, and write args.out or the file that the app plots."""
    students = open_pipeline(args.model).students if args.students is None else args.students
    names = [*(f"full-{steps}" for steps in args.full), *(f"student-{steps}" for steps in students)]
    models = {name: parse_model(name, MODEL_SYSTEMS) for name in (PREFIX[args.model] + name for name in names)}
    if not models:
        raise ValueError("no system was asked for; wanted --full or --students with steps")
    for name in models:
        make_system(name, [])  # raises for what is not installed, before any work
    seconds = times(models, args.rounds)
    figures = quality(list(models), args.clips, args.seed, Measurer.load())
    rows = [
        Step(name, model.steps, bool(model.distilled), seconds[name], model.weights().stat().st_size / 1e6, found)
        for (name, model), found in zip(models.items(), figures.values(), strict=True)
    ]
    path = args.out or ASSETS / FILES[args.model]
    write_text(path, json.dumps([row.record() for row in rows], indent=1) + "\n")
    print(table(rows))
    return 0
