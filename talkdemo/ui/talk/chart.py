"""Plots a motion and its speech: sound, mouth opening, blinks and head over time, pauses shaded.

The head's viewer moves the playhead and is scrubbed on the plot.
"""

import numpy as np

from talkdemo.face.arkit import INDEX, indices
from talkdemo.records import Motion, Speech
from talkdemo.ui.parts.chart import LEFT, PLOT, TOP, TimeChart, loudness, normalised

ROWS = (("Sound", 34), ("Mouth", 58), ("Blink", 34), ("Head", 70))
HEAD = (("turn", 1, "#f59e7a"), ("nod", 0, "#7cc4f5"), ("tilt", 2, "#b8a4f7"))  # rotation about y, x, z
PAUSE = 0.25  # seconds of quiet that are shaded


def motion_chart(motion: Motion, speech: Speech) -> str:
    """The SVG (about 30 kB). Head angles are degrees, the others 0..1."""
    label = "Sound, mouth opening, blink and head rotation over time"
    chart = TimeChart("motion-chart", "td-chart", label, ROWS, len(motion) / motion.fps)
    level = loudness(speech, len(motion))
    chart.parts += _pauses(level, motion.fps, chart)
    chart.area(0, normalised(level), "sound")
    chart.area(1, normalised(mouth_opening(motion.coefficients), 0.5), "mouth")
    chart.area(2, motion.coefficients[:, indices("eyeBlink")].mean(axis=1), "blink")
    degrees = np.rad2deg(motion.head)
    reach = max(4.0, float(np.abs(degrees).max()) * 1.1)
    middle = chart.tops[3] + ROWS[3][1] / 2
    chart.parts.append(f'<line class="zero" x1="{LEFT}" x2="{LEFT + PLOT}" y1="{middle}" y2="{middle}"/>')
    for k, (name, axis, colour) in enumerate(HEAD):
        chart.line(3, degrees[:, axis] / reach, name, centred=True, style=f' style="stroke:{colour}"')
        chart.text("key", LEFT - 10, chart.tops[3] + 31 + 15 * k, name, f' style="fill:{colour}"')
    chart.scale(3, f"±{reach:.0f}°")
    return chart.svg()


def mouth_opening(coefficients: np.ndarray) -> np.ndarray:
    """(T, 52) → (T,): how far the lips are apart, the jaw's opening less what mouthClose takes back."""
    return np.clip(coefficients[:, INDEX["jawOpen"]] - coefficients[:, INDEX["mouthClose"]], 0, 1)


def _pauses(level: np.ndarray, fps: float, chart: TimeChart) -> list[str]:
    """Shaded stretches of quiet longer than PAUSE; nothing when all of the sound is quiet."""
    loud = level > 0.06 * max(float(np.percentile(level, 95)), 1e-4)
    if not loud.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[True], loud, [True]]).astype(int)))
    shaded = []
    for begin, end in zip(edges[::2] / fps, edges[1::2] / fps, strict=True):
        if end - begin < PAUSE:
            continue
        x, width = LEFT + PLOT * begin / chart.seconds, PLOT * (end - begin) / chart.seconds
        height = chart.bottom - TOP
        shaded.append(f'<rect class="pause" x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{height}"/>')
        if width > 44:
            shaded.append(f'<text class="pause-label" x="{x + width / 2:.1f}" y="{TOP + 12}">pause</text>')
    return shaded
