"""GRID, speaker s1: audio-visual commands of one real speaker, with phones, face and head.

Phones are spread inside the measured word times by typical lengths: good to about 40 ms. Motion comes from MediaPipe's
landmarker on a small video; `mask` leaves out what does not register there. One clip in ten (by name) is held out.
CC BY 4.0, M. Cooke, J. Barker, S. Cunningham, X. Shao 2006.
"""

import json
import zlib
from collections.abc import Iterator
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from talkdemo.audio.phones import SILENCE, VOWELS
from talkdemo.data.corpora.shared import need, read_sound
from talkdemo.face.arkit import INDEX, NAMES, indices
from talkdemo.records import Clip, Motion, Phone, Speech

LEXICON: dict[str, str] = {
    "a": "EY1", "again": "AH0 G EH1 N", "at": "AE1 T", "b": "B IY1", "bin": "B IH1 N", "blue": "B L UW1",
    "by": "B AY1", "c": "S IY1", "d": "D IY1", "e": "IY1", "eight": "EY1 T", "f": "EH1 F", "five": "F AY1 V",
    "four": "F AO1", "g": "JH IY1", "green": "G R IY1 N", "h": "EY1 CH", "i": "AY1", "in": "IH1 N", "j": "JH EY1",
    "k": "K EY1", "l": "EH1 L", "lay": "L EY1", "m": "EH1 M", "n": "EH1 N", "nine": "N AY1 N", "now": "N AW1",
    "o": "OW1", "one": "W AH1 N", "p": "P IY1", "place": "P L EY1 S", "please": "P L IY1 Z", "q": "K Y UW1",
    "r": "AA1", "red": "R EH1 D", "s": "EH1 S", "set": "S EH1 T", "seven": "S EH1 V AH0 N", "six": "S IH1 K S",
    "soon": "S UW1 N", "t": "T IY1", "three": "TH R IY1", "two": "T UW1", "u": "Y UW1", "v": "V IY1",
    "white": "W AY1 T", "with": "W IH1 DH", "x": "EH1 K S", "y": "W AY1", "z": "Z EH1 D", "zero": "Z IH1 R OW0",
}  # fmt: skip
SILENT = ("jawForward", "jawRight", "mouthFunnel", "mouthLowerDown", "mouthUpperUp", "cheekPuff", "cheekSquint",
          "noseSneer", "mouthStretch", "mouthFrown", "mouthShrugLower", "mouthShrugUpper", "eyeWide",
          "tongueOut")  # fmt: skip
_LENGTH = {"AY": 1.9, "AW": 1.9, "EY": 1.7, "OW": 1.7, "OY": 1.9, "S": 1.2, "SH": 1.2, "CH": 1.2, "Z": 1.0, "AH": 1.0}


def phones_of(timed: list[tuple[float, float, str]]) -> tuple[Phone, ...]:
    """Phones of timed words ("sil" and "sp" are silence), each word's time shared out by typical lengths."""
    out: list[Phone] = []
    for start, end, word in timed:
        if word in ("sil", "sp"):
            out.append(Phone(start, end, SILENCE))
            continue
        if word not in LEXICON:
            raise ValueError(f"word {word!r} is not among GRID's {len(LEXICON)} words")
        entry = LEXICON[word].split()
        labels = [(label.rstrip("012"), int(label[-1]) if label[-1].isdigit() else 0) for label in entry]
        lengths = np.array([_LENGTH.get(label, 1.5 if label in VOWELS else 0.8) for label, _ in labels])
        edges = start + (end - start) * np.concatenate([[0], np.cumsum(lengths) / lengths.sum()])
        out += [Phone(float(a), float(b), *label) for a, b, label in zip(edges[:-1], edges[1:], labels, strict=True)]
    return tuple(out)


@cache
def _words() -> dict[str, list[tuple[float, float, str]]]:
    return json.loads((need("grid_s1") / "words.json").read_text())


def words(clip: str) -> list[tuple[float, float, str]]:
    """(start, end, word) of a clip; "sil" and "sp" are silence. FileNotFoundError where the data is absent."""
    return [(start, end, word) for start, end, word in _words()[clip]]


def head_of(matrices: np.ndarray) -> np.ndarray:
    """(..., 4, 4) MediaPipe facial matrices → (..., 3) rotation vectors.

    Its camera space (x right in the image = the face's left, y up, z towards the camera) has our axes already.
    """
    turn = matrices[..., :3, :3].reshape(-1, 3, 3)
    return Rotation.from_matrix(turn).as_rotvec().reshape(*matrices.shape[:-2], 3).astype(np.float32)


def mask() -> np.ndarray:
    """(52,) bool: the channels that register in GRID's small images."""
    real = np.ones(len(NAMES), bool)
    real[indices(*SILENT)] = False
    return real


def clips(limit: int | None = None) -> Iterator[Clip]:
    """Clips whose face was found in every frame; FileNotFoundError where the data is absent."""
    folder = need("grid_s1")
    tracks = np.load(folder / "motion.npz")
    columns = [INDEX[str(name)] for name in tracks["channel"]]
    shapes, heads, real = tracks["blendshapes"], head_of(tracks["head"]), mask()
    whole = np.flatnonzero(tracks["valid"].all(axis=1))[:limit]
    for i in whole:
        name = str(tracks["clip"][i])
        samples = read_sound(folder / "audio" / f"{name}.ogg")
        coefficients = np.zeros((shapes.shape[1], len(NAMES)), np.float32)
        coefficients[:, columns] = shapes[i]
        yield Clip(
            name=name,
            corpus="grid_s1",
            speech=Speech(samples, name),
            split="held-out" if zlib.crc32(name.encode()) % 10 == 0 else "train",
            identity="grid_s1",
            text=" ".join(word for _, _, word in words(name) if word not in ("sil", "sp")),
            phones=phones_of(words(name)),
            motion=Motion(coefficients, heads[i]),
            mask=real,
        )
