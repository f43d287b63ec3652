"""Two baselines that use sound alone: a jaw that follows loudness, and a face that does not move."""

import numpy as np

from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.metrics.sync import energy
from talkdemo.records import FPS, Motion, Speech

FLOOR, GAIN = 0.18, 0.40  # of the level; jawOpen at full level (real speech peaks near 0.3)
ATTACK, RELEASE = 0.02, 0.09  # seconds


def loudness_jaw(speech: Speech) -> Motion:
    """RMS envelope → jawOpen, no phones: what a simple avatar does.

    Level over its 95th percentile in the clip, minus FLOOR, followed with an exponential ATTACK and RELEASE.
    On the 16 LJSpeech clips, gap = jawOpen: hits 47 %, false closures 8 %, r 0.48.
    """
    level = energy(speech.samples, speech.frames)
    scale = np.percentile(level, 95)
    target = np.maximum(level / scale - FLOOR, 0.0) if scale > 1e-6 else np.zeros_like(level)
    rise, fall = 1 - np.exp(-1 / (FPS * ATTACK)), 1 - np.exp(-1 / (FPS * RELEASE))
    jaw, now = np.zeros(speech.frames), 0.0
    for t, goal in enumerate(target):
        now += (rise if goal > now else fall) * (goal - now)
        jaw[t] = now
    coefficients = np.zeros((speech.frames, len(NAMES)), np.float32)
    coefficients[:, INDEX["jawOpen"]] = np.clip(GAIN * jaw, 0, 1)
    return Motion(coefficients, np.zeros((speech.frames, 3), np.float32), meta={"model": "loudness"})


def mean_pose(speech: Speech, coefficients: np.ndarray) -> Motion:
    """The same coefficients (C,) on every frame, head still: the best constant prediction."""
    still = np.tile(np.asarray(coefficients, np.float32), (speech.frames, 1))
    return Motion(still, np.zeros((speech.frames, 3), np.float32), meta={"model": "mean"})
