"""For the tracker's tests: MediaPipe's model file, and short videos of photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from talkdemo.data.corpora import shared

WIDTH, HEIGHT = 480, 360


@pytest.fixture
def landmarker(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tests track with the shared model file; skipped where it, or MediaPipe, is not there."""
    pytest.importorskip("mediapipe")
    root = shared.root()
    path = None if root is None else root / "face_landmarker.task"
    if path is None or not path.is_file():
        pytest.skip("face_landmarker.task is not there (shared data absent)")
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(path))
    return path


@pytest.fixture
def photos() -> list[Path]:
    """Photographs of people who look into the camera, 512×512."""
    root = shared.root()
    found = sorted((root / "faces" / "neutral_front").glob("*.jpg")) if root else []
    if not found:
        pytest.skip("no photographs of faces (shared data absent)")
    return found


@pytest.fixture
def scene() -> Callable[..., np.ndarray]:
    """scene(seconds, (photo, x, height), …) → a picture with the photographs at x (share of the width), swaying."""
    return draw


def draw(seconds: float, *people: tuple[Path, float, float], size: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    from PIL import Image

    canvas = Image.new("RGB", size, (128, 128, 128))
    for path, x, height in people:
        with Image.open(path) as image:
            side = round(height * size[1])
            small = image.convert("RGB").resize((side, side))
        left = round(x * size[0] - side / 2 + 4 * np.sin(2 * np.pi * 0.4 * seconds))
        canvas.paste(small, (left, (size[1] - side) // 2 + round(2 * np.sin(3 * seconds))))
    return np.asarray(canvas)


@pytest.fixture
def film() -> Callable[..., Path]:
    """film(path, pictures, fps=25, codec="libx264", times=None, matrix=None) → path; `times`: seconds, if uneven;
    `matrix`: where the header of an mp4 says that x and y are shown."""
    return write


def write(
    path: Path,
    pictures: Iterable[np.ndarray],
    fps: float = 25,
    codec: str = "libx264",
    times: Iterable[float] | None = None,
    matrix: tuple[int, int, int, int] | None = None,
) -> Path:
    import av

    base = Fraction(1, 1000)
    with av.open(str(path), "w") as container:
        stream = None
        clock = iter(times) if times is not None else (i / fps for i in range(10**9))
        for picture, seconds in zip(pictures, clock, strict=False):
            if stream is None:
                options = {"preset": "ultrafast"} if codec == "libx264" else {"deadline": "realtime", "cpu-used": "8"}
                stream = container.add_stream(codec, rate=round(fps), options=options)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt, stream.bit_rate = "yuv420p", 2_000_000
                stream.time_base = stream.codec_context.time_base = base
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = round(seconds * 1000), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if matrix is not None:
        a, b, c, d = (value << 16 for value in matrix)
        data = bytearray(path.read_bytes())
        at = data.index(b"tkhd") + 4 + 40
        rows = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
        data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in rows)
        path.write_bytes(data)
    return path
