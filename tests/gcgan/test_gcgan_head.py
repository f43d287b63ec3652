"""The head that makes the expression of landmarks: known coefficients are found again, rest is rest."""

from __future__ import annotations

import numpy as np
import pytest

from talkdemo.face.arkit import INDEX, indices
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.head import HeadTwin
from talkdemo.gcgan.portrait import Portrait


@pytest.fixture
def twin(expresser: Expresser) -> HeadTwin:
    return HeadTwin(expresser)


@pytest.mark.parametrize(
    "channels", [("jawOpen",), ("mouthSmile",), ("eyeBlinkLeft",), ("browDown", "mouthPucker"), ()]
)
def test_known_expressions_are_found_again(twin: HeadTwin, channels: tuple[str, ...]) -> None:
    """Their landmarks within 1 % of the eyes' distance, the channel itself near what it was."""
    wanted = np.zeros((1, 52), np.float32)
    wanted[0, indices(*channels)] = 0.6
    points = twin.expresser.head_landmarks(wanted)[0]
    found = twin.nearest(points)
    assert found.shape == (52,) and found.min() >= 0 and found.max() <= 1
    shown = twin.expresser.head_landmarks(found[None])[0]
    assert np.linalg.norm(shown - points, axis=1).max() < 0.01 * twin.eyes
    if channels:
        assert np.allclose(found[indices(*channels)], 0.6, atol=0.25) and set(found.argsort()[-2:]) & set(
            indices(*channels)
        )
    else:
        assert found.max() < 1e-3


def test_what_landmarks_do_not_show_stays_at_rest(twin: HeadTwin) -> None:
    points = twin.rest.landmarks + np.random.default_rng(0).normal(0, 0.05 * twin.eyes, (68, 2))
    found = twin.nearest(points)
    assert found[INDEX["tongueOut"]] == 0 and (found[indices("eyeLookUp", "eyeLookIn")] == 0).all()


def test_a_portrait_is_followed_as_it_is_retargeted(twin: HeadTwin, maya: Portrait) -> None:
    """The head's landmarks are what the model makes of the portrait's."""
    found = twin.coefficients(maya, twin.expresser.preset(maya, "happy"))
    assert found.shape == (52,) and np.isfinite(found).all() and 0 <= found.min() <= found.max() <= 1
    with pytest.raises(ValueError):
        twin.coefficients(maya, np.zeros((5, 2)))
