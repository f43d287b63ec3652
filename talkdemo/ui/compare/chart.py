"""Plots two motions of one speech: mouths, lids and turns of the head over time, and how far the lips are apart.

The viewer moves the playhead and seeks where the plot is clicked.
"""

import numpy as np

from talkdemo.compare.comparison import Comparison
from talkdemo.face.arkit import indices
from talkdemo.records import Speech
from talkdemo.ui.parts.chart import TimeChart, loudness, normalised

ROWS = (("Sound", 26), ("Mouth", 64), ("Blink", 40), ("Turn", 50), ("Apart", 44))
YAW = 1  # Motion.head is a rotation vector; y points up
SIDES = ("first", "second")  # class of each line: the colours of the left and the right head


def comparison_chart(comparison: Comparison, speech: Speech, order: tuple[int, int] = (0, 1)) -> str:
    """The SVG. Mouth: gap between the inner lips in mm; Blink: 0..1; Turn: degrees; Apart: farthest lip vertex in mm.

    `order` says which of the two stands left (drawn in the left head's colour) and which right.
    """
    motions = [comparison.takes.motions[side] for side in order]
    gaps = [comparison.gaps[side] for side in order]
    lids = [motion.coefficients[:, indices("eyeBlink")].mean(axis=1) for motion in motions]
    turns = [np.rad2deg(motion.head[:, YAW]) for motion in motions]
    widest = max(3.0, *(float(gap.max()) for gap in gaps))
    reach = max(4.0, *(1.1 * float(np.abs(turn).max()) for turn in turns))
    farthest = max(1.0, float(comparison.apart.max()))
    label = "Mouth, blinks and head of both motions over time, and the distance of their lips"
    chart = TimeChart("compare-chart", "td-chart td-pair", label, ROWS, len(motions[0]) / motions[0].fps)
    chart.area(0, normalised(loudness(speech, len(motions[0]))), "sound")
    for side, name in enumerate(SIDES):
        chart.line(1, gaps[side] / widest, f"mouth {name}")
        chart.line(2, lids[side], f"blink {name}")
        chart.line(3, turns[side] / reach, f"turn {name}", centred=True)
    chart.area(4, comparison.apart / farthest, "apart")
    for row, text in ((1, f"{widest:.0f} mm"), (3, f"±{reach:.0f}°"), (4, f"{farthest:.1f} mm")):
        chart.scale(row, text)
    return chart.svg()
