"""Live Link Face captures of real faces, without sound: how real lids, eyes and brows move.

The head columns of these files are all 0, so their motion has no head. MIT, A. Donciu-Julin.
"""

from collections.abc import Iterator

import numpy as np

from talkdemo.data.corpora.shared import need
from talkdemo.export import livelink
from talkdemo.face.arkit import INDEX
from talkdemo.records import FPS, SAMPLES_PER_FRAME, Clip, Motion, Speech


def resample(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N, C) at `times` s → (T, C) at the middles of 25 fps frames, by linear interpolation."""
    middles = (np.arange(max(1, int(times[-1] * FPS))) + 0.5) / FPS
    low = np.clip(np.searchsorted(times, middles) - 1, 0, len(times) - 2)
    part = np.clip((middles - times[low]) / (times[low + 1] - times[low]), 0, 1)[:, None]
    return values[low] * (1 - part) + values[low + 1] * part


def clips() -> Iterator[Clip]:
    """The captures in order of name, with silence for sound; FileNotFoundError where the data is absent."""
    for path in sorted(need("live_link_face").glob("*.csv")):
        capture = livelink.read_capture(path)
        coefficients = np.clip(resample(capture.seconds, capture.coefficients), 0, 1).astype(np.float32)
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
