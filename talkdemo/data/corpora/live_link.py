"""Live Link Face captures of real faces, without sound: how real lids, eyes and brows move.

The head columns of these files are all 0, so their motion has no head. MIT, A. Donciu-Julin.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from talkdemo.data.corpora.shared import need
from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.records import FPS, SAMPLES_PER_FRAME, Clip, Motion, Speech

TIMECODE_RATE = 60  # the fourth field of the timecode counts sixtieths of a second


def read_capture(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times (N,) s from 0 and coefficients (N, 52) of one CSV; rows cut short by the app are passed over."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    header = [name[:1].lower() + name[1:] for name in rows[0]] if rows else []
    missing = set(NAMES) - set(header)
    if missing:
        raise ValueError(f"{path.name} lacks {len(missing)} of the 52 ARKit columns; a Live Link Face CSV is wanted")
    rows = [row for row in rows[1:] if len(row) == len(header)]
    if len(rows) < 2:
        raise ValueError(f"{path.name} has {len(rows)} whole rows; at least 2 are wanted")
    fields = np.array([[float(x) for x in row[0].split(":")] for row in rows])
    times = fields @ [3600, 60, 1, 1 / TIMECODE_RATE]
    values = np.array([row[2:] for row in rows], dtype=np.float32)
    order = [header.index(name) - 2 for name in NAMES]
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(times)) > 0])
    return (times - times[0])[rising], values[rising][:, order]


def resample(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N, C) at `times` s → (T, C) at the middles of 25 fps frames, by straight lines."""
    middles = (np.arange(max(1, int(times[-1] * FPS))) + 0.5) / FPS
    low = np.clip(np.searchsorted(times, middles) - 1, 0, len(times) - 2)
    part = np.clip((middles - times[low]) / (times[low + 1] - times[low]), 0, 1)[:, None]
    return values[low] * (1 - part) + values[low + 1] * part


def clips() -> Iterator[Clip]:
    """The captures in order of name, with silence for sound; FileNotFoundError where the data is absent."""
    for path in sorted(need("live_link_face").glob("*.csv")):
        coefficients = np.clip(resample(*read_capture(path)), 0, 1).astype(np.float32)
        real = coefficients.max(axis=0) > 0
        real[INDEX["tongueOut"]] = True
        yield Clip(
            name=path.stem,
            corpus="live_link_face",
            speech=Speech(np.zeros(len(coefficients) * SAMPLES_PER_FRAME, np.float32), path.stem),
            split="train",
            identity=path.stem.split("_")[0],
            motion=Motion(coefficients, np.zeros((len(coefficients), 3), np.float32)),
            mask=real,
        )
