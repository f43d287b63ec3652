"""Hostile files: whatever is changed in a file that a visitor brings, it is read, or refused in one sentence.

TALKDEMO_FUZZ=N tries N changes of each kind of file instead of a few.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from talkdemo.audio.decode import decode
from talkdemo.export import livelink, npz
from talkdemo.face.track.photo import is_photo, read_photo
from talkdemo.face.track.read import Video
from talkdemo.gcgan import landmarks
from talkdemo.records import Motion
from talkdemo.reference import check

TRIES = int(os.environ.get("TALKDEMO_FUZZ", "12"))
SECONDS = 20.0  # for one small file, on a busy machine


def motion() -> Motion:
    rng = np.random.default_rng(0)
    return Motion(rng.random((30, 52)).astype(np.float32), rng.normal(0, 0.1, (30, 3)).astype(np.float32))


def sound(path: Path, codec: str) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=48_000, layout="stereo")
        samples = (0.3 * np.sin(np.arange(48_000) / 20) * np.ones((2, 1))).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples, "fltp", "stereo")
        frame.sample_rate, frame.pts = 48_000, 0
        resampler = av.AudioResampler(
            stream.format.name, "stereo", 48_000, frame_size=stream.codec_context.frame_size or 0
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def film(path: Path) -> None:
    with av.open(str(path), "w") as container:
        codec = "libx264" if path.suffix == ".mp4" else "libvpx"
        stream = container.add_stream(codec, rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for k in range(30):
            shade = np.full((64, 64, 3), 8 * k, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode(None))


def picture(path: Path, **how: object) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(path, **how)


def marks(path: Path) -> None:
    points = np.random.default_rng(0).uniform(50, 200, (68, 2)).round(2).tolist()
    path.write_text(json.dumps({"width": 256, "height": 256, "landmarks": points}))


def watch(path: Path) -> None:
    for _, image in Video(path):
        assert image.dtype == np.uint8


MAKE: dict[str, Callable[[Path], None]] = {
    "a.csv": lambda path: livelink.write(path, motion()),
    "a.npz": lambda path: npz.write(path, [motion()]),
    "a.json": marks,
    "a.png": picture,
    "a.jpg": picture,
    "a.gif": picture,
    "a.webp": picture,
    "a.tiff": picture,
    "a.bmp": picture,
    "a.wav": lambda path: soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (16_000, 2)), 16_000),
    "a.flac": lambda path: soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 8_000), 16_000),
    "a.mp3": lambda path: sound(path, "libmp3lame"),
    "a.m4a": lambda path: sound(path, "aac"),
    "a.ogg": lambda path: sound(path, "libopus"),
    "a.webm": lambda path: sound(path, "libopus"),
    "b.mp4": film,
    "b.webm": film,
}
READ: dict[str, tuple[Callable[[Path], object], ...]] = {
    ".csv": (livelink.read, check),
    ".npz": (npz.read, check),
    ".json": (lambda path: landmarks.read(path, "yours"),),
    **dict.fromkeys(
        (".png", ".jpg", ".gif", ".webp", ".tiff", ".bmp"),
        (is_photo, lambda path: read_photo(path, path.name, 1024), check),
    ),
    **dict.fromkeys((".wav", ".flac", ".mp3", ".m4a", ".ogg"), (decode,)),
    ".mp4": (decode, watch, check),
    ".webm": (decode, watch, check),
}
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("write", "insert", "delete", "cut", "repeat")),
        st.floats(0, 1),
        st.one_of(
            st.binary(min_size=1, max_size=8), st.sampled_from((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b","))
        ),
        st.integers(1, 64),
    ),
    min_size=1,
    max_size=6,
)


def changed(data: bytes, changes: list[tuple[str, float, bytes, int]]) -> bytes:
    for how, place, new, count in changes:
        # half of the places lie in the first kilobyte, where the headers are
        at = int(2 * place * min(len(data), 1024)) if place < 0.5 else int((2 * place - 1) * len(data))
        if how == "write":
            data = data[:at] + new + data[at + len(new) :]
        elif how == "insert":
            data = data[:at] + new + data[at:]
        elif how == "delete":
            data = data[:at] + data[at + count :]
        elif how == "cut":
            data = data[:at] if place >= 0.5 else data
        else:
            data = data[:at] + data[at : at + count] * 3 + data[at + count :]
    return data


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files as they should be."""
    folder = tmp_path_factory.mktemp("whole")
    for name, make in MAKE.items():
        make(folder / name)
    return {name: (folder / name).read_bytes() for name in MAKE}


