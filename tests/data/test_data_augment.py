"""What augmentation may change and what not: times follow the scale, silence stays finite, pitch survives a warp."""

from __future__ import annotations

import time

import numpy as np
import pytest

from talkdemo.audio.prosody import pitch
from talkdemo.data.speech.augment import Augmentation, augment, spectral, speed
from talkdemo.records import SAMPLE_RATE, Speech

NOTHING = Augmentation(speed=0, formant=0, codec=0, equaliser=0, band=0, reverb=0, noise=0, clip=0, law=0)


def voice(seconds: float = 4.0, hertz: float = 130.0) -> np.ndarray:
    """Pulses through two resonances, on in the second and last quarter."""
    count = round(seconds * SAMPLE_RATE)
    clock = np.arange(count) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * hertz * k * clock) / (1 + ((k * hertz - 700) / 300) ** 2) for k in range(1, 30))
    on = np.isin((clock * 4 / seconds).astype(int), (1, 3))
    return (0.2 * tone * on).astype(np.float32)


def centroid(samples: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((power * np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)).sum() / power.sum())


def test_same_generator_same_sound() -> None:
    first, a = augment(voice(), np.random.default_rng(3))
    second, b = augment(voice(), np.random.default_rng(3))
    other, _ = augment(voice(), np.random.default_rng(4))
    assert a == b and np.array_equal(first, second)
    assert len(other) != len(first) or not np.array_equal(first, other)


def test_invariants_over_many_draws() -> None:
    generator, sound, scales = np.random.default_rng(0), voice(), []
    for _ in range(60):
        out, scale = augment(sound, generator, babble=voice(1.0, 200))
        assert out.dtype == np.float32 and np.isfinite(out).all() and np.abs(out).max() <= 1
        assert abs(len(out) - len(sound) * scale) <= 1
        scales.append(scale)
    assert min(scales) < 0.9 and max(scales) > 1.1 and np.mean(np.array(scales) == 1) > 0.2


def test_with_nothing_on_only_the_level_changes() -> None:
    out, scale = augment(voice(), np.random.default_rng(0), options=NOTHING)
    assert scale == 1
    assert np.corrcoef(out, voice())[0, 1] > 0.9999


def test_onsets_follow_the_time_scale() -> None:
    generator = np.random.default_rng(1)
    for _ in range(20):
        out, scale = augment(voice(), generator, options=Augmentation(noise=0, speed=1))
        onset = np.flatnonzero(np.abs(out) > 0.2 * np.abs(out).max())[0] / SAMPLE_RATE
        assert onset == pytest.approx(1.0 * scale, abs=0.03)


def test_speed_is_exact() -> None:
    out, scale = speed(voice(1.0), 1.25)
    assert scale == 0.8 and len(out) == 0.8 * SAMPLE_RATE
    assert np.median(pitch(Speech(out))[6:9]) == pytest.approx(130 * 1.25, rel=0.02)


def test_formants_move_and_pitch_does_not() -> None:
    sound = voice()
    for factor in (0.85, 1.2):
        out = spectral(sound, factor)
        assert len(out) == len(sound)
        assert centroid(out) / centroid(sound) == pytest.approx(factor, abs=0.1)
        before, after = pitch(Speech(sound)), pitch(Speech(out))
        both = (before > 0) & (after > 0)
        assert both.mean() > 0.4 and np.allclose(after[both], before[both], rtol=0.02)


def test_spectral_with_nothing_to_do_is_the_identity() -> None:
    assert np.allclose(spectral(voice()), voice(), atol=1e-5)


@pytest.mark.parametrize("samples", [np.zeros(16_000, np.float32), np.zeros(300, np.float32), np.ones(1, np.float32)])
def test_silence_and_short_sounds(samples: np.ndarray) -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        out, _ = augment(samples, generator, babble=np.zeros(100, np.float32))
        assert np.isfinite(out).all() and len(out) >= 1


def test_fast() -> None:
    sound, generator = voice(), np.random.default_rng(0)
    began = time.perf_counter()
    for _ in range(10):
        augment(sound, generator)
    assert (time.perf_counter() - began) / 10 < 0.25  # measured: 0.011 s on an idle core
