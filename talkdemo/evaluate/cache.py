"""A system in, the same system with its motions kept on disk out: an evaluation that was stopped goes on from there.

A file of runs/evaluate-cache is named by the hash of all that decides a motion: the weights of the talking model and
the encoders, the code between waveform and motion, steps, identity, emotion, reference, seed and the speech's samples.
The seconds that the first run took are kept in the motion's meta.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from talkdemo.files import PACKAGE
from talkdemo.records import Clip, Motion

CACHE = Path("runs/evaluate-cache")
# from waveform and weights to motion
MOTION_CODE = ("audio", "condition", "diffusion", "face/contact.py", "talker.py", "pipeline.py")


def remembered(
    system: Callable[[Clip, int], Motion],
    weights: Sequence[Path],
    settings: Sequence[object],
    about: Callable[[Clip], object] | None = None,
) -> Callable[[Clip, int], Motion]:
    """`system` that computes a motion once and reads it from CACHE afterwards.

    weights: the files it samples from; settings: steps and whatever else decides its motions (JSON values); about: what
    else it is told of a clip (a JSON value). A file of the cache that cannot be read is made again.
    """
    made_of = [*map(file_hash, weights), code(*MOTION_CODE), *settings]

    def kept(clip: Clip, seed: int) -> Motion:
        speech = array_hash(clip.speech.samples)
        told = [about(clip)] if about else []
        path = CACHE / f"{key(*made_of, clip.identity, clip.emotion, seed, speech, *told)}.npz"
        motion = load(path)
        if motion is None:
            begin = time.perf_counter()
            motion = system(clip, seed)
            motion = replace(motion, meta={**motion.meta, "spent": time.perf_counter() - begin})
            save(path, motion)
        return motion

    return kept


def key(*parts: object) -> str:
    """One hash of values that JSON can hold."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def load(path: Path) -> Motion | None:
    """The motion of a file; None when it is not there or not whole."""
    arrays = load_arrays(path)
    if arrays is None or not {"coefficients", "head", "fps", "meta"} <= arrays.keys():
        return None
    meta = json.loads(str(arrays["meta"]))
    return Motion(arrays["coefficients"], arrays["head"], float(arrays["fps"]), meta)


def save(path: Path, motion: Motion) -> None:
    """Write a motion whole or not at all."""
    meta = np.array(json.dumps(motion.meta, default=str))
    fps = np.array(motion.fps)
    save_arrays(path, {"coefficients": motion.coefficients, "head": motion.head, "fps": fps, "meta": meta})


def load_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of an npz file; None when it is not there or not whole."""
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile):
        return None


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part.npz")
    np.savez(part, **arrays)
    part.replace(path)


@functools.cache
def code(*names: str) -> str:
    """Hash of the package's files and folders `names`, comments and docstrings left out."""
    root = PACKAGE
    files = [path for name in names for path in (sorted((root / name).rglob("*.py")) or [root / name])]
    digest = hashlib.sha256()
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
                value = body[0].value
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    value.value = ""
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()


def array_hash(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def file_hash(path: Path) -> str:
    return _hash(path, path.stat().st_mtime_ns)


@functools.cache
def _hash(path: Path, _: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
