"""A small face of our own for the renderer's tests: a ball with eyes, teeth and a fringe, a UV seam down its back."""

from __future__ import annotations

import numpy as np
import pytest

from talkdemo.records import Face, Material, Part
from talkdemo.render import raster


def ball(radius: float, centre: tuple[float, float, float], rows: int = 24, columns: int = 32):
    """Vertices (V, 3), UV (V, 2), faces (F, 3), weld (V,) of a latitude–longitude ball, counter-clockwise outside."""
    v, u = np.meshgrid(np.linspace(0, 1, rows + 1), np.linspace(0, 1, columns + 1), indexing="ij")
    height, turn = np.pi * (v - 0.5), 2 * np.pi * (u - 0.5)
    vertices = np.stack([np.cos(height) * np.sin(turn), np.sin(height), np.cos(height) * np.cos(turn)], axis=-1)
    index = np.arange((rows + 1) * (columns + 1)).reshape(rows + 1, columns + 1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack(t, axis=-1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))])
    weld = index.copy()
    weld[:, -1] = weld[:, 0]
    weld[0], weld[-1] = 0, index[-1, 0]
    points = vertices.reshape(-1, 3) * radius + centre
    return points, np.stack([u.ravel(), v.ravel()], axis=1), faces, weld.ravel()


def make_face(skin: tuple[int, int, int] = (224, 172, 145)) -> Face:
    hair = np.zeros((8, 64, 4), np.uint8)
    hair[..., :3] = (60, 40, 25)
    hair[..., 3] = np.arange(64) * 4 % 256
    pieces = [
        ("skin", ball(0.1, (0, 0, 0)), Material(_plain(skin), roughness=0.5)),
        ("eyes", ball(0.015, (0.035, 0.0, 0.09), 8, 12), Material(_plain((240, 240, 240)), roughness=0.1)),
        ("teeth", ball(0.015, (0, -0.05, 0.085), 8, 12), Material(_plain((236, 230, 215)))),
        ("hair", ball(0.104, (0, 0.01, 0)), Material(hair, alpha="blend", double_sided=True)),
    ]
    vertices, uvs, welds, parts, count = [], [], [], [], 0
    for name, (points, uv, faces, weld), material in pieces:
        if name == "hair":
            faces = faces[points[faces][:, :, 1].mean(axis=1) > 0.06]
        parts.append(Part(name, (faces + count).astype(np.int32), material))
        vertices.append(points)
        uvs.append(uv)
        welds.append(weld + count)
        count += len(points)
    neutral, uv = (np.concatenate(x).astype(np.float32) for x in (vertices, uvs))
    return Face(neutral, uv, np.concatenate(welds).astype(np.int32), tuple(parts))


def _plain(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((4, 4, 3), colour, dtype=np.uint8)


@pytest.fixture(scope="session")
def face() -> Face:
    return make_face()


@pytest.fixture(scope="session")
def green_face() -> Face:
    return make_face((40, 200, 60))


@pytest.fixture(scope="session")
def opengl() -> None:
    """Skips where no picture can be drawn, with the sentence a user would read."""
    try:
        raster.check()
    except RuntimeError as error:
        pytest.skip(str(error))
