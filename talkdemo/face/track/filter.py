"""Filters a tracker's signal: resamples it evenly, removes noise, and subtracts the resting face. Numpy only.

Coefficients (N, 52) and head rotations (N, 3, 3) at growing times (N,) in seconds. In order:

resample  to 25 frames per second; gaps are filled by a curve that never overshoots (PCHIP; the head along the shortest
          arc).
quiet     coefficients: a bilateral filter in time, the mean over ±3 frames weighted by nearness in time **and value**.
          Only what lies within a few times the clip's own noise is averaged, so a rest becomes still while a blink of
          two frames, a closure or a saccade, which is far from its neighbours, keeps its height. Brows and squints,
          which are slow and noisier, may be smoothed more. The head, which has no such edges, is smoothed by a
          Savitzky–Golay filter of 7 frames and 2nd order (−3 dB at 4.7 Hz).
neutral   what this face reads at rest is subtracted: the 10th percentile of each channel, but never more than 95 % of
          neutral faces read (LIMIT), so that a smile kept throughout stays a smile; the rest is stretched to 0..1.
          Of the head's mean rotation, yaw and pitch are removed, since they come from the camera's place; roll (which a
          camera hardly has) is kept up to ROLL: it is a habit.
"""

import numpy as np

from talkdemo.face.arkit import NAMES, indices
from talkdemo.records import FPS

REACH = 3  # frames to either side
SPREAD = 1.6  # frames: standard deviation of the weight of time
TIMES = 3.0  # multiples of the noise: standard deviation of the weight of value
MIN_NOISE, MAX_NOISE = 0.003, 0.015  # plausible standard deviations, in units of a coefficient
SLOW, MAX_NOISE_SLOW = ("brow", "eyeSquint", "cheek", "nose"), 0.05  # channels without edges, and with more noise
CALM = 10  # frames over which the noise is measured
CALMER = 0.60  # the 10th percentile of such measurements of white noise, over its standard deviation
HEAD_WINDOW, HEAD_ORDER = 7, 2
PERCENTILE = 10
ROLL = np.radians(8.0)
CHANNEL_NOISE = np.array([MAX_NOISE_SLOW if name.startswith(SLOW) else MAX_NOISE for name in NAMES])  # the largest
# The 95th percentile of what MediaPipe reads on photographs of 242 neutral faces (both sides as one; gaze: the larger).
LIMIT: dict[str, float] = {
    "eyeBlink": 0.17, "eyeLookDown": 0.27, "eyeLookUp": 0.25, "eyeLookIn": 0.26, "eyeLookOut": 0.26, "eyeSquint": 0.53,
    "mouthPucker": 0.58, "mouthSmile": 0.19, "mouthRollLower": 0.14, "mouthRollUpper": 0.06, "mouthShrugLower": 0.52,
    "mouthShrugUpper": 0.14, "mouthPress": 0.28, "browDown": 0.46, "browInnerUp": 0.42, "browOuterUp": 0.42,
}  # fmt: skip
LIMIT_ELSEWHERE = 0.05


def resample(
    times: np.ndarray, coefficients: np.ndarray, rotations: np.ndarray, frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """→ (frames, 52) and (frames, 3, 3) at 0, 1/25, 2/25 … seconds; beyond the first and last they are held."""
    from scipy.interpolate import PchipInterpolator
    from scipy.spatial.transform import Rotation, Slerp

    if len(times) == 1:
        return np.repeat(coefficients, frames, axis=0), np.repeat(rotations, frames, axis=0)
    grid = np.clip(np.arange(frames) / FPS, times[0], times[-1])
    even = PchipInterpolator(times, coefficients)(grid)
    return np.clip(even, 0, 1), Slerp(times, Rotation.from_matrix(rotations))(grid).as_matrix()


def noise(values: np.ndarray, most: np.ndarray | float = MAX_NOISE) -> np.ndarray:
    """(T, C) → (C,) the standard deviation of the frame-to-frame noise, from second differences where the channel is
    calmest: a mouth that speaks is no noise."""
    if len(values) < CALM + 2:
        return np.full(values.shape[1], MIN_NOISE)
    bend = np.square(values[2:] - 2 * values[1:-1] + values[:-2]) / 6.0  # its mean is σ² where there is only noise
    total = np.cumsum(np.concatenate([np.zeros((1, values.shape[1])), bend]), axis=0)
    local = (total[CALM:] - total[:-CALM]) / CALM  # (T - CALM - 1, C)
    return np.clip(np.sqrt(np.quantile(local, 0.1, axis=0)) / CALMER, MIN_NOISE, most)


def quiet(values: np.ndarray, most: np.ndarray | float = MAX_NOISE) -> np.ndarray:
    """(T, C) → (T, C) by the bilateral filter; a level and a straight slope stay what they are."""
    width = TIMES * noise(values, most)  # (C,)
    padded = np.pad(values, ((REACH, REACH), (0, 0)), mode="reflect" if len(values) > REACH else "edge")
    total, weights = np.zeros_like(values), np.zeros_like(values)
    for k in range(-REACH, REACH + 1):
        other = padded[REACH + k : REACH + k + len(values)]
        weight = np.exp(-0.5 * (k / SPREAD) ** 2 - 0.5 * ((other - values) / width) ** 2)
        total += weight * other
        weights += weight
    return total / weights


def quiet_head(rotations: np.ndarray) -> np.ndarray:
    """(T, 3, 3) → (T, 3, 3): rotation vectors about the mean pose, smoothed."""
    from scipy.signal import savgol_filter
    from scipy.spatial.transform import Rotation

    if len(rotations) < HEAD_WINDOW:
        return rotations
    turns = Rotation.from_matrix(rotations)
    mean = turns.mean()
    small = savgol_filter((mean.inv() * turns).as_rotvec(), HEAD_WINDOW, HEAD_ORDER, axis=0, mode="interp")
    return (mean * Rotation.from_rotvec(small)).as_matrix()


def neutral(coefficients: np.ndarray) -> np.ndarray:
    """(T, 52) → (52,) what the face reads at rest, within the limits; 0 where it was never seen at rest."""
    most = np.full(len(NAMES), LIMIT_ELSEWHERE)
    for name, value in LIMIT.items():
        most[indices(name)] = value
    return np.minimum(np.percentile(coefficients, PERCENTILE, axis=0), most)


def without_neutral(coefficients: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Coefficients counted from the resting face: 0 there, 1 stays 1."""
    return np.clip((coefficients - offset) / (1 - offset), 0, 1)


def camera(rotations: np.ndarray) -> np.ndarray:
    """(T, 3, 3) → (3, 3) the camera's part of the head's mean turn: all yaw and pitch, roll beyond ROLL."""
    from scipy.spatial.transform import Rotation

    yaw, pitch, roll = np.median(Rotation.from_matrix(rotations).as_euler("YXZ"), axis=0)
    roll -= np.clip(roll, -ROLL, ROLL)
    return Rotation.from_euler("YXZ", [yaw, pitch, roll]).as_matrix()
