"""Open sky: everything on a ball alone, next to nothing between two balls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from talkdemo.records import Face, Part
from talkdemo.render.occlusion import FADE, FLOOR, around, orthographic, solidity
from talkdemo.render.raster import Renderer


def test_directions_are_even() -> None:
    directions = around(48)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1) and np.abs(directions.mean(axis=0)).max() < 0.02


def test_orthographic_looks_along_the_light() -> None:
    direction, centre = np.array([0.3, 0.8, -0.4]), np.array([0.1, 0.2, 0.3])
    matrix = orthographic(direction, centre, 0.5)
    unit = direction / np.linalg.norm(direction)
    assert np.allclose(matrix @ [*centre, 1], [0, 0, 0, 1])
    assert np.allclose(matrix @ [*(centre + 0.5 * unit), 1], [0, 0, -1, 1])  # towards the light is near


def test_a_ball_alone_sees_the_sky_and_one_inside_another_does_not(face, opengl) -> None:
    skin = face.parts[0]
    own = np.unique(skin.faces)
    inner = face.neutral.copy()
    inner[own] *= 0.5
    shell = Face(
        np.concatenate([face.neutral, inner]),
        np.concatenate([face.uv, face.uv]),
        np.concatenate([face.weld, face.weld + len(face.weld)]),
        (skin, Part("inside", skin.faces + len(face.neutral), skin.material)),
    )
    sky = Renderer(shell, 64)._scene.open_sky
    assert sky[own].mean() > 0.93
    assert sky[own + len(face.neutral)].max() < FLOOR + 0.1


def test_only_the_lowest_open_edge_fades(face) -> None:
    assert (solidity(face) == 1).all()  # the balls are closed, and the fringe's edge is hair's own
    skin = face.parts[0]
    middle = face.neutral[skin.faces].mean(axis=1)
    hole = (np.abs(middle[:, 0]) < 0.02) & (np.abs(middle[:, 1]) < 0.02) & (middle[:, 2] > 0)
    cut = Part("skin", skin.faces[(face.neutral[skin.faces][..., 1] > -0.065).all(axis=1) & ~hole], skin.material)
    solid = solidity(replace(face, parts=(cut, *face.parts[1:])))
    used = np.unique(cut.faces)
    height = face.neutral[used, 1]
    assert solid[used[height < height.min() + 1e-4]].max() < 0.01
    assert (solid[used[height > height.min() + FADE]] == 1).all() and hole.any()
