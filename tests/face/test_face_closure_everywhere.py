"""The same coefficients close and open the lips of every character alike, so no model needs a character's shape."""

import numpy as np
import torch

from talkdemo.face.characters import CHARACTERS
from talkdemo.face.head import FaceModel
from talkdemo.reference import gallery


def test_lips_that_meet_on_one_character_meet_on_all():
    face, motion = FaceModel.load(), gallery()["crisp"].open().motion
    pair = face.inner_lip_middle.tolist()
    coefficients, still = torch.as_tensor(motion.coefficients), torch.zeros(len(motion), 3)
    gaps = {}
    with torch.no_grad():
        for name in CHARACTERS:
            points = face(coefficients, still, name)[:, pair].numpy()
            gaps[name] = 1000 * (points[:, 0, 1] - points[:, 1, 1])  # mm, along the face's up axis
    first = gaps[next(iter(CHARACTERS))]
    shut, wide = first < 0.25, np.percentile(first, 95)
    assert 20 < shut.sum() < 0.6 * len(first)
    for name, gap in gaps.items():
        assert gap[shut].max() < 0.5, name
        assert 0.85 < np.percentile(gap, 95) / wide < 1.15, name
