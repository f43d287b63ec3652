"""Live Link Face CSV: round trips, the layout of real captures, signs and units measured on them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from talkdemo.data.corpora import shared
from talkdemo.export import livelink, resample
from talkdemo.face.arkit import INDEX
from talkdemo.records import Motion

CAPTURES = sorted((shared.root() or Path("nowhere")).glob("live_link_face/*.csv"))
needs_captures = pytest.mark.skipif(not CAPTURES, reason="no Live Link Face captures beside the project")


def motion(frames: int = 60, fps: float = 25) -> Motion:
    generator = np.random.default_rng(0)
    head = generator.normal(0, 0.3, (frames, 3)).astype(np.float32)
    return Motion(generator.random((frames, 52)).astype(np.float32), head, fps)


def table(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, rows


def test_round_trip(tmp_path: Path) -> None:
    livelink.write(tmp_path / "a.csv", motion())
    back = livelink.read(tmp_path / "a.csv")
    assert back.fps == 25 and len(back) == 60
    np.testing.assert_allclose(back.coefficients, motion().coefficients, atol=1e-7)
    np.testing.assert_allclose(back.head, motion().head, atol=1e-6)


@pytest.mark.parametrize("fps", [1, 5, 10, 12.5, 15, 23.976, 24, 29.97, 30, 48, 59.94, 119.88, 240])
def test_every_rate_comes_back_with_its_rows(tmp_path: Path, fps: float) -> None:
    livelink.write(tmp_path / "a.csv", motion(200, fps), fps=fps)
    back = livelink.read(tmp_path / "a.csv")
    assert back.fps == pytest.approx(fps, rel=1e-5) and len(back) == 200
    np.testing.assert_allclose(back.coefficients, motion(200).coefficients, atol=1e-6)


@pytest.mark.parametrize("fps", [25, 30, 50, 60])
def test_another_rate_resamples(tmp_path: Path, fps: int) -> None:
    ramp = np.linspace(0, 1, 101, dtype=np.float32)
    slow = Motion(np.repeat(ramp[:, None], 52, 1), np.stack([ramp, 0 * ramp, 0 * ramp], 1), 25)  # 4 s
    livelink.write(tmp_path / "a.csv", slow, fps=fps)
    back = livelink.read(tmp_path / "a.csv")
    assert back.fps == fps and len(back) == 4 * fps + 1
    times = np.arange(len(back)) / fps
    np.testing.assert_allclose(back.coefficients[:, 3], times / 4, atol=1e-5)
    np.testing.assert_allclose(back.head[:, 0], times / 4, atol=1e-5)


def test_same_rate_is_untouched() -> None:
    m = motion()
    assert resample.to_fps(m, 25) is m


def test_timecode_counts_frames_within_the_second() -> None:
    assert livelink.timecode(0, 25) == "00:00:00:00.000"
    assert livelink.timecode(24, 25) == "00:00:00:24.000"
    assert livelink.timecode(30, 25) == "00:00:01:05.000"
    assert livelink.timecode(25 * 3661, 25) == "01:01:01:00.000"
    assert livelink.timecode(1, 29.97) == "00:00:00:01.001"
    codes = [livelink.timecode(frame, 60) for frame in range(600)]
    assert len(set(codes)) == 600 and codes == sorted(codes)


def test_signs_and_units(tmp_path: Path) -> None:
    """+x nods down, +y turns to the character's left, +z tilts to the right shoulder; yaw and roll are minus that."""
    head = np.array([[0.2, 0, 0], [0, 0.3, 0], [0, 0, 0.1]], np.float32)
    np.testing.assert_allclose(livelink.head_angles(head), [[0, 0.2, 0], [-0.3, 0, 0], [0, 0, -0.1]], atol=1e-7)
    looks = np.zeros((3, 52), np.float32)
    looks[0, [INDEX["eyeLookOutLeft"], INDEX["eyeLookInRight"]]] = 1  # to the character's left
    looks[1, [INDEX["eyeLookUpLeft"], INDEX["eyeLookUpRight"]]] = 1
    looks[2, [INDEX["eyeLookDownLeft"], INDEX["eyeLookDownRight"]]] = 1
    left_yaw, left_pitch, _, right_yaw, right_pitch, _ = livelink.eye_angles(looks).T
    assert left_yaw[0] < -0.5 and right_yaw[0] < -0.5
    assert left_pitch[1] < -0.4 and right_pitch[1] < -0.4 and left_pitch[2] > 0.5 and right_pitch[2] > 0.5


@needs_captures
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_layout_is_that_of_real_captures(tmp_path: Path, path: Path) -> None:
    livelink.write(tmp_path / "ours.csv", motion())
    ours, real = (tmp_path / "ours.csv").read_bytes(), path.read_bytes()
    assert ours.split(b"\r\n")[0] == real.split(b"\r\n")[0]
    assert ours.endswith(b"\r\n") and ours.count(b"\n") == ours.count(b"\r\n")
    shape = lambda line: "".join("9" if c.isdigit() else c for c in line.decode().replace("-", ""))  # noqa: E731
    assert shape(ours.split(b"\r\n")[1]) == shape(real.split(b"\r\n")[1])


