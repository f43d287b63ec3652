"""A name or a file in, a Reference out: the clips whose manner DiffPoseTalk follows.

The gallery is shipped (assets/references, made by `python -m talkdemo references --make`); a file is a video (tracked
by face.track), a Live Link Face CSV, or an npz of ours.
"""

from __future__ import annotations

import difflib
import functools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from talkdemo.export import livelink, npz
from talkdemo.export.resample import to_fps
from talkdemo.face.arkit import INDEX
from talkdemo.files import ASSETS
from talkdemo.records import FPS, Reference

FOLDER = ASSETS / "references"
INDEX_FILE = "references.json"
KINDS = ("reference", "identity")
SHORTEST, LONGEST = 1.0, 600.0  # seconds of a file
STILL = 1e-6  # a channel that spans less does not move
FILES = "a video, a Live Link Face CSV or an npz of this program"


@dataclass(frozen=True)
class GalleryItem:
    """A shipped reference: a manner designed by hand, or one of the learned talking identities."""

    name: str
    title: str
    about: str  # one line
    kind: str  # one of KINDS
    emotion: str
    motion: Path  # npz, some 10 s
    preview: Path | None  # of a reference: mp4 with sound, some 5 s; of an identity: its sheet of pictures, if any
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


def find(given: Path | str) -> GalleryItem | Path:
    """What a reference is, without opening it: one of the gallery by name (whatever the case), or a file that is there.

    Raises ValueError with one sentence, for an unknown name with the nearest one.
    """
    if isinstance(given, str):
        for name, item in gallery().items():
            if name.casefold() == given.strip().casefold():
                return item
    path = Path(given)
    if path.is_file():
        return path
    if path.is_dir() and str(given).strip():
        raise ValueError(f"{given}: a folder was given as reference; {FILES} is wanted")
    if isinstance(given, Path) or path.suffix or path.name != given:
        raise ValueError(f"{given}: there is no such file; {FILES} is wanted as reference, or a name of the gallery")
    known = list(gallery())
    near = difflib.get_close_matches(given.casefold(), [name.casefold() for name in known], 1)
    hint = f"did you mean {next(name for name in known if name.casefold() == near[0])!r}? " if near else ""
    raise ValueError(
        f"there is no reference {given!r}; {hint}known are {', '.join(known)}; or a video, .csv or .npz file"
    )


def check(given: Reference | Path | str) -> None:
    """Raises ValueError, with one sentence, for what a quick look can tell is no reference; tracks no video."""
    found = given if isinstance(given, Reference) else find(given)
    if isinstance(found, Path):
        if found.suffix.lower() in _READERS:
            open_reference(found)
        else:
            _look(found, found.name)


def open_reference(
    given: Reference | Path | str,
    *,
    name: str | None = None,
    mirrored: bool = False,
    progress: Callable[[str, float], None] | None = None,
    stop: threading.Event | None = None,
) -> Reference:
    """One of the gallery by name, a file, or a Reference as it is.

    `name`: what to call a file in messages and in the Reference (its own name); `mirrored`, `progress` and `stop` are
    for videos, see face.track.track. Raises ValueError with one sentence for what cannot be used, Stopped once `stop`
    is set.
    """
    if isinstance(given, Reference):
        return given
    found = find(given)
    if isinstance(found, GalleryItem):
        return found.open()
    name = name or found.name
    if (read := _READERS.get(found.suffix.lower())) is None:
        _look(found, name)
        from talkdemo.face.track.video import track  # needs the landmarker, which takes seconds to import

        return track(found, name=name, mirrored=mirrored, progress=progress, stop=stop).reference
    try:
        reference = read(found, name)
    except (ValueError, OSError) as error:  # a visitor need not see where the file lies
        raise ValueError(str(error).replace(str(found), name)) from error
    _check_length(name, len(reference.motion) / FPS)
    return reference


def _from_csv(path: Path, name: str) -> Reference:
    """Captures often have a head of zeros, and some tools make mouths only: a region in which nothing moves was not
    measured. One channel alone that never moves is an observation: corners that are never drawn down, a tongue that
    stays in."""
    motion = to_fps(livelink.read(path), FPS)
    tracks = np.concatenate([motion.coefficients, motion.head], axis=1)
    moves = np.ptp(tracks, axis=0) > STILL
    if not moves.any():
        raise ValueError(f"{name}: nothing moves in it; the capture of a talking face is wanted")
    known = np.zeros(len(moves), bool)
    for columns in _REGIONS:
        known[columns] = moves[columns].any()
    return Reference(name, motion, known)


def _from_npz(path: Path, name: str) -> Reference:
    """The first sample; a motion that says which channels were measured (`mask` of its meta) is believed."""
    motion = to_fps(npz.read(path)[0], FPS)
    told = motion.meta.get("mask")
    mask = np.array(told, bool) if isinstance(told, list) and len(told) == 55 else None
    return Reference(name, motion, mask)


def _region(*beginnings: str) -> list[int]:
    return [column for name, column in INDEX.items() if name.startswith(beginnings)]


_REGIONS = (_region("eye"), _region("brow"), _region("cheek", "nose"), _region("jaw", "mouth", "tongue"), [52, 53, 54])
_READERS: dict[str, Callable[[Path, str], Reference]] = {".csv": _from_csv, ".npz": _from_npz}


def _look(path: Path, name: str) -> None:
    """Raises ValueError unless `path` is a video of a usable length, as far as its container tells."""
    import av

    try:
        with av.open(str(path)) as container:
            pictures = [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]
            seconds = container.duration / av.time_base if container.duration else None
            still = container.format.name.endswith("_pipe") or container.format.name == "image2"
            sound = bool(container.streams.audio)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise ValueError(f"{name}: not a file that can be read as a reference; {FILES} is wanted") from error
    if still:
        raise ValueError(f"{name}: one picture was given; {FILES} is wanted as reference")
    if not pictures:
        holds = "sound but no pictures" if sound else "no pictures"
        raise ValueError(f"{name}: it holds {holds}; {FILES} is wanted as reference")
    if seconds is not None:  # what a browser records does not say how long it is
        _check_length(name, seconds)


def _check_length(name: str, seconds: float) -> None:
    if not SHORTEST <= seconds <= LONGEST:
        wanted = f"{SHORTEST:g} s to {LONGEST / 60:g} min are wanted as reference"
        raise ValueError(f"{name} lasts {seconds:.1f} s; {wanted}")


def _item(row: Mapping[str, str]) -> GalleryItem:
    name, kind = row["name"], row["kind"]
    preview = FOLDER / f"{name}.mp4" if kind == "reference" else FOLDER.parent / "identities" / f"{name}.webp"
    poster = FOLDER / f"{name}.webp"
    return GalleryItem(
        name,
        row["title"],
        row["about"],
        kind,
        row["emotion"],
        FOLDER / f"{name}.npz",
        preview if preview.is_file() else None,
        poster if poster.is_file() else None,
    )
