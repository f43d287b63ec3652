"""Writes and reads Live Link Face CSV.

Layout, as in captures of the app: a header of `Timecode`, `BlendShapeCount`, the 52 ARKit channels in Apple's order
with a capital first letter, then yaw, pitch and roll of the head, the left and the right eye; CRLF line ends; ten
decimals. A timecode is HH:MM:SS:FF.mmm: FF counts frames within the second, .mmm thousandths of a frame. At 29.97 or
23.976 frames per second FF still counts to 30 or 24, and the thousandths keep real time.

Read are also the copies that spreadsheets and other programs make: semicolons with decimal commas, tabs, UTF-16, blank
rows, per cent, no head or tongue. `Capture.warnings` and the motion's meta say what was mended.

Angles are radians. Signs were measured on the eye columns of real captures, where yaw = 0.61 LookIn − 0.58 LookOut
(left eye; the right eye has the opposite sign), pitch = 0.61 LookDown − 0.44 LookUp and roll = yaw · pitch within 3 %:

    yaw    positive to the character's right       = −(rotation about +y)
    pitch  positive down                           = +(rotation about +x)
    roll   positive to the character's left shoulder = −(rotation about +z)

in the frame of records.Motion, with R = Ry(−yaw) · Rx(pitch) · Rz(−roll): Unreal's rotator of Apple's face anchor.
"""

import bisect
import codecs
import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
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
NTSC = 1.001  # 29.97 is 30 / 1.001
FEW = 0.02  # of the rows may stand at a time that steps back or repeats
MAX_BYTES = 256 * 2**20
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
    known: np.ndarray  # (55,) bool: the tracks that have columns, head last; the others are 0
    warnings: tuple[str, ...]  # a sentence on each thing that was mended


def read(path: Path | str) -> Motion:
    """The motion of a Live Link Face CSV: real captures too, with lost and repeated frames.

    Lost rows and gaps in the timecode are filled by interpolation. Coefficients are clipped to 0..1. `meta` tells how
    many were filled, `warnings`, and the `mask` (55,) of the tracks where some have no columns. Raises what
    `read_capture` raises.
    """
    capture = read_capture(path)
    motion = at_times(np.clip(capture.coefficients, 0, 1), capture.head, capture.seconds, capture.fps)
    rows = len(capture.seconds)
    meta = {"source": Path(path).name, "rows": rows + capture.lost, "lost": capture.lost, "filled": len(motion) - rows}
    more = {"warnings": list(capture.warnings)} if capture.warnings else {}
    mask = {} if capture.known.all() else {"mask": capture.known.tolist()}
    return Motion(motion.coefficients, motion.head, capture.fps, {**meta, **more, **mask})


def read_capture(path: Path | str) -> Capture:
    """The rows of a Live Link Face CSV as they are.

    Raises FileNotFoundError, or ValueError naming the line and what is wanted.
    """
    path = Path(path)
    warnings: list[str] = []
    rows = _rows(path, warnings)
    first = next(rows, None)
    if first is None:
        raise ValueError(f"{path}: an empty file was given; a Live Link Face CSV is wanted")
    columns = _columns(path, first[1])
    known = np.array([column is not None for column in columns])
    if not known.all():
        absent = [name for name, column in zip((*NAMES, *HEAD), columns, strict=True) if column is None]
        warnings.append(f"columns {', '.join(absent)} are missing; they count as not measured")
    width = len(first[1])
    lines, times, values, lost = [], [], [], 0
    for line, row in rows:
        if len(row) <= 2 or row[1].strip() == "0" or not any(map(str.strip, row[2:])):
            lost += any(map(str.strip, row))  # a blank row of a spreadsheet is none
            continue
        if (len(row) != width and any(map(str.strip, row[width:]))) or len(row) < width:
            raise ValueError(f"{path}, line {line}: {len(row)} values given; {width} are wanted")
        lines.append(line)
        times.append(_parse_timecode(path, line, row[0]))
        try:
            values.append(np.array([0.0 if column is None else float(row[column]) for column in columns]))
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: {error}; numbers are wanted") from error
    if not values:
        raise ValueError(f"{path}: no row with values was given; at least one is wanted")
    table = np.stack(values)  # (N, 55)
    if not np.isfinite(table).all():
        raise ValueError(f"{path}: values that are not finite were given")
    _scale(path, table, warnings)
    rate = _timecode_rate(times)
    seconds = np.array([second + frame / rate for second, frame in times])
    seconds[1:] += 86_400 * np.cumsum(np.diff(seconds) < -43_200)  # past midnight
    forward = _rising(seconds)
    if len(forward) < len(seconds):
        line = lines[int(np.argmax(np.diff(seconds) <= 0)) + 1]
        if len(seconds) - len(forward) > FEW * len(seconds):
            raise ValueError(f"{path}, line {line}: the timecode does not go forward; growing timecodes are wanted")
        count = len(seconds) - len(forward)
        warnings.append(f"the timecode steps back or repeats at line {line}; {count} of {len(seconds)} rows left out")
        seconds, table = seconds[forward], table[forward]
    fps = _frame_rate(seconds, rate)
    if (seconds[-1] - seconds[0]) * fps > MAX_FRAMES:
        spanned = f"{seconds[-1] - seconds[0]:.0f} s at {fps:g} frames per second"
        raise ValueError(f"{path}: timecodes that span {spanned} given; at most {MAX_FRAMES} frames are wanted")
    coefficients, head = table[:, : len(NAMES)].astype(np.float32), head_vector(table[:, len(NAMES) :])
    return Capture(seconds - seconds[0], coefficients, head, fps, lost, known, tuple(warnings))


