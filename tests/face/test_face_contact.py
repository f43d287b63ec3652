"""Lips meet and part where the speech requires it, and nothing else moves."""

import numpy as np
import pytest
import torch

from talkdemo.face.arkit import INDEX, indices
from talkdemo.face.contact import APART, meet_and_part, opening
from talkdemo.face.head import FaceModel


def mouth(frames: int, jaw: float) -> np.ndarray:
    faces = np.zeros((frames, 52), np.float32)
    faces[:, INDEX["jawOpen"]] = jaw
    faces[:, INDEX["mouthFunnel"]] = 0.2
    faces[:, indices("mouthUpperUp")] = 0.2
    faces[:, indices("browInnerUp")] = 0.4
    return faces


def gap(coefficients: np.ndarray) -> np.ndarray:
    """(T,) millimetres on the head."""
    face = FaceModel.load()
    upper, lower = (int(i) for i in face.inner_lip_middle)
    points = face(torch.from_numpy(coefficients), None)[:, [upper, lower]]
    return 1000 * (points[:, 0] - points[:, 1]).norm(dim=-1).numpy()


@pytest.mark.parametrize("jaw", [0.1, 0.3, 0.6])
def test_lips_meet_on_the_head_where_they_are_heard_to_meet(jaw):
    bilabial, vowel = np.zeros(9), np.zeros(9)
    bilabial[4:6] = 0.9
    before = mouth(9, jaw)
    after = meet_and_part(before, bilabial, vowel)
    assert gap(after)[4:6].max() < 1.0 < gap(before)[4]
    assert np.array_equal(np.delete(after, [4, 5], 0), np.delete(before, [4, 5], 0))
    assert np.array_equal(after[:, INDEX["browInnerUp"]], before[:, INDEX["browInnerUp"]])


@pytest.mark.parametrize(("beside", "shut"), [((0.2, 0.1), [3, 4]), ((0.1, 0.2), [4, 5])])
def test_a_closure_of_one_frame_is_held_for_a_second_the_likelier_one(beside, shut):
    bilabial = np.zeros(9)
    bilabial[[3, 5]], bilabial[4] = beside, 0.9
    after = meet_and_part(mouth(9, 0.3), bilabial, np.zeros(9))
    assert np.flatnonzero(opening(after) == 0).tolist() == shut
    first = meet_and_part(mouth(2, 0.3), np.array([0.9, 0.0]), np.zeros(2))
    assert (opening(first) == 0).all() and opening(meet_and_part(mouth(1, 0.3), np.ones(1), np.zeros(1)))[0] == 0


def test_lips_part_on_a_vowel_and_a_closure_beside_it_still_shuts():
    shut = np.zeros((5, 52), np.float32)
    bilabial, vowel = np.array([0, 0.1, 0.9, 0, 0.0]), np.array([0.9, 0.8, 0.0, 0.9, 0.1])
    after = meet_and_part(shut, bilabial, vowel)
    assert opening(after)[0] == pytest.approx(APART, abs=1e-6)
    assert (opening(after)[1:3] == 0).all() and opening(after)[3] == pytest.approx(APART, abs=1e-6)
    assert np.array_equal(after[4], shut[4])


def test_nothing_changes_when_nothing_is_heard_or_the_amount_is_zero():
    faces = mouth(6, 0.3)
    quiet, loud = np.full(6, 0.25), np.ones(6)
    assert np.array_equal(meet_and_part(faces, quiet, quiet), faces)
    assert np.array_equal(meet_and_part(faces, loud, loud, amount=0.0), faces)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match=r"6 frames of motion, \(5, 6\)"):
        meet_and_part(mouth(6, 0.1), np.zeros(5), np.zeros(6))
