"""Systems × sets of clips in, runs/metrics.jsonl and a Markdown table out: `python -m talkdemo evaluate`.

Systems: `truth` (the recorded or synthetic motion itself), `mean` (mean pose), `loudness` (RMS → jaw), `teacher` (the
corpus's articulation, told the phones: the best that the training data could teach), `regressor` (the same network
trained to answer at once, without diffusion), `full-STEPS` and `student-STEPS` (DiffusionTalker), `pose-full-STEPS` and
`pose-student-STEPS` (DiffPoseTalk; evaluate/references.py says which reference a clip is given), `NAME@STEPS` of any
checkpoint (`-raw` behind a name: lips left as sampled, see face/contact.py). A synthetic truth is one draw of a
stochastic teacher, and `teacher` is another draw: its errors are the noise floor, below which no system can be
expected. Motions of models are kept in runs/evaluate-cache, so a run that was stopped goes on where it was; `s` is the
time that the first run took.
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
from talkdemo.evaluate.gauge import Gauge
from talkdemo.evaluate.sets import SETS, even, load_set, mean_coefficients
from talkdemo.evaluate.systems import NAMES, System, make_system, parse_system
from talkdemo.metrics.control import derangement
from talkdemo.metrics.diversity import diversity
from talkdemo.metrics.score import (
    Labels,
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

LABELS = Labels(BILABIAL, LABIODENTAL, frozenset(VOWELS), frozenset({"UW", "OW", "W"}), SILENCE)
BASELINES = ("truth", "mean", "loudness", "teacher")
SYSTEMS = (  # by default
    "mean", "loudness", "regressor", "full-512", "full-8", "student-8", "student-4", "pose-full-8", "pose-student-8"
)  # fmt: skip
COMPARED = (  # printed side by side where both were run
    ("student-8", "full-512"),
    ("pose-student-8", "pose-full-512"),
    ("pose-student-8", "student-8"),
)
RENDERED = ("ljspeech", "grid")  # with phones, or with a track that MediaPipe read off the real video
DIVERSITY_CLIPS, DIVERSITY_SAMPLES, DIVERSITY_SECONDS = 3, 3, 15.0  # the first clips, if they are short


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
    truths = [gauge.take(clip.motion, clip.mask) if clip.motion is not None else None for clip in clips]
    totals: Sums = {}
    frames, spent = 0, 0.0
    for i, clip in enumerate(clips):
        start = time.perf_counter()
        motion = system(clip, seed)
        spent += float(motion.meta.get("spent", time.perf_counter() - start))
        take = gauge.take(motion, clip.mask)
        frames += len(motion)
        add(totals, against_speech(take, clip.speech, _lids(motion, clip, gauge.regions.blink_channels)))
        if clip.phones is not None:
            add(totals, against_phones(take, clip.phones, LABELS))
        if truths[i] is not None:
            add(totals, against_truth(*_common(take, truths[i]), gauge.regions, clip.mask))
        if order is not None:
            other = clips[order[i]]
            add(totals, shuffled(take, other.speech, other.phones, truths[order[i]], SILENCE, gauge.regions.tracked))
        if many and i < DIVERSITY_CLIPS and clip.speech.seconds < DIVERSITY_SECONDS:
            others = [gauge.take(system(clip, seed + k), clip.mask).vertices for k in range(1, DIVERSITY_SAMPLES)]
            add(totals, {"diversity": (diversity(np.stack([take.vertices, *others])), 1)})
    return means(totals), frames, spent


def _lids(motion: Motion, clip: Clip, channels: np.ndarray) -> np.ndarray | None:
    """Closure of the lids (T,), None for a truth that was captured without eyes (a model's are its own)."""
    if motion is clip.motion and clip.mask is not None and not clip.mask[channels].all():
        return None
    return motion.coefficients[:, channels].mean(axis=1)


def _common(take: Measurement, truth: Measurement) -> tuple[Measurement, Measurement]:
    """Both cut to the shorter one: a track of video may lack the last frame of the sound."""
    frames = min(len(take.gap), len(truth.gap))
    if abs(len(take.gap) - len(truth.gap)) > 3:
        raise ValueError(
            f"motion of {len(take.gap)} frames against a truth of {len(truth.gap)}; wanted the same length"
        )

    def cut(whole: Measurement) -> Measurement:
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


def difference(rows: Sequence[Row], one: str = "student-8", other: str = "full-512") -> str:
    """Markdown: how far the scores of `one` lie from those of `other`, set by set; empty where one of them is absent.

    Scores of chance (shuffled) are left out; the share is of the other's score, which says little where that is near 0.
    """
    lines = []
    for name in dict.fromkeys(row.set for row in rows):
        found = {row.system: row.metrics for row in rows if row.set == name}
        if not {one, other} <= found.keys():
            continue
        for metric, about in METRICS.items():
            if metric in found[one] and metric in found[other] and not metric.endswith("shuffled"):
                a, b = found[one][metric], found[other][metric]
                share = f"{100 * (a - b) / abs(b):+.1f}" if b else "–"
                unit = f" ({about.unit})" if about.unit else ""
                cells = f"{a:.{about.digits}f} | {b:.{about.digits}f} | {share}"
                lines.append(f"| {name} | {about.title}{unit} | {cells} | {about.better} |")
    head = [
        f"### {one} against {other}",
        "",
        f"| set | score | {one} | {other} | difference, % | better |",
        "|---" * 6 + "|",
    ]
    return "\n".join([*head, *lines]) if lines else ""


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
    parser.add_argument("--sets", nargs="+", default=[s for s in SETS if s != "voices"], help=", ".join(SETS))
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), help=NAMES)
    parser.add_argument("--clips", type=int, default=24, help="at most so many clips of each set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rendered", type=int, default=0, help="also on pictures of so many clips, by MediaPipe")
    parser.add_argument("--out", type=Path, default=Path("runs/metrics.jsonl"))