def _rows(path: Path, warnings: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row that has any, with the number of its line; decimal points."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path}: {path.stat().st_size >> 20} MB given; at most {MAX_BYTES >> 20} MB are wanted")
    data = path.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if wide else "utf-16-le" if data[1:8:2] == bytes(4) else "utf-8-sig"
    try:
        lines = io.StringIO(data.decode(encoding), newline="")
        at = lines.tell()
        head = lines.readline()
        if marked := re.fullmatch(r'"?sep=(.)"?\s*', head, re.IGNORECASE):  # Excel's
            head, at = lines.readline(), len(head)
        separator = marked[1] if marked else max(",;\t", key=head.count)
        lines.seek(at)
        for number, row in enumerate(csv.reader(lines, delimiter=separator), start=2 if marked else 1):
            if row:
                yield number, row if separator == "," else [cell.replace(",", ".") for cell in row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: not a text file ({error}); a Live Link Face CSV is wanted") from error


def _scale(path: Path, table: np.ndarray, warnings: list[str]) -> None:
    """Bring coefficients in per cent to 0..1 and head angles in degrees to radians, in place (N, 55)."""
    coefficients, angles = table[:, : len(NAMES)], table[:, len(NAMES) :]
    largest = float(coefficients.max())
    if largest > 110:
        raise ValueError(f"{path}: coefficients up to {largest:g} given; 0 to 1, or 0 to 100 per cent, are wanted")
    if largest > 2:  # captures leave 0..1 by a little
        coefficients /= 100
        warnings.append(f"coefficients up to {largest:.3g} were read as per cent")
    if np.abs(angles).max() > 2 * np.pi:
        warnings.append(f"head angles up to {np.abs(angles).max():.3g} were read as degrees")
        np.radians(angles, out=angles)


def _timecode_rate(times: Sequence[tuple[int, float]]) -> int:
    """How many frames the timecode counts in a second, from seconds and frames (N,): what makes the step from one
    second to the next as long as the others; in less than a second, the lowest usual one above the frames seen."""
    seconds, frames = np.array(times).T
    within = np.diff(seconds) == 0
    steps = np.diff(frames)
    over = (np.diff(seconds) == 1) & (steps < 0)
    if within.any() and over.any():
        rate = float(np.median(steps[within])) - float(np.median(steps[over]))
        nearest = min((*TIMECODE_RATES, round(rate)), key=lambda known: abs(known - rate))
        if nearest > frames.max() and abs(nearest - rate) < 0.6:
            return nearest
    largest = max(24.0, frames.max())  # a file that never reaches frame 24 is taken for one of 25
    return next((rate for rate in TIMECODE_RATES if rate > largest), math.ceil(largest) + 1)


def _frame_rate(seconds: np.ndarray, rate: int) -> float:
    """Frames per second of rows at rising times (N,), whose timecode counts `rate` frames in a second."""
    if len(seconds) == 1:
        return float(rate)
    steps = np.diff(seconds) * rate
    step = max(1, round(float(np.median(steps))))
    usual = steps[np.abs(steps - step) < 0.25]
    if len(usual) and abs(usual.mean() / step - NTSC) < 2e-4:
        return rate / step / NTSC
    fine = float(np.median(steps))  # of a rate that the timecode's does not hold a whole number of times
    return rate / (step if abs(fine - step) < 0.02 * step else fine)


def _rising(seconds: np.ndarray) -> np.ndarray:
    """The rows of the longest rising part of times (N,): (M,) numbers of rows."""
    ends: list[float] = []  # the least last time of a rising part of each length
    rows: list[int] = []  # and its row
    before = np.full(len(seconds), -1)
    for row, time in enumerate(seconds.tolist()):
        length = bisect.bisect_left(ends, time)
        if ends[length : length + 1] == [time]:  # the first of rows at one time
            continue
        before[row] = rows[length - 1] if length else -1
        ends[length : length + 1] = [time]
        rows[length : length + 1] = [row]
    found = [rows[-1]]
    while (row := int(before[found[-1]])) >= 0:
        found.append(row)
    return np.array(found[::-1])


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


def _columns(path: Path, header: list[str]) -> list[int | None]:
    """Where the 52 channels and the three head angles stand, whatever the case of the names; None: nowhere, which head
    and tongue may be."""
    where = {name.strip().lower(): column for column, name in enumerate(header)}
    wanted = [name.lower() for name in (*NAMES, *HEAD)]
    spare = {"tongueout", *map(str.lower, HEAD)}
    missing = [name for name in ("timecode", "blendshapecount", *wanted) if name not in where and name not in spare]
    if missing:
        raise ValueError(
            f"{path}: {len(missing)} columns of a Live Link Face CSV are missing (the first is {missing[0]!r}); "
            f"{len(HEADER)} are wanted"
        )
    found = [where.get(name) for name in wanted]
    return found if None not in found[-len(HEAD) :] else [*found[: -len(HEAD)], *[None] * len(HEAD)]


def _parse_timecode(path: Path, line: int, text: str) -> tuple[int, float]:
    """Seconds since midnight, and frames within the second."""
    if (match := TIMECODE.fullmatch(text.strip())) is None:
        raise ValueError(f"{path}, line {line}: timecode {text[:40]!r} given; HH:MM:SS:FF.mmm is wanted")
    hours, minutes, seconds, frame = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds), float(frame)
