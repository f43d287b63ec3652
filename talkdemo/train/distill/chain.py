"""Rounds of distillation one after the other, each student the next round's teacher; resumed where they stopped.

A run is a folder: round-N.safetensors of every finished round, rounds.jsonl with their scores, the evaluation set. A
round passes on the average of its weights. Minutes and rates of the rounds are ours.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from talkdemo import checkpoint, files
from talkdemo.face.head import FaceModel
from talkdemo.talker import Talker, TalkerConfig
from talkdemo.train.distill.loss import DistillLoss, student_of
from talkdemo.train.distill.scores import Evaluator, evaluation_set, read, table
from talkdemo.train.loop import LoopConfig, train
from talkdemo.train.talker.data import CachedVoice, load
from talkdemo.train.talker.losses import MotionLoss
from talkdemo.train.talker.style_windows import open_windows
from talkdemo.train.talker.windows import Windows

CHAIN_MINUTES = 20.0  # sum of the minutes of ROUNDS, down to 8 steps
CLOSURE = 0.1  # weight of the closure term: an absolute error outweighs squared ones where all are as small as here
COMPARED = 64  # up to so many steps a student is compared with the full model in as many


@dataclass(frozen=True)
class Round:
    steps: int  # of its student
    minutes: float  # of a chain of CHAIN_MINUTES
    rate: float  # learning rate, at first
    halves: bool = True  # else the student predicts what its teacher predicts at the same step


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


@dataclass(frozen=True)
class Origin:
    """The checkpoint that a chain begins with."""

    name: str
    sha256: str
    provenance: Mapping[str, Any]

    @classmethod
    def of(cls, file: checkpoint.Checkpoint) -> Self:
        return cls(file.path.stem, hashlib.sha256(file.path.read_bytes()).hexdigest(), file.provenance)

    def describe(self, rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Provenance of a student: sources and licences are the teacher's; what was done since is in `rounds`."""
        own = {"recipe", "steps", "minutes", "rounds", "teacher"}
        before = {k: v for k, v in self.provenance.items() if k in own - {"rounds"}}
        return {
            **{k: v for k, v in self.provenance.items() if k not in own},
            "recipe": "talkdemo.train.distill.recipe",
            "method": "progressive distillation (Salimans & Ho 2022), guidance first (Meng et al. 2023)",
            "teacher": {"name": self.name, "sha256": self.sha256, **before},
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
        self.voices: dict[str, list[CachedVoice]] = {}
        mark, identity = self.run / "teacher.json", {"name": origin.name, "sha256": origin.sha256}
        if mark.exists() and json.loads(mark.read_text()) != identity:
            raise ValueError(f"{self.run} was begun with another teacher than {origin.name}; choose another --run")
        self.run.mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps(identity))

    def file(self, steps: int) -> Path:
        return self.run / f"round-{steps}.safetensors"

    def go(self, rounds: Sequence[Round]) -> None:
        """Every round that is not done, and the scores of every round that has none."""
        scored = {(line["system"], line.get("steps")) for line in read(self.lines)}
        before: int | None = None
        for current in rounds:
            if not self.file(current.steps).exists():
                self._round(self.teacher if before is None else self._open(before), current, before)
            if ("student", current.steps) not in scored:
                self._score(current.steps)
            before = current.steps

    def _round(self, teacher: Talker, current: Round, before: int | None) -> None:
        student = student_of(teacher, current.steps, self.options.width, self.options.layers)
        folder, seed = self.run / f"round-{current.steps}", self.options.seed + current.steps
        print(f"round {current.steps}: {current.minutes:.1f} minutes, rate {current.rate:g}", flush=True)
        motion = MotionLoss(self.face, closure=CLOSURE)
        loss = DistillLoss(teacher, current.steps, current.halves, motion, seed)
        config = LoopConfig(
            current.minutes, current.rate, warmup_steps=20, weight_decay=0.0, average=0.985, save_every=60,
            log_every=20, steps=self.options.max_steps,
        )  # fmt: skip
        windows = self._windows("train", student, seed)
        trained = train(student, iter(windows), loss, config, folder, generators=[windows.rng, loss.generator])
        losses = {name: float(f"{value:.4g}") for name, value in trained.losses.items()}
        work = {"optimiser_steps": trained.steps, "minutes": round(trained.minutes, 2), "rate": current.rate}
        history = [*self._history(before), {"to": current.steps, **work, "batch": self.options.batch, "losses": losses}]
        trained.model.save(self.file(current.steps), self.origin.describe(history))
        (folder / "state.pt").unlink()

    def _history(self, before: int | None) -> list[Mapping[str, Any]]:
        provenance = self.origin.provenance if before is None else checkpoint.describe(self.file(before))["provenance"]
        return list(provenance.get("rounds", []))

    def _open(self, steps: int) -> Talker:
        """What the file of a round holds, rounded as it is: an interrupted chain ends as one that was not."""
        return Talker.open(self.file(steps))[0].to(self.device)

    def _score(self, steps: int) -> None:
        evaluator, lines = self.evaluator, read(self.lines)
        if not lines:
            lines = [{"system": name, "scores": scores} for name, scores in evaluator.baselines(self.teacher).items()]
        new = []
        if steps <= COMPARED and steps < self.own_steps:
            new.append({"system": "full", "steps": steps, "scores": evaluator.scores(self.teacher, steps)})
        last = self._history(steps)[-1]
        work = {key: last[key] for key in ("optimiser_steps", "minutes", "losses")}
        new.append({"system": "student", "steps": steps, "scores": evaluator.scores(self._open(steps), steps), **work})
        with files.replacing(self.lines) as part:
            part.write_text("".join(json.dumps(line) + "\n" for line in lines + new), encoding="utf-8")
        print(table(new), flush=True)

    def _windows(self, split: str, talker: Talker, seed: int) -> Windows:
        if split not in self.voices:
            self.voices[split] = load(self.options.cache, split)
        return open_windows(talker, self.options.cache, split, self.voices[split], self.options.batch, seed)

    @cached_property
    def face(self) -> FaceModel:
        return FaceModel.load().to(self.device)

    @cached_property
    def evaluator(self) -> Evaluator:
        if (self.run / "examination.pt").exists():
            raise ValueError(f"{self.run} is of an earlier version and cannot be resumed; choose another --run")
        windows = self._windows("held-out", self.teacher, self.options.seed)
        file = self.run / "evaluation.pt"
        return Evaluator(evaluation_set(file, self.teacher, self.own_steps, iter(windows)), self.face)


def planned(talker: TalkerConfig, until: int, minutes: float, compact: bool) -> list[Round]:
    """The rounds from a teacher to `until` steps; a compact student takes one. Raises ValueError for a teacher or a
    number of steps that there is no round for."""
    if talker.regressor:
        raise ValueError("the teacher is a regressor; a diffusion model is wanted")
    if compact:
        if talker.student_steps is None:
            raise ValueError("a full model was given to a compact student; a student is wanted, such as round-8")
        return [Round(talker.student_steps, minutes, 5e-4, halves=False)]
    if talker.student_steps is not None:
        raise ValueError(f"the teacher is a student of {talker.student_steps} steps; the full model is wanted")
    known = [r.steps for r in ROUNDS if r.steps < talker.steps]
    if until not in known or talker.steps != ROUNDS[0].steps:
        raise ValueError(f"{until} steps from {talker.steps} were asked for; one of {known} from 512 is wanted")
    scale = minutes / CHAIN_MINUTES
    return [replace(r, minutes=r.minutes * scale) for r in ROUNDS if r.steps >= until]
