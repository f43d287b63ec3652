"""Resamples motion to another frame rate: coefficients linearly, head rotations along the shortest arc."""

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from talkdemo.records import Motion


def to_fps(motion: Motion, fps: float) -> Motion:
    """The same motion with `fps` frames per second; the very same object when it has them already."""
    if abs(motion.fps - fps) < 1e-6:
        return motion
    times = np.arange(len(motion)) / motion.fps
    resampled = at_times(motion.coefficients, motion.head, times, fps)
    return Motion(resampled.coefficients, resampled.head, fps, motion.meta)


def at_times(coefficients: np.ndarray, head: np.ndarray, times: np.ndarray, fps: float) -> Motion:
    """Values (T, 52) and (T, 3) that hold at growing `times` (T,) in seconds → Motion on the even grid 0, 1/fps, …

    Rows that already lie on the grid (within a quarter of a frame) are taken as they are.
    """
    count = round(float(times[-1]) * fps) + 1
    grid = np.arange(count) / fps
    if count == len(times) and (np.abs(times - grid) < 0.25 / fps).all():
        return Motion(coefficients.astype(np.float32), head.astype(np.float32), fps)
    within = np.clip(grid, times[0], times[-1])
    values = np.stack([np.interp(within, times, column) for column in coefficients.T], axis=1)
    turned = Slerp(times, Rotation.from_rotvec(head))(within).as_rotvec()
    return Motion(values.astype(np.float32), turned.astype(np.float32), fps)
