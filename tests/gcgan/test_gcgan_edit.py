"""Expresser and gallery: nothing asked for changes nothing, one at a time equals all at once, one-sentence errors."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from talkdemo.face.arkit import INDEX
from talkdemo.gcgan.crop import Crop
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.gallery import FOLDER, MARKS, gallery, open_gallery
from talkdemo.gcgan.portrait import Portrait
from talkdemo.records import MAX_AMOUNT, Stopped


@pytest.fixture
def smile(maya: Portrait) -> np.ndarray:
    """(68, 2) with the corners of the mouth apart and up, by hand."""
    points = maya.landmarks.copy()
    for corner, side in ((48, -1), (54, 1), (60, -1), (64, 1)):
        points[corner] += (8 * side, -6)
    return points


def test_nothing_changes_nothing(expresser: Expresser, maya: Portrait, smile: np.ndarray) -> None:
    assert (expresser.express(maya, smile, 0.0) == maya.image).all()
    assert (expresser.express(maya, maya.landmarks) == maya.image).all()


def test_only_the_face_changes(expresser: Expresser, maya: Portrait, smile: np.ndarray) -> None:
    image = expresser.express(maya, smile)
    assert image.shape == maya.image.shape and image.dtype == np.uint8
    ys, xs = np.nonzero((image != maya.image).any(2))
    there = Crop.around(maya.landmarks, 1).into(np.stack([xs, ys], axis=1) + 0.5)
    assert len(xs) > 500 and there.min() > -0.02 and there.max() < 1.02


def test_all_at_once_equals_one_at_a_time(expresser: Expresser, maya: Portrait, smile: np.ndarray) -> None:
    targets = [maya.landmarks + k / 5 * (smile - maya.landmarks) for k in range(6)]  # more than a batch
    together = list(expresser.express_all(maya, targets))
    assert len(together) == 6
    for target, image in zip(targets, together, strict=True):
        assert np.abs(expresser.express(maya, target).astype(int) - image).max() <= 1
    moved = [np.abs(image.astype(int) - maya.image).sum() for image in together]
    assert moved[0] == 0 and (np.diff(moved) > 0).all()


def test_stopped(expresser: Expresser, maya: Portrait) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        list(expresser.express_all(maya, [maya.landmarks], stop))


def test_targets(expresser: Expresser, maya: Portrait) -> None:
    """The own expression moves nothing, a larger or turned picture of it neither; frames are followed one by one."""
    assert np.allclose(expresser.transfer(maya, maya.landmarks), maya.landmarks, atol=1e-2)
    turned = maya.landmarks[:, ::-1] * (3, -3) + 7
    assert np.allclose(expresser.transfer(maya, turned), maya.landmarks, atol=1e-2)
    assert expresser.presets == ("neutral", "happy", "aa")
    happy = expresser.preset(maya, "happy")
    assert happy.shape == (68, 2) and np.abs(happy - maya.landmarks).max() > 0.5
    frames = np.zeros((3, 52), np.float32)
    frames[1:, INDEX["jawOpen"]] = 0.5, 1
    followed = expresser.follow(maya, frames)
    assert followed.shape == (3, 70, 2) and np.allclose(followed[2], expresser.follow(maya, frames[2:])[0], atol=1e-3)
    assert np.abs(followed[2] - followed[0]).max() > 0.1


@pytest.mark.parametrize("along", ["manifold", "landmarks"])
def test_the_path_has_its_ends(expresser: Expresser, maya: Portrait, smile: np.ndarray, along: str) -> None:
    way = expresser.path(maya, smile, [0.0, 0.5, 1.0, 1.5], along)
    assert way.shape == (4, 68, 2)
    assert np.allclose(way[0], maya.landmarks, atol=1e-2) and np.allclose(way[2], smile, atol=1e-2)
    if along == "landmarks":
        assert np.allclose(way[1], (maya.landmarks + smile) / 2, atol=1e-2)


def test_the_map(expresser: Expresser, maya: Portrait) -> None:
    drawn = expresser.map
    assert drawn.points.shape == (4, 2) and drawn.names == ("neutral", "happy", "aa", "")
    assert set(drawn.presets) == set(expresser.presets)
    assert expresser.place(maya, maya.landmarks[None]).shape == (1, 2)


def test_wrong_wishes(expresser: Expresser, maya: Portrait) -> None:
    with pytest.raises(ValueError, match="'grin' given; one of neutral, happy, aa"):
        expresser.preset(maya, "grin")
    for amount in (-0.1, MAX_AMOUNT + 0.1, float("nan")):
        with pytest.raises(ValueError, match="from 0 to"):
            expresser.express(maya, maya.landmarks, amount)
    for bad in (np.zeros((5, 2)), np.full((68, 2), np.inf)):
        with pytest.raises(ValueError, match="68 points"):
            expresser.express(maya, bad)
    with pytest.raises(ValueError, match="52 numbers"):
        expresser.follow(maya, np.zeros((3, 51)))
    with pytest.raises(ValueError, match="'manifold' or 'landmarks'"):
        expresser.path(maya, maya.landmarks, [1.0], "sideways")


def test_gallery() -> None:
    """At least ten people, small files, a face in the middle of each."""
    assert len(gallery()) >= 10
    assert set(json.loads((FOLDER / MARKS).read_text())) == set(gallery())
    assert sum(path.stat().st_size for path in gallery().values()) < 1_200_000
    for name in gallery():
        portrait = open_gallery(name)
        assert portrait.image.shape == (512, 512, 3) and portrait.name == name
        assert portrait.landmarks.shape == (68, 2) and 100 < portrait.landmarks.mean() < 412
        assert np.linalg.norm(portrait.points[36] - portrait.points[45]) > 90
    with pytest.raises(ValueError, match="'nobody' given; one of maya"):
        open_gallery("nobody")


def test_the_harder_photographs_of_the_gallery() -> None:
    """Turned heads come with depths, and read as turned as they were drawn; a grey one has no colour."""
    for name, yaw, pitch in (("elena", 30, 0), ("jonas", -40, -14)):
        portrait = open_gallery(name)
        assert portrait.depth is not None and portrait.depth.shape == (68,)
        assert np.allclose(portrait.frame.angles[:2], (yaw, pitch), atol=5) and portrait.frame.hidden.any()
    assert open_gallery("maya").depth is None
    assert np.ptp(open_gallery("walter").image.astype(int), axis=2).max() <= 2


def test_no_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from talkdemo.gcgan import gallery as room

    monkeypatch.setattr(room, "FOLDER", tmp_path)
    try:
        room.gallery.cache_clear()
        room._known.cache_clear()
        assert gallery() == {}
    finally:
        monkeypatch.undo()
        room.gallery.cache_clear()
        room._known.cache_clear()
