"""The camera: known points on known pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from talkdemo.render.camera import Camera, portrait


def test_known_points() -> None:
    camera = Camera((0.0, 0.0, 1.0), (0.0, 0.0, 0.0), math.radians(90), 200, 100)
    points = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [0, -0.5, 0.5]], dtype=float)
    # at 1 m a 90° view is 2 m high; half as near, half as high
    assert camera.project(points) == pytest.approx(np.array([[100, 50], [100, 0], [150, 50], [100, 100]]))
    assert camera.project(points.reshape(2, 2, 3)).shape == (2, 2, 2)


def test_a_turned_camera_keeps_its_target_in_the_middle_and_up_upright() -> None:
    camera = Camera((0.4, 0.3, 0.9), (0.1, -0.2, 0.05), math.radians(30), 64, 64)
    rotation = camera.view[:3, :3]
    assert rotation @ rotation.T == pytest.approx(np.eye(3)) and np.linalg.det(rotation) == pytest.approx(1)
    assert camera.project(np.array(camera.target)) == pytest.approx([32, 32])
    above = camera.project(np.array(camera.target) + np.array([0, 0.05, 0]))
    assert above[0] == pytest.approx(32, abs=1e-6) and above[1] < 32


@pytest.mark.parametrize("size", [(512, 512), (320, 480), (640, 360)])
def test_the_portrait_holds_the_head(face, size) -> None:
    camera = portrait(face, *size)
    assert (camera.width, camera.height) == size
    pixels = camera.project(face.neutral)
    assert (pixels >= 0).all() and (pixels <= size).all()
    assert 0.3 < np.ptp(pixels[:, 1]) / size[1] < 0.9
