"""A comparison in, one inline SVG out: mouth, lids, turn of the head of both over time, and how far the lips are apart.

The player's script moves the playhead and seeks where the SVG is clicked.
"""

from __future__ import annotations

import numpy as np

from talkdemo.compare.comparison import Comparison
from talkdemo.face.arkit import indices
from talkdemo.records import Speech
from talkdemo.ui.parts import plot
from talkdemo.ui.parts.chart import loudness

WIDTH, LEFT, RIGHT = 640, 72, 8
TOP, GAP, BOTTOM = 4, 10, 22
ROWS = (("Sound", 26), ("Mouth", 64), ("Blink", 40), ("Turn", 50), ("Apart", 44))
YAW = 1  # Motion.head is a rotation vector; y points up
SIDES = ("first", "second")  # class of each line: the colours of the left and the right picture


def comparison_chart(figures: Comparison, speech: Speech, order: tuple[int, int] = (0, 1)) -> str:
    """The SVG. Mouth: gap between the inner lips in mm; Blink: 0..1; Turn: degrees; Apart: farthest lip vertex in mm.

    `order` says which of the two stands left (drawn in the left picture's colour) and which right.
    """
    motions = [figures.takes.motions[side] for side in order]
    gaps = [figures.gaps[side] for side in order]
    seconds = len(motions[0]) / motions[0].fps
    wide = WIDTH - LEFT - RIGHT
    tall = TOP + sum(h for _, h in ROWS) + GAP * (len(ROWS) - 1) + BOTTOM
    tops = [TOP + sum(h + GAP for _, h in ROWS[:row]) for row in range(len(ROWS))]
    parts = [
        f'<svg id="compare-chart" class="td-chart td-pair" viewBox="0 0 {WIDTH} {tall}" role="img" '
        f'data-seconds="{seconds:.3f}" data-left="{LEFT / WIDTH:.5f}" data-width="{wide / WIDTH:.5f}" '
        'aria-label="Mouth, blinks and head of both motions over time, and the distance of their lips">'
    ]
    for (label, high), top in zip(ROWS, tops, strict=True):
        parts.append(f'<rect class="row" x="{LEFT}" y="{top}" width="{wide}" height="{high}" rx="4"/>')
        parts.append(f'<text class="label" x="{LEFT - 10}" y="{top + 15}">{label}</text>')

    def shape(values: np.ndarray, row: int, reach: float, centred: bool = False) -> str:
        top, high = tops[row], ROWS[row][1]
        base, rise = (top + high / 2, high / 2) if centred else (top + high, high - 4)
        return plot.points(values / reach, LEFT, wide, base, rise)

    def note(row: int, text: str) -> str:  # what the upper edge of the row stands for
        return f'<text class="scale" x="{LEFT + 6}" y="{tops[row] + 13}">{text}</text>'

    level = loudness(speech, len(motions[0]))
    parts.append(plot.area(shape(level, 0, max(float(level.max()), 1e-6)), tops[0] + ROWS[0][1], "sound"))

    widest = max(3.0, *(float(gap.max()) for gap in gaps))
    lids = [motion.coefficients[:, indices("eyeBlink")].mean(axis=1) for motion in motions]
    turns = [np.rad2deg(motion.head[:, YAW]) for motion in motions]
    reach = max(4.0, *(1.1 * float(np.abs(turn).max()) for turn in turns))
    for side, name in enumerate(SIDES):
        parts.append(plot.line(shape(gaps[side], 1, widest), f"mouth {name}"))
        parts.append(plot.line(shape(lids[side], 2, 1.0), f"blink {name}"))
        parts.append(plot.line(shape(turns[side], 3, reach, centred=True), f"turn {name}"))
    farthest = max(1.0, float(figures.apart.max()))
    parts.append(plot.area(shape(figures.apart, 4, farthest), tops[4] + ROWS[4][1], "apart"))
    parts += [note(1, f"{widest:.0f} mm"), note(3, f"±{reach:.0f}°"), note(4, f"{farthest:.1f} mm")]
    parts.append(plot.second_marks(seconds, LEFT, wide, tall - 6))
    parts.append(f'<line class="playhead" x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{tall - BOTTOM}"/></svg>')
    return "".join(parts)
