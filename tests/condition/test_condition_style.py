"""Style vectors: length 1, blind to what was not measured, order counts; the condition that is made of them."""

import numpy as np
import pytest
import torch

from talkdemo.condition.style import StyleConfig, StyleEncoder, StyleLibrary, StyleLibraryConfig, blend
from talkdemo.records import Motion, Reference


@pytest.fixture(scope="module")
def encoder() -> StyleEncoder:
    torch.manual_seed(0)
    return StyleEncoder(StyleConfig(style=16, width=32, layers=2)).eval()


def clip(frames: int = 150, seed: int = 0, fps: float = 25) -> Reference:
    rng = np.random.default_rng(seed)
    coefficients = rng.random((frames, 52), np.float32)
    return Reference("clip", Motion(coefficients, 0.1 * rng.standard_normal((frames, 3)).astype(np.float32), fps))


def test_a_style_has_length_one_for_clips_of_any_length(encoder):
    for frames in (25, 60, 100, 101, 260):
        style = encoder.embed(clip(frames))
        assert style.shape == (16,) and float(style.norm()) == pytest.approx(1, abs=1e-5)


def test_what_was_not_measured_does_not_count(encoder):
    """A masked channel may hold anything; one that is known may not."""
    one = clip()
    mask = np.ones(55, bool)
    mask[[3, 52, 53, 54]] = False
    changed = one.motion.coefficients.copy()
    changed[:, 3] = 0.9
    other = Motion(changed, one.motion.head + 1)
    assert torch.allclose(
        encoder.embed(Reference("a", one.motion, mask)), encoder.embed(Reference("b", other, mask)), atol=1e-6
    )
    assert not torch.allclose(encoder.embed(one), encoder.embed(Reference("b", other)), atol=1e-3)


def test_the_order_of_frames_counts(encoder):
    """Shuffled frames are another manner: the published encoder cannot tell them apart."""
    one = clip(100)
    order = np.random.default_rng(1).permutation(100)
    shuffled = Reference("s", Motion(one.motion.coefficients[order], one.motion.head[order]))
    assert not torch.allclose(encoder.embed(one), encoder.embed(shuffled), atol=1e-3)


def test_a_clip_of_one_window_is_that_window(encoder):
    one = clip(100)
    tracks = torch.from_numpy(np.c_[one.motion.coefficients, one.motion.head]).float()[None]
    with torch.no_grad():
        assert torch.allclose(encoder.embed(one), encoder(tracks, torch.ones(1, 55))[0], atol=1e-6)


@pytest.mark.parametrize(
    ("bad", "words"), [(clip(20), "0.8 s of motion; at least 1 s"), (clip(fps=30), "30 frames a second; 25")]
)
def test_clips_that_cannot_be_used(encoder, bad, words):
    with pytest.raises(ValueError, match=words):
        encoder.embed(bad)


def test_a_blend_lies_between():
    one, other = torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0])
    middle = blend([(one, 0.5), (other, 0.5)])
    assert torch.allclose(middle, torch.tensor([0.5**0.5, 0.5**0.5, 0]))
    assert torch.equal(blend([(one, 2.0), (other, 0.0)]), one)
    for weights in ((0, 0), (1, -1)):
        with pytest.raises(ValueError, match="0 or more, and one above 0"):
            blend([(one, weights[0]), (other, weights[1])])


def test_the_condition_attends_to_the_speech_and_can_be_dropped():
    torch.manual_seed(0)
    library = StyleLibrary(StyleLibraryConfig(style=16, width=8, features=6, heads=2)).eval()
    torch.nn.init.normal_(library.personal.weight)
    torch.nn.init.normal_(library.null)
    style, features = torch.randn(2, 16), torch.randn(2, 7, 6)
    both = library(style, features)
    assert both.shape == (2, 8)
    assert torch.allclose(both[1:], library(style[1:], features[1:]), atol=1e-6)  # rows do not mix
    assert not torch.allclose(both, library(style, features + 1), atol=1e-3)
    dropped = library(style, features, torch.tensor([True, False]))
    assert torch.equal(dropped[0], library.null) and torch.allclose(dropped[1], both[1])
