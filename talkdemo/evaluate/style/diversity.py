"""Systems in, how far apart their motions of one speech are out: over seeds, and over references, face part by part.

A seed may move head and brows as it likes, but the words are one and the same: the lips have to agree.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from talkdemo.evaluate.gauge import Gauge
from talkdemo.evaluate.style.manners import Follower, performances, references, short, speeches
from talkdemo.face import arkit
from talkdemo.metrics.diversity import agreement, diversity, head_diversity
from talkdemo.records import Motion

SAMPLES = 4
SPEECHES = 6
BROWS = arkit.indices("browDown", "browInnerUp", "browOuterUp")
COLUMNS = {
    "head": ("head °", 2),
    "upper": ("upper face mm", 3),
    "lips": ("lips mm", 3),
    "share": ("lips / upper", 2),
    "r_mouth": ("r(mouth)", 2),
    "r_brows": ("r(brows)", 2),
    "r_head": ("r(nod)", 2),
}


def spread(gauge: Gauge, motions: Sequence[Motion]) -> dict[str, float]:
    """Samples of one speech → mean distances between pairs (head in degrees; upper face and lips in mm, the head held
    still), lips by upper face, and the correlation of two samples' mouth opening, brows and nodding."""
    takes = [gauge.take(motion) for motion in motions]
    vertices = np.stack([take.vertices for take in takes])
    upper, lips = (diversity(vertices, mask) for mask in (gauge.regions.upper_face, gauge.regions.lips))
    coefficients = np.stack([motion.coefficients for motion in motions])
    heads = np.stack([motion.head for motion in motions])
    return {
        "head": head_diversity(heads),
        "upper": upper,
        "lips": lips,
        "share": lips / upper if upper else float("nan"),
        "r_mouth": agreement([take.gap for take in takes]),
        "r_brows": agreement(coefficients[..., BROWS].mean(-1)),
        "r_head": agreement(heads[..., 0]),
    }


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Column by column, what is not known left out; nan where nothing is."""
    known = {name: [row[name] for row in rows if not np.isnan(row[name])] for name in rows[0]}
    return {name: float(np.mean(values)) if values else float("nan") for name, values in known.items()}


def lines(systems: Sequence[Follower], seconds: float = 8.0, seed: int = 0) -> list[str]:
    """Markdown: every system over seeds (one reference a speech) and over references (one seed)."""
    gauge = Gauge.load()
    *said, other = speeches(SPEECHES + 1, max(seconds, 12.0), strangers=True)
    wanted = range(SPEECHES * SAMPLES)
    given = references(other, wanted, seed)
    sounds = [short(clip.speech, seconds) for clip in said]
    table: list[tuple[str, str, dict[str, float]]] = []

    def teacher(clip, k: int, draw: int) -> Motion:
        motion, frames = performances(clip, [k], draw)[0], short(clip.speech, seconds).frames
        return Motion(motion.coefficients[:frames], motion.head[:frames])

    drawn = [[teacher(clip, i, seed + s) for s in range(SAMPLES)] for i, clip in enumerate(said)]
    table.append(("teacher", "seeds", mean([spread(gauge, some) for some in drawn])))
    styles = [range(i * SAMPLES, (i + 1) * SAMPLES) for i in range(SPEECHES)]
    drawn = [[teacher(clip, k, seed) for k in some] for clip, some in zip(said, styles, strict=True)]
    table.append(("teacher", "references", mean([spread(gauge, some) for some in drawn])))
    for system in systems:
        seeds = [system.motions(sound, given[i], seed, SAMPLES) for i, sound in enumerate(sounds)]
        table.append((system.title, "seeds", mean([spread(gauge, some) for some in seeds])))
        others = [
            [system.motions(sound, given[k], seed)[0] for k in some] for sound, some in zip(sounds, styles, strict=True)
        ]
        table.append((system.title, "references", mean([spread(gauge, some) for some in others])))
        print(f"evaluate_style: diversity of {system.title} done", file=sys.stderr)
    shown = [
        f"### Diversity: {SPEECHES} speeches of {seconds:g} s, {SAMPLES} motions each",
        "",
        f"| system | over | {' | '.join(title for title, _ in COLUMNS.values())} |",
        "|---" * (2 + len(COLUMNS)) + "|",
    ]
    for title, over, row in table:
        cells = " | ".join(f"{row[name]:.{digits}f}" for name, (_, digits) in COLUMNS.items())
        shown.append(f"| {title} | {over} | {cells} |")
    return [*shown, ""]
