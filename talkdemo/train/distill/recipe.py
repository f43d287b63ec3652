"""A full talking model in, students of few steps out (`python -m talkdemo train distill`).

Progressive distillation (Salimans & Ho 2022), round after round, each student the next round's teacher:

    python -m talkdemo train distill                       # 512 → … → 8: 20 minutes, and some for the scores
    python -m talkdemo train distill --out-steps 8 4 2     # goes on from there and installs three students
    python -m talkdemo train distill --report              # the table of scores alone
    python -m talkdemo train distill --teacher diffposetalk --run runs/distill-diffposetalk
    python -m talkdemo train distill --teacher runs/distill/round-8.safetensors --run runs/distill-compact --width 160

The last makes a smaller network (`--layers` too) that answers as the student of 8 steps: diffusiontalker-8-compact.

Round 512 folds guidance into the network (after Meng et al. 2023): a student with the weights of guidance as an input
answers what the teacher answers in up to three evaluations. Every round after it halves the steps: the student answers
x̃, from which one step lands where two of its teacher's land (diffusion/progressive.py).

The paper's: x̃, the student that starts as its teacher, the weight max(α²/σ², 1), a learning rate that falls to nothing
in every round. Ours: the weight is bounded by 5 and enters as the probability with which steps are drawn; the loss is
the one of training (coefficients, lips, velocities, less of closures), without masks, as the teacher answers every
channel; a round hands on the average of its weights; half of the windows have no guidance, for the others it is drawn
anew each time; identities, emotions and the learned start stay the teacher's; minutes and rates of the rounds.

A run is a folder: round-N.safetensors of every finished round, rounds.jsonl, the examination. The same command resumes,
a half-finished round too; a finished chain only prints its table. A student of N steps is to be sampled in N steps.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from talkdemo import checkpoint
from talkdemo.diffusion import progressive
from talkdemo.diffusion.schedule import add_noise
from talkdemo.face.head import FaceModel
from talkdemo.talker import Talker, TalkerConfig
from talkdemo.train.distill.answers import answers, told
from talkdemo.train.distill.scores import Examiner, examination, read, table
from talkdemo.train.loop import LoopConfig, train
from talkdemo.train.talker.data import load
from talkdemo.train.talker.diffposetalk import windows as style_windows
from talkdemo.train.talker.diffusiontalker import Batch, TalkerLoss, Windows
from talkdemo.train.talker.losses import MotionLossWeights, motion_terms

AUDIO, STYLE = (1.0, 2.5), (0.5, 2.0)  # weights of guidance that students learn
PLAIN = 0.5  # share of the windows without guidance
MOST = 5.0  # bound of the truncated-SNR weight
CHAIN_MINUTES = 20.0  # what the minutes of ROUNDS add up to, down to 8 steps
CLOSURE = 0.1  # weight of the closure term: an absolute error outweighs squared ones where all are as small as here
TEACHER = "diffusiontalker"
COMPARED = 64  # up to so many steps a student is compared with the full model in as many


@dataclass(frozen=True)
class Round:
    steps: int  # of its student
    minutes: float  # of a chain of CHAIN_MINUTES
    rate: float  # learning rate, at first
    halves: bool = True  # else the student answers what its teacher answers at the same step


# Early students hardly differ from their teachers. What a student has to learn grows with its stride; so do the minutes
# and, as Adam's steps do not shrink with the loss, the rate: a higher one would only shake the weights.
ROUNDS = (
    Round(512, 6.0, 1e-4, halves=False),
    Round(256, 0.5, 5e-6),
    Round(128, 0.5, 1e-5),
    Round(64, 0.8, 2e-5),
    Round(32, 1.6, 4e-5),
    Round(16, 3.4, 8e-5),
    Round(8, 7.2, 1.5e-4),
    Round(4, 7.2, 1.5e-4),  # this one and the next come on top of CHAIN_MINUTES
    Round(2, 7.2, 1.5e-4),
)


class DistillLoss:
    """The loss of one round as one object: named terms of one batch."""

    def __init__(self, teacher: Talker, steps: int, halves: bool, motion: TalkerLoss, seed: int = 0) -> None:
        """`motion` lends its lips and weights. `halves`: the teacher takes two steps for each of the student's."""
        self.teacher, self.halves, self.motion = teacher.eval().requires_grad_(False), halves, motion
        schedule = teacher.schedule
        self.strides = progressive.strides(schedule, steps) if halves else None
        self.times = self.strides.t if halves else torch.tensor(schedule.timesteps(steps)[:-1])
        self.importance = progressive.importance(schedule, self.times, MOST)
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, student: Talker, batch: Batch) -> Mapping[str, torch.Tensor]:
        size, device = len(batch.motion), batch.motion.device
        drawn = torch.multinomial(self.importance, size, replacement=True, generator=self.generator)
        noise = torch.randn(batch.motion.shape, generator=self.generator).to(device)
        jitter = torch.randn(batch.previous.shape, generator=self.generator).to(device)
        guidance = draw_guidance(size, self.generator).to(device)
        t = self.times[drawn].to(device)
        z = add_noise(self.teacher.schedule, batch.motion, noise, t)
        with torch.no_grad():
            about = told(self.teacher, batch, guidance, jitter)
            teacher = answers(self.teacher, about)
            if self.halves:
                target = progressive.target(teacher, z, self._stride(drawn, device), self.teacher.schedule)
            else:
                target = teacher(z, t)
        predicted = answers(student, about)(z, t)

        with torch.autocast(device.type, enabled=False):
            statistics, lips = self.teacher.statistics, self.motion.lips
            (made, _), (wanted, _) = statistics.restore(predicted), statistics.restore(target)
            return motion_terms(predicted, target, lips(made), lips(wanted), self.motion.inner, self.motion.weights)

    def _stride(self, drawn: torch.Tensor, device: torch.device) -> progressive.Strides:
        stride = self.strides[drawn]
        return progressive.Strides(*(steps.to(device) for steps in (stride.t, stride.m, stride.s)))


