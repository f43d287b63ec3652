"""A photograph in, the 68 iBUG landmarks of its largest face out, in pixels of the photograph as it is shown.

MediaPipe's 478 points are read at 68 of them: a fixed table, the nearest ones as measured on our own heads (within 2 %
of the distance between the outer corners of the eyes on eyes, 3 % on lips and nose, 6 % on brows and outline).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkdemo.face.landmarker import Found, open_landmarker
from talkdemo.face.track_faces import ALIKE

KINDS = "a photograph (jpg, png, webp …)"
MOST_PIXELS = 100_000_000
SIDE = 2048  # pixels of the longer side that is looked at
# Right and left are the person's: 0 lies at the right ear, 17 on the right brow, 36 at the right eye's outer corner.
TO_68: tuple[int, ...] = (
    127, 234, 93, 58, 172, 136, 150, 176, 152, 400, 379, 365, 397, 288, 323, 454, 356,  # outline
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91,  # outer lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips
)  # fmt: skip


@dataclass(frozen=True)
class Landmarks:
    """iBUG's 68 points of a face in a picture."""

    width: int  # of the picture, pixels
    height: int
    points: np.ndarray  # (68, 2) float32 pixels, (0, 0) the picture's top left corner; order: face.landmarks.LINES

    def as_dict(self) -> dict[str, object]:
        """As it is written to JSON."""
        points = [[round(float(x), 2), round(float(y), 2)] for x, y in self.points]
        return {"width": self.width, "height": self.height, "landmarks": points}


def photo_landmarks(path: str | Path, *, name: str | None = None) -> Landmarks:
    """The landmarks of the one face, or of the clearly largest.

    Raises ValueError with one sentence: not a picture, too large, no face, several of like size, no landmarker.
    """
    path = Path(path)
    name = Path(name or path).name
    picture, scale, (width, height) = _read(path, name)
    with open_landmarker(video=False) as see:
        faces = sorted(see(picture), key=lambda face: -face.size)
    if not faces:
        raise ValueError(f"{name} shows no face; wanted: a photograph of one face, from the front")
    alike = [face.size / scale for face in faces if face.size >= ALIKE * faces[0].size]
    if len(alike) > 1:
        sizes = " and ".join(f"{size:.0f}" for size in alike)
        raise ValueError(
            f"{name} shows {len(alike)} faces of like size ({sizes} pixels); wanted: one, or one clearly the largest"
        )
    return Landmarks(width, height, to_68(faces[0]) / np.float32(scale))


def to_68(face: Found) -> np.ndarray:
    """(68, 2) pixels."""
    return face.points[list(TO_68)]


def is_photo(path: str | Path) -> bool:
    """Whether a file is a still picture (an animated one is a video)."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return not getattr(image, "is_animated", False)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def _read(path: Path, name: str) -> tuple[np.ndarray, float, tuple[int, int]]:
    """The upright picture, at most SIDE pixels long, its scale, and the upright photograph's width and height."""
    from PIL import Image, ImageOps

    if path.is_dir():
        raise ValueError(f"{name} is a folder; wanted: {KINDS}")
    if not path.is_file():
        raise ValueError(f"{name} does not exist; wanted: {KINDS}")
    try:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS:
                size = f"{image.width}×{image.height}"
                raise ValueError(f"{name} has {size} pixels; wanted: at most {MOST_PIXELS // 10**6} million")
            image = ImageOps.exif_transpose(image).convert("RGB")
    except ValueError:
        raise
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"{name} cannot be read as a picture or is damaged; wanted: {KINDS}") from error
    size = image.size
    scale = min(1.0, SIDE / max(size))
    if scale < 1:
        image = image.resize((max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))
    return np.asarray(image), scale, size
