"""Caches motions and measurements on disk, so that an evaluation that was stopped goes on where it was.

A file of runs/evaluate-cache is named by the hash of everything that decides its contents: for a motion the weights of
the talking model and the encoders, the code between waveform and motion, steps, identity, emotion, reference, seed and
the speech's samples. A motion's meta keeps the seconds that sampling took.
"""

import ast
import contextlib
import functools
import hashlib
import json
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from talkdemo.files import PACKAGE, replacing
from talkdemo.records import Clip, Motion

System = Callable[[Clip, int], Motion]  # (clip, seed) → motion
CACHE = Path("runs/evaluate-cache")
# from waveform and weights to motion
MOTION_CODE = ("audio", "condition", "diffusion", "face/contact.py", "talker.py", "pipeline.py")


@contextlib.contextmanager
def at(folder: Path) -> Iterator[None]:
    """The cache in another folder for a while: an empty one measures everything anew."""
    global CACHE
    before, CACHE = CACHE, folder
    try:
        yield
    finally:
        CACHE = before


def cached(
    kind: str, key_parts: Sequence[object], compute: Callable[[], Mapping[str, np.ndarray]]
) -> Mapping[str, np.ndarray]:
    """The arrays of `compute`, which is called only where no whole file of `kind` and `key_parts` (JSON values) is."""
    path = CACHE / f"{kind}-{key(*key_parts)}.npz"
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error):
        arrays = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        np.savez(temporary, allow_pickle=False, **dict(arrays))
    return arrays


def cached_system(
    system: System,
    decisive: Sequence[object],
    of_clip: Callable[[Clip], object] = lambda _: None,
) -> System:
    """`system` with its motions cached.

    decisive: what decides its motions beside clip, seed and code (hashes of weights, steps …; JSON values); of_clip:
    what it is given of a clip beside speech, identity and emotion (a JSON value).
    """

    def animate(clip: Clip, seed: int) -> Motion:
        def compute() -> Mapping[str, np.ndarray]:
            begin = time.perf_counter()
            motion = system(clip, seed)
            meta = json.dumps({**motion.meta, "spent": time.perf_counter() - begin}, default=str)
            return {"tracks": motion.tracks, "fps": np.array(motion.fps), "meta": np.array(meta)}

        speech = array_hash(clip.speech.samples)
        parts = [*decisive, code(*MOTION_CODE), clip.identity, clip.emotion, seed, speech, of_clip(clip)]
        arrays = cached("motion", parts, compute)
        return Motion.of(arrays["tracks"], float(arrays["fps"]), json.loads(str(arrays["meta"])))

    return animate


def key(*parts: object) -> str:
    """One hash of values that JSON can hold."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@functools.cache
def code(*names: str) -> str:
    """Hash of the package's files and folders `names`, without comments and docstrings."""
    files = [path for name in names for path in (sorted((PACKAGE / name).rglob("*.py")) or [PACKAGE / name])]
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
    return _file_hash(path, path.stat().st_mtime_ns)


@functools.cache
def _file_hash(path: Path, _: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
