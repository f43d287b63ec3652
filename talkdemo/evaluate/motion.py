"""Evaluates motion: systems × sets of clips, against the true motion, the phones and the sound.

Systems: `truth` (the recorded or synthetic motion itself), `mean` (mean pose), `loudness` (RMS → jaw), `articulation`
(the corpus's articulation model, given the phones), `regressor` (the same network trained to predict at once, without
diffusion), `full-STEPS` and `student-STEPS` (DiffusionTalker), `pose-full-STEPS` and `pose-student-STEPS`
(DiffPoseTalk; evaluate/references.py chooses its reference clips), `NAME@STEPS` of any checkpoint. Behind the name of a
model, `-dpm` samples by DPM-Solver++(2M) instead of DDIM, `-raw` leaves lips as sampled (see face/contact.py). A
synthetic truth is one draw of the stochastic articulation model, and `articulation` is another: its errors are the
noise floor, below which no system can be expected. Motions of models are cached in runs/evaluate-cache; `seconds` is
the time that sampling them took.
"""

import argparse
import importlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from talkdemo.evaluate.environment import described, environment
from talkdemo.evaluate.measurement import Measurer
from talkdemo.evaluate.names import ALL_SYSTEMS, ARTICULATION, BASELINES, DEFAULT_SETS, MEAN, SETS, SYSTEMS
from talkdemo.evaluate.reporting import note
from talkdemo.evaluate.results import Compared, Report, Row, Scored, comparisons
from talkdemo.evaluate.sets import even, load_set
from talkdemo.evaluate.systems import System, make_system, parse_model, parse_system
from talkdemo.metrics.chance import derangement
from talkdemo.metrics.diversity import diversity
from talkdemo.metrics.score import Measurement, Sums, add, against_phones, against_speech, against_truth, shuffled
from talkdemo.records import DDIM, Clip, Motion

RENDERED = ("ljspeech", "german", "dutch", "grid")  # with phones, or a track that MediaPipe read off the real video


def evaluate(clips: Sequence[Clip], system: System, measurer: Measurer, seeds: Sequence[int] = (0,)) -> list[Sums]:
    """Every metric that each of `clips` allows, over all `seeds`; of several, diversity too."""
    order = derangement(len(clips), np.random.default_rng(seeds[0])) if len(clips) > 1 else None
    truths = [measurer.measure(clip.motion, clip.mask) if clip.motion is not None else None for clip in clips]
    found: list[Sums] = []
    for i, (clip, truth) in enumerate(zip(clips, truths, strict=True)):
        totals: Sums = {}
        samples = []
        for seed in seeds:
            motion = system(clip, seed)
            measured = measurer.measure(motion, clip.mask)
            samples.append(measured.vertices)
            add(totals, against_speech(measured, clip.speech, _lids(motion, clip, measurer.regions.blink_channels)))
            if clip.phones is not None:
                add(totals, against_phones(measured, clip.phones))
            if truth is not None:
                add(totals, against_truth(*_common(measured, truth), measurer.regions, clip.mask))
            if order is not None:
                other, tracked = clips[order[i]], measurer.regions.tracked
                add(totals, shuffled(measured, other.speech, other.phones, truths[order[i]], tracked))
        if len(samples) > 1:
            add(totals, {"diversity": (diversity(np.stack(samples)), 1)})
        found.append(totals)
    return found


def _lids(motion: Motion, clip: Clip, channels: np.ndarray) -> np.ndarray | None:
    """Closure of the lids (T,), None for a truth that was captured without eyes (a model's are its own)."""
    if motion is clip.motion and clip.mask is not None and not clip.mask[channels].all():
        return None
    return motion.coefficients[:, channels].mean(axis=1)


def _common(measured: Measurement, truth: Measurement) -> tuple[Measurement, Measurement]:
    """Both cut to the shorter one: a track of video may lack the last frame of the sound."""
    frames = min(len(measured.gap), len(truth.gap))
    if abs(len(measured.gap) - len(truth.gap)) > 3:
        lengths = f"motion of {len(measured.gap)} frames against a truth of {len(truth.gap)}"
        raise ValueError(f"{lengths}; wanted the same length")

    def cut(whole: Measurement) -> Measurement:
        tracks = ("coefficients", "head", "vertices", "gap", "width")
        return replace(whole, **{name: getattr(whole, name)[:frames] for name in tracks})

    return cut(measured), cut(truth)


class Timed:
    """A system that counts the frames it makes and the seconds it takes; of a cached motion, those it took once."""

    def __init__(self, system: System) -> None:
        self.system, self.frames, self.seconds = system, 0, 0.0

    def __call__(self, clip: Clip, seed: int) -> Motion:
        start = time.perf_counter()
        motion = self.system(clip, seed)
        self.seconds += float(motion.meta.get("spent", time.perf_counter() - start))
        self.frames += len(motion)
        return motion


