"""Writes and reads Live Link Face CSV.

Layout, as in captures of the app: a header of `Timecode`, `BlendShapeCount`, the 52 ARKit channels in Apple's order
with a capital first letter, then yaw, pitch and roll of the head, the left and the right eye; CRLF line ends; ten
decimals. A timecode is HH:MM:SS:FF.mmm: FF counts frames within the second, .mmm thousandths of a frame.

Angles are radians. Signs were measured on the eye columns of real captures, where yaw = 0.61 LookIn − 0.58 LookOut
(left eye; the right eye has the opposite sign), pitch = 0.61 LookDown − 0.44 LookUp and roll = yaw · pitch within 3 %:

    yaw    positive to the character's right       = −(rotation about +y)
    pitch  positive down                           = +(rotation about +x)
    roll   positive to the character's left shoulder = −(rotation about +z)

in the frame of records.Motion, with R = Ry(−yaw) · Rx(pitch) · Rz(−roll): Unreal's rotator of Apple's face anchor.
"""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from talkdemo.export.resample import at_times, to_fps
from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.files import replacing
from talkdemo.records import FPS, Motion

HEAD = ("HeadYaw", "HeadPitch", "HeadRoll")
EYES = ("LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll")
CHANNELS = (*(name[0].upper() + name[1:] for name in NAMES), *HEAD, *EYES)  # 61
HEADER = ("Timecode", "BlendShapeCount", *CHANNELS)
YAW_IN, YAW_OUT, PITCH_DOWN, PITCH_UP = 0.615, 0.585, 0.613, 0.445  # radians at coefficient 1, medians of six captures
TIMECODE_RATES = (24, 25, 30, 48, 50, 60, 100, 120, 240)
TIMECODE = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2}):(\d{1,3}(?:\.\d+)?)", re.ASCII)
MAX_FRAMES = 600_000  # with gaps filled: more than 6 h at 25 frames per second


def write(path: Path | str, motion: Motion, fps: float = FPS) -> None:
    """Write one motion at `fps` (resampled when it was made at another rate), starting at 00:00:00:00.000."""
    if not 1 <= fps <= 240:
        raise ValueError(f"{path}: {fps} frames per second given; 1 to 240 are wanted")
    motion = to_fps(motion, fps)
    values = np.concatenate([motion.coefficients, head_angles(motion.head), eye_angles(motion.coefficients)], axis=1)
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="ascii") as stream:
        stream.write(",".join(HEADER) + "\r\n")
        for frame, row in enumerate(values.astype(np.float64) + 0.0):  # + 0.0 turns −0 into 0
            numbers = ",".join(f"{value:.10f}" for value in row)
            stream.write(f"{timecode(frame, fps)},{len(CHANNELS)},{numbers}\r\n")


@dataclass(frozen=True)
class Capture:
    """The rows of a capture that have values, at their own times."""

    seconds: np.ndarray  # (N,) from 0, rising
    coefficients: np.ndarray  # (N, 52) float32; some captures leave 0..1
    head: np.ndarray  # (N, 3) rotation vectors
    fps: float
    lost: int  # rows without values: no face was found


def read(path: Path | str) -> Motion:
    """The motion of a Live Link Face CSV: real captures too, with lost and repeated frames.

    Lost rows and gaps in the timecode are filled by interpolation; `meta` tells how many. Coefficients are clipped to
    0..1. Raises what `read_capture` raises.
    """
    capture = read_capture(path)
    motion = at_times(np.clip(capture.coefficients, 0, 1), capture.head, capture.seconds, capture.fps)
    rows = len(capture.seconds)
    meta = {"source": Path(path).name, "rows": rows + capture.lost, "lost": capture.lost, "filled": len(motion) - rows}
    return Motion(motion.coefficients, motion.head, capture.fps, meta)


