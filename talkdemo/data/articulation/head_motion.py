"""Head rotation of a speaker: base pose, sway, a posture for each phrase, nods on accents, breathing."""

import numpy as np

from talkdemo.data.articulation.emotions import Emotion
from talkdemo.data.articulation.noise import ornstein_uhlenbeck, smooth_noise
from talkdemo.data.articulation.prosody import Prosody
from talkdemo.data.articulation.styles import Style
from talkdemo.records import FPS

NOD_DEGREES = 1.25  # a full accent's nod of the middle speaker
SWAY_DEGREES = np.array([0.6, 0.9, 0.55])  # slow, standard deviation about x, y, z
LIVELY_DEGREES = np.array([0.26, 0.22, 0.15])  # quicker, while speaking


def head_rotation(
    prosody: Prosody, style: Style, emotion: Emotion, generator: np.random.Generator, frames: int
) -> np.ndarray:
    """(T, 3) rotation vectors in radians (records.Motion: +x nods down, +y turns left, +z tilts to the right)."""
    time = (np.arange(frames) + 0.5) / FPS
    tempo = style.head_frequency * emotion.tempo
    amplitude = style.head_amplitude * emotion.head
    shares = np.array([1.0, style.head_yaw_share, style.head_tilt_share])
    degrees = np.tile([style.base_pitch, style.base_yaw, style.base_roll], (frames, 1)).astype(float)
    degrees += np.array(emotion.pose) + generator.normal(0, [0.8, 1.2, 0.6])
    sway = ornstein_uhlenbeck(generator, frames, 1.6 / tempo, 0.45 * tempo, FPS, 3)
    sway[:, 2] += 0.35 * sway[:, 1]  # heads tilt a little as they turn
    degrees += sway * SWAY_DEGREES * shares * amplitude * (0.55 + 0.45 * prosody.speaking[:, None])
    lively = smooth_noise(generator, frames, 1.15 * tempo, FPS, 3)
    degrees += lively * LIVELY_DEGREES * shares * amplitude * (0.15 + 0.85 * prosody.speaking[:, None])
    degrees += _postures(prosody, time, generator) * shares * amplitude
    degrees += _nods(prosody, style, emotion, time, generator)
    breath = generator.uniform(0.2, 0.3)
    degrees[:, 0] += 0.22 * np.sin(2 * np.pi * (breath * time + generator.random()))
    return np.radians(degrees)


def _postures(prosody: Prosody, time: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(T, 3) degrees: a new posture for every phrase, taken on around its start."""
    shift = np.zeros((len(time), 3))
    last = np.zeros(3)
    for (start, _), question in zip(prosody.phrases, prosody.questions, strict=True):
        new = generator.normal(0, [0.7, 1.3, 0.65])
        if question:
            new += [-1.2, 0.0, 1.5 * generator.choice([-1, 1])]
        shift += _step((time - start + 0.2) / generator.uniform(0.5, 0.9))[:, None] * (new - last)
        last = new
    return shift


def _nods(
    prosody: Prosody, style: Style, emotion: Emotion, time: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """(T, 3) degrees: down on the accent after a small lift, back up more slowly; some accents get none."""
    out = np.zeros((len(time), 3))
    for peak, strength in prosody.accents:
        if generator.random() > style.nod_share:
            continue
        size = NOD_DEGREES * style.nod_gain * emotion.head * strength * np.exp(0.3 * generator.standard_normal())
        rise, fall = generator.uniform(0.13, 0.19), generator.uniform(0.22, 0.38)
        delay = generator.normal(0.03, 0.025)
        tau = time - peak - delay
        down = np.exp(-0.5 * (tau / np.where(tau < 0, rise * 0.75, fall * 0.75)) ** 2)
        lift = np.exp(-0.5 * ((tau + 2.1 * rise) / (rise * 0.9)) ** 2)
        out[:, 0] += size * (down - 0.32 * lift)
        out[:, 1] += size * generator.normal(0, 0.25) * down
        out[:, 2] += size * generator.normal(0, 0.18) * down
    return out


def _step(x: np.ndarray) -> np.ndarray:
    """Minimum-jerk step from 0 to 1 over x in 0..1."""
    x = np.clip(x, 0, 1)
    return x**3 * (10 - 15 * x + 6 * x**2)
