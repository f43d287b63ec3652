"""Minutes of speech in, speed, peak memory and seams of a stream out: `python -m talkdemo.bench.long --minutes 10`.

The speech is the example clips, over and over. Memory is the most that this process ever held, Python, libraries and
weights included. A seam would show as a jolt where two windows meet: the acceleration there is held against that
elsewhere in the same windows, with a 95 % interval by bootstrap over the windows.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np

from talkdemo.files import EXAMPLES
from talkdemo.records import DEFAULT_STEPS, SAMPLE_RATE, Motion, Request, Speech

CLIPS = EXAMPLES / "speech"
MINUTES = 10.0
OFFSETS = (20, 40, 60)  # frames after a border at which a window is looked at for comparison
HEAD = 3.0  # a radian of the head counts as much as so many coefficients
ROUNDS = 2000


def apart(minutes: float = MINUTES, model: str = "diffposetalk") -> dict[str, object]:
    """`measure` in a fresh process, so that the memory is nobody else's. RuntimeError when that process fails."""
    command = [sys.executable, "-m", "talkdemo.bench.long", "--minutes", str(minutes), "--model", model]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the long run failed: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def measure(minutes: float, model: str, steps: int = DEFAULT_STEPS) -> dict[str, object]:
    """The figures of one long speech."""
    from talkdemo.diffusion.window import windows
    from talkdemo.pipeline import SpeechToFace

    pipeline, speech = SpeechToFace.load(model), spoken(minutes)
    pipeline.animate(Request(Speech(speech.samples[: 5 * SAMPLE_RATE]), steps=steps))  # warms up
    loaded = peak_megabytes()
    parts, begin, first = [], time.perf_counter(), None
    for (part,) in pipeline.stream(Request(speech, steps=steps)):
        first = first or time.perf_counter() - begin
        parts.append(part)
    spent, most = time.perf_counter() - begin, peak_megabytes()
    (whole,) = pipeline.animate(Request(speech, steps=steps))
    streamed = np.concatenate([tracks(part) for part in parts])
    borders = [w.start for w in windows(speech.frames, pipeline.talker.config.network.window)][1:]
    ratio, low, high = seam(streamed, borders)
    return {
        "model": model,
        "steps": steps,
        "minutes": minutes,
        "seconds": _round(spent),
        "times_real_time": _round(speech.seconds / spent),
        "first_window_s": _round(first),
        "megabytes_loaded": round(loaded),
        "megabytes_peak": round(most),
        "windows": len(borders) + 1,
        "border_acceleration": _round(ratio),
        "border_acceleration_95": [_round(low), _round(high)],
        "stream_minus_animate": float(f"{np.abs(streamed - tracks(whole)).max():.2g}"),
    }


def spoken(minutes: float) -> Speech:
    """The example clips joined and repeated to `minutes`."""
    from talkdemo.audio.decode import decode

    samples = np.concatenate([decode(path).samples for path in sorted(CLIPS.glob("*.flac"))])
    return Speech(np.resize(samples, round(60 * minutes * SAMPLE_RATE)), "long")


def tracks(motion: Motion) -> np.ndarray:
    """(T, 55): coefficients and head."""
    return np.concatenate([motion.coefficients, motion.head], axis=1)


def seam(motion: np.ndarray, borders: Sequence[int], seed: int = 0) -> tuple[float, float, float]:
    """Largest acceleration around the borders over that around OFFSETS after them, mean by mean, and its 95 % interval.

    motion: (T, 55). Borders whose surroundings reach beyond the motion are left out; ValueError with less than 2.
    """
    weights = np.r_[np.ones(52), np.full(3, HEAD)]
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
    return float(at.mean() / elsewhere.mean()), *map(float, np.percentile(ratios, [2.5, 97.5]))


def peak_megabytes() -> float:
    """The most memory this process has held, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="talkdemo.bench.long", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--model", default="diffposetalk")
    parser.add_argument("--steps", type=int, default=DEFAULT_STEPS)
    args = parser.parse_args(arguments)
    try:
        print(json.dumps(measure(args.minutes, args.model, args.steps)))
    except ValueError as error:
        print(f"bench_long: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