def draw_guidance(size: int, generator: torch.Generator) -> torch.Tensor:
    """(size, 2) weights on speech and style: 1 and 1 for the first PLAIN of the windows, else uniform in range."""
    low, high = torch.tensor([AUDIO, STYLE]).T
    weights = low + (high - low) * torch.rand(size, 2, generator=generator)
    weights[: round(PLAIN * size)] = 1.0
    return weights


def student_of(teacher: Talker, steps: int, width: int | None = None, layers: int | None = None) -> Talker:
    """A guided talker of `steps` steps, its network alone trainable. Of the same size it starts as the teacher, whose
    weights of guidance, if it had none, count for nothing at first; `width` and `layers` make a fresh network."""
    network = replace(teacher.config.network, guided=True)
    fresh = width is not None or layers is not None
    if fresh:
        network = replace(network, width=width or network.width, layers=layers or network.layers)
        if network.width % (2 * network.heads):
            raise ValueError(f"a width of {network.width} was given; a multiple of {2 * network.heads} is wanted")
    student = Talker(replace(teacher.config, network=network, student_steps=steps)).to(teacher.start.device)
    known = {k: v for k, v in teacher.state_dict().items() if not (fresh and k.startswith("network."))}
    student.load_state_dict(student.state_dict() | known)
    student.requires_grad_(False)
    student.network.requires_grad_(True)
    return student