def measure(
    sets: Sequence[str], systems: Sequence[str], count: int, seeds: Sequence[int], measurer: Measurer, rendered: int = 0
) -> Iterator[Row]:
    """The rows of systems × sets of at most `count` clips, one after the other; a set or a system that is not available
    on this machine is named on stderr and left out. A system that draws nothing is measured once."""
    for set_name in sets:
        try:
            clips = load_set(set_name, count)
        except (ValueError, FileNotFoundError) as error:
            note(f"{set_name} left out: {error}")
            continue
        for name in systems:
            try:
                system = Timed(make_system(name, clips))
            except (ValueError, FileNotFoundError) as error:
                note(f"{name} on {set_name} left out: {error}")
                continue
            draws = name == ARTICULATION or parse_system(name) is not None
            found = evaluate(clips, system, measurer, seeds if draws else seeds[:1])
            note(f"{name} on {set_name}: {len(clips)} clips in {system.seconds:.1f} s")
            yield Row(set_name, name, found, system.frames, system.seconds)
            if rendered and name != MEAN and set_name in RENDERED:
                yield _rendered(set_name, name, even(clips, rendered), system, seeds[0])


def against_full(rows: Sequence[Row]) -> Iterator[Compared]:
    """Every model, compared with the full one at the most DDIM steps among `rows` of its set."""
    for row in rows:
        model = parse_system(row.system)
        best = max((other for other in rows if _is_full(other, row)), key=_steps, default=None)
        if model and best and model.steps < _steps(best):
            yield from comparisons(row, best, model.steps)


def _is_full(other: Row, row: Row) -> bool:
    """Whether `other` is the full model of a row's system, by DDIM, on the same set."""
    model, full = parse_system(row.system), parse_system(other.system)
    if model is None or full is None or other.set != row.set:
        return False
    return full == replace(model, steps=full.steps, distilled=False, sampler=DDIM)


def _steps(row: Row) -> int:
    model = parse_system(row.system)
    return model.steps if model else 0


def check(sets: Sequence[str], systems: Sequence[str]) -> None:
    """Raises ValueError, before any work, for the name of a set or a system that does not exist."""
    for set_name in sets:
        if set_name not in SETS:
            raise ValueError(f"got set {set_name!r}; wanted one of {', '.join(SETS)}")
    for name in systems:
        if name not in BASELINES:
            parse_model(name, ALL_SYSTEMS)


def reported(
    args: argparse.Namespace,
    sets: Sequence[str],
    systems: Sequence[str],
    path: Path,
    rendered: int = 0,
    facts: Mapping[str, Mapping[str, float]] | None = None,
) -> Report:
    """Measure and write the report; also after every row, so that a run that was stopped keeps what it had. `facts`:
    what else is known of a system."""
    seeds = range(args.seed, args.seed + args.seeds)
    arguments = {
        name: value for name, value in vars(args).items() if name not in ("run", "verb", "replay", "show", "out")
    }
    report = Report(args.program, arguments, environment(), {}, [])
    rows: list[Row] = []
    for row in measure(sets, systems, args.clips, seeds, Measurer.load(), rendered):
        rows.append(row)
        known = described(dict.fromkeys(row.system for row in rows))
        known = {name: {**found, **(facts or {}).get(name, {})} for name, found in known.items()}
        report = replace(report, systems=known, rows=[*report.rows, Scored.of(row)])
        report.write(path)
    if not rows:
        raise ValueError(f"none of the sets {', '.join(sets)} could be evaluated")
    report = replace(report, compared=list(against_full(rows)))
    report.write(path)
    return report


def evaluated(args: argparse.Namespace) -> Report:
    """The report of a command line, written to args.out."""
    sets, systems = args.sets or DEFAULT_SETS, args.systems or SYSTEMS
    check(sets, systems)
    return reported(args, sets, systems, args.out, args.rendered)


def run(args: argparse.Namespace) -> int:
    """Evaluate, write and print; with args.replay or args.show, run an evaluation again, or print it."""
    if args.replay:
        return importlib.import_module("talkdemo.evaluate.replay").run(args.replay)
    print(Report.read(args.show) if args.show else evaluated(args))
    return 0


def _recorded(motion: Motion, clip: Clip) -> Motion:
    """A truth without the channels that its tracker did not register; a model's motion is shown as it is."""
    if motion is not clip.motion or clip.mask is None:
        return motion
    return replace(motion, coefficients=motion.coefficients * clip.mask.astype(np.float32))


def _rendered(set_name: str, name: str, clips: Sequence[Clip], system: System, seed: int) -> Row:
    from talkdemo.evaluate.rendered import evaluate_rendered, video_tracker

    motions = [_recorded(system(clip, seed), clip) for clip in clips]
    start = time.perf_counter()
    found = evaluate_rendered(clips, motions, video_tracker().track)
    seconds = time.perf_counter() - start
    frames = sum(map(len, motions))
    note(f"{name} on {set_name}-rendered: {frames} frames in {seconds:.1f} s")
    return Row(f"{set_name}-rendered", name, found, frames, seconds)
