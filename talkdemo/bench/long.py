"""Benchmarks long speech: speed, peak memory, and seams between the windows of a stream.

The speech is the example clips, repeated. Memory is the peak of a process of its own, Python, libraries and weights
included. A seam would show as a jolt where two windows meet: the acceleration there is compared with that elsewhere in
the same windows, with a 95 % interval by bootstrap over the windows.
"""

import multiprocessing
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from talkdemo.files import EXAMPLES
from talkdemo.records import (
    COEFFICIENTS,
    DEFAULT_STEPS,
    DIFFPOSETALK,
    HEAD_CHANNELS,
    SAMPLE_RATE,
    Motion,
    Request,
    Speech,
)

CLIPS = EXAMPLES / "speech"
MINUTES = 10.0
OFFSETS = (20, 40, 60)  # frames after a border at which the acceleration is measured for comparison
HEAD_WEIGHT = 3.0  # of a radian of head rotation, beside the coefficients
ROUNDS = 2000


def measure_apart(minutes: float = MINUTES, model: str = DIFFPOSETALK, steps: int = DEFAULT_STEPS) -> dict[str, object]:
    """`measure` in a fresh process, so that the memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, minutes, model, steps).result()


def measure(minutes: float, model: str, steps: int = DEFAULT_STEPS) -> dict[str, object]:
    """The figures of one long speech in this process."""
    from talkdemo.diffusion.window import windows
    from talkdemo.pipeline import SpeechToFace

    pipeline, speech = SpeechToFace.load(model), spoken(minutes)
    pipeline.animate(Request(Speech(speech.samples[: 5 * SAMPLE_RATE]), steps=steps))  # warms up
    loaded = peak_megabytes()
    parts: list[Motion] = []
    arrivals, begin = [], time.perf_counter()
    for (part,) in pipeline.stream(Request(speech, steps=steps)):
        arrivals.append(time.perf_counter() - begin)
        parts.append(part)
    seconds, peak = time.perf_counter() - begin, peak_megabytes()
    (whole,) = pipeline.animate(Request(speech, steps=steps))
    streamed = Motion.concatenate(parts).tracks
    borders = [w.start for w in windows(speech.frames, pipeline.talker.config.network.window)][1:]
    ratio, low, high = seam(streamed, borders)
    return {
        "model": model,
        "steps": steps,
        "minutes": minutes,
        "seconds": rounded(seconds),
        "times_real_time": rounded(speech.seconds / seconds),
        "first_window_s": rounded(arrivals[0]),
        "megabytes_loaded": round(loaded),
        "megabytes_peak": round(peak),
        "windows": len(borders) + 1,
        "border_acceleration": rounded(ratio),
        "border_acceleration_95": [rounded(low), rounded(high)],
        "stream_minus_animate": float(f"{np.abs(streamed - whole.tracks).max():.2g}"),
    }


def spoken(minutes: float) -> Speech:
    """The example clips joined and repeated to `minutes`."""
    from talkdemo.audio.decode import decode

    samples = np.concatenate([decode(path).samples for path in sorted(CLIPS.glob("*.flac"))])
    return Speech(np.resize(samples, round(60 * minutes * SAMPLE_RATE)), "long")


def seam(motion: np.ndarray, borders: Sequence[int], seed: int = 0) -> tuple[float, float, float]:
    """Largest acceleration around the borders over that around OFFSETS after them, mean by mean, and its 95 % interval.

    motion: (T, 55). Borders whose surroundings reach beyond the motion are left out; ValueError with less than 2.
    """
    weights = np.r_[np.ones(COEFFICIENTS), np.full(HEAD_CHANNELS, HEAD_WEIGHT)]
    acceleration = np.abs(np.diff(motion * weights, n=2, axis=0)).mean(axis=1)

    def peak(frame: int) -> float:
        return float(acceleration[frame - 2 : frame + 5].max())

    inside = [border for border in borders if 2 <= border < len(acceleration) - max(OFFSETS) - 5]
    if len(inside) < 2:
        raise ValueError(f"{len(inside)} borders of windows were found; at least 2 are wanted (a longer speech)")
    at = np.array([peak(border) for border in inside])
    elsewhere = np.array([np.mean([peak(border + offset) for offset in OFFSETS]) for border in inside])
    drawn = np.random.default_rng(seed).integers(len(at), size=(ROUNDS, len(at)))
    ratios = at[drawn].mean(axis=1) / elsewhere[drawn].mean(axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(at.mean() / elsewhere.mean()), float(low), float(high)


def peak_megabytes() -> float:
    """The most memory this process has held, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def rounded(value: float) -> float:
    """To three significant digits."""
    return float(f"{value:.3g}")
