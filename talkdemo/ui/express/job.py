"""A portrait and a wished-for expression in; landmarks, pictures and files out. No gradio here, nothing is kept."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from talkdemo.export import summary
from talkdemo.face.track.landmarker import model_file
from talkdemo.face.track.photo import Landmarks
from talkdemo.gcgan.crop import Crop
from talkdemo.gcgan.edit import ManifoldMap
from talkdemo.gcgan.portrait import Portrait, open_portrait
from talkdemo.records import MAX_AMOUNT

PRESET, EDIT, FACE, FRAME, NOTHING = "preset", "edit", "face", "frame", "nothing"  # where a wish comes from
MANIFOLD, STRAIGHT = "manifold", "landmarks"  # the two ways from the portrait to its target
STRIP = tuple(float(amount) for amount in np.linspace(0, MAX_AMOUNT, 7))
WAY = tuple(float(amount) for amount in np.linspace(0, MAX_AMOUNT, 16))  # of the path drawn on the map
AROUND = 1.1  # side of what the page shows of a picture, in sides of the face's crop
LONGEST, SMALL = 768, 208  # pixels of what the page shows, and of a picture of the strip
JPEG = 90
SAID = "This photograph"  # how messages call a visitor's file
NO_LANDMARKER = (
    "Photographs cannot be read here, as MediaPipe's face landmarker is not installed; the gallery needs none."
)
WANTED = "68 pairs of x and y, as `landmarks` beside `width` and `height`"


class Expresses(Protocol):
    """What the tab needs of gcgan.edit.Expresser."""

    presets: tuple[str, ...]
    map: ManifoldMap

    def preset(self, portrait: Portrait, name: str) -> np.ndarray: ...

    def transfer(self, portrait: Portrait, landmarks: np.ndarray) -> np.ndarray: ...

    def follow(self, portrait: Portrait, coefficients: np.ndarray) -> np.ndarray: ...

    def path(
        self, portrait: Portrait, target: np.ndarray, amounts: Sequence[float], along: str = MANIFOLD
    ) -> np.ndarray: ...

    def express(self, portrait: Portrait, target: np.ndarray, amount: float = 1.0) -> np.ndarray: ...

    def express_all(
        self, portrait: Portrait, targets: Sequence[np.ndarray], stop: threading.Event | None = None
    ) -> Iterator[np.ndarray]: ...

    def place(self, landmarks: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Wish:
    """An expression, whoever is to make it."""

    kind: str  # PRESET, EDIT, FACE, FRAME or NOTHING
    said: str  # in words: "happy", "your landmarks"
    given: np.ndarray | None = None  # (68, 2) pixels of the face it was seen on, or (52,) coefficients of a FRAME


AS_IT_IS = Wish(NOTHING, "as it is")


@dataclass(frozen=True)
class Sitting:
    """A visitor's portrait and what is wished of it."""

    portrait: Portrait
    folder: Path  # of the visitor, with the view of the portrait as it is
    wish: Wish
    target: np.ndarray  # (68, 2) pixels of the portrait: where amount 1 takes its landmarks


@dataclass(frozen=True)
class Drawn:
    """One result."""

    picture: np.ndarray  # (H, W, 3) uint8, as large as the portrait
    points: np.ndarray  # (68, 2) the landmarks it was made for
    seconds: float


def aim(expresser: Expresses, portrait: Portrait, wish: Wish) -> np.ndarray:
    """(68, 2): where the portrait's landmarks go for a wish, in whatever face it was seen."""
    if wish.kind == PRESET:
        return expresser.preset(portrait, wish.said)
    if wish.given is None:
        return portrait.landmarks.copy()
    if wish.kind == FRAME:
        return expresser.follow(portrait, wish.given[None])[0]
    return expresser.transfer(portrait, wish.given)


def draw(expresser: Expresses, sitting: Sitting, amount: float, along: str) -> Drawn:
    """The portrait `amount` of the way to its target."""
    begin = time.perf_counter()
    (points,) = expresser.path(sitting.portrait, sitting.target, [amount], along)
    picture = expresser.express(sitting.portrait, points)
    return Drawn(picture, points, time.perf_counter() - begin)


def strip(expresser: Expresses, sitting: Sitting, along: str, stop: threading.Event) -> list[str]:
    """Small pictures at the amounts of STRIP as data: addresses. Raises Stopped when `stop` is set."""
    small = shrink(sitting.portrait, SMALL)
    scale = small.landmarks[45, 0] - small.landmarks[36, 0]
    scale /= sitting.portrait.landmarks[45, 0] - sitting.portrait.landmarks[36, 0]
    targets = expresser.path(sitting.portrait, sitting.target, STRIP, along)
    shift = small.landmarks[0] - sitting.portrait.landmarks[0] * scale
    return [data_uri(picture) for picture in expresser.express_all(small, targets * scale + shift, stop)]