def run(args: argparse.Namespace) -> int:
    """What the command line does; sets and systems that cannot be had are named on stderr and left out."""
    for set_name in args.sets:
        if set_name not in SETS:
            raise ValueError(f"got set {set_name!r}; wanted one of {', '.join(SETS)}")
    for name in args.systems:
        if name not in BASELINES and parse_system(name) is None:
            raise ValueError(f"got system {name!r}; wanted {NAMES}")
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
            many = set_name == "synthetic" and (name == "teacher" or parse_system(name) is not None)
            metrics, frames, seconds = evaluate(clips, system, gauge, seed=args.seed, many=many)
            rows.append(Row(set_name, name, len(clips), frames, seconds, metrics))
            print(f"evaluate: {name} on {set_name}: {len(clips)} clips in {seconds:.1f} s", file=sys.stderr)
            if args.rendered and name != "mean" and set_name in RENDERED:
                rows.append(_rendered(set_name, name, even(clips, args.rendered), system, args.seed))
            write(args.out, rows)
    if not rows:
        raise ValueError(f"none of the sets {', '.join(args.sets)} could be evaluated")
    print(table(rows))
    for pair in COMPARED:
        if apart := difference(rows, *pair):
            print(f"\n{apart}")
    return 0


def _real(motion: Motion, clip: Clip) -> Motion:
    """A truth without the channels that its tracker did not register; a model's motion is shown as it is."""
    if motion is not clip.motion or clip.mask is None:
        return motion
    return replace(motion, coefficients=motion.coefficients * clip.mask.astype(np.float32))


def _rendered(set_name: str, name: str, clips: Sequence[Clip], system: System, seed: int) -> Row:
    from talkdemo.evaluate.rendered import evaluate_rendered, screen

    motions = [_real(system(clip, seed), clip) for clip in clips]
    start = time.perf_counter()
    figures = evaluate_rendered(clips, motions, screen().look)
    spent = time.perf_counter() - start
    frames = sum(map(len, motions))
    print(f"evaluate: {name} on {set_name}-rendered: {frames} frames in {spent:.1f} s", file=sys.stderr)
    return Row(f"{set_name}-rendered", name, len(clips), frames, spent, figures)


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
