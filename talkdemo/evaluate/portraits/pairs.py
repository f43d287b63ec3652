"""Pairs of true pictures in, a table of what the model and the baselines make of the first ones out.

Errors are those of landmarks that MediaPipe reads off the made picture against those it saw on the true one, in outer
eye distances. The row "truth" is the true picture read again at the crop's size: no system can be expected below it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.evaluate.portraits.eye import Eye, Read
from talkdemo.evaluate.portraits.identity import Gallery, still_mask
from talkdemo.evaluate.portraits.makers import COPY, WARP, Maker, copied, crops_made, crops_taken, warped
from talkdemo.evaluate.portraits.people import Pair, Person
from talkdemo.face.arkit import indices
from talkdemo.metrics.portraits.landmark_error import MOUTH, displacement_share, landmark_error
from talkdemo.metrics.portraits.recogniser import oval
from talkdemo.metrics.portraits.ssim import ssim_map

TRUTH = "truth"
COLUMNS = {  # title, digits, factor
    "found": ("faces found %", 1, 100),
    "error": ("landmark error %", 2, 100),
    "mouth": ("at the mouth %", 2, 100),
    "share": ("displacement achieved %", 1, 100),
    "expression": ("expression %", 1, 100),
    "smile": ("smile", 2, 1),
    "recognised": ("identity, recogniser %", 1, 100),
    "like": ("identity, SSIM %", 1, 100),
    "ssim": ("SSIM", 3, 1),
    "mouth_ssim": ("SSIM of the moving parts", 3, 1),
    "l1": ("L1", 2, 1),
}
SMILE = indices("mouthSmile")
REACH: dict[str, dict[str, float]] = {  # what is wanted of the model: errors at most, the rest at least
    "renders": {"error": 0.03, "share": 0.85, "recognised": 0.95},
    "photographs": {"error": 0.045, "share": 0.75, "recognised": 0.90},
}


@dataclass(frozen=True)
class Judge:
    """Everything by which pictures are judged, and the true ones."""

    people: Sequence[Person]
    pairs: Sequence[Pair]
    truth: np.ndarray  # (N, S, S, 3)
    gallery: Gallery
    performed: Mapping[int, np.ndarray]  # person → (E, 52) coefficients read off their true pictures
    eye: Eye

    def scores(self, made: np.ndarray) -> dict[str, np.ndarray]:
        """(N, S, S, 3) → every column, (N,) each; nan where it does not apply."""
        read = self.eye(made)
        start, goal = (np.stack([getattr(pair, name) for pair in self.pairs]) for name in ("start", "goal"))
        moves = np.array([pair.moves for pair in self.pairs])
        still = np.stack([still_mask(np.stack([p.start, p.goal]), made.shape[1]) for p in self.pairs])
        moving = np.maximum(oval(made.shape[1]).numpy() - still, 0) + 1e-9  # the boxes of eyes and mouth
        alike = np.stack([ssim_map(a, b) for a, b in zip(made, self.truth, strict=True)])
        return {
            "found": read.found.astype(float),
            "error": landmark_error(read.points, goal),
            "mouth": landmark_error(read.points, goal, MOUTH),
            "share": np.where(moves, displacement_share(read.points, start, goal), np.nan),
            "expression": self._expression(read),
            "smile": read.coefficients[:, SMILE].mean(1),
            "recognised": self.gallery.recognised(made, self.pairs).astype(float),
            "like": self.gallery.like(made, self.pairs).astype(float),
            "ssim": alike.mean((1, 2)),
            "mouth_ssim": (alike * moving).sum((1, 2)) / moving.sum((1, 2)),
            "l1": np.abs(made.astype(np.float32) - self.truth).mean((1, 2, 3)),
        }

    def _expression(self, read: Read) -> np.ndarray:
        """(N,): 1 where, of all true pictures of the person, the target's is nearest in MediaPipe's coefficients."""
        right = np.full(len(self.pairs), np.nan)
        for k, pair in enumerate(self.pairs):
            if read.found[k]:
                away = np.linalg.norm(self.performed[pair.person] - read.coefficients[k], axis=1)
                right[k] = np.nanargmin(away) == pair.target
        return right


def judged(
    people: Sequence[Person], pairs: Sequence[Pair], model: Maker, gallery: Gallery, eye: Eye, side: int, name: str
) -> dict[str, dict[str, np.ndarray]]:
    """Every system's scores: the truth, two baselines, the model."""
    if not pairs:
        raise ValueError("no pair of pictures was found; people with two pictures each are wanted")
    performed = {k: eye(people[k].crops(side)).coefficients for k in sorted({pair.person for pair in pairs})}
    truth = crops_taken(people, pairs, "target")
    judge = Judge(people, pairs, truth, gallery, performed, eye)
    found = {TRUTH: judge.scores(truth)}
    for title, make in ((COPY, copied), (WARP, warped), (name, model)):
        found[title] = judge.scores(crops_made(make, people, pairs))
        print(f"evaluate_portraits: {title} done", file=sys.stderr)
    return found


