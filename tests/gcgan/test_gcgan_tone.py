"""Pictures of one tone keep it, others are left alone; faces that would swell or fold are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from talkdemo.gcgan import soundness
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.flow import grid
from talkdemo.gcgan.portrait import Portrait
from talkdemo.gcgan.tone import Tone
from talkdemo.metrics.portraits.sharpness import chroma, gradient_energy


def patterned(tint: tuple[float, float, float]) -> np.ndarray:
    """(64, 64, 3) uint8 of all lightnesses in one tint."""
    light = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    return np.rint(255 * light[..., None] ** np.array(tint)).astype(np.uint8)


def test_a_grey_picture_stays_grey() -> None:
    tone = Tone.of(patterned((1, 1, 1)))
    assert tone is not None and tone.share == 1
    painted = np.full((8, 8, 3), (40, 200, 190), np.uint8)  # turquoise
    held = tone.hold(painted)
    assert np.ptp(held.astype(int), axis=2).max() <= 1
    assert chroma(painted, np.ones((8, 8))) > 30 and chroma(held, np.ones((8, 8))) < 1


def test_sepia_stays_sepia() -> None:
    sepia = patterned((0.8, 1.0, 1.4))
    tone = Tone.of(sepia)
    assert tone is not None
    assert np.abs(tone.hold(sepia).astype(int) - sepia).mean() < 3
    grey = np.full((4, 4, 3), 128, np.uint8)
    assert tone.hold(grey)[0, 0, 0] > tone.hold(grey)[0, 0, 2] + 20


def test_colours_have_no_tone() -> None:
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    assert Tone.of(image) is None


def test_a_grey_portrait_stays_grey(maya: Portrait) -> None:
    grey = np.repeat(maya.image.mean(2, keepdims=True), 3, axis=2).astype(np.uint8)
    shipped, face = Expresser.load(), Portrait(grey, maya.landmarks, "grey")
    result = shipped.express(face, shipped.preset(face, "laugh"))
    assert (result != grey).any() and np.ptp(result.astype(int), axis=2).max() <= 2


def test_folds_by_hand() -> None:
    """A warp that runs backwards across the right half is inside out there; a smooth one nowhere."""
    points = torch.tensor([[0.0, 0.0], [1.0, 1.0]]).repeat(34, 1)[None]
    at = grid(32)
    mirrored = torch.where(at[..., :1] > 0.5, (1 - 2 * at) * torch.tensor([1.0, 0.0]), torch.zeros(32, 32, 2))
    assert float(soundness.folded(mirrored[None], points)) == pytest.approx(0.5, abs=0.05)
    assert float(soundness.folded(0.1 * at[None].sin(), points)) == 0


def test_swollen_and_folded_faces_are_refused(expresser: Expresser, maya: Portrait) -> None:
    wide = maya.landmarks.copy()
    wide[:4, 0] -= 60
    with pytest.raises(ValueError, match=r"maya would swell to 1\.\d\d times its width"):
        expresser.express(maya, wide)
    folded = maya.landmarks.copy()
    folded[27:48] = folded[27:48][::-1]
    with pytest.raises(ValueError, match="maya would be folded at"):
        expresser.express(maya, folded)


def test_every_preset_is_sound_however_exaggerated(maya: Portrait) -> None:
    shipped = Expresser.load()
    for name in shipped.presets:
        target = maya.landmarks + 1.5 * (shipped.preset(maya, name) - maya.landmarks)
        straight = maya.frame.flattened(target, maya.front)
        width = soundness.outline(maya.front[:, :2], straight, maya.frame.hidden)
        assert soundness.NARROW < width < soundness.WIDE, name


def test_gradient_energy_by_hand() -> None:
    """Stripes of ±10 grey levels a pixel."""
    ramp = np.repeat((10.0 * np.arange(16))[None, :, None].repeat(16, 0), 3, axis=2)
    square = np.array([(2, 2), (12, 2), (12, 12), (2, 12)])
    assert gradient_energy(ramp, square) == pytest.approx(100)
    assert np.isnan(gradient_energy(ramp, square * 0))