@needs_captures
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_real_captures_are_read(path: Path) -> None:
    _, rows = table(path)
    back = livelink.read(path)
    assert back.fps == 30 or back.fps == pytest.approx(29.97, abs=1e-4)
    first, last = rows[0][0], [row for row in rows if len(row) > 2][-1][0]
    span = np.diff([int(t[:2]) * 3600 + int(t[3:5]) * 60 + int(t[6:8]) + float(t[9:]) / 60 for t in (first, last)])[0]
    assert abs(len(back) - 1 - span * back.fps) <= 1
    full = np.array([[float(v) for v in row[2:54]] for row in rows if len(row) > 2])
    np.testing.assert_allclose(back.coefficients[0], np.clip(full[0], 0, 1), atol=1e-6)
    np.testing.assert_allclose(back.coefficients[-1], np.clip(full[-1], 0, 1), atol=0.02)  # half a frame off
    assert back.coefficients.min() >= 0 and back.coefficients.max() <= 1
    assert back.meta["lost"] == sum(len(row) <= 2 for row in rows)


@needs_captures
def test_eye_angles_follow_the_captures() -> None:
    for path in CAPTURES:
        _, rows = table(path)
        full = np.array([[float(v) for v in row[2:]] for row in rows if len(row) > 2])
        ours, real = livelink.eye_angles(full[:, :52]), full[:, -6:]
        for column in (0, 1, 3, 4):
            slope = np.polyfit(ours[:, column], real[:, column], 1)[0]
            assert np.corrcoef(ours[:, column], real[:, column])[0, 1] > 0.99 and 0.9 < slope < 1.1
        np.testing.assert_allclose(real[:, 2], real[:, 0] * real[:, 1], atol=0.02)


def lines(path: Path) -> list[str]:
    livelink.write(path, motion(5))
    return path.read_text().splitlines()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: [], "empty"),
        (lambda t: t[:1], "no row"),
        (lambda t: [t[0].replace("JawOpen", "Jaw"), *t[1:]], "jawopen"),
        (lambda t: [*t[:2], t[2] + ",1"], "line 3: 64 values"),
        (lambda t: [*t[:2], "x" + t[2]], "timecode"),
        (lambda t: [*t[:2], t[2].replace("0.", "z", 1)], "line 3"),
        (lambda t: [*t[:3], t[1]], "line 4"),
        (lambda t: [*t[:2], t[2].rsplit(",", 9)[0] + ",nan" * 9], "finite"),
        (lambda t: [*t[:2], t[2].replace("00:00:00:01.000", "00:00:00:inf")], "line 3: timecode"),
        (lambda t: [*t[:2], t[2].replace("00:00:00:01.000", "00:00:00:nan")], "line 3: timecode"),
        (lambda t: [*t[:2], t[2].replace("00:00:00:01.000", "99999999:00:00:00")], "line 3: timecode"),
        (lambda t: [*t[:3], t[3].replace("00:00:00:02.000", "11:00:00:999"), t[4]], "line 5"),
        (lambda t: [*t[:4], t[4].replace("00:00:00:03.000", "11:00:00:00")], "600000 frames"),
        (lambda t: [*t[:2], t[2].replace("0.", "\0", 1)], "line 3"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, change: object, message: str) -> None:
    path = tmp_path / "bad.csv"
    text = change(lines(path))  # type: ignore[operator]
    path.write_text("\r\n".join(text))
    with pytest.raises(ValueError, match=message) as caught:
        livelink.read(path)
    assert "bad.csv" in str(caught.value)


def test_binary_and_absent_files(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="Live Link Face"):
        livelink.read(tmp_path / "b.csv")
    with pytest.raises(FileNotFoundError):
        livelink.read(tmp_path / "absent.csv")


