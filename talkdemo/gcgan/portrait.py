"""Opens a photograph as a portrait: its image and the 68 landmarks of its one face, with their depths."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from talkdemo.face.landmarks import LANDMARKS
from talkdemo.face.track.landmarker import Detect, open_landmarker
from talkdemo.face.track.photo import PUPILS, TO_68, largest, read_photo
from talkdemo.gcgan.frame import Frame, lifted

LONGEST = 16384  # pixels of the longer side at most; a larger photograph is scaled down
LOOKED_AT = 1536  # pixels in which the face is looked for
MIN_EYES = 20.0  # pixels between the outer corners of the eyes: below, no expression can be seen
MAX_YAW, MAX_PITCH = 48.0, 32.0  # degrees from which too much of the face is hidden
QUARTERS = (0, 1, 3, 2)  # turns of the image in which a face is looked for, counterclockwise


@dataclass(frozen=True)
class Portrait:
    """An image and the face in it."""

    image: np.ndarray  # (H, W, 3) uint8 sRGB
    landmarks: np.ndarray  # (68, 2) float32 pixels, (0, 0) the top left corner; order: face.landmarks.LINES
    name: str = "portrait"
    photo_size: tuple[int, int] | None = None  # width, height of the photograph it was scaled down from
    depth: np.ndarray | None = None  # (68,) float32 pixels away from the camera; None: those of the average face
    alpha: np.ndarray | None = None  # (H, W) uint8: how opaque the photograph is; the image lies on white
    icc: bytes | None = None  # colour profile of the photograph
    pupils: np.ndarray | None = None  # (2, 2) float32 pixels: of the right eye, of the left one

    @cached_property
    def points(self) -> np.ndarray:
        """(68, 3) landmarks with their depths."""
        return lifted(self.landmarks, self.depth)

    @cached_property
    def seen(self) -> np.ndarray:
        """(70, 2): landmarks and pupils, or (68, 2) where those are not known."""
        return self.landmarks if self.pupils is None else np.concatenate([self.landmarks, self.pupils])

    @cached_property
    def frame(self) -> Frame:
        """Which way the face looks."""
        return Frame.of(self.points)

    @cached_property
    def front(self) -> np.ndarray:
        """(68, 3) float32: its landmarks as seen from the front."""
        return self.frame.front(self.points).astype(np.float32)

    def save(self, path: Path, image: np.ndarray) -> None:
        """An edited `image` of it as PNG, as transparent and with the profile of the photograph."""
        from PIL import Image

        if self.alpha is not None:  # white is taken off again
            opaque = self.alpha[..., None] / np.float32(255)
            own = (image - 255 * (1 - opaque)) / opaque.clip(1 / 255)
            image = np.concatenate([np.rint(own.clip(0, 255)).astype(np.uint8), self.alpha[..., None]], axis=2)
        Image.fromarray(image).save(path, "png", compress_level=2, icc_profile=self.icc)

    def within(self, image: np.ndarray, scale: float | np.ndarray, shift: np.ndarray) -> "Portrait":
        """The face in another image of the same, in which a pixel (x, y) lies at (x, y) · scale + shift."""
        depth = None if self.depth is None else self.depth * np.float32(np.mean(scale))
        seen = (self.seen * scale + shift).astype(np.float32)
        return Portrait(
            image, seen[:LANDMARKS], self.name, depth=depth, pupils=None if self.pupils is None else seen[LANDMARKS:]
        )


def open_portrait(path: str | Path, name: str | None = None, longest: int = LONGEST) -> Portrait:
    """The photograph in a file, upright, at most `longest` pixels long, with its one face or the clearly largest.

    Raises ValueError with one sentence: not an image, no face, several of like size, too small, turned away.
    """
    path = Path(path)
    name = Path(name or path).name
    photo = read_photo(path, name, longest)
    return replace(find_face(photo.image, name), photo_size=photo.size, alpha=photo.alpha, icc=photo.icc)


def find_face(image: np.ndarray, name: str = "portrait") -> Portrait:
    """The portrait in an image (H, W, 3) uint8, whichever way up; raises ValueError as `open_portrait`."""
    with open_landmarker(video=False) as detect:
        portrait = _detected(detect, image, name)
    across = float(np.linalg.norm(portrait.points[36] - portrait.points[45]))
    if across < MIN_EYES:
        raise ValueError(f"{name} shows a face with eyes {across:.0f} pixels apart; wanted: at least {MIN_EYES:.0f}")
    yaw, pitch, _ = portrait.frame.angles
    for angle, most, way in ((yaw, MAX_YAW, "to a side"), (pitch, MAX_PITCH, "down" if pitch > 0 else "up")):
        if abs(angle) > most:
            wanted = f"at most {MAX_YAW:.0f}° to a side, {MAX_PITCH:.0f}° up or down"
            raise ValueError(f"{name} shows a face turned {way} by {abs(angle):.0f}°; wanted: {wanted}")
    return portrait


def _detected(detect: Detect, image: np.ndarray, name: str) -> Portrait:
    """The detector knows faces that are more or less upright only: the image is turned until one is found."""
    import cv2

    scale = min(1.0, LOOKED_AT / max(image.shape[:2]))
    seen = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    turns = next((n for n in QUARTERS if detect(_turned(seen, n))), 0)
    face = largest(detect, _turned(seen, turns), name, scale)
    points, depth = face.points[[*TO_68, *PUPILS]], None if face.depth is None else face.depth[list(TO_68)] / scale
    for n in range(turns, 0, -1):  # after a turn to the left a pixel (x, y) of an image W wide lies at (y, W − x)
        points = np.stack([_turned(seen, n).shape[0] - points[:, 1], points[:, 0]], axis=1)
    points = points * (np.array(image.shape[1::-1]) / seen.shape[1::-1])
    points = points.astype(np.float32)
    return Portrait(image, points[:LANDMARKS], name, depth=depth, pupils=points[LANDMARKS:])


def _turned(image: np.ndarray, quarters: int) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(image, quarters))
