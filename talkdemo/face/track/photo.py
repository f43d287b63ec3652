"""Finds the 68 iBUG landmarks of the largest face in a photograph.

They are read off MediaPipe's 478 points by a fixed table of the nearest ones, measured on our own heads (within 2 % of
the distance between the outer corners of the eyes on eyes, 3 % on lips and nose, 6 % on brows and outline).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from talkdemo.face.track.faces import ALIKE
from talkdemo.face.track.landmarker import Detect, DetectedFace, open_landmarker, small_face
from talkdemo.files import check_readable
from talkdemo.guard import process as guard

if TYPE_CHECKING:
    from PIL.Image import Image

KINDS = "a photograph (jpg, png, webp …)"
FILMS = ("GIF", "PNG", "WEBP", "AVIF")  # formats in which several pictures move; elsewhere (MPO, TIFF) they are views
# ISO base media brands of High Efficiency Image Files
HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
MAX_PIXELS = 100_000_000
ORIENTATION = 0x0112  # the EXIF entry that says how a photograph is turned; 5 to 8: by a quarter
SIDE = 2048  # pixels of the longer side at most; a larger photograph is scaled down
# Right and left are the person's: 0 lies at the right ear, 17 on the right brow, 36 at the right eye's outer corner.
TO_68: tuple[int, ...] = (
    127, 234, 93, 58, 172, 136, 150, 176, 152, 400, 379, 365, 397, 288, 323, 454, 356,  # outline
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91,  # outer lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips
)  # fmt: skip
PUPILS = (468, 473)  # of the right eye, of the left one


@dataclass(frozen=True)
class Landmarks:
    """iBUG's 68 points of a face in an image."""

    width: int  # of the image, pixels
    height: int
    points: np.ndarray  # (68, 2) float32 pixels, (0, 0) the image's top left corner; order: face.landmarks.LINES

    def as_dict(self) -> dict[str, object]:
        """As written to JSON."""
        points = [[round(float(x), 2), round(float(y), 2)] for x, y in self.points]
        return {"width": self.width, "height": self.height, "landmarks": points}


def photo_landmarks(path: Path, name: str | None = None) -> Landmarks:
    """The landmarks of the one face, or of the clearly largest. `name`: what messages call the file.

    Raises ValueError with one sentence: not an image, too large, no face, several of like size, no landmarker.
    """
    name = name or path.name
    photo = read_photo(path, name, SIDE)
    scale = min(1.0, SIDE / max(photo.size))
    with open_landmarker(video=False) as detect:
        face = largest(detect, photo.image, name, scale)
    return Landmarks(*photo.size, to_68(face) / np.float32(scale))


def largest(detect: Detect, image: np.ndarray, name: str, scale: float = 1.0) -> DetectedFace:
    """The one face in an image (H, W, 3), or the clearly largest; ValueError in one sentence. `scale`: of the image
    against the photograph."""
    faces = sorted(detect(image), key=lambda face: -face.size)
    if not faces:
        if size := small_face(detect, image):
            height, width = image.shape[:2]
            raise ValueError(
                f"{name} shows a face of only {size / scale:.0f} pixels in {width / scale:.0f}×{height / scale:.0f}; "
                "crop the photograph to it"
            )
        raise ValueError(f"{name} shows no face; wanted: a photograph of one face, from the front")
    alike = [face.size / scale for face in faces if face.size >= ALIKE * faces[0].size]
    if len(alike) > 1:
        sizes = " and ".join(f"{size:.0f}" for size in alike)
        raise ValueError(
            f"{name} shows {len(alike)} faces of like size ({sizes} pixels); wanted: one, or one clearly the largest"
        )
    return faces[0]


@dataclass(frozen=True)
class Photo:
    """A photograph, upright."""

    image: np.ndarray  # (H, W, 3) uint8; what is transparent is laid on white
    size: tuple[int, int]  # width and height in the file
    alpha: np.ndarray | None  # (H, W) uint8, where it has one
    icc: bytes | None  # colour profile, of the red, green and blue in the image


