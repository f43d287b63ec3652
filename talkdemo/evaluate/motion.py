"""Evaluates motion: systems × sets of clips, against the true motion, the phones and the sound.

Systems: `truth` (the recorded or synthetic motion itself), `mean` (mean pose), `loudness` (RMS → jaw), `articulation`
(the corpus's articulation model, given the phones), `regressor` (the same network trained to predict at once, without
diffusion), `full-STEPS` and `student-STEPS` (DiffusionTalker), `pose-full-STEPS` and `pose-student-STEPS`
(DiffPoseTalk; evaluate/references.py chooses its reference clips), `NAME@STEPS` of any checkpoint (`-raw` behind a
name: lips as sampled, see face/contact.py). A synthetic truth is one draw of the stochastic articulation model, and
`articulation` is another: its errors are the noise floor, below which no system can be expected. Motions of models are
cached in runs/evaluate-cache; the column `s` is the time that sampling them took.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from talkdemo.evaluate.measurement import Measurer
from talkdemo.evaluate.names import ALL_SYSTEMS, ARTICULATION, BASELINES, DEFAULT_SETS, MEAN, SETS, SYSTEMS
from talkdemo.evaluate.reporting import Column, Table, note, write_text
from talkdemo.evaluate.sets import even, load_set
from talkdemo.evaluate.systems import System, make_system, parse_model, parse_system
from talkdemo.metrics.chance import derangement
from talkdemo.metrics.diversity import diversity
from talkdemo.metrics.score import (
    Measurement,
    Sums,
    add,
    against_phones,
    against_speech,
    against_truth,
    means,
    shuffled,
)
from talkdemo.metrics.table import METRICS
from talkdemo.records import Clip, Motion

COMPARED = (  # printed side by side where both were run
    ("student-8", "full-512"),
    ("pose-student-8", "pose-full-512"),
    ("pose-student-8", "student-8"),
)
RENDERED = ("ljspeech", "grid")  # with phones, or with a track that MediaPipe read off the real video
DIVERSITY_CLIPS, DIVERSITY_SAMPLES, DIVERSITY_SECONDS = 3, 3, 15.0  # the first clips, if they are short


class Scores(NamedTuple):
    """`seconds`: spent by the system on all frames."""

    metrics: Mapping[str, float]
    frames: int
    seconds: float


@dataclass(frozen=True)
class Row:
    """One line of metrics.jsonl."""

    set: str
    system: str
    clips: int
    scores: Scores

    def json(self) -> str:
        metrics, frames, seconds = self.scores
        head = {"set": self.set, "system": self.system, "clips": self.clips, "frames": frames}
        figures = {name: round(metrics[name], 6) for name in METRICS if name in metrics}
        return json.dumps(head | {"seconds": round(seconds, 3)} | figures)


def evaluate(
    clips: Sequence[Clip], system: System, measurer: Measurer, *, seed: int = 0, stochastic: bool = False
) -> Scores:
    """Every metric that `clips` allow, pooled. Same seed, same figures.

    stochastic: diversity over seeds is measured on the first clips.
    """
    order = derangement(len(clips), np.random.default_rng(seed)) if len(clips) > 1 else None
    truths = [measurer.measure(clip.motion, clip.mask) if clip.motion is not None else None for clip in clips]
    totals: Sums = {}
    frames, seconds = 0, 0.0
    for i, (clip, truth) in enumerate(zip(clips, truths, strict=True)):
        start = time.perf_counter()
        motion = system(clip, seed)
        seconds += float(motion.meta.get("spent", time.perf_counter() - start))
        measured = measurer.measure(motion, clip.mask)
        frames += len(motion)
        add(totals, against_speech(measured, clip.speech, _lids(motion, clip, measurer.regions.blink_channels)))
        if clip.phones is not None:
            add(totals, against_phones(measured, clip.phones))
        if truth is not None:
            add(totals, against_truth(*_common(measured, truth), measurer.regions, clip.mask))
        if order is not None:
            other, tracked = clips[order[i]], measurer.regions.tracked
            add(totals, shuffled(measured, other.speech, other.phones, truths[order[i]], tracked))
        if stochastic and i < DIVERSITY_CLIPS and clip.speech.seconds < DIVERSITY_SECONDS:
            others = [measurer.measure(system(clip, seed + k), clip.mask) for k in range(1, DIVERSITY_SAMPLES)]
            vertices = np.stack([sample.vertices for sample in (measured, *others)])
            add(totals, {"diversity": (diversity(vertices), 1)})
    return Scores(means(totals), frames, seconds)


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


def tables(rows: Sequence[Row]) -> list[Table]:
    """One table per set, one line per system, the metrics of METRICS that the set allows."""
    found = []
    for name in dict.fromkeys(row.set for row in rows):
        mine = [row for row in rows if row.set == name]
        shown = [m for m in METRICS if any(m in row.scores.metrics for row in mine)]
        columns = [Column("system"), *(metric_column(m) for m in shown), Column("s", ".1f")]
        cells = [[row.system, *map(row.scores.metrics.get, shown), row.scores.seconds] for row in mine]
        size = f"{mine[0].clips} clips, {mine[0].scores.frames} frames"
        found.append(Table(columns, cells, f"{name}: {_title(name)} ({size})"))
    return found


def metric_column(name: str) -> Column:
    return Column(METRICS[name].heading, f".{METRICS[name].digits}f")


def difference(rows: Sequence[Row], one: str = "student-8", other: str = "full-512") -> Table:
    """How far the scores of `one` lie from those of `other`, set by set; without rows where one of them is absent.

    Scores of chance (shuffled) are left out; the difference is relative to the other's score, which says little where
    that is near 0.
    """
    cells = []
    for name in dict.fromkeys(row.set for row in rows):
        found = {row.system: row.scores.metrics for row in rows if row.set == name}
        for metric, description in METRICS.items():
            a, b = (found.get(system, {}).get(metric) for system in (one, other))
            if a is not None and b is not None and not metric.endswith("shuffled"):
                percent = f"{100 * (a - b) / abs(b):+.1f}" if b else "–"
                figures = map(metric_column(metric).cell, (a, b))
                cells.append([name, description.heading, *figures, percent, description.better])
    columns = ("set", "score", one, other, "difference, %", "better")
    return Table([Column(title) for title in columns], cells, f"{one} against {other}")


def _title(name: str) -> str:
    base = name.removesuffix("-rendered")
    description = SETS[base][1] if base in SETS else base
    return description if base == name else f"{description}; on rendered video, tracked by MediaPipe"


def run(args: argparse.Namespace) -> int:
    """Evaluate, print and write args.out; sets and systems that are not available are named on stderr and left out."""
    sets, systems = args.sets or DEFAULT_SETS, args.systems or SYSTEMS
    for set_name in sets:
        if set_name not in SETS:
            raise ValueError(f"got set {set_name!r}; wanted one of {', '.join(SETS)}")
    for name in systems:
        if name not in BASELINES:
            parse_model(name, ALL_SYSTEMS)
    rows: list[Row] = []
    measurer = Measurer.load()
    for set_name in sets:
        try:
            clips = load_set(set_name, args.clips)
        except (ValueError, FileNotFoundError) as error:
            note(f"{set_name} left out: {error}")
            continue
        for name in systems:
            try:
                system = make_system(name, clips)
            except (ValueError, FileNotFoundError) as error:
                note(f"{name} on {set_name} left out: {error}")
                continue
            stochastic = set_name == "synthetic" and (name == ARTICULATION or parse_system(name) is not None)
            scores = evaluate(clips, system, measurer, seed=args.seed, stochastic=stochastic)
            rows.append(Row(set_name, name, len(clips), scores))
            note(f"{name} on {set_name}: {len(clips)} clips in {scores.seconds:.1f} s")
            if args.rendered and name != MEAN and set_name in RENDERED:
                rows.append(_rendered(set_name, name, even(clips, args.rendered), system, args.seed))
            write_text(args.out, "".join(row.json() + "\n" for row in rows))
    if not rows:
        raise ValueError(f"none of the sets {', '.join(sets)} could be evaluated")
    print("\n\n".join(map(str, tables(rows))))
    for pair in COMPARED:
        if (table := difference(rows, *pair)).rows:
            print(f"\n{table}")
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
    figures = evaluate_rendered(clips, motions, video_tracker().track)
    seconds = time.perf_counter() - start
    frames = sum(map(len, motions))
    note(f"{name} on {set_name}-rendered: {frames} frames in {seconds:.1f} s")
    return Row(f"{set_name}-rendered", name, len(clips), Scores(figures, frames, seconds))
