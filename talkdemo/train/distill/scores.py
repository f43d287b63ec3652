"""Scores of students: how close fixed held-out windows come to the full model's own samples.

The same windows, noise and previous frames for every system, sampled by DDIM: what a student changes then shows frame
by frame. The reference is the full model through all its steps, without and with guidance; it is computed once and
stored in the run's folder together with the windows. All sampling here is in bfloat16, as training is: it moves the
lips by about 0.01 mm.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkdemo import files
from talkdemo.diffusion import sampler
from talkdemo.face.arkit import INDEX
from talkdemo.face.head import FaceModel
from talkdemo.metrics.errors import lve
from talkdemo.talker import Talker
from talkdemo.train.distill.denoiser import bind_denoiser, denoiser_input
from talkdemo.train.talker.style_windows import StyleBatch
from talkdemo.train.talker.windows import Batch, IdentityBatch

WINDOWS, GUIDED = 24, 8  # windows of the set, and how many of them are sampled with guidance too
GUIDANCE = (1.75, 1.25)  # the middle of the ranges that students learn
CLOSED = 1e-3  # metres: the lips are closed where the true gap is below
OTHER, OTHER_STEPS = "full model, other noise", 32
SEED = 20_000

Scores = dict[str, float]
COLUMNS = {  # of the table
    "lips": "lips vs reference, mm",
    "guided": "the same, guided, mm",
    "upper": "upper-face motion, %",
    "blinks": "blink peaks, %",
    "gap": "gap where lips are closed, mm",
    "truth": "lips vs truth, mm",
}


@dataclass(frozen=True)
class EvaluationSet:
    """Windows with their noise and reference, all normalised motion."""

    batch: Batch  # B windows
    noise: torch.Tensor  # (B, L, 55)
    reference: torch.Tensor  # (B, L, 55) the reference model without guidance
    guided: torch.Tensor  # (B', L, 55) the same of the first B' windows, with GUIDANCE


def evaluation_set(file: Path, reference: Talker, steps: int, batches: Iterator[Batch]) -> EvaluationSet:
    """Read from `file`, or sampled from `reference` in `steps` and stored there."""
    device = reference.start.device
    if file.exists():
        stored = torch.load(file, map_location=device, weights_only=True)
        kind = StyleBatch if reference.config.style else IdentityBatch
        return EvaluationSet(kind(**stored.pop("batch")), **stored)
    batch = complete_windows(batches, WINDOWS)
    generators = [torch.Generator().manual_seed(SEED + i) for i in range(len(batch.motion))]
    noise = sampler.draw(batch.motion.shape[1:], generators).to(device)
    state = {
        "noise": noise,
        "reference": sample(reference, batch, noise, steps),
        "guided": sample(reference, batch[:GUIDED], noise[:GUIDED], steps, GUIDANCE),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(file) as part:
        torch.save({"batch": {field.name: getattr(batch, field.name) for field in fields(batch)}, **state}, part)
    return EvaluationSet(batch, **state)


@torch.no_grad()
def sample(
    talker: Talker, batch: Batch, noise: torch.Tensor, steps: int, guidance: tuple[float, float] = (1.0, 1.0)
) -> torch.Tensor:
    """One window of normalised motion per item, (B, L, 55), by DDIM from `noise` (B, L, 55)."""
    with torch.autocast(noise.device.type, dtype=torch.bfloat16):
        weights = torch.tensor([guidance], device=noise.device).expand(len(noise), -1)
        denoiser = bind_denoiser(talker, denoiser_input(talker, batch, weights))
        return sampler.ddim(denoiser, noise, talker.schedule.discretise(steps))


class Evaluator:
    """Scores of any system on one set."""

    def __init__(self, windows: EvaluationSet, face: FaceModel) -> None:
        self.set = windows
        lips, upper = face.masks["lips"], face.masks["upper_face"]
        inner = face.inner_lip_middle.to(lips)
        self.mouth, self.upper = face.subset(torch.cat([lips, inner])), face.subset(upper)
        neutral = face.neutral()
        self.neutral = neutral[upper.to(neutral.device)]

    def scores(self, talker: Talker, steps: int) -> Scores:
        """`lips`, `guided`: mean over frames of the largest distance of a lip vertex from the reference's, mm.
        `upper`: standard deviation over time of the upper-face vertices' displacements, % of the reference's.
        `blinks`: highest lid closure of a window, mean over windows, % of the reference's. `gap`: between the lips on
        frames where the true lips are closed, mm. `truth`: as `lips`, from the true motion."""
        generated = sample(talker, self.set.batch, self.set.noise, steps)
        count = len(self.set.guided)
        guided = sample(talker, self.set.batch[:count], self.set.noise[:count], steps, GUIDANCE)
        return {**self.unguided(talker, generated), "guided": self._lip_distance(talker, guided, self.set.guided)}

    def baselines(self, full: Talker) -> dict[str, Scores]:
        """What the scores are to be compared with: the reference itself (`guided`: without guidance; a student that has
        not learned it is so far off), the true motion, and the full model from other noise (two samples of one model
        differ by so much)."""
        other = sample(full, self.set.batch, self.set.noise.flip(0), min(OTHER_STEPS, full.schedule.steps))
        reference = self.unguided(full, self.set.reference)
        plain = self.set.reference[: len(self.set.guided)]
        reference["guided"] = self._lip_distance(full, plain, self.set.guided)
        truth = self.unguided(full, self._true())
        return {"reference": reference, "truth": truth, OTHER: self.unguided(full, other)}

    def _true(self) -> torch.Tensor:
        """True motion (B, L, 55); what was not recorded is taken from the reference and so counts as right."""
        return torch.where(self.set.batch.mask > 0, self.set.batch.motion, self.set.reference)

    def unguided(self, talker: Talker, generated: torch.Tensor) -> Scores:
        """The scores of motion (B, L, 55) that do not need guidance."""
        reference, true = self.set.reference, self._true()
        mouths = (self._mouth(talker, x) for x in (generated, true))
        gap, true_gap = (np.maximum(m[:, -2, 1] - m[:, -1, 1], 0) for m in mouths)  # upwards; pressed lips are closed
        closed = true_gap < CLOSED
        return {
            "lips": self._lip_distance(talker, generated, reference),
            "upper": 100 * self._upper_motion(talker, generated) / self._upper_motion(talker, reference),
            "blinks": 100 * self._blink(talker, generated) / self._blink(talker, reference),
            "gap": float(gap[closed].mean() * 1e3) if closed.any() else float("nan"),
            "truth": self._lip_distance(talker, generated, true),
        }

    def _coefficients(self, talker: Talker, x: torch.Tensor) -> torch.Tensor:
        return talker.statistics.restore(x)[0].clamp(0, 1)  # (B, L, 52)

    def _mouth(self, talker: Talker, x: torch.Tensor) -> np.ndarray:
        """(B · L, V', 3) metres; the last two are the middles of the upper and the lower inner lip."""
        return self.mouth(self._coefficients(talker, x)).flatten(0, 1).cpu().numpy()

    def _lip_distance(self, talker: Talker, generated: torch.Tensor, other: torch.Tensor) -> float:
        a, b = self._mouth(talker, generated), self._mouth(talker, other)
        return lve(a, b, np.arange(a.shape[1] - 2))

    def _upper_motion(self, talker: Talker, x: torch.Tensor) -> float:
        displacement = self.upper(self._coefficients(talker, x)) - self.neutral
        return float(displacement.norm(dim=-1).std(dim=1).mean())

    def _blink(self, talker: Talker, x: torch.Tensor) -> float:
        lids = self._coefficients(talker, x)[..., [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]].mean(-1)
        return float(lids.amax(1).mean())


def complete_windows(batches: Iterator[Batch], count: int, tries: int = 100) -> Batch:
    """`count` windows that do not run past the end of their session (there nothing is known). Raises ValueError if
    `tries` batches do not hold so many."""
    found: list[Batch] = []
    for _, batch in zip(range(tries), batches, strict=False):
        found += [batch[i : i + 1] for i in (batch.mask > 0).any(-1).all(-1).nonzero()[:, 0].tolist()]
        if len(found) >= count:
            columns = ([getattr(one, field.name) for one in found[:count]] for field in fields(batch))
            return type(batch)(*(torch.cat(column) for column in columns))
    raise ValueError(f"the held-out sessions gave {len(found)} whole windows in {tries} batches; {count} are wanted")


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """Lines of rounds.jsonl → Markdown."""
    head = ["system", *COLUMNS.values(), "optimiser steps", "minutes"]
    rows = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for line in lines:
        cells = [f"{line['scores'][key]:.3g}" if key in line["scores"] else "–" for key in COLUMNS]
        name = f"{line['system']}, {line['steps']} steps" if "steps" in line else line["system"]
        work = [f"{line['optimiser_steps']}", f"{line['minutes']:.1f}"] if "minutes" in line else ["–", "–"]
        rows.append("| " + " | ".join([name, *cells, *work]) + " |")
    return "\n".join(rows)


def read(file: Path) -> list[dict[str, Any]]:
    """Lines of rounds.jsonl; none if there is no such file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
