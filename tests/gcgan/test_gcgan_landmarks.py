"""Landmarks in JSON: those of the portrait itself, in its pixels or its photograph's; all else is one sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from talkdemo.gcgan.landmarks import read, read_own
from talkdemo.gcgan.portrait import Portrait


def write(path: Path, points: object, width: object = 512, height: object = 512) -> Path:
    path.write_text(json.dumps({"width": width, "height": height, "landmarks": np.asarray(points).tolist()}))
    return path


def test_landmarks_of_the_portrait_and_of_the_photograph_it_was_scaled_from(maya: Portrait, tmp_path: Path) -> None:
    large = replace(maya, photo_size=(1024, 1024))
    for portrait, scale in ((maya, 1), (large, 1), (large, 2)):
        path = write(tmp_path / "x.json", maya.landmarks * scale, 512 * scale, 512 * scale)
        np.testing.assert_allclose(read_own(path, portrait), maya.landmarks, atol=1e-3)
        marks = read(path)
        assert (marks.width, marks.height) == (512 * scale, 512 * scale) and marks.points.dtype == np.float32


@pytest.mark.parametrize(
    ("points", "size", "words"),
    [
        (0.5, (256, 256), "an image of 256×256 pixels given, maya has 512×512; those of the portrait itself"),
        (2.0, (1024, 1024), "an image of 1024×1024 pixels given"),
        (1.0, (0, 512), "an image of 0×512 pixels"),
        (1.0, ("wide", 512), "could be read"),
        (1.0, (1e400, 512), "could be read"),
        (90.0, (512, 512), "far outside"),
        (float("nan"), (512, 512), "finite"),
        (1.3, (512, 512), "eye distances"),
    ],
)
def test_other_landmarks_are_refused(
    maya: Portrait, tmp_path: Path, points: float, size: tuple[object, object], words: str
) -> None:
    path = write(tmp_path / "x.json", maya.landmarks * points, *size)
    with pytest.raises(ValueError, match=words) as caught:
        read_own(path, maya, "yours.json")
    assert str(caught.value).startswith("yours.json: ") and str(tmp_path) not in str(caught.value)


def test_damaged_files_are_one_sentence(maya: Portrait, tmp_path: Path) -> None:
    good, generator = write(tmp_path / "x.json", maya.landmarks).read_bytes(), np.random.default_rng(0)
    contents = [b"", b"[]", b"null", b"[" * 100_000, b'{"width": {}, "height": 1, "landmarks": 1}', good[:-2], good[5:]]
    for _ in range(1000):
        changed = np.frombuffer(good, np.uint8).copy()
        changed[generator.integers(len(changed), size=3)] = generator.integers(0, 256, 3)
        contents.append(changed.tobytes())
    refused, path = 0, tmp_path / "bad.json"
    for content in contents:
        path.write_bytes(content)
        try:
            points = read_own(path, maya)
        except ValueError as error:
            refused += 1
            assert type(error) is ValueError and str(path) in str(error) and "\n" not in str(error)
        else:
            assert points.shape == (68, 2) and np.isfinite(points).all()
    assert refused > 500
