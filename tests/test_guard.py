"""Files are read in a process of its own: whatever becomes of it is one sentence, and the next file is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from talkdemo.audio.decode import decode
from talkdemo.face.track.photo import is_photo, read_photo
from talkdemo.face.track.read import Video
from talkdemo.guard import process, wire
from talkdemo.records import Stopped
from talkdemo.reference import check, open_reference

READERS = """
import ctypes, os, resource, time
import numpy as np

def crash(path, name):
    os.abort()

def segfault(path, name):
    ctypes.string_at(0)

def killed(path, name):
    os.kill(os.getpid(), 9)

def leave(path, name):
    os._exit(3)

def hang(path, name):
    time.sleep(600)

def swell(path, name):
    return float(np.ones((3, 2**30)).sum())

def burn(path, name):
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1, resource.RLIM_INFINITY))
    while True:
        pass

def fault(path, name):
    return {}["no such key"]

def refuse(path, name):
    raise ValueError(f"{name} is refused")

def write(path, name):
    with open(path, "w") as stream:
        stream.write("x")

def count(path, name, most):
    for k in range(most):
        yield {"k": k, "table": np.full((k, 2), k, np.float32), "all": [np.arange(k), None, "ü"], "pid": os.getpid()}
"""


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of readers that workers can import; the workers go with it."""
    (tmp_path / "strange_readers.py").write_text(READERS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process._close()
    yield tmp_path
    process._close()


def read(function: str, *arguments: object, **how: object) -> list:
    return list(process.read(f"strange_readers:{function}", "/nowhere/x.wav", "This file", *arguments, **how))


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("crash", r"^This file could not be read: its decoder ended \(SIGABRT\); wanted: "),
        ("segfault", r"^This file could not be read: its decoder ended \(SIGSEGV\); wanted: "),
        ("killed", "^This file could not be read: its decoder was killed; please try again$"),
        ("leave", r"^This file could not be read: its decoder ended \(status 3\); wanted: "),
        ("swell", "^This file needs more than 2048 MB of memory to be read; wanted: at most that$"),
        ("burn", "^This file takes more than 60 s of computing; wanted: at most that$"),
        ("hang", r"^nothing of This file could be read for 0\.5 s; wanted: a file that can be read$"),
        ("refuse", "^This file is refused$"),
    ],
)
def test_whatever_ends_the_worker_is_one_sentence_and_the_next_file_is_read(
    monkeypatch: pytest.MonkeyPatch, function: str, words: str
) -> None:
    if function == "hang":
        monkeypatch.setattr(process, "SILENCE", 0.5)
    with pytest.raises(ValueError, match=words):
        read(function)
    monkeypatch.undo()
    assert [one["k"] for one in read("count", 3)] == [0, 1, 2]


@pytest.mark.usefixtures("readers")
def test_a_fault_of_ours_is_no_fault_of_the_file() -> None:
    with pytest.raises(RuntimeError, match="KeyError: 'no such key'"):
        read("fault")


def test_a_worker_writes_no_file(readers: Path) -> None:
    with pytest.raises(RuntimeError, match="File too large"):
        list(process.read("strange_readers:write", readers / "x.txt", "x"))
    assert not (readers / "x.txt").read_text()


@pytest.mark.usefixtures("readers")
def test_what_is_sent_arrives() -> None:
    for k, one in enumerate(read("count", 4)):
        assert one["table"].shape == (k, 2) and one["table"].dtype == np.float32 and (one["table"] == k).all()
        assert one["all"][0].tolist() == list(range(k)) and one["all"][1:] == [None, "ü"]


@pytest.mark.usefixtures("readers")
def test_a_worker_stays_for_the_next_file_and_goes_after_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "USES", 3)
    workers = [read("count", 1)[0]["pid"] for _ in range(6)]
    assert len(set(workers[:3])) == len(set(workers[3:])) == 1 and workers[0] != workers[3]


@pytest.mark.usefixtures("readers")
def test_a_worker_that_was_killed_while_it_waited_is_replaced() -> None:
    (first,) = read("count", 1)
    os.kill(first["pid"], signal.SIGKILL)
    process._idle[0].process.wait()
    (second,) = read("count", 1)
    assert second["pid"] != first["pid"]


@pytest.mark.usefixtures("readers")
def test_a_stop_ends_a_worker_that_hangs() -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begin = time.monotonic()
    with pytest.raises(Stopped):
        read("hang", stop=stop)
    assert time.monotonic() - begin < 10


