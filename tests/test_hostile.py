"""Hostile files: whatever is changed in a file that a visitor brings, it is read, or refused in one sentence.

TALKDEMO_FUZZ=N tries N changes of each kind of file instead of a few, TALKDEMO_FUZZ_SECONDS=S lets each take so long.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_arrays
from PIL import Image

from talkdemo.audio.decode import decode
from talkdemo.export import livelink, npz
from talkdemo.face.arkit import NAMES
from talkdemo.face.track.photo import is_photo, read_photo
from talkdemo.face.track.read import Video
from talkdemo.gcgan import landmarks
from talkdemo.records import Guidance, Motion, Request
from talkdemo.reference import check
from talkdemo.ui.talk import address

TRIES = int(os.environ.get("TALKDEMO_FUZZ", "12"))
SECONDS = float(os.environ.get("TALKDEMO_FUZZ_SECONDS", "20"))  # for one small file, on a busy machine


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
        codec = {".webm": "libvpx", ".avi": "mjpeg"}.get(path.suffix, "libx264")
        stream = container.add_stream(codec, rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
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
    "a.aac": lambda path: sound(path, "aac"),
    "a.aiff": lambda path: soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 8_000), 16_000),
    **dict.fromkeys(("b.mp4", "b.webm", "b.mkv", "b.avi", "b.ts"), film),
}
READ: dict[str, tuple[Callable[[Path], object], ...]] = {
    ".csv": (livelink.read, check),
    ".npz": (npz.read, check),
    ".json": (lambda path: landmarks.read(path, "yours"),),
    **dict.fromkeys(
        (".png", ".jpg", ".gif", ".webp", ".tiff", ".bmp"),
        (is_photo, lambda path: read_photo(path, path.name, 1024), check),
    ),
    **dict.fromkeys((".wav", ".flac", ".mp3", ".m4a", ".ogg", ".aac", ".aiff"), (decode,)),
    **dict.fromkeys((".mp4", ".webm", ".mkv", ".avi", ".ts"), (decode, watch, check)),
}
CRASHED = "its decoder ended"  # guarded, but worth a look
FUZZ = settings(
    max_examples=TRIES, deadline=1000 * SECONDS, database=None, derandomize=TRIES < 100,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
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
            assert str(error) and "\n" not in str(error) and CRASHED not in str(error), repr(error)
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
    @FUZZ
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


CELLS = st.one_of(
    st.floats().map(str),
    st.integers().map(str),
    st.text(max_size=8),
    st.sampled_from(
        ("", " ", "nan", "-inf", "1e999", "0x10", "1_0", "½", "٣", "1,5", '"', "99:99:99:99.9", "9" * 5000)
    ),
    st.from_regex(r"[0-2]?\d:\d\d:\d\d:\d\d?(\.\d{1,3})?", fullmatch=True),
)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_of_any_cells_is_read_or_refused(whole: dict[str, bytes], tmp_path: Path, separator: str) -> None:
    rows = [line.split(",") for line in whole["a.csv"].decode().splitlines()]
    where = st.tuples(st.integers(0, len(rows) - 1), st.one_of(st.just(0), st.integers(0, len(rows[0]) - 1)), CELLS)

    @FUZZ
    @given(
        st.lists(where, min_size=1, max_size=20), st.integers(0, 5), st.sampled_from(("utf-8", "utf-16", "utf-8-sig"))
    )
    def try_one(cells: list[tuple[int, int, str]], twice: int, encoding: str) -> None:
        table = [list(row) for row in rows]
        for row, column, cell in cells:
            table[row][column] = cell
        text = "\r\n".join(separator.join(row) for row in [*table, *table[1 : 1 + twice]])
        (tmp_path / "a.csv").write_bytes(text.encode(encoding, "replace"))
        read_or_refuse(tmp_path / "a.csv")

    try_one()


def test_arrays_of_any_kind_are_read_or_refused(tmp_path: Path) -> None:
    kinds = st.sampled_from(("<f2", ">f4", "<f8", "<c8", "<i1", "<u8", "?", "<U3", "|S5", "<M8[s]", "<m8[D]"))
    shapes = st.one_of(
        st.sampled_from(((), (1,), (52,), (30, 52), (30, 3), (2, 30, 52), (2, 30, 3), (0, 52))),
        hypothesis_arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=60).filter(
            lambda s: np.prod(s) < 1e5
        ),
    )
    arrays = st.tuples(kinds, shapes).flatmap(
        lambda one: hypothesis_arrays.arrays(*one, elements=None, fill=st.nothing() if np.prod(one[1]) < 9 else None)
    )
    good = npz_arrays(motion())

    @FUZZ
    @given(st.dictionaries(st.sampled_from((*npz.KEYS, "more", "../up", "a/b")), arrays, min_size=1, max_size=3))
    @example({"fps": np.zeros(55, np.float16)})
    def try_one(changed: dict[str, np.ndarray]) -> None:
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            for name, array in (good | changed).items():
                stream = io.BytesIO()
                np.save(stream, array)
                archive.writestr(f"{name}.npy", stream.getvalue())
        read_or_refuse(tmp_path / "a.npz")

    try_one()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz"]


def npz_arrays(one: Motion) -> dict[str, np.ndarray]:
    """What export.npz writes."""
    meta = np.array(json.dumps({"mask": [True] * 55}))
    fps = np.float32(one.fps)
    return {"coefficients": one.coefficients, "names": np.array(NAMES), "head": one.head, "fps": fps, "meta": meta}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


def test_landmarks_of_any_values_are_read_or_refused(tmp_path: Path) -> None:
    points = st.lists(st.one_of(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=2), JSON), min_size=68, max_size=68)

    @FUZZ
    @given(
        st.fixed_dictionaries({}, optional={"width": JSON, "height": JSON, "landmarks": st.one_of(points, JSON)}), JSON
    )
    def try_one(changed: dict[str, object], instead: object) -> None:
        good = {"width": 256, "height": 256, "landmarks": [[k, 2.5 * k] for k in range(68)]}
        for value in ({**good, **changed}, instead):
            (tmp_path / "a.json").write_text(json.dumps(value))
            read_or_refuse(tmp_path / "a.json")

    try_one()


def test_landmarks_are_few_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 10**6)
    with pytest.raises(ValueError, match="1000000 bytes given, at most 100000 are read"):
        landmarks.read(tmp_path / "a.json", "yours")


def test_an_address_of_any_parameters_is_read(tmp_path: Path) -> None:
    known = {name: ("one", "two") for name in ("model", "identity", "reference", "blend", "emotion", "character")}
    names = st.one_of(st.sampled_from((*known, "share", "steps", "seed", "full")), st.text(max_size=40))
    texts = st.one_of(st.sampled_from(("one", "auto", "8", "0.5", "nan", "inf", "-0", "1_0", "1e3", "٣")), CELLS)

    @FUZZ
    @given(st.dictionaries(names, texts, max_size=12))
    def try_one(query: dict[str, str]) -> None:
        values, bad = address.read(query, known)
        assert values.keys() | set(bad) <= query.keys()
        assert all(values[name] in known[name] for name in values.keys() & known.keys())
        assert 0 <= values.get("share", 0) <= 1 and 2 <= values.get("steps", 2) <= 512
        sentence = address.sentence(bad)
        assert "<" not in sentence and len(sentence) < 1000

    try_one()


def request(**values: Any) -> Request:
    guidance = Guidance(*(values.pop(name, 1.0) for name in ("audio", "style")))
    return Request("x.wav", guidance=guidance, **values)


def test_a_request_of_any_numbers_is_taken_or_refused() -> None:
    numbers = st.one_of(st.floats(), st.integers(), st.sampled_from((0, 1, 2, 8, 512)))
    limited = ("steps", "seed", "samples", "contact", "threshold", "audio", "style")

    @FUZZ
    @given(st.dictionaries(st.sampled_from(limited), numbers), st.text(max_size=9), st.text(max_size=9))
    def try_one(values: dict[str, float], model: str, sampler: str) -> None:
        try:
            one = request(**values, model=model or None, sampler=sampler or "ddim")
        except ValueError as error:
            assert "wanted" in str(error) or "known are" in str(error) or "can be made" in str(error)
        else:
            assert 2 <= one.steps <= 512 and 1 <= one.samples <= 16 and 0 <= one.contact <= 1

    try_one()
