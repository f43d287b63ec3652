"""The 68 landmarks: order, mirror, movement."""

from __future__ import annotations

import torch

from talkdemo.face.head import FaceModel
from talkdemo.face.landmarks import LINES, MIRROR, landmarks_68


def test_order_and_mirror() -> None:
    model = FaceModel.load()
    points = landmarks_68(model(torch.zeros(2, 52)))
    assert points.shape == (2, 68, 3)
    p = points[0]
    torch.testing.assert_close(p[list(MIRROR)] * torch.tensor([-1.0, 1.0, 1.0]), p, atol=1e-4, rtol=0)
    assert p[8, 1] == p[:, 1].min(), "the chin is lowest"
    assert p[30, 2] == p[:, 2].max(), "the tip of the nose is foremost"
    assert (p[:8, 0] < 0).all() and (p[17:22, 0] < 0).all() and (p[36:42, 0] < 0).all(), "right half first"
    assert p[36, 0] < p[39, 0] < p[42, 0] < p[45, 0]
    assert p[48, 0] < p[51, 0] < p[54, 0] and p[51, 1] > p[57, 1]
    assert len(set(i for line in LINES for i in line)) == 68


def test_landmarks_move_with_the_face() -> None:
    from talkdemo.face.arkit import INDEX

    model = FaceModel.load()
    c = torch.zeros(2, 52)
    c[1, INDEX["jawOpen"]] = 0.6
    rest, opened = landmarks_68(model(c))
    assert opened[66, 1] < rest[66, 1] - 0.008 and opened[8, 1] < rest[8, 1] - 0.008
    torch.testing.assert_close(opened[27:31], rest[27:31], atol=2e-3, rtol=0)