@dataclass(frozen=True)
class Origin:
    """The checkpoint that a chain begins with."""

    name: str
    sha256: str
    provenance: Mapping[str, Any]

    @classmethod
    def of(cls, file: checkpoint.Checkpoint) -> Origin:
        return cls(file.path.stem, hashlib.sha256(file.path.read_bytes()).hexdigest(), file.provenance)

    def describe(self, rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Provenance of a student: sources and licences are the teacher's; what was done since is in `rounds`."""
        own = {"recipe", "steps", "minutes", "rounds", "teacher"}
        what = {k: v for k, v in self.provenance.items() if k in own - {"rounds"}}
        return {
            **{k: v for k, v in self.provenance.items() if k not in own},
            "recipe": "talkdemo.train.distill.recipe",
            "method": "progressive distillation (Salimans & Ho 2022), guidance first (Meng et al. 2023)",
            "teacher": {"name": self.name, "sha256": self.sha256, **what},
            "steps": sum(line["optimiser_steps"] for line in rounds),
            "minutes": round(sum(line["minutes"] for line in rounds), 1),
            "rounds": list(rounds),
        }


@dataclass(frozen=True)
class Options:
    run: Path
    cache: Path
    batch: int = 32
    seed: int = 0
    width: int | None = None  # of a compact student
    layers: int | None = None
    max_steps: int | None = None  # optimiser steps of a round, whatever its minutes


class Chain:
    """Rounds that are done one after the other, each resumed where it stopped."""

    def __init__(self, teacher: Talker, origin: Origin, options: Options) -> None:
        """Raises ValueError if the run's folder was begun with another teacher."""
        self.teacher, self.origin, self.options = teacher, origin, options
        self.run, self.device = options.run, teacher.start.device
        self.lines = self.run / "rounds.jsonl"
        self.own_steps = teacher.config.student_steps or teacher.config.steps
        mark, this = self.run / "teacher.json", {"name": origin.name, "sha256": origin.sha256}
        if mark.exists() and json.loads(mark.read_text()) != this:
            raise ValueError(f"{self.run} was begun with another teacher than {origin.name}; choose another --run")
        self.run.mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps(this))
        self._loaded: dict[str, Any] = {}

    def file(self, steps: int) -> Path:
        return self.run / f"round-{steps}.safetensors"

    def go(self, rounds: Sequence[Round]) -> None:
        """Every round that is not done, and the scores of every round that has none."""
        scored = {(line["system"], line.get("steps")) for line in read(self.lines)}
        before: int | None = None
        for this in rounds:
            if not self.file(this.steps).exists():
                self._round(self.teacher if before is None else self._open(before), this)
            if ("student", this.steps) not in scored:
                self._score(this.steps)
            before = this.steps

    def _round(self, teacher: Talker, this: Round) -> None:
        student = student_of(teacher, this.steps, self.options.width, self.options.layers)
        folder, seed = self.run / f"round-{this.steps}", self.options.seed + this.steps
        print(f"round {this.steps}: {this.minutes:.1f} minutes, rate {this.rate:g}", flush=True)
        loss = DistillLoss(teacher, this.steps, this.halves, self._motion(), seed)
        config = LoopConfig(
            this.minutes, this.rate, warmup_steps=20, weight_decay=0.0, average=0.985, save_every=60, log_every=20
        )
        batches = self._windows("train", student, seed)
        trained = train(student, batches, loss, config, folder, max_steps=self.options.max_steps)
        done = {"optimiser_steps": trained.steps, "minutes": round(trained.minutes, 2)}
        losses = {name: float(f"{value:.4g}") for name, value in trained.losses.items()}
        history = [{"to": this.steps, **done, "rate": this.rate, "batch": self.options.batch, "losses": losses}]
        trained.model.save(self.file(this.steps), self.origin.describe(self._history(teacher) + history))
        (folder / "state.pt").unlink()

    def _history(self, teacher: Talker) -> list[Mapping[str, Any]]:
        if teacher is self.teacher:
            return list(self.origin.provenance.get("rounds", []))
        return checkpoint.describe(self.file(teacher.config.student_steps))["provenance"]["rounds"]

    def _open(self, steps: int) -> Talker:
        """What the file of a round holds, rounded as it is: an interrupted chain ends as one that was not."""
        return Talker.open(self.file(steps))[0].to(self.device)

    def _score(self, steps: int) -> None:
        examiner, lines = self._examiner(), read(self.lines)
        if not lines:
            lines = [{"system": name, "scores": scores} for name, scores in examiner.yardsticks(self.teacher).items()]
        new = []
        if steps <= COMPARED and steps < self.own_steps:
            new.append({"system": "full", "steps": steps, "scores": examiner.scores(self.teacher, steps)})
        work = checkpoint.describe(self.file(steps))["provenance"]["rounds"][-1]
        work = {key: work[key] for key in ("optimiser_steps", "minutes", "losses")}
        new.append({"system": "student", "steps": steps, "scores": examiner.scores(self._open(steps), steps), **work})
        part = self.lines.with_suffix(".part")
        part.write_text("".join(json.dumps(line) + "\n" for line in lines + new), encoding="utf-8")
        part.replace(self.lines)
        print(table(new), flush=True)

    def _windows(self, split: str, talker: Talker, seed: int) -> Iterator[Batch]:
        cached = self._once(split, lambda: load(self.options.cache, split))
        if talker.config.style:
            return style_windows(self.options.cache, split, cached, talker, self.options.batch, seed)
        return iter(Windows(cached, talker, self.options.batch, seed))

    def _motion(self) -> TalkerLoss:
        return self._once("motion", lambda: TalkerLoss(self._face(), MotionLossWeights(closure=CLOSURE)))

    def _face(self) -> FaceModel:
        return self._once("face", lambda: FaceModel.load().to(self.device))

    def _examiner(self) -> Examiner:
        def make() -> Examiner:
            windows = self._windows("held-out", self.teacher, self.options.seed)
            exam = examination(self.run / "examination.pt", self.teacher, self.own_steps, windows)
            return Examiner(exam, self._face())

        return self._once("examiner", make)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._loaded:
            self._loaded[name] = make()
        return self._loaded[name]


