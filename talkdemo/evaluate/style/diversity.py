"""Measures diversity: how far motions of one speech lie apart, over seeds and over references, per part of the face.

A seed may change head and brows, but the words are the same: the lips have to agree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from talkdemo.evaluate.measurement import Measurer
from talkdemo.evaluate.reporting import Column, Table, note
from talkdemo.evaluate.style.material import beginning, performed, references, speeches
from talkdemo.evaluate.style.systems import StyleSystem
from talkdemo.face import arkit
from talkdemo.metrics.diversity import agreement, diversity, head_diversity
from talkdemo.records import Clip, Motion

SAMPLES = 4
SPEECHES = 6
BROWS = arkit.indices("browDown", "browInnerUp", "browOuterUp")
COLUMNS = {
    "head": Column("head °", ".2f"),
    "upper": Column("upper face mm", ".3f"),
    "lips": Column("lips mm", ".3f"),
    "share": Column("lips / upper", ".2f"),
    "r_mouth": Column("r(mouth)", ".2f"),
    "r_brows": Column("r(brows)", ".2f"),
    "r_head": Column("r(nod)", ".2f"),
}


def spread(measurer: Measurer, motions: Sequence[Motion]) -> dict[str, float]:
    """Samples of one speech → mean distances between pairs (head in degrees; upper face and lips in mm, the head held
    still), lips by upper face, and the correlation of two samples' mouth opening, brows and nodding."""
    measured = [measurer.measure(motion) for motion in motions]
    vertices = np.stack([one.vertices for one in measured])
    upper, lips = (diversity(vertices, mask) for mask in (measurer.regions.upper_face, measurer.regions.lips))
    coefficients = np.stack([motion.coefficients for motion in motions])
    heads = np.stack([motion.head for motion in motions])
    return {
        "head": head_diversity(heads),
        "upper": upper,
        "lips": lips,
        "share": lips / upper if upper else float("nan"),
        "r_mouth": agreement(np.stack([one.gap for one in measured])),
        "r_brows": agreement(coefficients[..., BROWS].mean(-1)),
        "r_head": agreement(heads[..., 0]),
    }


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Column by column over the known values; nan where nothing is known."""
    known = {name: [row[name] for row in rows if not np.isnan(row[name])] for name in rows[0]}
    return {name: float(np.mean(values)) if values else float("nan") for name, values in known.items()}


def evaluate(systems: Sequence[StyleSystem], seconds: float = 8.0, seed: int = 0) -> list[Table]:
    """Every system over seeds (one reference a speech) and over references (one seed)."""
    measurer = Measurer.load()
    *spoken, other = speeches(SPEECHES + 1, max(seconds, 12.0), unseen_first=True)
    given = references(other, range(SPEECHES * SAMPLES), seed)
    sounds = [beginning(clip.speech, seconds) for clip in spoken]
    styles = [range(i * SAMPLES, (i + 1) * SAMPLES) for i in range(SPEECHES)]
    rows: list[list[str | float]] = []

    def add(title: str, over: str, motions: Sequence[Sequence[Motion]]) -> None:
        figures = mean([spread(measurer, samples) for samples in motions])
        rows.append([title, over, *map(figures.__getitem__, COLUMNS)])

    def ceiling(clip: Clip, style: int, draw: int) -> Motion:
        return performed(clip, [style], draw)[0][: beginning(clip.speech, seconds).frames]

    add("articulation", "seeds", [[ceiling(c, i, seed + s) for s in range(SAMPLES)] for i, c in enumerate(spoken)])
    pairs = list(zip(spoken, styles, strict=True))
    add("articulation", "references", [[ceiling(clip, k, seed) for k in some] for clip, some in pairs])
    for system in systems:
        add(system.title, "seeds", [system.motions(x, given[i], seed, SAMPLES) for i, x in enumerate(sounds)])
        others = zip(sounds, styles, strict=True)
        add(system.title, "references", [[system.motions(x, given[k], seed)[0] for k in some] for x, some in others])
        note(f"diversity of {system.title} done")
    title = f"Diversity: {SPEECHES} speeches of {seconds:g} s, {SAMPLES} motions each"
    return [Table([Column("system"), Column("over"), *COLUMNS.values()], rows, title)]
