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
from talkdemo.evaluate.reporting import PERCENT, Column, Table
from talkdemo.evaluate.results import Report
from talkdemo.evaluate.systems import Model, make_system, open_pipeline, parse_model
from talkdemo.files import ASSETS, EXAMPLES
from talkdemo.metrics.table import METRICS
from talkdemo.records import DIFFPOSETALK, DIFFUSIONTALKER, SAMPLE_RATE, SAMPLERS, Request, Speech

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


def beside(report: Report) -> Table:
    """Every student's share of the reference's scores beside those of the full model's samplers at as many evaluations;
    last, what the student is nearer to the reference than, where the two intervals do not meet ("not": farther)."""
    lines = []
    shares = {(one.set, one.score, one.one): one.ratio for one in report.compared}
    for (set_name, score, system), own in shares.items():
        facts = report.systems[system]
        if not facts["distilled"]:
            continue
        rivals = {
            other["sampler"]: shares[set_name, score, name]
            for name, other in report.systems.items()
            if (other["nfe"], other["distilled"]) == (facts["nfe"], False) and (set_name, score, name) in shares
        }
        parted = {sampler: abs(own.value - 1) < abs(r.value - 1) for sampler, r in rivals.items() if own.apart(r)}
        verdict = ", ".join(sampler if nearer else f"not {sampler}" for sampler, nearer in parted.items())
        title = METRICS[score].title
        lines.append([str(facts["nfe"]), set_name, title, own, *map(rivals.get, SAMPLERS), verdict or "–"])
    columns = [*map(Column, ("evaluations", "set", "score")), *(PERCENT(f"{x} %") for x in ("student", *SAMPLERS))]
    return Table([*columns, Column("nearer than")], lines, "Students beside samplers at as many evaluations")


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
    print(report, beside(report), speeds(report), sep="\n\n")
    return 0
