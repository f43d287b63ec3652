"""Checks paths, says which stream of a media file is played and when it begins, and writes files so that they are whole
or absent: beside the target, then renamed."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
ASSETS = PACKAGE / "assets"
EXAMPLES = ASSETS / "examples"  # speech, portraits
CHECKOUT = PACKAGE.parent / "examples"  # what only a checkout has: scripts, sheets, captures
# Containers that are opened. Playlists and lists of parts (hls, concat, dash, sdp …) would open what they name: another
# visitor's file, or an address.
CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dv,eac3,flac,flv,gif,apng,webp,ivf,m4v,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,"
    "mpegvideo,mxf,nut,ogg,rm,tak,tta,voc,w64,wav,wv"
)
MOST_LATE = 60.0  # seconds: a fragment of a live stream carries that stream's clock, far from 0
# What talkdemo.build makes for the app: style summaries and previews of identities, portraits of the characters.
IDENTITY_LIBRARY, CHARACTER_IMAGES = ASSETS / "identities", ASSETS / "characters"


def check_writable(path: Path | str) -> Path:
    """`path` as a Path, when a file can be written there; ValueError in one sentence otherwise. Touches nothing."""
    path = Path(path)
    folder = path.parent
    if not folder.is_dir():
        raise ValueError(f"{path}: the folder {str(folder)!r} does not exist; an existing folder is wanted")
    if path.is_dir():
        raise ValueError(f"{path}: a folder was given; the name of a file is wanted")
    if not os.access(folder, os.W_OK):
        raise ValueError(f"{path}: the folder {str(folder)!r} cannot be written to; a writable one is wanted")
    return path


def numbered(path: Path | str | None, count: int) -> list[Path]:
    """x.mp4, x-2.mp4, x-3.mp4 … of `count` files; none where no path was asked for."""
    if path is None:
        return []
    path = Path(path)
    return [path, *(path.with_name(f"{path.stem}-{k}{path.suffix}") for k in range(2, count + 1))]


def check_readable(path: Path, name: str, kinds: str) -> None:
    """Raises ValueError in one sentence, with `name` for the path, unless a file with something in it is there."""
    if path.is_dir():
        raise ValueError(f"{name} is a folder; wanted: {kinds}")
    if not path.is_file():
        raise ValueError(f"{name} does not exist; wanted: {kinds}")
    if path.stat().st_size == 0:
        raise ValueError(f"{name} is empty (0 bytes); wanted: {kinds}")


@contextmanager
def open_media(path: Path | str, name: str, kinds: str) -> Iterator[Any]:
    """An open media file (PyAV's container). Whatever cannot be read of it is a ValueError in one sentence, with `name`
    for the path."""
    import av

    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
    try:
        with av.open(f"file:{path}", options=options, metadata_errors="ignore") as container:
            yield container
    except MemoryError:
        raise
    except (av.FFmpegError, OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{name} cannot be read as media or is damaged; wanted: {kinds}") from error


def default_stream(streams: Sequence[Any]) -> Any:
    """Of a container's streams of one kind (PyAV), at least one, the one that players choose: marked as default, and no
    commentary or description; the first of several."""
    from av.stream import Disposition

    aside = Disposition.comment | Disposition.hearing_impaired | Disposition.visual_impaired | Disposition.descriptions
    return max(streams, key=lambda s: (bool(s.disposition & Disposition.default), not s.disposition & aside))


def stream_title(stream: Any, streams: Sequence[Any]) -> str | None:
    """Which of several streams was taken: "2 of 3 (Dialogue, eng)"; None where there is only one."""
    if len(streams) < 2:
        return None
    tags = [str(stream.metadata[key])[:80] for key in ("title", "language") if stream.metadata.get(key)]
    return f"{list(streams).index(stream) + 1} of {len(streams)}" + (f" ({', '.join(tags)})" if tags else "")


def media_start(container: Any) -> float:
    """The time stamp, in seconds, at which an open container (PyAV) begins to play. A stream that begins later begins
    late; in mp4 and mov, whose edit lists count from 0, so does an only one."""
    start = (container.start_time or 0) / 1e6
    return 0.0 if "mp4" in container.format.name and 0 <= start <= MOST_LATE else start


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path with the same ending in the same folder; rename it to `path` when the block succeeds.

    Whatever goes wrong inside the block, the temporary file is removed and an older file at `path` stays as it was.
    """
    path = check_writable(path)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=f".part{path.suffix}", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes 0600 files; the result is an ordinary one
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
