"""Writes and reads motions as npz.

Layout: coefficients (T, 52) or (K, T, 52), names (52,), head (…, T, 3) rotation vectors, fps, meta (a JSON string).
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from talkdemo.face.arkit import NAMES
from talkdemo.files import replacing
from talkdemo.records import Motion

KEYS = ("coefficients", "names", "head", "fps", "meta")
MIN_FPS, MAX_FPS = 1, 1000
MAX_BYTES, MAX_META = 512 * 2**20, 2**20  # of the arrays, unpacked; characters of meta


def write(path: Path | str, motions: Sequence[Motion]) -> None:
    """Write K motions of equal length: K = 1 without the leading axis, more with it.

    Raises ValueError when there is no motion, or lengths or frame rates differ.
    """
    if not motions:
        raise ValueError(f"{path}: no motion was given; at least one is wanted")
    lengths, rates = {len(motion) for motion in motions}, {float(motion.fps) for motion in motions}
    if len(lengths) > 1 or len(rates) > 1:
        raise ValueError(
            f"{path}: motions of {sorted(lengths)} frames at {sorted(rates)} frames per second were given; "
            "one length and one rate are wanted"
        )
    coefficients = np.stack([motion.coefficients for motion in motions]).astype(np.float32)  # (K, T, 52)
    head = np.stack([motion.head for motion in motions]).astype(np.float32)  # (K, T, 3)
    meta = dict(motions[0].meta)
    if len(motions) == 1:
        coefficients, head = coefficients[0], head[0]
    else:
        meta["samples"] = [dict(motion.meta) for motion in motions]
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            coefficients=coefficients,
            names=np.array(NAMES),
            head=head,
            fps=np.float32(motions[0].fps),
            meta=np.array(json.dumps(meta, default=plain)),
        )


def read(path: Path | str) -> list[Motion]:
    """The motions of a file written by `write`: one, or K. Columns are put into the order of face.arkit.NAMES.

    Raises FileNotFoundError, or ValueError naming what is wrong with the file.
    """
    path = Path(path)
    try:
        coefficients, names, head, fps, meta = _arrays(path)
    except FileNotFoundError:
        raise
    except Exception as error:  # numpy, zipfile, zlib and tokenize raise a dozen kinds for a damaged archive
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(f"{path}: not a motion file ({reason}); an npz with {', '.join(KEYS)} is wanted") from error

    channels = [str(name) for name in np.atleast_1d(names)]
    if sorted(channels) != sorted(NAMES):
        raise ValueError(f"{path}: {len(channels)} names that are not the {len(NAMES)} ARKit channels were given")
    if coefficients.ndim not in (2, 3) or coefficients.shape[-1] != len(NAMES) or 0 in coefficients.shape:
        wanted = f"(T, {len(NAMES)}) or (K, T, {len(NAMES)})"
        raise ValueError(f"{path}: coefficients of shape {coefficients.shape} given; {wanted} is wanted")
    if head.shape != (*coefficients.shape[:-1], 3):
        wanted = f"{(*coefficients.shape[:-1], 3)}"
        raise ValueError(f"{path}: head of shape {head.shape} given; {wanted} is wanted")
    if fps.size != 1 or not MIN_FPS <= fps.item() <= MAX_FPS:
        given = fps.item() if fps.size == 1 else f"of shape {fps.shape}"
        raise ValueError(f"{path}: fps {given} given; one number from {MIN_FPS} to {MAX_FPS} is wanted")
    if not (np.isfinite(coefficients).all() and np.isfinite(head).all()):
        raise ValueError(f"{path}: values that are not finite were given")
    order = [channels.index(name) for name in NAMES]
    if coefficients.ndim == 2:
        coefficients, head = coefficients[None], head[None]
    metas = _metas(path, str(meta), len(coefficients))
    return [Motion(c[:, order], h, float(fps.item()), m) for c, h, m in zip(coefficients, head, metas, strict=True)]


def _arrays(path: Path) -> list[np.ndarray]:
    """The arrays of KEYS, coefficients and head as float32."""
    with path.open("rb") as stream:
        archive = np.load(stream, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("a single array")
        if missing := [key for key in KEYS if key not in archive.files]:
            raise ValueError(f"an archive without {', '.join(missing)}")
        assert archive.zip is not None
        size = sum(member.file_size for member in archive.zip.infolist())
        if size > MAX_BYTES:
            raise ValueError(f"an archive of {size // 2**20} MB of numbers, more than {MAX_BYTES // 2**20} MB")
        arrays = {key: archive[key] for key in KEYS}
    for key in ("coefficients", "head", "fps"):
        if arrays[key].dtype.kind not in "fiu":
            raise ValueError(f"{key} of type {arrays[key].dtype}, not numbers")
    for key in ("coefficients", "head"):
        with np.errstate(over="ignore"):  # becomes infinite, which is refused
            arrays[key] = arrays[key].astype(np.float32)
    return [arrays[key] for key in KEYS]


def _metas(path: Path, text: str, count: int) -> list[dict[str, object]]:
    if len(text) > MAX_META:
        raise ValueError(f"{path}: meta of {len(text)} characters given; at most {MAX_META} are wanted")
    try:
        meta = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: meta is not JSON ({error}); a JSON object is wanted") from error
    if not isinstance(meta, dict):
        raise ValueError(f"{path}: meta is a JSON {type(meta).__name__}; an object is wanted")
    samples = meta.get("samples")
    if count > 1 and isinstance(samples, list) and len(samples) == count:
        if not all(isinstance(sample, dict) for sample in samples):
            raise ValueError(f"{path}: meta holds samples that are not JSON objects; one object for each is wanted")
        return samples
    return [dict(meta) for _ in range(count)]


def plain(value: object) -> object:
    """numpy scalars and paths as JSON can hold them."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