def planned(talker: TalkerConfig, until: int, minutes: float, compact: bool) -> list[Round]:
    """The rounds from a teacher to `until` steps; a compact student takes one. Raises ValueError for a teacher or a
    number of steps that no round fits."""
    if talker.regressor:
        raise ValueError("the teacher is a regressor; a diffusion model is wanted")
    if compact:
        if talker.student_steps is None:
            raise ValueError("a full model was given to a compact student; a student is wanted, such as round-8")
        return [Round(talker.student_steps, minutes, 5e-4, halves=False)]
    if talker.student_steps is not None:
        raise ValueError(f"the teacher is a student of {talker.student_steps} steps; the full model is wanted")
    known = [this.steps for this in ROUNDS if this.steps < talker.steps]
    if until not in known or talker.steps != ROUNDS[0].steps:
        raise ValueError(f"{until} steps from {talker.steps} were asked for; one of {known} from 512 is wanted")
    scale = minutes / CHAIN_MINUTES
    return [replace(this, minutes=this.minutes * scale) for this in ROUNDS if this.steps >= until]


def install(source: Path, target: Path) -> None:
    """Copy a round's checkpoint to where models are looked for, whole or not at all; nothing where it is already."""
    if not target.exists() or target.read_bytes() != source.read_bytes():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        shutil.copyfile(source, part)
        part.replace(target)
        print(f"{target.name}: installed in {target.parent}")


def main(arguments: Sequence[str] | None = None) -> None:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="talkdemo train distill", description=__doc__, formatter_class=formatter)
    parser.add_argument("--teacher", default=TEACHER, help="the full model; for a compact student, a student")
    parser.add_argument("--cache", type=Path, default=Path("runs/talker"))
    parser.add_argument("--run", type=Path, default=Path("runs/distill"), help="folder of the run; resumes")
    parser.add_argument("--minutes", type=float, default=CHAIN_MINUTES, help="of training down to 8 steps")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--out-steps", type=int, nargs="+", default=[8], help="students that are installed")
    parser.add_argument("--until", type=int, help="go on to so few steps, whatever is installed")
    parser.add_argument("--out", type=Path, default=checkpoint.WEIGHTS, help="folder where students are installed")
    parser.add_argument("--width", type=int, help="of a compact student")
    parser.add_argument("--layers", type=int, help="of a compact student")
    parser.add_argument("--max-steps", type=int, help="optimiser steps of each round, whatever the minutes")
    parser.add_argument("--report", action="store_true", help="only print the table of a run")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    if args.report:
        print(report(args.run))
        return

    torch.manual_seed(args.seed)
    teacher, file = Talker.open(args.teacher)
    compact = args.width is not None or args.layers is not None
    until = min(args.out_steps if args.until is None else [*args.out_steps, args.until])
    rounds = planned(teacher.config, until, args.minutes, compact)
    reached = {this.steps for this in rounds}
    if not compact and not set(args.out_steps) <= reached:
        raise ValueError(f"students of {args.out_steps} steps were asked for; known are {sorted(reached)}")
    teacher = teacher.to("cuda" if torch.cuda.is_available() else "cpu")
    options = Options(args.run, args.cache, args.batch, args.seed, args.width, args.layers, args.max_steps)
    chain = Chain(teacher, Origin.of(file), options)
    chain.go(rounds)
    model = file.provenance.get("teacher", {}).get("name", file.path.stem)  # a compact student's teacher has a teacher
    for steps in reached if compact else args.out_steps:
        install(chain.file(steps), args.out / f"{model}-{steps}{'-compact' * compact}.safetensors")
    print(report(args.run))


def report(run: Path) -> str:
    """The table of a run. Raises ValueError if no round of it is done."""
    lines = read(run / "rounds.jsonl")
    if not lines:
        raise ValueError(f"{run} holds no finished round; `python -m talkdemo train distill --run {run}` makes them")
    return table(lines)


if __name__ == "__main__":
    main()
