"""Videos as phones, browsers and editors write them: shown as the header says, at their time, the default stream."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest

from talkdemo.face.track.read import Video

MATRICES = [(a, 0, 0, d) for a, d in product((1, -1), repeat=2)] + [(0, b, c, 0) for b, c in product((1, -1), repeat=2)]


def shown(image: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Every pixel put where (x, y) → (a·x + c·y, b·x + d·y) says, one by one."""
    a, b, c, d = matrix
    places = {
        (b * (x + 0.5) + d * (y + 0.5), a * (x + 0.5) + c * (y + 0.5)): image[y, x]
        for y, x in product(range(image.shape[0]), range(image.shape[1]))
    }
    rows, columns = (sorted({place[axis] for place in places}) for axis in (0, 1))
    return np.array([[places[row, column] for column in columns] for row in rows])


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_whole_display_matrix_counts(film: Callable[..., Path], tmp_path: Path, matrix) -> None:
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:12, :16] = 255  # one corner
    path = film(tmp_path / "x.mp4", [picture] * 30, matrix=matrix)
    _, image = next(iter(Video(path)))
    wanted = shown(picture, matrix)
    assert image.shape == wanted.shape
    assert np.abs(image.astype(int) - wanted).mean() < 8


def times(path: Path) -> list[float]:
    return [seconds for seconds, _ in Video(path)]


def with_sound(path: Path, picture_at: float, sound_at: float, seconds: float = 2.0) -> Path:
    """A grey film and silence that begin at these times of the container."""
    rate, base = 16_000, Fraction(1, 1000)
    with av.open(str(path), "w") as container:
        seen = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        seen.width = seen.height = 64
        seen.pix_fmt, seen.time_base, seen.codec_context.time_base = "yuv420p", base, base
        heard = container.add_stream("aac" if path.suffix == ".mp4" else "flac", rate=rate, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, round(rate * seconds)), np.int16), "s16", "mono")
        sound.sample_rate, sound.pts, sound.time_base = rate, round(sound_at * rate), Fraction(1, rate)
        resampler = av.AudioResampler(heard.format.name, "mono", rate, frame_size=1024)
        pieces = [*resampler.resample(sound), *resampler.resample(None)]
        for i in range(round(25 * seconds)):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts, frame.time_base = round(1000 * (picture_at + i / 25)), base
            container.mux(seen.encode(frame))
            while pieces and pieces[0].pts / rate < picture_at + i / 25:
                container.mux(heard.encode(pieces.pop(0)))
        for piece in pieces:
            container.mux(heard.encode(piece))
        container.mux(seen.encode(None))
        container.mux(heard.encode(None))
    return path


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_picture_that_begins_late_keeps_its_time(tmp_path: Path, ending: str) -> None:
    found = times(with_sound(tmp_path / f"late.{ending}", picture_at=0.7, sound_at=0.0))
    assert found[0] == pytest.approx(0.7, abs=0.03) and len(found) == 50
    found = times(with_sound(tmp_path / f"early.{ending}", picture_at=0.0, sound_at=0.7))
    assert found[0] == pytest.approx(0.0, abs=0.03)


def test_a_clock_that_begins_anywhere_begins_at_zero(film, tmp_path: Path) -> None:
    """A piece of a live stream carries that stream's clock."""
    path = film(tmp_path / "live.mkv", [np.zeros((64, 64, 3), np.uint8)] * 40, times=500 + np.arange(40) / 25)
    found = times(path)
    assert found[0] == 0 and found[-1] == pytest.approx(39 / 25, abs=0.01)


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_a_pause_without_frames_keeps_its_length(film, tmp_path: Path, ending: str) -> None:
    at = np.concatenate([np.arange(30) / 25, 4 + np.arange(30) / 25])
    codec = "libx264" if ending == "mp4" else "libvpx"
    found = times(film(tmp_path / f"pause.{ending}", [np.zeros((64, 64, 3), np.uint8)] * 60, codec=codec, times=at))
    np.testing.assert_allclose(found, at, atol=0.002)


def test_the_default_stream_is_read_and_named(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "two.mkv"), "w") as container:
        streams = []
        for title, default, side in (("Slides", False, 64), ("Speaker", True, 96)):
            stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
            stream.width = stream.height = side
            stream.pix_fmt = "yuv420p"
            stream.metadata["title"] = title
            stream.disposition = av.stream.Disposition.default if default else av.stream.Disposition(0)
            streams.append((stream, side))
        for _ in range(30):
            for stream, side in streams:
                container.mux(stream.encode(av.VideoFrame(side, side, "yuv420p")))
        for stream, _ in streams:
            container.mux(stream.encode(None))
    video = Video(tmp_path / "two.mkv")
    assert next(iter(video))[1].shape == (96, 96, 3) and video.title == "2 of 2 (Speaker)"
