"""Measures quality and time against the number of evaluations: DDIM and DPM-Solver++(2M) of the full model, students.

Writes talkdemo/assets/steps.json (steps-diffposetalk.json with `--model diffposetalk`), which the app plots. Every clip
is spoken under `--seeds` seeds; each system is compared, clip by clip, with the full model at the most steps asked for:
in the distribution of its motion (variance per channel, blinks, speed of the head, diversity), which steps change, and
in closures, r(opening) and errors, which they hardly do. Sets: LJSpeech and held-out sentences of the corpus, which
alone have a true motion. Times are medians of rounds in which all systems take turns, so that a busy machine slows all
of them; only their ratios are comparable. From ONCE steps on there is one round.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np

from talkdemo.evaluate import motion
from talkdemo.evaluate.names import MODEL_SYSTEMS
from talkdemo.evaluate.reporting import Column, Table
from talkdemo.evaluate.results import Report
from talkdemo.evaluate.systems import Model, make_system, open_pipeline, parse_model
from talkdemo.files import ASSETS, EXAMPLES
from talkdemo.records import DIFFPOSETALK, DIFFUSIONTALKER, SAMPLE_RATE, Request, Speech

ONCE, SECONDS = 64, 10
EXAMPLE = EXAMPLES / "speech" / "welcome.flac"
SETS = ("ljspeech", "synthetic")
FILES = {DIFFUSIONTALKER: "steps.json", DIFFPOSETALK: "steps-diffposetalk.json"}
PREFIX = {DIFFUSIONTALKER: "", DIFFPOSETALK: "pose-"}  # of the systems' names


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
        request = Request(speech, identity=identity, **model.settings)
        return lambda: pipeline.animate(request)

    actions = {name: sampling(model) for name, model in models.items()}
    for name in sorted(actions, key=lambda name: models[name].steps)[:2]:
        actions[name]()  # warms up
    return median_times(actions, {name: 1 if models[name].steps >= ONCE else rounds for name in models})


def ten_seconds() -> Speech:
    """SECONDS of speech that every machine has: an example clip, repeated."""
    from talkdemo.audio.decode import decode

    return Speech(np.resize(decode(EXAMPLE).samples, SECONDS * SAMPLE_RATE), "ten seconds")


def speeds(report: Report) -> Table:
    """One line per system; speed-up against the slowest."""
    slowest = max(facts["seconds_per_10s"] for facts in report.systems.values())
    columns = [Column("system"), Column("evaluations"), Column("ms per 10 s", ".0f", 1000), Column("× faster", ".1f")]
    rows = [
        [name, str(facts["nfe"]), facts["seconds_per_10s"], slowest / facts["seconds_per_10s"], facts["megabytes"]]
        for name, facts in report.systems.items()
    ]
    return Table([*columns, Column("MB", ".1f")], rows, "Speed")


def asked(args: argparse.Namespace) -> dict[str, Model]:
    """Name → model of all that is asked for. Raises ValueError for what is not installed, before any work."""
    students = open_pipeline(args.model).students if args.students is None else args.students
    names = [*(f"full-{n}" for n in args.full), *(f"full-{n}-dpm" for n in args.dpm)]
    names += [f"student-{n}" for n in students]
    models = {name: parse_model(name, MODEL_SYSTEMS) for name in (PREFIX[args.model] + name for name in names)}
    if not models:
        raise ValueError("no system was asked for; wanted --full, --dpm or --students with steps")
    for name in models:
        make_system(name, [])
    return models


def evaluated(args: argparse.Namespace) -> Report:
    """The report, written to args.out or the file that the app plots."""
    models = asked(args)
    facts = {name: {"seconds_per_10s": float(f"{s:.4g}")} for name, s in times(models, args.rounds).items()}
    path = args.out or ASSETS / FILES[args.model]
    return motion.reported(args, SETS, list(models), path, facts=facts)


def run(args: argparse.Namespace) -> int:
    """Measure, write and print."""
    report = evaluated(args)
    print(report, speeds(report), sep="\n\n")
    return 0
