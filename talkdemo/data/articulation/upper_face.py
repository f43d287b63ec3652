"""Eyes, lids, brows and cheeks of a speaker, as named ARKit tracks at 25 fps.

Blinks come at log-normal intervals and have the lopsided shape of real captures (half-way shut in about 50 ms, open
again in about 70 ms with a long tail); gaze moves by saccades on the main sequence (Bahill et al. 1975: 2.2 ms per
degree + 21 ms), holds still in between, turns against the head, and takes the upper lid along.
"""

import numpy as np
from numpy.random import Generator

from talkdemo.data.articulation.emotions import Emotion
from talkdemo.data.articulation.noise import smooth_noise
from talkdemo.data.articulation.prosody import PAUSE, Prosody
from talkdemo.data.articulation.styles import Style
from talkdemo.records import FPS

ASIDE, UP, DOWN = 24.0, 15.0, 20.0  # degrees by which face.head turns an eye at coefficient 1
BLINK_SIGMA = 0.55  # of the log of the interval
Saccades = list[tuple[float, float]]  # time s, size degrees


def upper_face(
    prosody: Prosody, style: Style, emotion: Emotion, head: np.ndarray, generator: Generator
) -> dict[str, np.ndarray]:
    """Tracks (T,) by ARKit name; the eyes compensate for `head` (T, 3), radians."""
    frames = len(head)
    time = (np.arange(frames) + 0.5) / FPS
    gaze, saccades = _gaze(prosody, style, emotion, time, generator)
    eye = gaze - np.degrees(head[:, [1, 0]]) * [1.0, -1.0]  # yaw to the left, pitch up, relative to the head
    eye += 0.25 * smooth_noise(generator, frames, 1.5, FPS, 2)  # drift of fixation
    left = eye[:, 0] / ASIDE
    up = eye[:, 1] / np.where(eye[:, 1] > 0, UP, DOWN)
    tracks = {
        "eyeLookOutLeft": np.maximum(left, 0), "eyeLookInRight": np.maximum(left, 0),
        "eyeLookInLeft": np.maximum(-left, 0), "eyeLookOutRight": np.maximum(-left, 0),
        "eyeLookUpLeft": np.maximum(up, 0), "eyeLookUpRight": np.maximum(up, 0),
    }  # fmt: skip
    blink = _blinks(prosody, style, emotion, saccades, time, generator)
    down = np.maximum(-up, 0) + 0.10 * blink  # the eye dips under the closing lid
    droop = style.lid_droop + 0.02 * smooth_noise(generator, frames, 0.15, FPS)[:, 0]
    lid = np.clip(droop + 0.18 * np.maximum(-up, 0), 0, 0.5)
    for side in ("Left", "Right"):
        tracks[f"eyeLookDown{side}"] = down
        tracks[f"eyeBlink{side}"] = lid + (1 - lid) * blink
        tracks[f"eyeWide{side}"] = 0.25 * np.maximum(up, 0) * (1 - blink)
    tracks |= _brows(prosody, style, emotion, up, time, generator)
    squint = style.squint * (1 + 0.3 * smooth_noise(generator, frames, 0.2, FPS)[:, 0]) + 0.08 * blink
    for side in ("Left", "Right"):
        tracks[f"eyeSquint{side}"] = np.maximum(squint, 0)
        tracks[f"cheekSquint{side}"] = np.maximum(0.03 + 0.05 * blink, 0)
        tracks[f"noseSneer{side}"] = np.full(frames, 0.02)
    return tracks


def blink_shape(tau: np.ndarray, length: float, hold: float) -> np.ndarray:
    """Closing to opening of one blink; tau seconds from the moment the lids meet, `length` a factor on time."""
    closing = np.clip(1 + tau / (0.085 * length), 0, 1)
    closing = closing**2 * (3 - 2 * closing)
    after = np.maximum(tau - hold, 0) / length
    opening = np.exp(-((after / 0.085) ** 1.35))
    return np.where(tau <= 0, closing, opening)


