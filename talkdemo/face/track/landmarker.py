"""Detects faces with MediaPipe's face landmarker: 478 landmarks, ARKit coefficients, head rotation.

Its model file (3.8 MB, Apache-2.0) is not shipped: it is fetched once from Google's public address into the user's
cache folder, and its sha256 is checked. $TALKDEMO_FACE_LANDMARKER names a file to use instead.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.files import replacing

VARIABLE = "TALKDEMO_FACE_LANDMARKER"
NAME = "face_landmarker.task"
ADDRESS = f"https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/{NAME}"
SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
TIMEOUT = 20.0  # seconds without an answer
MAX_BYTES = 16_000_000
MAX_FACES = 4  # detected in one image

_OPENING = threading.Lock()


@dataclass(frozen=True)
class Box:
    """Where a face lies in an image, pixels."""

    x: float  # of the centre
    y: float
    size: float  # geometric mean of the sides


@dataclass(frozen=True)
class DetectedFace:
    """One face of one image."""

    points: np.ndarray  # (478, 2) pixels, (0, 0) the image's top left corner
    coefficients: np.ndarray  # (52,) 0..1; tongueOut, which MediaPipe does not have, is 0
    rotation: np.ndarray  # (3, 3) head → camera: x to the person's left when facing the camera, y up, z to the camera
    depth: np.ndarray | None = None  # (478,) pixels away from the camera, against the head's middle

    @property
    def box(self) -> Box:
        low, high = self.points.min(0), self.points.max(0)
        x, y = (low + high) / 2
        return Box(float(x), float(y), float(np.sqrt(np.prod(high - low))))

    @property
    def size(self) -> float:
        return self.box.size


Detect = Callable[..., list[DetectedFace]]  # image (H, W, 3) uint8, seconds = 0.0 → its faces


def model_file() -> Path:
    """Where the model lies: $TALKDEMO_FACE_LANDMARKER, else $XDG_CACHE_HOME/talkdemo or ~/.cache/talkdemo, where it is
    fetched to when it is not there.

    Raises ValueError with one sentence: the file named does not exist, no network, or the download is another file.
    """
    if os.environ.get(VARIABLE):
        path = Path(os.environ[VARIABLE])
        if not path.is_file():
            raise ValueError(f"{VARIABLE} is {str(path)!r}, where no file is; MediaPipe's {NAME} is wanted")
        return path
    path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "talkdemo", NAME)
    with _OPENING:
        if not (path.is_file() and _sha256(path) == SHA256):
            _fetch(path)
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _fetch(path: Path) -> None:
    """Downloads ADDRESS to `path`."""
    from urllib.request import urlopen

    by_hand = f"or put the file on this machine and name it in {VARIABLE}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            with urlopen(ADDRESS, timeout=TIMEOUT) as answer:
                temporary.write_bytes(answer.read(MAX_BYTES))
            if (digest := _sha256(temporary)) != SHA256:
                size = temporary.stat().st_size
                raise ValueError(
                    f"{ADDRESS} gave {size} bytes with sha256 {digest[:12]}…, not the {NAME} with {SHA256[:12]}…; "
                    f"try again, {by_hand}"
                )
    except OSError as error:  # no network, no such address, no room on the disk
        reason = " ".join(str(getattr(error, "reason", None) or error.strerror or error).split())
        raise ValueError(
            f"face tracking needs MediaPipe's {NAME}, which could not be fetched from {ADDRESS} ({reason}); "
            f"go online once, {by_hand}"
        ) from error


@contextlib.contextmanager
def open_landmarker(*, video: bool, faces: int = MAX_FACES) -> Iterator[Detect]:
    """Yield a function that detects at most `faces` in an image.

    `video`: faces are followed from frame to frame, whose `seconds` must grow; else each image is on its own.
    """
    from mediapipe import Image, ImageFormat
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.vision import FaceLandmarker, FaceLandmarkerOptions, RunningMode

    path = model_file()
    options = FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(path)),
        running_mode=RunningMode.VIDEO if video else RunningMode.IMAGE,
        num_faces=faces,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    last = -1  # milliseconds

    def detect(image: np.ndarray, seconds: float = 0.0) -> list[DetectedFace]:
        nonlocal last
        data = Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(image))
        if video:
            last = max(last + 1, round(1000 * seconds))
            result = landmarker.detect_for_video(data, last)
        else:
            result = landmarker.detect(data)
        return _faces(result, image.shape)

    with contextlib.ExitStack() as stack:
        with _OPENING, _quiet():
            try:
                landmarker = stack.enter_context(FaceLandmarker.create_from_options(options))
            except (ValueError, RuntimeError) as error:
                raise ValueError(f"{path}: MediaPipe cannot read it; its {NAME} is wanted") from error
            detect(np.zeros((64, 64, 3), np.uint8))  # logs the rest of its greetings
        yield detect


def small_face(detect: Detect, image: np.ndarray) -> float | None:
    """The size in pixels of a face that the detector overlooks in an image (H, W, 3) and finds in a part of it (a half,
    a quarter, an eighth of its sides); None where it finds none. Takes a second or two."""
    for share in (2, 4, 8):
        tops, lefts = (_parts(side, max(64, side // share)) for side in image.shape[:2])
        tiles = (image[top, left] for top in tops for left in lefts)
        sizes = [face.size for tile in tiles for face in detect(tile)]
        if sizes:
            return max(sizes)
    return None


def _parts(side: int, part: int) -> list[slice]:
    """Parts of a side that overlap by half."""
    return [slice(start, start + part) for start in range(0, max(1, side - part // 2), part // 2)]


def _faces(result: Any, shape: tuple[int, ...]) -> list[DetectedFace]:
    scale = np.array([shape[1], shape[0]], np.float32)
    faces = []
    for points, shapes, matrix in zip(
        result.face_landmarks, result.face_blendshapes, result.facial_transformation_matrixes, strict=True
    ):
        coefficients = np.zeros(len(NAMES), np.float32)
        for one in shapes:
            if one.category_name in INDEX:  # "_neutral" is not
                coefficients[INDEX[one.category_name]] = one.score
        pixels = np.array([(p.x, p.y) for p in points], np.float32) * scale
        depth = np.array([p.z for p in points], np.float32) * scale[0]
        faces.append(DetectedFace(pixels, coefficients, np.asarray(matrix, np.float64)[:3, :3], depth))
    return faces


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Drops what native code writes to the standard error stream: MediaPipe logs there, whatever the settings.

    Used only while a landmarker is being opened (some 50 ms), under a lock.
    """
    import sys

    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
