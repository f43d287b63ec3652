"""The mp4: sound and image in step, lengths, colours, and nothing half-written."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from talkdemo.records import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME, Speech, Stopped
from talkdemo.render import video

GREY = (120, 118, 116)


def pictures(count: int, flash: int | None = None, size: tuple[int, int] = (64, 96), colour=GREY):
    for i in range(count):
        yield np.full((*size, 3), 255 if i == flash else colour, dtype=np.uint8)


def click(frames: int, at: int) -> Speech:
    """Silence with a click of 2 ms at the start of frame `at`."""
    samples = np.zeros(frames * SAMPLES_PER_FRAME, dtype=np.float32)
    samples[at * SAMPLES_PER_FRAME : at * SAMPLES_PER_FRAME + 32] = 0.8 * np.tile([1, -1], 16)
    return Speech(samples)


def boxes(data: bytes) -> list[tuple[str, bytes]]:
    found, at = [], 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        found.append((name.decode("latin1"), data[at + 8 : at + size]))
        at += size
    return found


@pytest.mark.parametrize("at", [0, 7, 40])
def test_click_and_flash_fall_on_the_same_moment(tmp_path: Path, at: int, read_video) -> None:
    path = tmp_path / "clap.mp4"
    assert video.write(path, pictures(50, flash=at), click(50, at)) == 50
    frames, samples = read_video(path)
    brightness = frames.reshape(len(frames), -1).mean(axis=1)
    assert brightness.argmax() == at and (brightness > 200).sum() == 1
    heard = np.flatnonzero(np.abs(samples) > 0.2 * np.abs(samples).max())
    offset = heard[0] / SAMPLE_RATE - at / FPS
    assert abs(offset) < 0.005, f"the click is {1000 * offset:.1f} ms from the flash"


def test_lengths_agree_within_one_frame(tmp_path: Path) -> None:
    for samples in (31 * SAMPLES_PER_FRAME, 31 * SAMPLES_PER_FRAME - 500, 31 * SAMPLES_PER_FRAME + 500):
        path = tmp_path / "length.mp4"
        video.write(path, pictures(31), Speech(np.zeros(samples, dtype=np.float32)))
        with av.open(str(path)) as container:
            picture, sound = container.streams.video[0], container.streams.audio[0]
            seconds = [float(s.duration * s.time_base) for s in (picture, sound)]
            assert picture.frames == 31 and picture.average_rate == FPS
            assert picture.codec_context.name == "h264" and picture.codec_context.pix_fmt == "yuv420p"
            assert sound.codec_context.name == "aac" and sound.start_time == picture.start_time == 0
        assert seconds[0] == pytest.approx(31 / FPS) and abs(seconds[0] - seconds[1]) < 1 / FPS


def test_starts_fast_and_skips_only_the_encoders_lead_in(tmp_path: Path) -> None:
    path = tmp_path / "fast.mp4"
    video.write(path, pictures(5), click(5, 2))
    top = boxes(path.read_bytes())
    names = [name for name, _ in top]
    assert names.index("moov") < names.index("mdat")
    starts = {}
    for name, track in boxes(dict(top)["moov"]):
        if name == "trak":
            parts = dict(boxes(track))
            kind = dict(boxes(parts["mdia"]))["hdlr"][8:12].decode()
            edits = dict(boxes(parts["edts"]))["elst"]
            assert struct.unpack(">I", edits[4:8])[0] == 1  # one edit: no gap before, no gap after
            starts[kind] = struct.unpack(">i", edits[12:16])[0]
    assert starts == {"vide": 0, "soun": 1024}


def test_colours_survive(tmp_path: Path, read_video) -> None:
    path = tmp_path / "skin.mp4"
    video.write(path, pictures(3, colour=(224, 172, 145)), None)
    frames, _ = read_video(path)
    assert np.abs(frames[1].reshape(-1, 3).mean(axis=0) - (224, 172, 145)).max() < 3


def test_without_speech_there_is_no_sound_track(tmp_path: Path, read_video) -> None:
    path = tmp_path / "silent.mp4"
    video.write(path, pictures(4), None)
    frames, samples = read_video(path)
    assert frames.shape == (4, 64, 96, 3) and samples is None


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (list(pictures(2, size=(63, 96))), "even"),
        ([*pictures(2), *pictures(1, size=(32, 32))], "before it"),
        ([np.zeros((64, 64, 3), np.float32)], "uint8"),
        ([], "at least one"),
    ],
)
def test_unfit_pictures_are_refused_and_nothing_is_left(tmp_path: Path, frames: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        video.write(tmp_path / "bad.mp4", iter(frames), None)
    assert not list(tmp_path.iterdir())


def test_lengths_that_differ_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"0\.40 s and the speech 0\.80 s"):
        video.write(tmp_path / "bad.mp4", pictures(10), click(20, 3))
    assert not list(tmp_path.iterdir())


def test_an_error_in_the_pictures_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.mp4"
    path.write_bytes(b"old")

    def broken():
        yield from pictures(3)
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        video.write(path, broken(), None)
    assert [p.name for p in tmp_path.iterdir()] == ["kept.mp4"] and path.read_bytes() == b"old"


def test_stop_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    stop, written = threading.Event(), []

    def progress(count: int) -> None:
        written.append(count)
        if count == 3:
            stop.set()

    with pytest.raises(Stopped):
        video.write(tmp_path / "half.mp4", pictures(100), click(100, 1), stop=stop, progress=progress)
    assert written == [1, 2, 3] and not list(tmp_path.iterdir())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        video.write(tmp_path / "nowhere" / "a.mp4", pictures(1), None)


def test_pictures_are_not_held(tmp_path: Path) -> None:
    alive, most = set(), 0

    class Counted(np.ndarray):
        def __del__(self) -> None:
            alive.discard(id(self))

    def counted():
        nonlocal most
        for picture in pictures(60):
            one = picture.view(Counted)
            alive.add(id(one))
            most = max(most, len(alive))
            yield one

    video.write(tmp_path / "stream.mp4", counted(), None)
    assert most <= 4
