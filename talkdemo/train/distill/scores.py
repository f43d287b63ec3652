"""A talker and fixed held-out windows in, how close it comes to the full model's own samples out, as rows of a table.

The same windows, noise and previous frames for everybody, sampled by DDIM: what a student changes is then seen frame
by frame. The reference is the full model through all its steps, without and with guidance; it is computed once and
kept in the run's folder together with the windows. All sampling here is in bfloat16, as training is: it moves the lips
by about 0.01 mm.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from talkdemo.diffusion import sampler
from talkdemo.face.arkit import INDEX
from talkdemo.face.head import FaceModel
from talkdemo.metrics.lve import lve
from talkdemo.talker import Talker
from talkdemo.train.distill.answers import answers, told
from talkdemo.train.talker.diffposetalk import StyleBatch
from talkdemo.train.talker.diffusiontalker import Batch

WINDOWS, GUIDED = 24, 8  # windows of the examination, and how many of them are sampled with guidance too
GUIDANCE = (1.75, 1.25)  # the middle of what students are taught
MEET = 1e-3  # metres: the lips meet where the true gap is below
OTHER, OTHER_STEPS = "reference's model, other noise", 32
SEED = 20_000

Scores = dict[str, float]
COLUMNS = {  # of the table
    "lips": "lips vs reference, mm",
    "guided": "the same, guided, mm",
    "upper": "upper-face motion, %",
    "blinks": "blink peaks, %",
    "gap": "gap where lips meet, mm",
    "truth": "lips vs truth, mm",
}


@dataclass(frozen=True)
class Examination:
    """Windows with their noise and reference, all normalised motion."""

    batch: Batch | StyleBatch  # B windows
    noise: torch.Tensor  # (B, L, 55)
    reference: torch.Tensor  # (B, L, 55) the reference model without guidance
    guided: torch.Tensor  # (B', L, 55) the same of the first B' windows, with GUIDANCE


def examination(file: Path, reference: Talker, steps: int, batches: Iterator[Batch]) -> Examination:
    """Read from `file`, or made by sampling `reference` at `steps` and kept there."""
    device = reference.start.device
    if file.exists():
        kept = torch.load(file, map_location=device, weights_only=True)
        kind = StyleBatch if reference.config.style else Batch
        return Examination(kind(**kept.pop("batch")), **kept)
    batch = complete_windows(batches, WINDOWS)
    generators = [torch.Generator().manual_seed(SEED + i) for i in range(len(batch.motion))]
    noise = sampler.draw(batch.motion.shape[1:], generators).to(device)
    made = sample(reference, batch, noise, steps)
    guided = sample(reference, first(batch, GUIDED), noise[:GUIDED], steps, GUIDANCE)
    file.parent.mkdir(parents=True, exist_ok=True)
    state = {"batch": columns(batch), "noise": noise, "reference": made, "guided": guided}
    torch.save(state, file.with_suffix(".part"))
    file.with_suffix(".part").replace(file)
    return Examination(batch, noise, made, guided)


@torch.no_grad()
def sample(
    talker: Talker, batch: Batch, noise: torch.Tensor, steps: int, guidance: tuple[float, float] = (1.0, 1.0)
) -> torch.Tensor:
    """One window of normalised motion per item, (B, L, 55), by DDIM from `noise` (B, L, 55)."""
    with torch.autocast(noise.device.type, dtype=torch.bfloat16):
        weights = torch.tensor([guidance], device=noise.device).expand(len(noise), -1)
        answer = answers(talker, told(talker, batch, weights))
        return sampler.ddim(
            lambda z, t: answer(z, torch.full((len(z),), t, device=z.device)), noise, talker.schedule.discretise(steps)
        )


class Examiner:
    """Scores of anybody on one examination."""

    def __init__(self, exam: Examination, face: FaceModel) -> None:
        self.exam = exam
        lips, upper = face.masks["lips"], face.masks["upper_face"]
        inner = face.inner_lip_middle.to(lips)
        self.mouth, self.upper = face.subset(torch.cat([lips, inner])), face.subset(upper)
        self.neutral = face.neutral()[upper.to(face.rest.device)]

    def scores(self, talker: Talker, steps: int) -> Scores:
        """`lips`, `guided`: mean over frames of the largest distance of a lip vertex from the reference's, mm.
        `upper`: standard deviation over time of the upper-face vertices' displacements, % of the reference's.
        `blinks`: highest lid closure of a window, mean over windows, % of the reference's. `gap`: between the lips on
        frames where the true lips meet, mm. `truth`: as `lips`, from the true motion."""
        exam = self.exam
        made = sample(talker, exam.batch, exam.noise, steps)
        few = first(exam.batch, len(exam.guided))
        guided = sample(talker, few, exam.noise[: len(exam.guided)], steps, GUIDANCE)
        return {**self.of(talker, made), "guided": self._apart(talker, guided, exam.guided)}

    def yardsticks(self, full: Talker) -> dict[str, Scores]:
        """What the scores are to be read against: the reference itself (`guided`: without guidance, a student that has
        not learned it is so far off), the true motion, and the full model from other noise (two samples of one model
        differ by so much)."""
        exam = self.exam
        other = sample(full, exam.batch, exam.noise.flip(0), min(OTHER_STEPS, full.schedule.steps))
        reference = self.of(full, exam.reference)
        reference["guided"] = self._apart(full, exam.reference[: len(exam.guided)], exam.guided)
        return {"reference": reference, "truth": self.of(full, self._true()), OTHER: self.of(full, other)}

    def _true(self) -> torch.Tensor:
        """True motion (B, L, 55); what was not recorded stands as in the reference and so counts as right."""
        return torch.where(self.exam.batch.mask > 0, self.exam.batch.motion, self.exam.reference)

    def of(self, talker: Talker, made: torch.Tensor) -> Scores:
        """The scores of motion (B, L, 55) that do not need guidance."""
        reference, true = self.exam.reference, self._true()
        gap, true_gap = (self._gap(self._mouth(talker, x)) for x in (made, true))
        meet = true_gap < MEET
        return {
            "lips": self._apart(talker, made, reference),
            "upper": 100 * self._liveliness(talker, made) / self._liveliness(talker, reference),
            "blinks": 100 * self._blink(talker, made) / self._blink(talker, reference),
            "gap": float(gap[meet].mean() * 1e3) if meet.any() else float("nan"),
            "truth": self._apart(talker, made, true),
        }

    def _coefficients(self, talker: Talker, x: torch.Tensor) -> torch.Tensor:
        return talker.statistics.restore(x)[0].clamp(0, 1)  # (B, L, 52)

    def _mouth(self, talker: Talker, x: torch.Tensor) -> np.ndarray:
        """(B · L, V', 3) metres; the last two are the middles of the upper and the lower inner lip."""
        return self.mouth(self._coefficients(talker, x)).flatten(0, 1).cpu().numpy()

    def _apart(self, talker: Talker, made: torch.Tensor, other: torch.Tensor) -> float:
        a, b = self._mouth(talker, made), self._mouth(talker, other)
        return lve(a, b, np.arange(a.shape[1] - 2))

    def _gap(self, mouth: np.ndarray) -> np.ndarray:
        return np.maximum(mouth[:, -2, 1] - mouth[:, -1, 1], 0)  # along the face's up axis; pressed lips are closed

    def _liveliness(self, talker: Talker, x: torch.Tensor) -> float:
        moved = self.upper(self._coefficients(talker, x)) - self.neutral
        return float(moved.norm(dim=-1).std(dim=1).mean())

    def _blink(self, talker: Talker, x: torch.Tensor) -> float:
        lids = self._coefficients(talker, x)[..., [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]].mean(-1)
        return float(lids.amax(1).mean())


def columns(batch: Batch) -> dict[str, torch.Tensor]:
    return {field.name: getattr(batch, field.name) for field in fields(batch)}


def first(batch: Batch, count: int) -> Batch:
    """The first `count` windows."""
    return type(batch)(**{name: value[:count] for name, value in columns(batch).items()})


def complete_windows(batches: Iterator[Batch], count: int, tries: int = 100) -> Batch:
    """`count` windows that do not run past the end of their session (there nothing is known). Raises ValueError if
    `tries` batches do not hold so many."""
    found: list[dict[str, torch.Tensor]] = []
    for _, batch in zip(range(tries), batches, strict=False):
        whole = columns(batch)
        for i in (batch.mask > 0).any(-1).all(-1).nonzero()[:, 0].tolist():
            found.append({name: value[i : i + 1] for name, value in whole.items()})
        if len(found) >= count:
            return type(batch)(**{name: torch.cat([row[name] for row in found[:count]]) for name in found[0]})
    raise ValueError(f"the held-out sessions gave {len(found)} whole windows in {tries} batches; {count} are wanted")


def table(lines: Sequence[Mapping]) -> str:
    """Lines of rounds.jsonl → Markdown."""
    head = ["system", *COLUMNS.values(), "optimiser steps", "minutes"]
    rows = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for line in lines:
        cells = [f"{line['scores'][key]:.3g}" if key in line["scores"] else "–" for key in COLUMNS]
        name = f"{line['system']}, {line['steps']} steps" if "steps" in line else line["system"]
        work = [f"{line['optimiser_steps']}", f"{line['minutes']:.1f}"] if "minutes" in line else ["–", "–"]
        rows.append("| " + " | ".join([name, *cells, *work]) + " |")
    return "\n".join(rows)


def read(file: Path) -> list[dict]:
    """Lines of rounds.jsonl; none if there is no such file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
