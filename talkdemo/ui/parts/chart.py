"""Motion and its speech in, one inline SVG out: sound, mouth opening, blink and head over time, pauses shaded.

The script static/player.js moves the SVG's playhead with the video and seeks the video where the SVG is clicked.
"""

from __future__ import annotations

import itertools

import numpy as np

from talkdemo.face.arkit import INDEX, indices
from talkdemo.records import SAMPLES_PER_FRAME, Motion, Speech

WIDTH, LEFT, RIGHT = 640, 72, 8
ROWS = (("Sound", 34), ("Mouth", 58), ("Blink", 34), ("Head", 70))
GAP, TOP, BOTTOM = 10, 4, 22
POINTS = 500  # per line at most: longer motions keep their peaks
HEAD = (("turn", 1, "#f59e7a"), ("nod", 0, "#7cc4f5"), ("tilt", 2, "#b8a4f7"))  # rotation about y, x, z
PAUSE = 0.25  # seconds of quiet that are shaded


def motion_chart(motion: Motion, speech: Speech) -> str:
    """The SVG (about 30 kB). Head angles are degrees, the others 0..1."""
    seconds = len(motion) / motion.fps
    plot = WIDTH - LEFT - RIGHT
    height = TOP + sum(h for _, h in ROWS) + GAP * (len(ROWS) - 1) + BOTTOM
    level = loudness(speech, len(motion))
    tops = [TOP + sum(h + GAP for _, h in ROWS[:row]) for row in range(len(ROWS))]
    parts = [
        f'<svg id="motion-chart" class="td-chart" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'data-seconds="{seconds:.3f}" data-left="{LEFT / WIDTH:.5f}" data-width="{plot / WIDTH:.5f}" '
        'aria-label="Sound, mouth opening, blink and head rotation over time">'
    ]
    for (label, h), top in zip(ROWS, tops, strict=True):
        parts.append(f'<rect class="row" x="{LEFT}" y="{top}" width="{plot}" height="{h}" rx="4"/>')
        parts.append(f'<text class="label" x="{LEFT - 10}" y="{top + 13}">{label}</text>')
    parts += _pauses(level, motion.fps, plot, seconds, height - BOTTOM - TOP)
    parts += _seconds(plot, seconds, height)

    opening = mouth_opening(motion.coefficients)
    blink = motion.coefficients[:, indices("eyeBlink")].mean(axis=1)
    degrees = np.rad2deg(motion.head)
    reach = max(4.0, float(np.abs(degrees).max()) * 1.1) if len(motion) else 4.0
    parts.append(_area(level / max(float(level.max()), 1e-6), tops[0], ROWS[0][1], plot, "sound"))
    parts.append(_area(opening / max(0.5, float(opening.max())), tops[1], ROWS[1][1], plot, "mouth"))
    parts.append(_area(blink, tops[2], ROWS[2][1], plot, "blink"))
    middle, half = tops[3] + ROWS[3][1] / 2, ROWS[3][1] / 2
    parts.append(f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{middle}" y2="{middle}"/>')
    for k, (name, axis, colour) in enumerate(HEAD):
        points = _points(degrees[:, axis] / reach, middle, half, plot)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{points}"/>')
        y = tops[3] + 31 + 15 * k
        parts.append(f'<text class="key" x="{LEFT - 10}" y="{y}" style="fill:{colour}">{name}</text>')
    parts.append(f'<text class="scale" x="{LEFT + 6}" y="{tops[3] + 12}">±{reach:.0f}°</text>')
    parts.append(f'<line class="playhead" x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{height - BOTTOM}"/></svg>')
    return "".join(parts)


def mouth_opening(coefficients: np.ndarray) -> np.ndarray:
    """(T, 52) → (T,): how far the lips are apart, the jaw's opening less what mouthClose takes back."""
    return np.clip(coefficients[:, INDEX["jawOpen"]] - coefficients[:, INDEX["mouthClose"]], 0, 1)


def loudness(speech: Speech, frames: int) -> np.ndarray:
    """(frames,): root mean square of the sound in each frame of motion."""
    samples = np.zeros(frames * SAMPLES_PER_FRAME, np.float32)
    taken = speech.samples[: len(samples)]
    samples[: len(taken)] = taken
    return np.sqrt((samples.reshape(frames, -1).astype(np.float64) ** 2).mean(axis=1))


def _pauses(level: np.ndarray, fps: float, plot: float, seconds: float, height: float) -> list[str]:
    """Shaded stretches of quiet longer than PAUSE; nothing when all of the sound is quiet."""
    loud = level > 0.06 * max(float(np.percentile(level, 95)), 1e-4)
    if not loud.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[True], loud, [True]]).astype(int)))
    shaded = []
    for begin, end in zip(edges[::2] / fps, edges[1::2] / fps, strict=True):
        if end - begin < PAUSE:
            continue
        x, width = LEFT + plot * begin / seconds, plot * (end - begin) / seconds
        shaded.append(f'<rect class="pause" x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{height}"/>')
        if width > 44:
            shaded.append(f'<text class="pause-label" x="{x + width / 2:.1f}" y="{TOP + 12}">pause</text>')
    return shaded


def _seconds(plot: float, seconds: float, height: float) -> list[str]:
    """Labels of the time axis at round seconds."""
    step = next(s for s in (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120) if seconds / s <= 12)
    ticks = np.arange(0, seconds + 1e-6, step)
    return [
        f'<text class="tick" x="{LEFT + plot * t / seconds:.1f}" y="{height - 6}">{t:g}{" s" if t == 0 else ""}</text>'
        for t in ticks
    ]


def _area(values: np.ndarray, top: float, height: float, plot: float, name: str) -> str:
    points = _points(values, top + height, height - 4, plot)
    first, last = points.split(" ")[0].split(",")[0], points.split(" ")[-1].split(",")[0]
    return f'<polygon class="area {name}" points="{first},{top + height} {points} {last},{top + height}"/>'


def _points(values: np.ndarray, base: float, reach: float, plot: float) -> str:
    """x,y pairs of one line; `values` in −1..1 go up from `base`."""
    if len(values) > POINTS:  # keep each stretch's largest value, so that no blink is lost
        edges = np.linspace(0, len(values), POINTS + 1).astype(int)
        values = np.array([max(values[a:b], key=abs) for a, b in itertools.pairwise(edges)])
    x = LEFT + plot * (np.arange(len(values)) + 0.5) / len(values)
    y = base - reach * np.clip(values, -1, 1)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
