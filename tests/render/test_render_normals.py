"""Vertex normals against a plain loop, and over a UV seam."""

from __future__ import annotations

import numpy as np

from talkdemo.render.normals import Normals


def test_fast_equals_plain(face) -> None:
    faces = np.concatenate([part.faces for part in face.parts])
    vertices = face.neutral + np.random.default_rng(0).normal(0, 1e-3, face.neutral.shape).astype(np.float32)
    _, first, inverse = np.unique(face.weld, return_index=True, return_inverse=True)
    vertices = vertices[first[inverse]]  # welded vertices stay together
    plain = np.zeros((len(vertices), 3))
    for a, b, c in faces:
        cross = np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a]).astype(float)
        for corner in {face.weld[a], face.weld[b], face.weld[c]}:
            plain[corner] += cross
    plain = plain[face.weld]
    length = np.linalg.norm(plain, axis=1)
    fast = Normals(faces, face.weld)(vertices)
    used = length > 1e-12
    assert used.sum() > 900
    assert np.abs(fast[used] - plain[used] / length[used, None]).max() < 1e-3
    assert np.abs(fast[~used]).max(initial=0) == 0


def test_a_ball_points_outwards_across_its_seam(face) -> None:
    normals = Normals(np.concatenate([part.faces for part in face.parts]), face.weld)(face.neutral)
    skin = np.unique(face.parts[0].faces)
    outwards = face.neutral[skin] / np.linalg.norm(face.neutral[skin], axis=1, keepdims=True)
    assert (np.einsum("vi,vi->v", normals[skin], outwards) > np.cos(np.radians(3))).all()
