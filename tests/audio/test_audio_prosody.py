"""Loudness and pitch of sounds whose loudness and pitch are known."""

from __future__ import annotations

import time

import numpy as np
import pytest

from talkdemo.audio.prosody import energy, pitch
from talkdemo.records import SAMPLE_RATE, Speech


def buzz(frequency: np.ndarray | float, seconds: float = 1.0, harmonics: int = 12) -> np.ndarray:
    """A voice-like tone (N,): harmonics that fall by 6 dB an octave; frequency may move."""
    count = round(seconds * SAMPLE_RATE)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(frequency, count)) / SAMPLE_RATE
    return (0.2 * sum(np.sin(k * phase) / k for k in range(1, harmonics + 1))).astype(np.float32)


@pytest.mark.parametrize("hertz", [70, 95, 120, 180, 240, 330, 470])
@pytest.mark.parametrize("snr", [60, 15])
def test_pitch_of_a_tone(hertz: float, snr: float) -> None:
    tone = buzz(hertz)
    noise = np.random.default_rng(0).normal(0, tone.std() * 10 ** (-snr / 20), len(tone))
    track = pitch(Speech((tone + noise).astype(np.float32)))
    assert track.shape == (25,) and track.dtype == np.float32
    assert (track[1:-1] > 0).all()
    assert np.allclose(track[1:-1], hertz, rtol=0.02)


def test_pitch_follows_a_glide() -> None:
    hertz = np.geomspace(110, 220, 2 * SAMPLE_RATE)
    track = pitch(Speech(buzz(hertz, 2.0)))
    middles = hertz[320::640]
    assert np.allclose(track[1:-1], middles[1:-1], rtol=0.03)


def test_noise_hiss_rumble_and_silence_have_no_pitch() -> None:
    generator = np.random.default_rng(1)
    white = generator.normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    assert (pitch(Speech(white)) > 0).mean() < 0.1
    hiss = np.diff(white, n=3).astype(np.float32)
    assert (pitch(Speech(hiss)) > 0).mean() < 0.1
    rumble = 0.1 * np.sin(2 * np.pi * 20 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    assert (pitch(Speech(rumble + 0.01 * white)) > 0).mean() < 0.1
    assert not pitch(Speech(np.zeros(SAMPLE_RATE, np.float32))).any()


def test_energy_of_bursts_is_one_and_of_pauses_nought() -> None:
    generator = np.random.default_rng(2)
    sound = buzz(120, 4.0)
    on = (np.arange(len(sound)) // SAMPLE_RATE) % 2 == 1
    for floor in (0.0, 1e-4, 0.01):
        track = energy(Speech((sound * on + floor * generator.normal(size=len(sound))).astype(np.float32)))
        inside = track.reshape(4, 25)[:, 3:-3]
        assert np.allclose(inside[[1, 3]], 1, atol=0.1)
        assert (inside[[0, 2]] < 0.15).all()


def test_energy_does_not_care_for_gain() -> None:
    sound = buzz(150, 2.0) * np.repeat([0, 1, 0.3, 1], SAMPLE_RATE // 2).astype(np.float32)
    assert np.allclose(energy(Speech(sound)), energy(Speech(0.1 * sound)), atol=1e-3)


def test_silence_has_no_energy() -> None:
    assert not energy(Speech(np.zeros(8000, np.float32))).any()
    quiet = np.random.default_rng(3).normal(0, 1e-4, 8000).astype(np.float32)
    assert not energy(Speech(quiet)).any()


@pytest.mark.parametrize("count", [1, 100, 639, 640, 641, 3200])
def test_as_many_values_as_frames(count: int) -> None:
    speech = Speech(np.full(count, 0.1, np.float32))
    assert energy(speech).shape == pitch(speech).shape == (speech.frames,)


def test_fast() -> None:
    speech = Speech(buzz(130, 10.0))
    pitch(speech)
    began = time.perf_counter()
    pitch(speech)
    energy(speech)
    assert time.perf_counter() - began < 1.0  # measured: 0.04 s; a loaded machine gets time
