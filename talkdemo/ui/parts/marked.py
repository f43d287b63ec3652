"""A face beside its 68 landmarks, as HTML."""

from html import escape
from itertools import pairwise

import numpy as np

from talkdemo.face.landmarks import LINES
from talkdemo.gcgan.portrait import Portrait
from talkdemo.ui.parts.faces import data_uri


def marked(portrait: Portrait, words: str) -> str:
    """The portrait's whole image, called `words`, and the lines of its landmarks; those that the face itself hides are
    broken lines."""
    height, width = portrait.image.shape[:2]
    uri, hidden = data_uri(portrait.image), portrait.frame.hidden
    return _pair(
        f'<img src="{uri}" alt="{escape(words)}">',
        _drawing(portrait.landmarks, hidden, (0, 0, width, height), f'<image href="{uri}" width="{width}"/>'),
        words,
    )


def only_marks(points: np.ndarray, words: str) -> str:
    """Landmarks (68, 2) whose photograph is not known."""
    low, size = points.min(0), np.ptp(points, axis=0).max() * 1.2
    x, y = (points.min(0) + points.max(0)) / 2 - size / 2 if size > 0 else low
    box = (float(x), float(y), float(size) or 1.0, float(size) or 1.0)
    return _pair("", _drawing(points, np.zeros(68, bool), box), words)


def _pair(picture: str, drawing: str, words: str) -> str:
    first = f"<figure>{picture}<figcaption>{escape(words)}</figcaption></figure>" if picture else ""
    second = f"<figure>{drawing}<figcaption>{'Landmarks' if picture else escape(words)}</figcaption></figure>"
    return f'<div class="td-source">{first}{second}</div>'


def _drawing(points: np.ndarray, hidden: np.ndarray, box: tuple[float, float, float, float], image: str = "") -> str:
    def path(rows: tuple[int, ...], covered: bool) -> str:
        pairs = [(a, b) for a, b in pairwise(rows) if bool(hidden[a] or hidden[b]) == covered]
        return "".join(
            f"M{points[a, 0]:.1f} {points[a, 1]:.1f}L{points[b, 0]:.1f} {points[b, 1]:.1f}" for a, b in pairs
        )

    seen, unseen = ("".join(path(line, covered) for line in LINES) for covered in (False, True))
    dots = "".join(f"M{x:.1f} {y:.1f}h.001" for (x, y), away in zip(points, hidden, strict=True) if not away)
    where = " ".join(f"{value:.1f}" for value in box)
    return (
        f'<svg viewBox="{where}" role="img" aria-label="68 landmarks">{image}<path class="unseen" d="{unseen}"/>'
        f'<path class="seen" d="{seen}"/><path class="dots" d="{dots}"/></svg>'
    )
