"""Smoothing of windows that continue known frames."""

import numpy as np
import pytest
import torch

from talkdemo.diffusion.smoothing import smoothed
from talkdemo.records import FPS


def wave(hertz: float, frames: int) -> torch.Tensor:
    return torch.sin(2 * torch.pi * hertz * torch.arange(frames) / FPS)[None, :, None]


@pytest.mark.parametrize(("hertz", "kept"), [(0.5, 1.0), (1.5, 0.94), (3.0, 0.5), (9.0, 0.018)])
def test_slow_movements_stay_and_fast_ones_go(hertz: float, kept: float) -> None:
    whole = wave(hertz, 202)
    out = smoothed(whole[:, 2:], whole[:, :2], 3.0)
    middle = slice(60, 140)  # away from both ends
    ratio = out[0, middle, 0].norm() / whole[0, 2:][middle, 0].norm()
    assert abs(float(ratio) - kept) < 0.02


def test_a_straight_line_goes_on_as_it_is() -> None:
    line = torch.linspace(-1, 3, 52)[None, :, None].expand(2, -1, 3)
    out = smoothed(line[:, 2:], line[:, :2], 2.0)
    np.testing.assert_allclose(out, line[:, 2:], atol=1e-4)


def test_a_jump_after_the_known_frames_becomes_a_way() -> None:
    out = smoothed(torch.ones(1, 50, 1), torch.zeros(1, 4, 1), 3.0)[0, :, 0]
    assert 0 < out[0] < 0.6 and out[:4].diff().max() < 0.6 and abs(float(out[-1]) - 1) < 1e-3


@pytest.mark.parametrize("hertz", [0, 12.5, -1])
def test_what_no_frame_rate_shows_is_refused(hertz: float) -> None:
    with pytest.raises(ValueError, match="Hz is wanted"):
        smoothed(torch.zeros(1, 8, 1), torch.zeros(1, 2, 1), hertz)
