"""Measures diversity: how far motions of one speech lie apart, over seeds and over references, per part of the face.

A seed may change head and brows, but the words are the same: the lips have to agree.
"""

from collections.abc import Sequence

import numpy as np

from talkdemo.evaluate.measurement import Measurer
from talkdemo.evaluate.reporting import Column, Figures, Table, note
from talkdemo.evaluate.style.material import beginning, performed, references, speeches
from talkdemo.evaluate.style.systems import StyleSystem
from talkdemo.face import arkit
from talkdemo.metrics.diversity import agreement, diversity, head_diversity
from talkdemo.metrics.interval import mean_of
from talkdemo.records import Clip, Motion

SAMPLES = 4
SPEECHES = 6
BROWS = arkit.indices("browDown", "browInnerUp", "browOuterUp")


def spread(measurer: Measurer, motions: Sequence[Motion]) -> Figures:
    """Samples of one speech → mean distances between pairs (head in degrees; upper face and lips in mm, the head held
    still), lips by upper face, and the correlation of two samples' mouth opening, brows and nodding."""
    measured = [measurer.measure(motion) for motion in motions]
    vertices = np.stack([one.vertices for one in measured])
    upper, lips = (diversity(vertices, mask) for mask in (measurer.regions.upper_face, measurer.regions.lips))
    coefficients = np.stack([motion.coefficients for motion in motions])
    heads = np.stack([motion.head for motion in motions])
    return {
        Column("head °", ".2f"): head_diversity(heads),
        Column("upper face mm", ".3f"): upper,
        Column("lips mm", ".3f"): lips,
        Column("lips / upper", ".2f"): lips / upper if upper else float("nan"),
        Column("r(mouth)", ".2f"): agreement(np.stack([one.gap for one in measured])),
        Column("r(brows)", ".2f"): agreement(coefficients[..., BROWS].mean(-1)),
        Column("r(nod)", ".2f"): agreement(heads[..., 0]),
    }


def evaluate(systems: Sequence[StyleSystem], seconds: float = 8.0, seed: int = 0) -> list[Table]:
    """Every system over seeds (one reference a speech) and over references (one seed)."""
    measurer = Measurer.load()
    *spoken, other = speeches(SPEECHES + 1, max(seconds, 12.0), unseen_first=True)
    given = references(other, range(SPEECHES * SAMPLES), seed)
    sounds = [beginning(clip.speech, seconds) for clip in spoken]
    styles = [range(i * SAMPLES, (i + 1) * SAMPLES) for i in range(SPEECHES)]
    rows: list[tuple[Sequence[str], Figures]] = []

    def add(title: str, over: str, motions: Sequence[Sequence[Motion]]) -> None:
        spreads = [spread(measurer, samples) for samples in motions]
        known = {column: mean_of(np.array([row[column] for row in spreads])) for column in spreads[0]}
        rows.append(((title, over), known))

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
    title = f"Diversity: {SPEECHES} speeches of {seconds:g} s, {SAMPLES} motions each; mean and 95 % interval"
    return [Table.of(["system", "over"], rows, title)]
