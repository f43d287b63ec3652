"""A portrait, the expression it is to make, and what the page shows of both. No gradio here, no state."""

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from talkdemo.export import summary
from talkdemo.face.landmarks import LANDMARKS
from talkdemo.face.track.photo import Landmarks
from talkdemo.gcgan import gaze, landmarks
from talkdemo.gcgan.crop import Crop, check_landmarks
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait
from talkdemo.records import MAX_AMOUNT
from talkdemo.reference import open_reference
from talkdemo.ui.parts.faces import data_uri, jpeg, open_photo
from talkdemo.ui.parts.names import title

PRESET, EDIT, FACE, FRAME, NOTHING = "preset", "edit", "face", "frame", "nothing"  # where a target comes from
MANIFOLD, LINEAR = "manifold", "landmarks"  # how amounts between portrait and target are interpolated
STRIP = tuple(float(amount) for amount in np.linspace(0, MAX_AMOUNT, 7))
WAY = tuple(float(amount) for amount in np.linspace(0, MAX_AMOUNT, 16))  # of the path drawn on the map
AROUND = 1.1  # side of what the page shows of an image, in sides of the face's crop
LONGEST, SMALL = 768, 208  # pixels of what the page shows, and of an image of the strip
CALLED = "This file"  # what messages call a visitor's file
MOTIONS = (".npz", ".csv")
View = tuple[int, int, int, int]  # x, y, width, height


@dataclass(frozen=True)
class Target:
    """An expression, on whatever face it was seen."""

    kind: str  # PRESET, EDIT, FACE, FRAME or NOTHING
    name: str = ""  # of a PRESET; in words of the others
    values: np.ndarray | None = None  # (68, 2 or 3) pixels of the face it was seen on, or (52,) coefficients of a FRAME
    pupils: np.ndarray | None = None  # (2, 2) of that face, where they are known

    @property
    def words(self) -> str:
        return title(self.name) if self.kind == PRESET else self.name


NEUTRAL = Target(NOTHING, "Original")


@dataclass(frozen=True)
class Session:
    """A visitor's portrait and the expression it is to make."""

    portrait: Portrait
    folder: Path  # of the visitor, with the view of the portrait as it is
    target: Target
    points: np.ndarray  # (68, 2) pixels of the portrait, (70, 2) with pupils: its landmarks at amount 1
    result: Path | None = None  # folder of the latest result
    warning: str = ""  # what is covered in the portrait, in one sentence


@dataclass(frozen=True)
class Expression:
    """One result."""

    image: np.ndarray  # (H, W, 3) uint8, as large as the portrait
    points: np.ndarray  # (68, 2) the landmarks it was made for
    seconds: float


def points_of(expresser: Expresser, portrait: Portrait, target: Target) -> np.ndarray:
    """(68, 2), or (70, 2) with pupils: the portrait's landmarks with the expression of a target."""
    if target.kind == PRESET:
        return expresser.preset(portrait, target.name)
    if target.values is None:
        return portrait.landmarks.copy()
    if target.kind == FRAME:
        return expresser.follow(portrait, target.values[None])[0]
    return expresser.transfer(portrait, target.values, target.pupils)


def express(expresser: Expresser, session: Session, amount: float, along: str) -> Expression:
    """The portrait `amount` of the way to its target."""
    begin = time.perf_counter()
    (points,) = expresser.path(session.portrait, session.points, [amount], along)
    image = expresser.express(session.portrait, points)
    return Expression(image, points[:LANDMARKS], time.perf_counter() - begin)


def strip(expresser: Expresser, session: Session, along: str, stop: threading.Event) -> list[str]:
    """Small images at the amounts of STRIP as data: addresses. Raises Stopped when `stop` is set."""
    portrait, small = session.portrait, shrink(session.portrait, SMALL)
    sizes = [float(np.linalg.norm(one.landmarks[45] - one.landmarks[36])) for one in (small, portrait)]
    scale = sizes[0] / sizes[1]
    shift = small.landmarks[0] - portrait.landmarks[0] * scale
    targets = expresser.path(portrait, session.points, STRIP, along)
    return [data_uri(image) for image in expresser.express_all(small, targets * scale + shift, stop)]