def _blinks(
    prosody: Prosody, style: Style, emotion: Emotion, saccades: Saccades, time: np.ndarray, generator: Generator
) -> np.ndarray:
    """(T,) 0 open … 1 shut. Half of the phrase ends and some large saccades attract the next blink."""
    end = time[-1] if len(time) else 0.0
    mean = 60 / (style.blink_rate * emotion.blinks)
    magnets = [stop + generator.uniform(-0.08, 0.2) for _, stop in prosody.phrases if generator.random() < 0.5]
    magnets += [moment for moment, size in saccades if size > 7 and generator.random() < 0.4]
    magnets.sort()
    out = np.zeros(len(time))
    now = -generator.random() * mean
    while True:
        interval = mean * np.exp(BLINK_SIGMA * generator.standard_normal() - BLINK_SIGMA**2 / 2)
        near = [m for m in magnets if now + 0.6 < m < now + 2.2 * interval and abs(m - now - interval) < 1.3]
        now = min(near, key=lambda m: abs(m - now - interval)) if near else now + max(interval, 0.45)
        if now > end:
            return out
        if now < 0.1:
            continue
        length = style.blink_length * np.exp(0.16 * generator.standard_normal())
        depth = 1.0 if generator.random() < 0.86 else generator.uniform(0.55, 0.85)
        at = (np.round(now * FPS - 0.5) + 0.5) / FPS  # the lids meet on a frame, or 25 fps would miss it
        hold = generator.choice([0.0, 0.02, 0.04], p=[0.45, 0.4, 0.15])
        out = np.maximum(out, depth * blink_shape(time - at, length, hold))
        if generator.random() < 0.05:  # a double blink
            again = at + 8 / FPS
            out = np.maximum(out, 0.9 * blink_shape(time - again, length, 0.0))


def _gaze(
    prosody: Prosody, style: Style, emotion: Emotion, time: np.ndarray, generator: Generator
) -> tuple[np.ndarray, Saccades]:
    """(T, 2) degrees of gaze relative to the camera, left and up, and the saccades."""
    end = time[-1] if len(time) else 0.0
    starts = np.array([s for s, _ in prosody.phrases])
    contact = np.clip(style.gaze_contact * emotion.contact, 0.3, 0.97)
    home = np.array([0.0, -emotion.gaze_down])
    gaze = np.tile(home, (len(time), 1))
    saccades: Saccades = []
    now, point, away = -generator.uniform(0, 1.0), home, False
    while now < end:
        if away:
            now += generator.gamma(3.0, 0.28)
        else:
            now += generator.gamma(2.0, 0.45)
        near_start = len(starts) and np.min(np.abs(starts - now)) < 0.4
        leave = (1 - contact) * (2.0 if near_start else 1.3)
        if (away and generator.random() < 0.7) or generator.random() > leave:
            new, away = home + generator.normal(0, [0.9, 0.6]), False
        else:
            side = 1 if generator.random() < 0.5 + 0.35 * style.gaze_side else -1
            new = home + style.gaze_span * np.array([side * generator.gamma(3.5, 2.2), generator.normal(-1.0, 3.2)])
            new, away = np.clip(new, [-17, -11], [17, 8]), True
        size = float(np.hypot(*(new - point)))
        duration = 0.0022 * size + 0.021
        x = np.clip((time - now) / duration + 0.5, 0, 1)
        gaze += (x**2 * (3 - 2 * x))[:, None] * (new - point)
        saccades.append((now, size))
        point = new
    return gaze, saccades


def _brows(
    prosody: Prosody, style: Style, emotion: Emotion, up: np.ndarray, time: np.ndarray, generator: Generator
) -> dict[str, np.ndarray]:
    """Raises and frowns on accents, raises on questions, a slow drift; brows follow the eyes up."""
    raised, lowered = np.zeros(len(time)), np.zeros(len(time))
    activity = style.brow_activity * emotion.brows
    for peak, strength in prosody.accents:
        if generator.random() > 0.30 + 0.45 * strength:
            continue
        size = activity * strength * np.exp(0.35 * generator.standard_normal())
        tau = time - peak + generator.uniform(0.0, 0.08)
        bump = np.exp(-0.5 * (tau / np.where(tau < 0, 0.10, generator.uniform(0.14, 0.26))) ** 2)
        if generator.random() < style.brow_raise:
            raised += 0.30 * size * bump
        else:
            lowered += 0.22 * size * bump
    for (_, stop), question in zip(prosody.phrases, prosody.questions, strict=True):
        if question:
            tau = time - stop + 0.1
            raised += 0.35 * activity * np.exp(-0.5 * (tau / np.where(tau < 0, 0.22, 0.18 + PAUSE)) ** 2)
    drift = smooth_noise(generator, len(time), 0.25, FPS, 3)
    raised += np.maximum(0.03 + 0.5 * max(style.brow_bias, 0) + 0.025 * activity * drift[:, 0], 0)
    raised += 0.35 * np.maximum(up, 0)
    lowered += np.maximum(0.02 + 0.7 * max(-style.brow_bias, 0) + 0.025 * activity * drift[:, 1], 0)
    lean = 0.22 * style.brow_asymmetry
    return {
        "browInnerUp": raised,
        "browOuterUpLeft": raised * (0.72 + lean) * (1 + 0.15 * drift[:, 2]),
        "browOuterUpRight": raised * (0.72 - lean) * (1 + 0.15 * drift[:, 2]),
        "browDownLeft": lowered * (1 + lean),
        "browDownRight": lowered * (1 - lean),
    }