def read_or_refuse(path: Path) -> None:
    """Every reader of the file's kind gives something or one sentence that does not tell where the file lies."""
    for read in READ[path.suffix]:
        try:
            read(path)
        except ValueError as error:
            assert str(error) and "\n" not in str(error), repr(error)
            if read not in (
                livelink.read,
                npz.read,
                check,
            ):  # of these the command line shows the path that it was given
                assert str(path.parent) not in str(error)


@pytest.mark.parametrize("name", MAKE)
def test_a_whole_file_is_read(whole: dict[str, bytes], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(whole[name])
    refused = []
    for read in READ[Path(name).suffix]:
        try:
            read(tmp_path / name)
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) < len(READ[Path(name).suffix]), refused


@pytest.mark.parametrize("name", MAKE)
def test_a_changed_file_is_read_or_refused(whole: dict[str, bytes], tmp_path: Path, name: str) -> None:
    @settings(
        max_examples=TRIES, deadline=1000 * SECONDS, database=None, derandomize=TRIES < 100,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(CHANGES)
    @example([("cut", 0.75, b"\0", 1)])
    @example([("write", 0.0, b"\0" * 8, 1)])
    def try_one(changes: list[tuple[str, float, bytes, int]]) -> None:
        (tmp_path / name).write_bytes(changed(whole[name], changes))
        read_or_refuse(tmp_path / name)

    try_one()


def test_a_small_archive_of_many_numbers_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        head = b"\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (400000000,), }".ljust(127) + b"\n"
        with archive.open("coefficients.npy", "w", force_zip64=True) as stream:
            stream.write(head)
            for _ in range(65):
                stream.write(bytes(8 * 2**20))
        for name in ("names", "head", "fps", "meta"):
            archive.writestr(f"{name}.npy", head)
    assert (tmp_path / "bomb.npz").stat().st_size < 2**20
    with pytest.raises(ValueError, match="MB of numbers"):
        npz.read(tmp_path / "bomb.npz")


def test_a_small_picture_of_many_pixels_is_refused(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png", compress_level=1)
    assert (tmp_path / "bomb.png").stat().st_size < 2**20
    with pytest.raises(ValueError, match="more than 178 million pixels; wanted: at most 100 million"):
        read_photo(tmp_path / "bomb.png", "bomb.png", 1024)


@pytest.mark.parametrize(("name", "codec"), [("a.webm", b"A_OPUS"), ("b.mp4", b"avc1")])
def test_an_unknown_codec_is_named(whole: dict[str, bytes], tmp_path: Path, name: str, codec: bytes) -> None:
    (tmp_path / name).write_bytes(whole[name].replace(codec, codec[:2] + b"zzzz"[: len(codec) - 2]))
    with pytest.raises(ValueError, match="unknown encoding"):
        (watch if name == "b.mp4" else decode)(tmp_path / name)


@pytest.mark.parametrize("number", ["1e400", "NaN", "Infinity", "1" * 5000, "-1", '"<b>"', "[[[[]]]]", "null"])
@pytest.mark.parametrize("key", ["width", "height", "landmarks"])
def test_landmarks_of_any_json_are_read_or_refused(tmp_path: Path, key: str, number: str) -> None:
    fields = {"width": "256", "height": "256", "landmarks": json.dumps([[100.0, 100.0]] * 68), key: number}
    (tmp_path / "x.json").write_text("{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}")
    with pytest.raises(ValueError, match="^yours: "):
        landmarks.read(tmp_path / "x.json", "yours")