def table(found: Mapping[str, Mapping[str, np.ndarray]], without: Sequence[str] = ()) -> list[str]:
    """Markdown, one row a system."""
    columns = {name: rest for name, rest in COLUMNS.items() if name not in without}
    lines = [f"| system | {' | '.join(title for title, *_ in columns.values())} |", "|---" * (len(columns) + 1) + "|"]
    for title, scores in found.items():
        lines.append(f"| {title} | {' | '.join(_cell(scores[n], d, f) for n, (_, d, f) in columns.items())} |")
    return [*lines, ""]


def reach(found: Mapping[str, Mapping[str, np.ndarray]], name: str, part: str) -> list[str]:
    """Markdown: what was wanted of the model and what was reached; SSIM is wanted above both baselines'."""
    lines = ["| figure | wanted | reached | |", "|---|---|---|---|"]
    for column, limit in REACH[part].items():
        title, digits, factor = COLUMNS[column]
        value, low = _mean(found[name][column]), column == "error"
        kept = "yes" if (value <= limit if low else value >= limit) else "**no**" if np.isfinite(value) else "–"
        told = _cell(found[name][column], digits, factor)
        lines.append(f"| {title} | {'≤' if low else '≥'} {factor * limit:g} | {told} | {kept} |")
    means = {system: float(scores["ssim"].mean()) for system, scores in found.items()}
    best = max(means[COPY], means[WARP])
    kept = "yes" if means[name] > best else "**no**"
    return [*lines, f"| SSIM | > {best:.3f} | {means[name]:.3f} | {kept} |", ""]


def by_expression(
    people: Sequence[Person], pairs: Sequence[Pair], found: Mapping[str, Mapping[str, np.ndarray]], name: str
) -> list[str]:
    """Markdown: where the model stands, expression by expression of the target."""
    targets = np.array([people[pair.person].expressions[pair.target] or "(blend)" for pair in pairs])
    head = "| target | pairs | landmark error % | floor | displacement achieved % | SSIM | warp's |"
    lines = [head, "|---" * 7 + "|"]
    for target in dict.fromkeys(sorted(targets)):
        rows = targets == target
        cells = [
            _cell(found[system][column][rows], digits, factor)
            for system, column, digits, factor in (
                (name, "error", 2, 100), (TRUTH, "error", 2, 100), (name, "share", 1, 100), (name, "ssim", 3, 1),
                (WARP, "ssim", 3, 1),
            )
        ]  # fmt: skip
        lines.append(f"| {target} | {rows.sum()} | {' | '.join(cells)} |")
    return [*lines, ""]


def _cell(values: np.ndarray, digits: int, factor: float) -> str:
    mean = _mean(values)
    return f"{factor * mean:.{digits}f}" if np.isfinite(mean) else "–"


def _mean(values: np.ndarray) -> float:
    """Of what is known; nan of nothing."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