@pytest.mark.usefixtures("readers")
def test_two_files_are_read_at_once() -> None:
    one, other = (process.read("strange_readers:count", "x", "x", 3) for _ in range(2))
    pairs = list(zip(one, other, strict=True))
    assert len(pairs) == 3 and pairs[0][0]["pid"] != pairs[0][1]["pid"]
    assert len(process._idle) == process.KEPT


def test_a_worker_ends_with_whom_it_reads_for(readers: Path) -> None:
    """Killed, a process cannot say goodbye."""
    code = (
        "import os, signal\nfrom talkdemo.guard import process\n"
        "one = next(process.read('strange_readers:count', 'x', 'x', 9))\n"
        "print(one['pid'], flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    worker, end = int(done.stdout), time.monotonic() + 30
    while Path(f"/proc/{worker}").exists() and "Z" not in Path(f"/proc/{worker}/stat").read_text():
        assert time.monotonic() < end, "the worker outlives its process"
        time.sleep(0.05)


def test_objects_are_not_received() -> None:
    """A worker whose decoder was taken over can send numbers and words only."""
    from multiprocessing import Pipe

    here, there = Pipe()
    for kind, shape in (("|O", [1]), ("<f4", [2**40])):
        there.send_bytes(f'["piece", {{"array": ["{kind}", {shape}]}}]'.encode())
        with pytest.raises(ValueError, match="was sent"):
            wire.receive(here)


def sound(path: Path, level: float = 0.1) -> Path:
    soundfile.write(path, np.full(16_000, level, np.float32), 16_000)
    return path


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1.0,\n{}\n#EXT-X-ENDLIST\n",
    "list.wav": "ffconcat version 1.0\nfile {}\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    '<Representation id="1" bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>',
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_list_of_other_files_is_not_followed(tmp_path: Path, name: str) -> None:
    """Another visitor's recording is none of this one's business."""
    with av.open(str(tmp_path / "theirs.aac"), "w") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.full((1, 16_000), 0.1, np.float32), "fltp", "mono")
        frame.sample_rate = 16_000
        for one in (frame, None):
            container.mux(stream.encode(one))
    assert decode(tmp_path / "theirs.aac").seconds > 0.9
    path = tmp_path / name
    path.write_text(PLAYLISTS[name].format("theirs.aac"))
    for reader in (decode, Video, check):
        with pytest.raises(ValueError, match=r"cannot be read|damaged"):
            reader(path)


NAMES = ["<img src=x onerror=alert(1)>.wav", "a%03d.wav", "http:x.wav", "concat:x.wav", "-.wav", "a b\n.wav", "🎤.wav"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    sound(tmp_path / "x.wav").rename(tmp_path / name)
    assert decode(tmp_path / name).seconds == 1
    monkeypatch.chdir(tmp_path)
    assert decode(name).name == name


def test_a_name_that_is_no_unicode_is_read(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav")
    os.rename(sound(tmp_path / "x.wav"), path)
    assert decode(path).seconds == 1


def test_links_devices_and_pipes(tmp_path: Path) -> None:
    """A link is what it leads to; what never ends is no file."""
    (tmp_path / "link.wav").symlink_to(sound(tmp_path / "x.wav"))
    assert decode(tmp_path / "link.wav").seconds == 1
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    (tmp_path / "endless.wav").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.wav")
    for name in ("loop.wav", "endless.wav", "pipe.wav"):
        for reader in (decode, Video, open_reference, lambda path: read_photo(path, path.name, 64)):
            with pytest.raises(ValueError, match=r"does not exist|no such file"):
                reader(tmp_path / name)
        assert not is_photo(tmp_path / name)


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    """Cut, or gone: what was read of it, or one sentence."""
    path = tmp_path / "x.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 320
        stream.pix_fmt = "yuv420p"
        noise = np.random.default_rng(0).integers(0, 255, (40, 320, 320, 3), dtype=np.uint8)
        for image in noise:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    whole = path.read_bytes()
    for change in (lambda: path.write_bytes(whole[: len(whole) // 2]), lambda: os.truncate(path, 0), path.unlink):
        path.write_bytes(whole)
        frames = iter(Video(path))
        next(frames)
        change()
        try:
            assert len(list(frames)) <= 40
        except ValueError as error:
            assert str(error).startswith("x.mp4 ") and "\n" not in str(error)


def test_an_error_names_the_call_not_the_path(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFF....WAVE")
    for reader in (lambda path: decode(path, "This file"), lambda path: open_reference(path, name="This clip")):
        with pytest.raises(ValueError, match=r"^This (file|clip) cannot be read as media or is damaged") as caught:
            reader(tmp_path / "x.wav")
        assert str(tmp_path) not in str(caught.value) and "x.wav" not in str(caught.value)