def view_of(portrait: Portrait) -> View:
    """The part of the image around the face that the page shows, in pixels."""
    height, width = portrait.image.shape[:2]
    crop = Crop.around(portrait.landmarks, turn=portrait.frame.upright)
    reach = AROUND / 2 * crop.side / crop.scale
    centre = crop.back(np.array([crop.side / 2, crop.side * 0.46]))
    low = np.clip(np.floor(centre - reach), 0, [width - 2, height - 2]).astype(int)
    high = np.clip(np.ceil(centre + reach), low + 2, [width, height]).astype(int)
    (x, y), (w, h) = low, high - low
    return int(x), int(y), int(w), int(h)


def shrink(portrait: Portrait, longest: int) -> Portrait:
    """What the page shows of a portrait, at most so many pixels long."""
    x, y, width, height = view_of(portrait)
    scale = min(1.0, longest / max(width, height))
    image = _resized(portrait.image[y : y + height, x : x + width], scale)
    return portrait.within(image, scale, -scale * np.array([x, y]))


def write_view(path: Path, image: np.ndarray, view: View) -> Path:
    """What the page shows of an image (H, W, 3), as a JPEG."""
    x, y, width, height = view
    path.write_bytes(jpeg(_resized(image[y : y + height, x : x + width], min(1.0, LONGEST / max(width, height)))))
    return path


def write_result(folder: Path, portrait: Portrait, expression: Expression) -> tuple[Path, Path]:
    """The whole image as PNG, its landmarks as JSON (what `track --landmarks` writes)."""
    png, marks = folder / "expression.png", folder / "expression.json"
    portrait.save(png, expression.image)
    summary.write(marks, as_json(expression))
    return png, marks


def as_json(expression: Expression) -> dict[str, Any]:
    """The landmarks of a result, as `track --landmarks` writes them."""
    height, width = expression.image.shape[:2]
    return Landmarks(width, height, expression.points).as_dict()


def read_face(path: Path) -> Portrait | np.ndarray:
    """A photograph, or the landmarks (68, 2) that a JSON file holds, in pixels of their own."""
    return landmarks.read(path, CALLED).points if path.suffix.lower() == ".json" else open_photo(path)


def copied(face: Portrait | np.ndarray, name: str = "") -> Target:
    """The expression of a portrait, or of landmarks (68, 2)."""
    if isinstance(face, Portrait):
        return Target(FACE, name, face.points, face.pupils)
    return Target(FACE, name, face)


def placed(session: Session, target: Target) -> Session:
    """The portrait's landmarks placed by hand; it looks where it looked before."""
    points = target.values
    assert points is not None
    known = len(session.points) == gaze.ALL
    return replace(session, target=target, points=gaze.at(points, gaze.of(session.points)) if known else points)


def read_motion(path: Path) -> np.ndarray:
    """(T, 52) of an npz of ours or a Live Link Face CSV. ValueError in one sentence that names no file."""
    if path.suffix.lower() not in MOTIONS:
        raise ValueError("this file holds no motion; an npz made here or a Live Link Face CSV is wanted")
    return open_reference(path, name=CALLED).motion.coefficients


def read_points(values: object) -> np.ndarray:
    """(68, 2) float32 from what the page holds. ValueError in one sentence."""
    try:
        points = np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError("these are no landmarks; 68 points of finite x and y are wanted") from error
    check_landmarks(points)
    return points


def _resized(image: np.ndarray, scale: float) -> np.ndarray:
    import cv2

    if scale == 1:
        return np.ascontiguousarray(image)
    size = max(2, round(image.shape[1] * scale)), max(2, round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
