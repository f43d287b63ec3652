"""Opens reference clips, whose style DiffPoseTalk follows: from the gallery by name, or from a file.

The gallery is shipped in assets/references. A file is a video (tracked by face.track), a Live Link Face CSV, or an npz
of ours.
"""

import difflib
import functools
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from talkdemo.export import livelink, npz
from talkdemo.export.resample import to_fps
from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.face.track.photo import is_photo
from talkdemo.files import ASSETS, check_readable
from talkdemo.guard import process as guard
from talkdemo.records import CHANNELS, FPS, Motion, Progress, Reference, ReferenceSource

FOLDER = ASSETS / "references"
INDEX_FILE = "references.json"
KINDS = ("reference", "identity")
SHORTEST, LONGEST = 1.0, 600.0  # seconds of a file
STILL = 1e-6  # a channel with a smaller range does not move
TABLES = (".csv", ".npz")
FILES = "a video, a Live Link Face CSV or an npz of this program"


@dataclass(frozen=True)
class GalleryItem:
    """A shipped reference: a style designed by hand, or one of the learned talking identities."""

    name: str
    title: str
    about: str  # one line
    kind: str  # one of KINDS
    emotion: str
    motion: Path  # npz, some 10 s
    preview: Path | None  # of a reference: mp4 with sound, some 5 s
    poster: Path | None = None  # of a reference: a still, WebP

    def open(self) -> Reference:
        return Reference(self.name, npz.read(self.motion)[0])


@functools.cache
def gallery() -> Mapping[str, GalleryItem]:
    """The shipped references by name, in the order in which they are shown; the first is the default."""
    path = FOLDER / INDEX_FILE
    if not path.is_file():
        return MappingProxyType({})
    return MappingProxyType({row["name"]: _item(row) for row in json.loads(path.read_text(encoding="utf-8"))})


def find(source: Path | str) -> GalleryItem | Path:
    """What a reference is, without opening it: one of the gallery by name (in any case), or an existing file.

    Raises ValueError with one sentence, for an unknown name with the nearest one.
    """
    if isinstance(source, str):
        for name, item in gallery().items():
            if name.casefold() == source.strip().casefold():
                return item
    path = Path(source)
    if path.is_file():
        return path
    if path.is_dir() and str(source).strip():
        raise ValueError(f"{source}: a folder was given as reference; {FILES} is wanted")
    if isinstance(source, Path) or path.suffix or path.name != source:
        raise ValueError(f"{source}: there is no such file; {FILES} is wanted as reference, or a name of the gallery")
    known = list(gallery())
    near = difflib.get_close_matches(source.casefold(), [name.casefold() for name in known], 1)
    hint = f"did you mean {next(name for name in known if name.casefold() == near[0])!r}? " if near else ""
    raise ValueError(
        f"there is no reference {source!r}; {hint}known are {', '.join(known)}; or a video, .csv or .npz file"
    )


def check(source: ReferenceSource) -> None:
    """Raises ValueError with one sentence for what is no reference; does not track a video, which takes long."""
    found = source if isinstance(source, Reference) else find(source)
    if isinstance(found, Path):
        if found.suffix.lower() in TABLES:
            open_reference(found)
        else:
            _check_video(found, found.name)


def open_reference(
    source: ReferenceSource,
    *,
    name: str | None = None,
    mirrored: bool = False,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Reference:
    """One of the gallery by name, a file, or a Reference as it is.

    `name`: what to call a file in messages and in the Reference (default: its own name); `mirrored`, `progress` and
    `stop` are for videos, see face.track.video. Raises ValueError with one sentence for what cannot be used, Stopped
    once `stop` is set.
    """
    if isinstance(source, Reference):
        return source
    found = find(source)
    if isinstance(found, GalleryItem):
        return found.open()
    name = name or found.name
    suffix = found.suffix.lower()
    if suffix not in TABLES:
        _check_video(found, name)
        from talkdemo.face.track.video import track  # needs the landmarker, which takes seconds to import

        return track(found, name=name, mirrored=mirrored, progress=progress, stop=stop).reference
    motion = Motion(**guard.call("talkdemo.reference:table", found, name, stop=stop))
    _check_length(name, len(motion) / motion.fps)
    motion = to_fps(motion, FPS)
    return Reference(name, motion, _moving_regions(motion, name) if suffix == ".csv" else _stored_mask(motion))


def table(path: str, name: str) -> dict[str, Any]:
    """In a process of its own (guard/): the fields of the motion in a CSV or npz, of several the first."""
    try:
        motion = livelink.read(path) if path.lower().endswith(".csv") else npz.read(path)[0]
    except (ValueError, OSError) as error:  # a visitor need not see where the file lies
        raise ValueError(str(error).replace(path, name)) from error
    return vars(motion)


def _moving_regions(motion: Motion, name: str) -> np.ndarray:
    """(55,) bool. Captures often have a head of zeros, and some tools make mouths only: a region in which nothing moves
    was not measured. A single channel that never moves is an observation: a tongue that stays in."""
    moves = np.ptp(motion.tracks, axis=0) > STILL
    if not moves.any():
        raise ValueError(f"{name}: nothing moves in it; the capture of a talking face is wanted")
    known = np.zeros(CHANNELS, bool)
    for columns in _REGIONS:
        known[columns] = moves[columns].any()
    stored = _stored_mask(motion)
    return known if stored is None else known & stored


def _stored_mask(motion: Motion) -> np.ndarray | None:
    """(55,) bool: the channels that were measured, as the file's meta says; None = all."""
    mask = motion.meta.get("mask")
    return np.array([bool(one) for one in mask]) if isinstance(mask, list) and len(mask) == CHANNELS else None


def _region(*beginnings: str) -> list[int]:
    return [column for name, column in INDEX.items() if name.startswith(beginnings)]


_HEAD = list(range(len(NAMES), CHANNELS))
_REGIONS = (_region("eye"), _region("brow"), _region("cheek", "nose"), _region("jaw", "mouth", "tongue"), _HEAD)


def _check_video(path: Path, name: str) -> None:
    """Raises ValueError unless `path` is a video of a usable length, as far as its container tells."""
    if is_photo(path):
        raise ValueError(f"{name}: one image was given; {FILES} is wanted as reference")
    check_readable(path, name, FILES)
    found = guard.call("talkdemo.face.track.read:probe", path, name, FILES)
    if not found["pictures"]:
        holds = "sound but no video" if found["sound"] else "no video"
        raise ValueError(f"{name}: it holds {holds}; {FILES} is wanted as reference")
    if found["seconds"] is not None:  # what a browser records does not say how long it is
        _check_length(name, found["seconds"])


def _check_length(name: str, seconds: float) -> None:
    if not SHORTEST <= seconds <= LONGEST:
        wanted = f"{SHORTEST:g} s to {LONGEST / 60:g} min are wanted as reference"
        raise ValueError(f"{name} lasts {seconds:.1f} s; {wanted}")


def _item(row: Mapping[str, str]) -> GalleryItem:
    name, kind = row["name"], row["kind"]
    files = [path if path.is_file() else None for path in (FOLDER / f"{name}.mp4", FOLDER / f"{name}.webp")]
    return GalleryItem(name, row["title"], row["about"], kind, row["emotion"], FOLDER / f"{name}.npz", *files)