def view_of(portrait: Portrait) -> tuple[int, int, int, int]:
    """x, y, width, height in pixels: the part of the picture around the face that the page shows."""
    height, width = portrait.picture.shape[:2]
    crop = Crop.around(portrait.landmarks)
    reach = AROUND / 2 * crop.side / crop.scale
    middle = crop.back(np.array([crop.side / 2, crop.side * 0.46]))
    low = np.clip(np.floor(middle - reach), 0, [width - 2, height - 2]).astype(int)
    high = np.clip(np.ceil(middle + reach), low + 2, [width, height]).astype(int)
    (x, y), (w, h) = low, high - low
    return int(x), int(y), int(w), int(h)


def shrink(portrait: Portrait, longest: int) -> Portrait:
    """What the page shows of a portrait, at most so many pixels long."""
    x, y, width, height = view_of(portrait)
    scale = min(1.0, longest / max(width, height))
    picture = _resized(portrait.picture[y : y + height, x : x + width], scale)
    return Portrait(picture, ((portrait.landmarks - (x, y)) * scale).astype(np.float32), portrait.name)


def write_view(path: Path, picture: np.ndarray, view: tuple[int, int, int, int]) -> Path:
    """What the page shows of a picture (H, W, 3), as a JPEG."""
    x, y, width, height = view
    path.write_bytes(_jpeg(_resized(picture[y : y + height, x : x + width], min(1.0, LONGEST / max(width, height)))))
    return path


def write_result(folder: Path, drawn: Drawn) -> tuple[Path, Path]:
    """The whole picture as PNG, its landmarks as JSON (what `track --landmarks` writes)."""
    import cv2

    png, marks = folder / "expression.png", folder / "expression.json"
    quick = [cv2.IMWRITE_PNG_COMPRESSION, 2]
    png.write_bytes(cv2.imencode(".png", drawn.picture[..., ::-1], quick)[1].tobytes())
    summary.write(marks, landmarks(drawn.picture, drawn.points))
    return png, marks


def landmarks(picture: np.ndarray, points: np.ndarray) -> dict[str, object]:
    """As it stands in JSON."""
    return Landmarks(picture.shape[1], picture.shape[0], points).as_dict()


def open_photo(path: Path) -> Portrait:
    """A visitor's photograph. ValueError in one sentence that names neither the file nor our folders."""
    try:
        model_file()
    except ValueError as error:
        raise ValueError(NO_LANDMARKER) from error
    try:
        return open_portrait(path, SAID)
    except ValueError as error:
        raise ValueError(str(error).replace(str(path), SAID)) from error


def open_face(path: Path) -> np.ndarray:
    """(68, 2) of a face in pixels of its own: a photograph's, or those a JSON file holds."""
    return read_landmarks(path)[0] if path.suffix.lower() == ".json" else open_photo(path).landmarks


def read_landmarks(path: Path) -> tuple[np.ndarray, tuple[float, float]]:
    """The (68, 2) pixels and the picture's width and height in a JSON file. ValueError in one sentence."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        size = float(held["width"]), float(held["height"])
        points = check_points(held["landmarks"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"this file does not hold landmarks; wanted: JSON with {WANTED}") from error
    if min(size) < 1:
        raise ValueError(f"this file tells of a picture of {size[0]:g}×{size[1]:g} pixels; wanted: {WANTED}")
    return points, size


def check_points(given: object) -> np.ndarray:
    """(68, 2) float32 from what a page or a file gives. ValueError in one sentence."""
    try:
        points = np.asarray(given, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"what was given are no landmarks; wanted: {WANTED}") from error
    if points.shape != (68, 2) or not np.isfinite(points).all() or np.abs(points).max() > 1e5:
        raise ValueError(f"landmarks of shape {points.shape} given; wanted: {WANTED}")
    return points


def data_uri(picture: np.ndarray) -> str:
    """(H, W, 3) → an address that holds the picture."""
    return "data:image/jpeg;base64," + base64.b64encode(_jpeg(picture)).decode("ascii")


def _jpeg(picture: np.ndarray) -> bytes:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(picture).save(held, "JPEG", quality=JPEG, subsampling=0)
    return held.getvalue()


def _resized(picture: np.ndarray, scale: float) -> np.ndarray:
    import cv2

    if scale == 1:
        return np.ascontiguousarray(picture)
    size = max(2, round(picture.shape[1] * scale)), max(2, round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