def read_capture(path: Path | str) -> Capture:
    """The rows of a Live Link Face CSV as they are.

    Raises FileNotFoundError, or ValueError naming the line and what is wanted.
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = [row for row in csv.reader(stream) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: not a text file ({error}); a Live Link Face CSV is wanted") from error
    if not rows:
        raise ValueError(f"{path}: an empty file was given; a Live Link Face CSV is wanted")
    columns = _columns(path, rows[0])
    times, values, lost = [], [], 0
    for line, row in enumerate(rows[1:], start=2):
        if len(row) <= 2 or row[1].strip() == "0":
            lost += 1
            continue
        if len(row) != len(rows[0]):
            raise ValueError(f"{path}, line {line}: {len(row)} values given; {len(rows[0])} are wanted")
        times.append(_parse_timecode(path, line, row[0]))
        try:
            values.append([float(row[column]) for column in columns])
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: {error}; numbers are wanted") from error
    if not values:
        raise ValueError(f"{path}: no row with values was given; at least one is wanted")
    table = np.array(values)  # (T, 55)
    if not np.isfinite(table).all():
        raise ValueError(f"{path}: values that are not finite were given")

    largest = max([24.0, *(frame for _, frame in times)])  # a file that never reaches frame 24 is taken for one of 25
    rate = next((rate for rate in TIMECODE_RATES if rate > largest), math.ceil(largest) + 1)
    seconds = np.array([second + frame / rate for second, frame in times])
    seconds[1:] += 86_400 * np.cumsum(np.diff(seconds) < -43_200)  # past midnight
    if (np.diff(seconds) <= 0).any():
        line = int(np.argmax(np.diff(seconds) <= 0)) + 3
        raise ValueError(f"{path}, line {line}: the timecode does not go forward; growing timecodes are wanted")
    fps = rate / max(1, round(float(np.median(np.diff(seconds))) * rate)) if len(seconds) > 1 else float(rate)
    if (seconds[-1] - seconds[0]) * fps > MAX_FRAMES:
        spanned = f"{seconds[-1] - seconds[0]:.0f} s at {fps:g} frames per second"
        raise ValueError(f"{path}: timecodes that span {spanned} given; at most {MAX_FRAMES} frames are wanted")
    coefficients = table[:, : len(NAMES)].astype(np.float32)
    return Capture(seconds - seconds[0], coefficients, head_vector(table[:, len(NAMES) :]), fps, lost)


def head_angles(head: np.ndarray) -> np.ndarray:
    """Rotation vectors (T, 3) as records.Motion has them → HeadYaw, HeadPitch, HeadRoll (T, 3) in radians."""
    yaw, pitch, roll = Rotation.from_rotvec(head).as_euler("YXZ").T
    return np.stack([-yaw, pitch, -roll], axis=1)


def head_vector(angles: np.ndarray) -> np.ndarray:
    """HeadYaw, HeadPitch, HeadRoll (T, 3) in radians → rotation vectors (T, 3) float32: `head_angles` undone."""
    euler = np.stack([-angles[:, 0], angles[:, 1], -angles[:, 2]], axis=1)
    return Rotation.from_euler("YXZ", euler).as_rotvec().astype(np.float32)


def eye_angles(coefficients: np.ndarray) -> np.ndarray:
    """Yaw, pitch and roll of the left, then the right eye (T, 6) in radians, from the eyeLook channels (T, 52)."""

    def channel(name: str) -> np.ndarray:
        return coefficients[:, INDEX[name]].astype(np.float64)

    angles = []
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        yaw = sign * (YAW_IN * channel(f"eyeLookIn{side}") - YAW_OUT * channel(f"eyeLookOut{side}"))
        pitch = PITCH_DOWN * channel(f"eyeLookDown{side}") - PITCH_UP * channel(f"eyeLookUp{side}")
        angles += [yaw, pitch, yaw * pitch]
    return np.stack(angles, axis=1)


def timecode(frame: int, fps: float) -> str:
    """HH:MM:SS:FF.mmm of a frame counted from midnight: timecode(30, 25) = 00:00:01:05.000."""
    per_second = math.ceil(fps - 1e-9)
    thousandths = round(frame / fps * per_second * 1000)  # of a timecode frame
    second, rest = divmod(thousandths, per_second * 1000)
    hours, minutes, seconds = second // 3600 % 24, second // 60 % 60, second % 60
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _columns(path: Path, header: list[str]) -> list[int]:
    """Where the 52 channels and the three head angles stand, whatever the case of the names."""
    where = {name.strip().lower(): column for column, name in enumerate(header)}
    wanted = [name.lower() for name in (*NAMES, *HEAD)]
    missing = [name for name in ("timecode", "blendshapecount", *wanted) if name not in where]
    if missing:
        raise ValueError(
            f"{path}: {len(missing)} columns of a Live Link Face CSV are missing (the first is {missing[0]!r}); "
            f"{len(HEADER)} are wanted"
        )
    return [where[name] for name in wanted]


def _parse_timecode(path: Path, line: int, text: str) -> tuple[int, float]:
    """Seconds since midnight, and frames within the second."""
    if (match := TIMECODE.fullmatch(text.strip())) is None:
        raise ValueError(f"{path}, line {line}: timecode {text[:40]!r} given; HH:MM:SS:FF.mmm is wanted")
    hours, minutes, seconds, frame = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds), float(frame)
