"""A long clip in pieces: the cuts, and sound, motion and phones that stay together."""

from __future__ import annotations

import numpy as np
import pytest

from talkdemo.data.corpora.pieces import REACH, cuts, part, pieces
from talkdemo.records import FPS, SAMPLES_PER_FRAME, Clip, Motion, Phone, Speech


def test_cuts_move_to_the_quietest_frame():
    loudness = np.ones(500)
    loudness[240:245] = 0.0
    assert cuts(loudness, 500, 250) == [0, 242, 500]
    assert cuts(np.ones(500), 500, 250) == [0, 250, 500]  # nowhere quieter: the even cut
    loudness[:] = 1.0
    loudness[205:210] = 0.0  # beyond REACH
    assert cuts(loudness, 500, 250) == [0, 250, 500]
    assert cuts(np.ones(250), 250, 250) == [0, 250]


def test_pieces_cut_sound_motion_and_phones_together():
    frames = 301
    motion = Motion(np.tile(np.arange(frames, dtype=np.float32)[:, None], 52), np.zeros((frames, 3), np.float32))
    samples = np.repeat(np.arange(frames, dtype=np.float32), SAMPLES_PER_FRAME)[:-300]  # the last frame is not whole
    clip = Clip("a", "test", Speech(samples), "train", "x", text="no", phones=(Phone(0, 7, "AA", 1), Phone(7, 12, "B")),
                motion=motion)  # fmt: skip
    parts = list(pieces(clip, 5.0))
    assert len(parts) == 3 and max(len(p.motion) for p in parts) <= (5 + 2 * REACH) * FPS
    for p in parts:
        numbers = p.motion.coefficients[:, 0]
        np.testing.assert_array_equal(p.speech.samples[::SAMPLES_PER_FRAME], numbers)
        assert p.text is None and p.phones[0].start == 0
    np.testing.assert_array_equal(np.concatenate([p.speech.samples for p in parts]), samples)
    both = part(clip, 150, 200, "b")
    assert both.phones == (Phone(0, 1, "AA", 1), Phone(1, 2, "B"))
    with pytest.raises(ValueError, match="1.0 s"):
        next(pieces(clip, 1.0))
