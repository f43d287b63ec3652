"""What the app's tests share: a small gallery in a folder of the test, and a stand-in for the model that follows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from talkdemo import reference as references
from talkdemo.export import livelink, npz
from talkdemo.face.arkit import INDEX, indices
from talkdemo.records import FPS, Motion, Reference
from talkdemo.reference import open_reference

ROWS = (  # name, title, kind, jaw, smile
    ("calm", "Calm reader", "reference", 0.1, 0.0),
    ("loud", "Loud & proud", "reference", 0.9, 0.0),
    ("merry", "Merry", "reference", 0.4, 0.8),
    ("Ada", "Ada", "identity", 0.5, 0.1),
)


def mouthing(jaw: float, smile: float = 0.0, seconds: float = 3.0) -> Motion:
    """A jaw that opens twice a second, a steady smile, a head that sways."""
    times = np.arange(round(seconds * FPS)) / FPS
    coefficients = np.zeros((len(times), 52), np.float32)
    coefficients[:, INDEX["jawOpen"]] = jaw * (0.5 + 0.5 * np.sin(4 * np.pi * times))
    coefficients[:, indices("mouthSmile")] = smile
    coefficients[::40, indices("eyeBlink")] = 1
    head = np.zeros((len(times), 3), np.float32)
    head[:, 1] = 0.1 * np.sin(times)
    return Motion(coefficients, head, FPS)


@pytest.fixture
def small_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three performances and an identity in place of the shipped ones; no previews."""
    folder = tmp_path / "gallery"
    folder.mkdir()
    for name, _, _, jaw, smile in ROWS:
        npz.write(folder / f"{name}.npz", [mouthing(jaw, smile)])
    rows = [
        {"name": name, "title": title, "about": f"about {name}", "kind": kind, "emotion": "neutral"}
        for name, title, kind, *_ in ROWS
    ]
    (folder / references.INDEX_FILE).write_text(json.dumps(rows))
    monkeypatch.setattr(references, "FOLDER", folder)
    references.gallery.cache_clear()
    yield folder
    references.gallery.cache_clear()


@pytest.fixture
def follower(stand_in) -> Follower:
    return Follower(stand_in)


@pytest.fixture
def capture(tmp_path: Path) -> Callable[..., Path]:
    """capture(name, seconds, jaw) → path of a Live Link Face CSV of a talking face, where uploads would lie."""

    def write(name: str = "me", seconds: float = 3.0, jaw: float = 0.7) -> Path:
        path = tmp_path / "uploads" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        livelink.write(path, mouthing(jaw, seconds=seconds))
        return path

    return write


class Follower:
    """Stands in for SpeechToFace.load("diffposetalk"): its style is the mean jaw and smile, its jaw that of speech."""

    identities, emotions, students = (), (), (8,)
    references = tuple(name for name, *_ in ROWS)

    def __init__(self, plain) -> None:
        self.plain, self.taken = plain, []

    def style(self, reference: object) -> np.ndarray:
        motion = open_reference(reference).motion
        if len(motion) < FPS:
            raise ValueError(f"{len(motion)} frames given; at least {FPS} are wanted")
        jaw, smile = (
            motion.coefficients[:, INDEX["jawOpen"]].mean(),
            motion.coefficients[:, indices("mouthSmile")].mean(),
        )
        vector = np.array([jaw, smile, 0.2, 0.1])
        return vector / np.linalg.norm(vector)

    def animate(self, speech, *, reference: list, head: bool = True, **choices: object) -> list[Motion]:
        self.taken.append({"reference": reference, "head": head, **choices})
        (made,) = self.plain.animate(speech, **choices)
        names = {one.name if isinstance(one, Reference) else one: share for one, share in reference}
        meta = {name: value for name, value in made.meta.items() if name not in ("identity", "emotion", "matches")}
        meta |= {"model": "diffposetalk", "reference": next(iter(names)) if len(names) == 1 else names, "head": head}
        meta["seconds"] = {"reference": 0.05, **_mapping(meta["seconds"])}
        return [Motion(made.coefficients, made.head if head else 0 * made.head, FPS, meta)]

    def video(self, motion, speech, path, **how: object) -> dict[str, float]:
        return self.plain.video(motion, speech, path, **how)


def _mapping(given: object) -> Mapping[str, float]:
    assert isinstance(given, Mapping)
    return given