def read_photo(path: Path, name: str, side: int) -> Photo:
    """The photograph in a file, at most `side` pixels long.

    It is decoded in a process of its own, within limits (guard/). Raises ValueError in one sentence.
    """
    check_readable(path, name, KINDS)
    photo = guard.call("talkdemo.face.track.photo:decoded", path, name, side)
    width, height = photo["size"]
    icc = photo["icc"]
    return Photo(photo["image"], (width, height), photo["alpha"], None if icc is None else icc.tobytes())


def decoded(path: str, name: str, side: int) -> dict[str, Any]:
    """In the process of its own: the fields of `read_photo`."""
    from PIL import Image

    if is_heic(path):
        from pillow_heif import register_heif_opener

        register_heif_opener()
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as file:  # MAX_PIXELS is our limit
            size = file.size[::-1] if file.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8) else file.size
            if size[0] * size[1] > MAX_PIXELS:
                pixels = f"{size[0]}×{size[1]}"
                raise ValueError(f"{name} has {pixels} pixels; wanted: at most {MAX_PIXELS // 10**6} million")
            file.draft(None, (2 * side, 2 * side))  # a large JPEG is opened at a half, a quarter or an eighth
            image, alpha = _plain(file)
            icc = file.info.get("icc_profile") if file.mode in ("RGB", "RGBA", "P") else None  # not of CMYK
    except ValueError:
        raise
    except Image.DecompressionBombError as error:
        many = f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6} million pixels"
        raise ValueError(f"{name} has {many}; wanted: at most {MAX_PIXELS // 10**6} million") from error
    except (OSError, SyntaxError, EOFError) as error:
        if is_heic(path):
            raise ValueError(f"{name} is a HEIC photograph that is damaged or of an unknown kind") from error
        raise ValueError(f"{name} cannot be read as an image or is damaged; wanted: {KINDS}") from error
    scale = min(1.0, side / max(size))
    small = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    layers = [None if layer is None else np.asarray(layer.resize(small)) for layer in (image, alpha)]
    profile = None if not icc else np.frombuffer(icc, np.uint8)
    return {"image": layers[0], "size": size, "alpha": layers[1], "icc": profile}


def to_68(face: DetectedFace) -> np.ndarray:
    """(68, 2) pixels."""
    return face.points[list(TO_68)]


def is_photo(path: str | Path) -> bool:
    """Whether a file is a still image, by its content: an animated one is a video, but the second view of a camera's
    JPEG (depth, HDR) does not move."""
    return Path(path).is_file() and guard.call("talkdemo.face.track.photo:still", path, Path(path).name)


def still(path: str, _name: str) -> bool:
    """In the process of its own: `is_photo`."""
    from PIL import Image

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            return image.format not in FILMS or not getattr(image, "is_animated", False)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return is_heic(path)


def is_heic(path: str | Path) -> bool:
    """Whether a file begins as HEIC, as iPhones take photographs."""
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(32)
    except OSError:
        return False
    return head[4:8] == b"ftyp" and head[8:12] in HEIC


def _plain(image: Image) -> tuple[Image, Image | None]:
    """Upright, 8 bits of red, green and blue; transparent parts become white. And how opaque it is."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode[0] in "IF":  # grey in 16 bits or more, which convert would cut off at 255
        grey = np.asarray(image, np.float32)
        most = next((most for most in (1.0, 255.0, 65535.0) if grey.max() <= most), float(grey.max()))
        return Image.fromarray((grey.clip(0) * (255 / most)).astype(np.uint8)).convert("RGB"), None
    alpha = None
    if image.has_transparency_data:
        white, image = Image.new("RGBA", image.size, "white"), image.convert("RGBA")
        alpha, image = image.getchannel("A"), Image.alpha_composite(white, image)
    return image.convert("RGB"), alpha