def copies(path: Path) -> dict[str, bytes]:
    """What other programs make of a file, by name."""
    livelink.write(path, motion(50))
    text = path.read_text()
    rows = [line.split(",") for line in text.splitlines()]
    commas = [[row[0], *(cell.replace(".", ",") for cell in row[1:])] for row in rows]
    blank = ",".join([""] * len(rows[0]))
    semicolons, tabs = ("\r\n".join(sign.join(row) for row in commas) for sign in ";\t")
    headless = [row[:54] + row[57:] for row in rows]
    tongue = rows[0].index("TongueOut")
    return {
        "semicolons": semicolons.encode(),
        "tabs": tabs.encode(),
        "sep": ("sep=;\r\n" + semicolons).encode("utf-8-sig"),
        "utf-16": text.encode("utf-16"),
        "utf-16 without a mark": text.encode("utf-16-le"),
        "utf-16 with tabs": tabs.encode("utf-16"),
        "blank rows": (text + f"{blank}\r\n" * 3).encode(),
        "blank rows between": "\n".join(f"{line}\n{blank}" for line in text.splitlines()).encode(),
        "unix": text.replace("\r\n", "\n").encode(),
        "no head": "\n".join(map(",".join, headless)).encode(),
        "no tongue": "\n".join(",".join(row[:tongue] + row[tongue + 1 :]) for row in rows).encode(),
        "per cent": "\n".join(
            ",".join([*row[:2], *(f"{100 * float(cell):.6f}" for cell in row[2:54]), *row[54:]])
            if i
            else text.split()[0]
            for i, row in enumerate(rows)
        ).encode(),
        "degrees": "\n".join(
            ",".join([*row[:54], *(f"{np.degrees(float(cell)):.8f}" for cell in row[54:])]) if i else text.split()[0]
            for i, row in enumerate(rows)
        ).encode(),
    }


@pytest.mark.parametrize("name", [
    "semicolons", "tabs", "sep", "utf-16", "utf-16 without a mark", "utf-16 with tabs", "blank rows",
    "blank rows between", "unix", "no head", "no tongue", "per cent", "degrees"])  # fmt: skip
def test_copies_by_other_programs_are_the_same_motion(tmp_path: Path, name: str) -> None:
    (tmp_path / "copy.csv").write_bytes(copies(tmp_path / "a.csv")[name])
    back, known = livelink.read(tmp_path / "copy.csv"), np.ones(55, bool)
    known[{"no head": [52, 53, 54], "no tongue": [INDEX["tongueOut"]]}.get(name, [])] = False
    assert back.fps == 25 and back.meta["lost"] == 0 and back.meta.get("mask", [True] * 55) == known.tolist()
    np.testing.assert_allclose(back.tracks[:, known], motion(50).tracks[:, known], atol=1e-6)
    assert not back.tracks[:, ~known].any()
    words = {"no head": "HeadYaw", "no tongue": "tongueOut", "per cent": "per cent", "degrees": "degrees"}
    assert [words[name] in warning for warning in back.meta.get("warnings", [])] == [True] * (name in words)


@pytest.mark.parametrize("late", ["00:00:00:23.000", "00:00:01:14.000", "00:00:07:00.000"])
def test_one_row_at_a_wrong_time_is_left_out(tmp_path: Path, late: str) -> None:
    """It steps back, repeats or runs ahead; its place is filled from its neighbours."""
    ramp = np.repeat(np.linspace(0, 1, 100, dtype=np.float32)[:, None], 52, 1)
    livelink.write(tmp_path / "a.csv", Motion(ramp, np.zeros((100, 3), np.float32)))
    text = (tmp_path / "a.csv").read_text().replace("00:00:01:15.000", late)
    (tmp_path / "b.csv").write_text(text)
    back = livelink.read(tmp_path / "b.csv")
    assert len(back) == 100 and "line 4" in back.meta["warnings"][0] and "1 of 100 rows" in back.meta["warnings"][0]
    np.testing.assert_allclose(back.coefficients, ramp, atol=1e-6)


def test_other_scales_are_refused(tmp_path: Path) -> None:
    livelink.write(tmp_path / "a.csv", motion(5))
    text = (tmp_path / "a.csv").read_text().replace("0.63", "255.63", 1)
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(ValueError, match=r"coefficients up to 255\.\d+ given; 0 to 1, or 0 to 100 per cent"):
        livelink.read(tmp_path / "b.csv")


TROUBLE = sorted((shared.root() or Path("nowhere")).glob("trouble/*.csv"))


@pytest.mark.parametrize("path", TROUBLE, ids=lambda path: path.stem)
def test_captures_that_were_changed(path: Path) -> None:
    back = livelink.read(path)
    moving = np.ptp(back.coefficients, axis=0)
    assert back.meta["lost"] == 0 and 140 < len(back) < 200
    assert 0.2 < moving.max() <= 1 and (moving > 0.01).sum() > 20
    assert ("warnings" in back.meta) == (path.stem in ("no_head_columns", "percent_scale", "timecode_steps_back"))


def test_lost_rows_are_filled(tmp_path: Path) -> None:
    m = Motion(np.repeat(np.linspace(0, 1, 60, dtype=np.float32)[:, None], 52, 1), np.zeros((60, 3), np.float32))
    livelink.write(tmp_path / "a.csv", m)
    text = (tmp_path / "a.csv").read_text().splitlines()
    text[20:25] = [line.split(",")[0] + ",0" for line in text[20:25]]
    del text[40]
    (tmp_path / "b.csv").write_text("\n".join(text))
    back = livelink.read(tmp_path / "b.csv")
    assert back.meta["lost"] == 5 and back.meta["filled"] == 6 and len(back) == 60
    np.testing.assert_allclose(back.coefficients, m.coefficients, atol=1e-6)
