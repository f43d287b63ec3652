"""An editor in which the 68 landmarks of a portrait are dragged, and the same as a table of numbers.

Points move singly or with their neighbours; handles move a whole part of the face by weights that fall off smoothly.
All move in the face's own plane: pulled across a turned face, a point goes as far as it would from the front, and its
twin as far on the other side. What the face itself hides cannot be pulled, but moves along.
static/components/landmark_editor.js draws and drags; it triggers "edit" with all points, or "clear".
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from talkdemo.face.landmarks import LINES, MIRROR
from talkdemo.gcgan.portrait import Portrait
from talkdemo.ui.express.job import read_points
from talkdemo.ui.parts.scripted import scripted_html, served

PARTS: tuple[str, ...] = ("Jaw",) * 17 + ("Right brow",) * 5 + ("Left brow",) * 5 + ("Nose",) * 9
PARTS += ("Right eye",) * 6 + ("Left eye",) * 6 + ("Outer lips",) * 12 + ("Inner lips",) * 8
COLUMNS = ("Point", "Part", "x", "y")


@dataclass(frozen=True)
class Handle:
    """Something to pull: every point follows by its own share, across and down (in the axes of the face)."""

    name: str
    label: str
    at: tuple[int, ...]  # it stands at the centre of these points
    off: tuple[float, float]  # and so far from it, in outer eye distances
    shares: Mapping[int, tuple[float, float]]
    sign: str  # how it can be pulled: "move", "down", "side"
    twin: str = ""  # on the other side of the face


def _bump(points: Iterable[int], middle: float, width: float, most: float = 1.0) -> dict[int, float]:
    shares = {k: most * math.exp(-(((k - middle) / width) ** 2)) for k in points}
    return {k: share for k, share in shares.items() if share > 0.03}


def _both(shares: Mapping[int, float], across: float = 1.0, down: float = 1.0) -> dict[int, tuple[float, float]]:
    return {k: (round(across * share, 3), round(down * share, 3)) for k, share in shares.items()}


_LOWER_LIP = {59: 0.6, 58: 0.9, 57: 1.0, 56: 0.9, 55: 0.6, 67: 0.85, 66: 1.0, 65: 0.85, 48: 0.1, 54: 0.1}
_UPPER_LIP = {49: -0.08, 50: -0.14, 51: -0.15, 52: -0.14, 53: -0.08, 61: -0.14, 62: -0.17, 63: -0.14}
_CORNER = {
    48: 1.0, 60: 0.92, 49: 0.55, 59: 0.55, 61: 0.4, 67: 0.4, 50: 0.22, 58: 0.22, 62: 0.08, 66: 0.08, 51: 0.05,
    57: 0.05, 4: 0.1, 5: 0.08,
}  # fmt: skip
_LIDS = {37: 1.0, 38: 1.0, 36: 0.1, 39: 0.1, 40: -0.15, 41: -0.15}
_BROW = {17: 0.7, 18: 0.95, 19: 1.0, 20: 1.0, 21: 0.85}


def _handles() -> tuple[Handle, ...]:
    outline = range(17)
    jaw = _both(_bump(outline, 8, 3.8) | {k: 0.85 * share for k, share in _LOWER_LIP.items()})
    mouth = _both({k: 1.0 for k in range(48, 68)} | _bump(outline, 8, 3.0, 0.3) | _bump(range(31, 36), 33, 2.0, 0.12))
    opened = _both(_bump(outline, 8, 3.8, 0.7) | _LOWER_LIP | _UPPER_LIP, across=0.0)
    lids = {k: (0.3, share) for k, share in _LIDS.items()}
    right = (
        Handle("corner_right", "Right corner of the mouth", (48,), (-0.11, 0.0), _both(_CORNER), "side"),
        Handle("brow_right", "Right brow", (18, 19, 20), (0.0, -0.11), _both(_BROW, across=0.7), "move"),
        Handle("eye_right", "Right lids", (40, 41), (0.0, 0.09), lids, "down"),
    )
    return (
        Handle("jaw", "Jaw", (8,), (0.0, 0.02), jaw, "move"),
        Handle("mouth", "Mouth", (33, 51), (0.0, 0.0), mouth, "move"),
        Handle("open", "Opening of the mouth", (57,), (0.0, 0.12), opened, "down"),
        *(replace(one, twin=one.name.replace("right", "left")) for one in right),
        *(_other_side(one) for one in right),
    )


def _other_side(handle: Handle) -> Handle:
    return Handle(
        handle.name.replace("right", "left"), handle.label.replace("Right", "Left"),
        tuple(MIRROR[k] for k in handle.at), (-handle.off[0], handle.off[1]),
        {MIRROR[k]: share for k, share in handle.shares.items()}, handle.sign, handle.name,
    )  # fmt: skip


HANDLES = _handles()


def landmark_editor(**options: Any) -> gr.HTML:
    """The component; its value is what `editing` returns, or None."""
    table = {"mirror": MIRROR, "lines": LINES, "handles": [asdict(handle) for handle in HANDLES]}
    buttons = (
        ("symmetric", "true", "Symmetric", "Both sides move together"),
        ("soft", "true", "Soft", "Neighbours of a point follow it"),
        ("points", "true", "Points", "Show the points"),
    )
    switches = "".join(
        f'<button type="button" data-switch="{name}" aria-pressed="{on}" title="{about}">{title}</button>'
        for name, on, title, about in buttons
    )
    return scripted_html(
        f'<div class="td-marks" data-table="{escape(json.dumps(table))}">'
        '<svg class="td-marks-face" viewBox="0 0 100 100" role="group" preserveAspectRatio="xMidYMid meet" '
        'aria-label="The portrait with its landmarks: handles move with the arrow keys"><image/>'
        '<g class="own"></g><g class="lines"></g><g class="points"></g><g class="handles"></g></svg>'
        '<output class="td-marks-name" hidden></output>'
        f'<div class="td-marks-bar">{switches}<span></span><button type="button" data-do="undo" disabled>Undo</button>'
        '<button type="button" data-do="reset">Reset</button></div></div>',
        "landmark_editor.js", **options,
    )  # fmt: skip


def editing(image: Path, view: Sequence[int], portrait: Portrait, points: np.ndarray) -> dict[str, Any]:
    """The editor's value: the file of what is shown, its place in the portrait, the portrait's landmarks and those to
    reach (68, 2)."""
    return {
        "image": served(image, "image/jpeg"),
        "view": list(view),
        "own": _rounded(portrait.landmarks),
        "points": _rounded(points),
        "axes": axes(portrait),
        "hidden": np.flatnonzero(portrait.frame.hidden).tolist(),
    }


def axes(portrait: Portrait) -> dict[str, Any]:
    """The plane of a face as its image shows it: where a step of one pixel across and one down the face goes, (2,)
    each, and how many pixels its eyes are apart."""
    across, down = portrait.frame.rotation[:2, :2].T.round(5).tolist()
    eyes = float(np.linalg.norm(portrait.points[36] - portrait.points[45]))
    return {"across": across, "down": down, "eyes": round(eyes, 3)}


def table(points: np.ndarray) -> list[list[Any]]:
    """(68, 2) → rows of COLUMNS."""
    return [[k, PARTS[k], x, y] for k, (x, y) in enumerate(_rounded(points))]


def from_table(rows: Sequence[Sequence[Any]]) -> np.ndarray:
    """Rows of COLUMNS → (68, 2). ValueError in one sentence."""
    try:
        return read_points([[float(row[2]), float(row[3])] for row in rows])
    except (TypeError, IndexError, ValueError) as error:
        raise ValueError("the table holds something other than numbers; 68 rows with x and y are wanted") from error


def _rounded(points: np.ndarray) -> list[list[float]]:
    return [[round(float(x), 2), round(float(y), 2)] for x, y in points]
