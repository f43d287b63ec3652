"""The face's own frame: known angles, round trips, what a turned head hides, and presets that leave it turned."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from talkdemo.gcgan.crop import EYES, Crop
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.frame import AVERAGE, Frame, frontal, lifted
from talkdemo.gcgan.portrait import Portrait

PIXELS, MIDDLE = 120.0, np.array([300.0, 250.0, 7.0])


def turned(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """(68, 3): the average face, its nose moved to the image's right, down, and turned clockwise, degrees."""
    rotation = Rotation.from_euler("ZYX", [roll, -yaw, pitch], degrees=True).as_matrix()
    return PIXELS * AVERAGE @ rotation.T + MIDDLE


@pytest.mark.parametrize("angles", [(0, 0, 0), (40, 0, 0), (-30, 15, 20), (10, -25, 170)])
def test_angles_are_read_and_undone(angles: tuple[float, float, float]) -> None:
    points = turned(*angles)
    for seen in (points, lifted(points[:, :2])):  # with its depths, and with those of the average face
        frame = Frame.of(seen)
        assert np.allclose(frame.angles, angles, atol=0.1)
        assert np.allclose(frame.front(seen), PIXELS * AVERAGE, atol=0.5)
        assert np.allclose(frame.back(frame.front(seen)), seen)
    assert np.allclose(frontal(points), PIXELS * AVERAGE[:, :2], atol=0.1)


def test_the_nose_shows_the_way() -> None:
    """Yaw to the image's right, pitch down."""
    nose = turned(30)[30] - turned(0)[30]
    assert nose[0] > 20 and abs(nose[1]) < 1
    assert turned(0, 20)[30, 1] > turned(0)[30, 1] + 10


def test_a_turned_head_hides_its_far_side() -> None:
    assert not Frame.of(turned(0)).hidden.any()
    assert set(np.flatnonzero(Frame.of(turned(45)).hidden)) >= {12, 13, 14, 15, 16, 45}  # the person's left
    assert set(np.flatnonzero(Frame.of(turned(-45)).hidden)) >= {0, 1, 2, 3, 4, 36}


def test_the_crop_is_as_large_for_a_turned_head() -> None:
    for angles in ((0, 0, 0), (45, 0, 0), (-45, 20, 100)):
        frame = Frame.of(turned(*angles))
        assert Crop.around(turned(*angles)[:, :2], 1, frame.upright).scale == pytest.approx(EYES / PIXELS, rel=0.02)


def test_motion_in_the_plane_of_the_face() -> None:
    """Half of what is seen at 60° is twice as much from the front."""
    points = turned(60)
    frame, front = Frame.of(points), Frame.of(points).front(points)
    moved = points[:, :2].copy()
    moved[54, 0] += 10
    assert np.allclose((frame.flattened(moved, front) - front[:, :2])[54], [20, 0], atol=0.1)


def test_heads_turn_about_the_neck() -> None:
    """A nod of 10° moves the chin more than the eyes; no turn moves nothing; the person's left is the image's right."""
    frame = Frame.of(turned(0))
    own = PIXELS * AVERAGE
    rotation, middle = frame.turned(np.radians([[0, 0, 0], [10, 0, 0], [0, 10, 0]]), PIXELS)
    seen = own @ rotation.swapaxes(1, 2) + middle[:, None]
    assert np.allclose(seen[0], turned(0), atol=0.2)
    moved = seen[1:] - seen[0]
    assert moved[0, 30, 1] > 5 and abs(moved[0, 30, 0]) < 1
    assert moved[1, 30, 0] > 5 and Frame.of(seen[2]).angles[0] == pytest.approx(10, abs=0.1)


def test_nonsense() -> None:
    with pytest.raises(ValueError, match="68 points of finite x, y and z"):
        Frame.of(np.zeros((5, 3)))
    with pytest.raises(ValueError, match="all lie in one place"):
        Frame.of(np.zeros((68, 3)))


@pytest.mark.parametrize("angles", [(45, 0, 0), (-30, 20, 0), (20, -15, 120)])
def test_a_preset_leaves_the_head_as_it_is(angles: tuple[float, float, float]) -> None:
    """Pose and outline of a turned face stay; seen from the front, it moves as a frontal one does."""
    image, shipped = np.zeros((500, 600, 3), np.uint8), Expresser.load()
    points, straight = turned(*angles).astype(np.float32), turned(0).astype(np.float32)
    face = Portrait(image, points[:, :2], depth=points[:, 2])
    front = Portrait(image, straight[:, :2], depth=straight[:, 2])
    for name in ("happy", "surprised", "kiss"):
        moved = shipped.preset(face, name)
        assert np.abs(Frame.of(lifted(moved)).angles - angles)[[0, 2]].max() < 5  # by the average face's depths
        own = face.frame.flattened(moved, face.front)
        assert np.abs(own - front.frame.flattened(shipped.preset(front, name), front.front)).mean() < 0.02 * PIXELS
        assert 0.93 < np.ptp(own[:17, 0]) / np.ptp(face.front[:17, 0]) < 1.07
