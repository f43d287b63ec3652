"""Windows cover speech of any length once; each hears its own features and continues the one before."""

import pytest
import torch

from talkdemo.diffusion.window import LOOKAHEAD, generate, padded_frames, windows


@pytest.mark.parametrize("frames", [1, 5, 99, 100, 101, 188, 189, 250, 15_000])
def test_windows_cover_every_frame_once(frames):
    plan = windows(frames, 100)
    assert plan[0].start == 0
    for a, b in zip(plan[:-1], plan[1:], strict=True):
        assert a.start + a.keep == b.start
        assert a.keep == 100 - LOOKAHEAD
    assert plan[-1].start + plan[-1].keep == frames
    assert padded_frames(frames, 100) >= frames


def test_no_frames_is_refused():
    with pytest.raises(ValueError, match="0 frames"):
        windows(0, 100)


def test_generate_hands_on_features_and_previous_frames():
    frames, length, p = 230, 100, 10
    features = torch.arange(padded_frames(frames, length), dtype=torch.float32)[:, None] + 1
    first = torch.full((2, p, 1), -1.0)
    seen = []

    def copy_features(window_features, previous, window):
        seen.append(previous[0, :, 0].clone())
        return window_features[p:].expand(2, -1, -1)

    made = torch.cat(list(generate(copy_features, features, first, frames, length)), dim=1)
    assert made.shape == (2, frames, 1)
    assert torch.equal(made[0, :, 0], torch.arange(frames) + 1.0)
    assert torch.equal(seen[0], torch.full((p,), -1.0))
    assert torch.equal(seen[1], torch.arange(88 - p, 88) + 1.0)
