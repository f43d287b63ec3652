"""Pictures in, faces as MediaPipe's landmarker sees them out: 478 landmarks, ARKit coefficients, head rotation.

Its model file (3.8 MB, Apache-2.0) is not shipped: it is fetched once from Google's public address into the user's
cache folder, its sha256 checked. $TALKDEMO_FACE_LANDMARKER names a file to use instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkdemo.face.arkit import INDEX, NAMES

VARIABLE = "TALKDEMO_FACE_LANDMARKER"
NAME = "face_landmarker.task"
ADDRESS = f"https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/{NAME}"
SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
TIMEOUT = 20.0  # seconds without an answer
MOST_BYTES = 16_000_000
MOST_FACES = 4  # that are told apart in one picture

_OPENING = threading.Lock()


@dataclass(frozen=True)
class Found:
    """One face of one picture."""

    points: np.ndarray  # (478, 2) pixels, (0, 0) the picture's top left corner
    coefficients: np.ndarray  # (52,) 0..1; tongueOut, which MediaPipe does not have, is 0
    rotation: np.ndarray  # (3, 3) head → camera: x to the person's left when facing the camera, y up, z to the camera

    @property
    def centre(self) -> np.ndarray:
        """(2,) the middle of the face's box, pixels."""
        return (self.points.min(0) + self.points.max(0)) / 2

    @property
    def size(self) -> float:
        """The geometric mean of the box's sides, pixels."""
        return float(np.sqrt(np.prod(self.points.max(0) - self.points.min(0))))


def model_file() -> Path:
    """Where the model lies: $TALKDEMO_FACE_LANDMARKER, else the cache, where it is fetched to when it is not there.

    Raises ValueError with one sentence: the file named does not exist; no network; what came is not the file.
    """
    if os.environ.get(VARIABLE):
        path = Path(os.environ[VARIABLE])
        if not path.is_file():
            raise ValueError(f"{VARIABLE} is {str(path)!r}, where no file is; MediaPipe's {NAME} is wanted")
        return path
    path = cache_folder() / NAME
    with _OPENING:
        if not (path.is_file() and _sha256(path) == SHA256):
            _fetch(path)
    return path


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/talkdemo or ~/.cache/talkdemo."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "talkdemo"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _fetch(path: Path) -> None:
    """ADDRESS → path, by way of a temporary file that is removed whatever happens."""
    from urllib.request import urlopen

    by_hand = f"or put the file on this machine and name it in {VARIABLE}"
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream, urlopen(ADDRESS, timeout=TIMEOUT) as answer:
            stream.write(answer.read(MOST_BYTES))
        if (got := _sha256(temporary)) != SHA256:
            size = temporary.stat().st_size
            raise ValueError(
                f"{ADDRESS} gave {size} bytes with sha256 {got[:12]}…, not the {NAME} with {SHA256[:12]}…; "
                f"try again, {by_hand}"
            )
        temporary.replace(path)
    except OSError as error:  # no network, no such address, no room on the disk
        reason = " ".join(str(getattr(error, "reason", None) or error.strerror or error).split())
        raise ValueError(
            f"face tracking needs MediaPipe's {NAME}, which could not be fetched from {ADDRESS} ({reason}); "
            f"go online once, {by_hand}"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def open_landmarker(*, video: bool, faces: int = MOST_FACES) -> Iterator[Callable[[np.ndarray, float], list[Found]]]:
    """Yield see(picture (H, W, 3) uint8, seconds) → the faces in it.

    `video`: faces are followed from picture to picture, whose `seconds` must grow; else each picture is on its own.
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

    def look(landmarker: FaceLandmarker, picture: np.ndarray, seconds: float) -> list[Found]:
        nonlocal last
        image = Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        if video:
            last = max(last + 1, round(1000 * seconds))
            result = landmarker.detect_for_video(image, last)
        else:
            result = landmarker.detect(image)
        return _found(result, picture.shape)

    with contextlib.ExitStack() as stack:
        with _OPENING, _quiet():
            try:
                landmarker = stack.enter_context(FaceLandmarker.create_from_options(options))
            except (ValueError, RuntimeError) as error:
                raise ValueError(f"{path}: MediaPipe cannot read it; its {NAME} is wanted") from error
            look(landmarker, np.zeros((64, 64, 3), np.uint8), 0.0)  # the rest of its greetings
        yield lambda picture, seconds=0.0: look(landmarker, picture, seconds)


def _found(result, shape: tuple[int, ...]) -> list[Found]:
    scale = np.array([shape[1], shape[0]], np.float32)
    faces = []
    for points, shapes, matrix in zip(
        result.face_landmarks, result.face_blendshapes, result.facial_transformation_matrixes, strict=True
    ):
        coefficients = np.zeros(len(NAMES), np.float32)
        for shape_ in shapes:
            if shape_.category_name in INDEX:  # "_neutral" is not
                coefficients[INDEX[shape_.category_name]] = shape_.score
        pixels = np.array([(p.x, p.y) for p in points], np.float32) * scale
        faces.append(Found(pixels, coefficients, np.asarray(matrix, np.float64)[:3, :3]))
    return faces


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What native code writes to the standard error stream is dropped: MediaPipe greets there, whatever the settings.

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
