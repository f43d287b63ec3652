"""Recordings keep their own time, whatever their container: late starts, pauses that were not sent, damaged stamps."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from talkdemo.audio.decode import decode
from talkdemo.data.corpora import shared
from talkdemo.records import SAMPLE_RATE

RATE = 48_000


def tone(seconds: float) -> np.ndarray:
    """(1, N)"""
    return 0.4 * np.sin(2 * np.pi * 440 * np.arange(round(RATE * seconds)) / RATE, dtype=np.float32)[None]


def write(path: Path, codec: str, parts: list[tuple[float, float]], picture: float | None = None) -> Path:
    """Tones from one time to another, nothing between them; with a grey film that begins at `picture`."""
    base = Fraction(1, 1000)
    with av.open(str(path), "w") as container:
        seen = None
        if picture is not None:
            seen = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
            seen.width = seen.height = 64
            seen.pix_fmt, seen.time_base, seen.codec_context.time_base = "yuv420p", base, base
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        packets = []
        if seen is not None:
            for i in range(75):
                frame = av.VideoFrame(64, 64, "yuv420p")
                frame.pts, frame.time_base = round(1000 * (picture + i / 25)), base
                packets += seen.encode(frame)
            packets += seen.encode(None)
        size = stream.codec_context.frame_size or 960
        for start, end in parts:
            sound = tone(end - start)
            for i in range(0, sound.shape[1] - size + 1, size):
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[:, i : i + size]), "fltp", "mono")
                frame.sample_rate, frame.pts, frame.time_base = RATE, round(start * RATE) + i, Fraction(1, RATE)
                for piece in av.AudioResampler(stream.format.name, "mono", RATE).resample(frame):
                    piece.pts, piece.time_base = frame.pts, frame.time_base
                    packets += stream.encode(piece)
        packets += stream.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


def loud(samples: np.ndarray) -> np.ndarray:
    """(T,) bool: frames of 20 ms that sound."""
    return np.sqrt(np.square(samples[: len(samples) // 320 * 320].reshape(-1, 320)).mean(1)) > 0.1


def wanted(parts: list[tuple[float, float]], frames: int) -> np.ndarray:
    middles = (np.arange(frames) + 0.5) / 50
    return np.any([(middles > start) & (middles < end) for start, end in parts], axis=0)


@pytest.mark.parametrize(("ending", "codec"), [("webm", "libopus"), ("mp4", "aac"), ("mkv", "flac"), ("mkv", "aac")])
def test_a_pause_that_was_not_sent_is_silent(tmp_path: Path, ending: str, codec: str) -> None:
    parts = [(0.0, 1.2), (3.7, 5.2)]
    speech = decode(write(tmp_path / f"pause.{ending}", codec, parts))
    assert speech.seconds == pytest.approx(5.2, abs=0.12)
    found = loud(speech.samples)
    assert (found != wanted(parts, len(found))).sum() <= 6  # codecs ring for a frame or two
    assert speech.notes["pauses"] == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "aac"), ("mkv", "aac"), ("mkv", "flac"), ("webm", "libopus")])
def test_sound_that_begins_after_the_picture_keeps_its_time(tmp_path: Path, ending: str, codec: str) -> None:
    if ending == "webm":
        pytest.importorskip("av")
    parts = [(0.8, 2.3)]
    path = tmp_path / f"late.{'mkv' if ending == 'webm' else ending}"
    speech = decode(write(path, codec, parts, picture=0.0))
    found = loud(speech.samples)
    assert (found != wanted(parts, len(found))).sum() <= 4
    early = decode(write(path, codec, [(0.0, 1.5)], picture=0.8))
    assert loud(early.samples)[3:70].all()


def test_a_clock_that_begins_anywhere_begins_at_zero(tmp_path: Path) -> None:
    speech = decode(write(tmp_path / "live.mkv", "flac", [(500.0, 502.0)]))
    assert speech.seconds == pytest.approx(2, abs=0.05) and loud(speech.samples).all()


def test_stamps_that_jump_back_are_damaged_and_time_goes_on(tmp_path: Path) -> None:
    """Two recordings appended byte by byte, as some recorders do: the second one's clock begins anew."""
    one = write(tmp_path / "one.ts", "aac", [(0.0, 1.5)]).read_bytes()
    (tmp_path / "two.ts").write_bytes(one + one)
    speech = decode(tmp_path / "two.ts")
    assert speech.seconds == pytest.approx(3, abs=0.15) and loud(speech.samples).mean() > 0.95


def test_a_browsers_recording_with_a_pause() -> None:
    root = shared.root()
    if root is None or not (root / "trouble").is_dir():
        pytest.skip("no troublesome files (shared data absent)")
    speech = decode(root / "trouble" / "dtx_pause.webm")
    assert speech.seconds == pytest.approx(6.7, abs=0.05)
    quiet = np.sqrt(np.square(speech.samples[: len(speech.samples) // 320 * 320].reshape(-1, 320)).mean(1)) < 1e-4
    assert np.diff(np.flatnonzero(np.diff(quiet.astype(int)))).max() / 50 > 1.5
    assert np.abs(speech.samples).max() <= 1 and len(speech.samples) > 6 * SAMPLE_RATE
