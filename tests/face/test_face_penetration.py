"""Nothing comes through the skin: teeth, gums and tongue are seen only inside the opening between the lips."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from talkdemo.face import asset
from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.face.characters import CHARACTERS
from talkdemo.face.head import FaceModel

VIEWS = [Rotation.from_euler("yx", angles, degrees=True).as_matrix() for angles in ((0, 0), (-40, 0), (0, 25))]
TOLERANCE = 0.0015  # metres a tooth may be seen beyond the lips' edge: the edge is a polygon
COMBINATIONS = 200


def speech_like(count: int) -> torch.Tensor:
    """Random poses of a talking mouth: jaw to 0.6, mouthClose no more than the jaw, six other channels to 0.6."""
    rng = np.random.default_rng(0)
    out = np.zeros((count, len(NAMES)), np.float32)
    drawn = ("mouth", "jaw", "cheek", "nose")
    others = [n for n in NAMES if n.startswith(drawn) and n not in ("jawOpen", "mouthClose")]
    for row in out:
        row[INDEX["jawOpen"]] = rng.uniform(0, 0.6)
        row[INDEX["mouthClose"]] = rng.uniform(0, row[INDEX["jawOpen"]])
        for name in rng.choice(others, 6, replace=False):
            row[INDEX[name]] = rng.uniform(0, 0.6)
        if rng.random() < 0.3:
            row[INDEX["tongueOut"]] = rng.uniform(0, 0.3)
    return torch.from_numpy(out)


def uncovered(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(n,) points (n, 3) with no triangle (f, 3, 3) that faces us in front of them, looking along -z."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    faces_us = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) > 1e-14
    triangles = triangles[faces_us & (triangles[..., 2].max(1) > points[:, 2].min())]
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    low, high = triangles.min(1) - 1e-6, triangles.max(1) + 1e-6  # midline points lie on edges
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    # pairs worth a look: a point lies in a triangle's bounding box only if it is near the middle of the box
    middles, reach = cKDTree((low + high)[:, :2] / 2), np.linalg.norm((high - low)[:, :2], axis=1).max() / 2
    found = middles.query_ball_point(points[:, :2], reach)
    i, t = np.repeat(np.arange(len(points)), [len(f) for f in found]), np.concatenate([*found, []]).astype(int)
    near = (points[i, :2] >= low[t, :2]).all(1) & (points[i, :2] <= high[t, :2]).all(1) & (points[i, 2] < high[t, 2])
    i, t = i[near], t[near]
    x, y = points[i, 0] - a[t, 0], points[i, 1] - a[t, 1]
    u = (x * (c[t, 1] - a[t, 1]) - y * (c[t, 0] - a[t, 0])) / area[t]
    v = (y * (b[t, 0] - a[t, 0]) - x * (b[t, 1] - a[t, 1])) / area[t]
    z = a[t, 2] + u * (b[t, 2] - a[t, 2]) + v * (c[t, 2] - a[t, 2])
    slack = 1e-4
    hidden = (u >= -slack) & (v >= -slack) & (u + v <= 1 + slack) & (z > points[i, 2] + 1e-4)
    out = np.ones(len(points), bool)
    out[i[hidden]] = False
    return out


def inside(polygon: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(n,) even-odd rule: polygon (m, 2), points (n, 2)."""
    a, b = polygon, np.roll(polygon, -1, axis=0)
    x, y = points[:, None, 0], points[:, None, 1]
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    at = a[:, 0] + (y - a[:, 1]) / np.where(crosses, b[:, 1] - a[:, 1], 1) * (b[:, 0] - a[:, 0])
    return (crosses & (x < at)).sum(1) % 2 == 1


class Mouth:
    def __init__(self, model: FaceModel) -> None:
        arrays, rings = asset.arrays(), model.anatomy["lipRings"].numpy()
        self.loop = np.concatenate([rings[0, 8], rings[1, 8][::-1]])
        skin, rest = arrays["part/skin"], model.rest.numpy()
        near = rest[skin]
        self.skin = skin[(near[..., 2].max(1) > -0.01) & (near[..., 1].min(1) < 0.04) & (near[..., 1].min(1) > -0.14)]
        inner = np.unique(np.concatenate([arrays[f"part/{part}"] for part in ("teeth", "gums", "tongue")]))
        self.inner = inner[rest[inner, 2] > 0.05][::3]  # not the root of the tongue; every third is close enough

    def poking(self, vertices: np.ndarray) -> int:
        """How many vertices of teeth, gums and tongue are seen outside the lips in any view."""
        bad = np.zeros(len(self.inner), bool)
        for view in VIEWS:
            seen = vertices @ view.T
            points, edge = seen[self.inner], seen[self.loop, :2]
            close = cKDTree(np.concatenate([edge * (1 - s) + np.roll(edge, -1, 0) * s for s in (0, 0.33, 0.67)]))
            out = ~inside(edge, points[:, :2]) & (close.query(points[:, :2])[0] > TOLERANCE)
            bad[np.flatnonzero(out)[uncovered(points[out], seen[self.skin])]] = True
        return int(bad.sum())


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel.load()


def test_the_check_finds_a_tooth_pushed_through_the_lip(model: FaceModel) -> None:
    mouth, vertices = Mouth(model), model.neutral().numpy().copy()
    assert mouth.poking(vertices) == 0
    vertices[mouth.inner] += np.array([0, 0.006, 0.03], np.float32)
    assert mouth.poking(vertices) > 5


def test_single_actions(model: FaceModel) -> None:
    mouth = Mouth(model)
    for name, vertices in zip(NAMES, model(torch.eye(len(NAMES))).numpy(), strict=True):
        if name != "tongueOut":  # which is meant to be seen
            assert mouth.poking(vertices) == 0, name


@pytest.mark.slow
def test_speech_like_combinations_on_every_character(model: FaceModel) -> None:
    mouth, poses = Mouth(model), speech_like(COMBINATIONS)
    names = list(CHARACTERS)
    for n, pose in enumerate(poses):  # each pose on one character, all characters in turn
        character = names[n % len(names)]
        assert mouth.poking(model(pose, None, character).numpy()) == 0, (character, n)
