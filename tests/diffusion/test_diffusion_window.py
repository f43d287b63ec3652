"""Windows cover speech of any length once; each hears its own features and continues the one before."""

import itertools

import pytest
import torch

from talkdemo.diffusion.window import FADE, LOOKAHEAD, generate, padded_frames, windows


@pytest.mark.parametrize("frames", [1, 5, 99, 100, 101, 188, 189, 250, 15_000])
def test_windows_cover_every_frame_once(frames):
    plan = windows(frames, 100)
    assert plan[0].start == 0
    for a, b in itertools.pairwise(plan):
        assert a.start + a.keep == b.start
        assert a.keep == 100 - LOOKAHEAD
    assert plan[-1].start + plan[-1].keep == frames
    assert padded_frames(frames, 100) >= frames


def test_no_frames_is_refused():
    with pytest.raises(ValueError, match="0 frames"):
        windows(0, 100)


def test_windows_shorter_than_the_lookahead_are_refused():
    with pytest.raises(ValueError, match=f"12 frames.*lookahead of {LOOKAHEAD}"):
        windows(50, LOOKAHEAD)


def test_generate_hands_on_features_and_previous_frames():
    frames, length, p = 230, 100, 10
    features = torch.arange(padded_frames(frames, length), dtype=torch.float32)[:, None] + 1
    first = torch.full((2, p, 1), -1.0)
    seen = []

    def copy_features(window_features, previous, window):
        seen.append(previous[0, :, 0].clone())
        return window_features[p:].expand(2, -1, -1)

    made = torch.cat(list(generate(copy_features, [features], first, frames, length)), dim=1)
    assert made.shape == (2, frames, 1)
    assert torch.equal(made[0, :, 0], torch.arange(frames) + 1.0)
    assert torch.equal(seen[0], torch.full((p,), -1.0))
    assert torch.equal(seen[1], torch.arange(88 - p, 88) + 1.0)


def test_windows_that_disagree_are_faded_into_one_another():
    frames, length, p = 150, 100, 10
    features = torch.zeros(padded_frames(frames, length), 1)
    level = iter([0.0, 1.0])

    def constant(window_features, previous, window):
        return torch.full((1, length, 1), next(level))

    made = torch.cat(list(generate(constant, [features], torch.zeros(1, p, 1), frames, length)), dim=1)[0, :, 0]
    border = length - LOOKAHEAD
    assert torch.equal(made[:border], torch.zeros(border))
    assert torch.allclose(made[border : border + FADE], torch.arange(1, FADE + 1) / (FADE + 1))
    assert torch.equal(made[border + FADE :], torch.ones(frames - border - FADE))


def test_slow_channels_fade_over_the_whole_lookahead():
    frames, length, p = 150, 100, 10
    features, level = torch.zeros(padded_frames(frames, length), 1), iter([0.0, 1.0])

    def constant(window_features, previous, window):
        return torch.full((1, length, 4), next(level))

    slow = slice(-3, None)
    made = torch.cat(list(generate(constant, [features], torch.zeros(1, p, 4), frames, length, slow)), dim=1)[0]
    border = length - LOOKAHEAD
    share = torch.arange(1, LOOKAHEAD + 1) / (LOOKAHEAD + 1)
    assert torch.allclose(made[border : border + LOOKAHEAD, 1:], (share**2 * (3 - 2 * share))[:, None].expand(-1, 3))
    assert torch.equal(made[border + FADE :, 0], torch.ones(frames - border - FADE))
    assert torch.equal(made[border + LOOKAHEAD :, 1:], torch.ones(frames - border - LOOKAHEAD, 3))
