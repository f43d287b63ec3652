"""Flicker of films: known changes, what is face and what is background, and the shipped model's."""

from __future__ import annotations

import numpy as np

from talkdemo.evaluate.portraits import flicker
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait


def test_changes_of_known_frames() -> None:
    frames = np.zeros((3, 4, 4, 3), np.uint8)
    where = np.zeros((4, 4), bool)
    where[:2] = True
    assert flicker.changes(frames, where) == (0, 0)
    frames[1, 0, 0, 0], frames[1:, 3] = 24, 200  # one number of 24 in a frame, and what is not looked at
    assert flicker.changes(frames, where) == (2 * 24 / (2 * 24), 24)
    assert flicker.changes(frames[:1], where) == (0, 0)


def test_face_and_background(maya: Portrait) -> None:
    face, behind = flicker.regions(maya)
    assert face[tuple(maya.landmarks[30].astype(int)[::-1])] and behind[:5, :5].all()
    assert not (face & behind).any() and face.mean() > 0.2 and behind.mean() > 0.02


def test_still_landmarks_make_a_still_film(maya: Portrait) -> None:
    """Below a grey level, though the landmarks tremble; nothing moves behind a head that speaks and turns."""
    rows = flicker.evaluate(Expresser.load(), {"maya": maya}).rows
    found = {str(case): (mean, most) for _, case, mean, most in rows}
    assert found["still landmarks"] == (0, 0)
    assert found["landmarks that tremble by 0.1 pixels"][0] < 1
    assert found["speech: the background"] == (0, 0)
    assert found["speech: the face"][0] > 0.2
