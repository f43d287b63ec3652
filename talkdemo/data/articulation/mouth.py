"""Mouth and jaw of a speaker by dominance blending, and the frames on which lips must meet or part.

Cohen & Massaro 1993: every phone s has a dominance D_s(t) = α_s exp(−|τ| / reach) in each group of articulators,
τ = distance from its core; a track is Σ D_s(t) T_s / Σ D_s(t). Short phones sit inside their neighbours' dominance and
do not reach their targets: this is undershoot. Computed at 100 Hz, smoothed, sampled at the middle of each frame.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from talkdemo.audio.phones import BILABIAL, LABIODENTAL, SILENCE, VOWELS
from talkdemo.data.articulation.noise import smooth_noise
from talkdemo.data.articulation.prosody import PAUSE, Prosody
from talkdemo.data.articulation.styles import Style
from talkdemo.data.articulation.visemes import GROUPS, REACH, TARGETS, TRACK, TRACKS
from talkdemo.records import FPS

RATE = 100  # Hz of the dominance functions
SMOOTH = {"jaw": 0.020, "closure": 0.010, "rounding": 0.028, "lips": 0.020}  # seconds, σ of the muscles' low-pass
STRESS = {0: 0.90, 1: 1.10, 2: 1.0}
RELEASE = 0.10  # seconds the last phone holds on into a pause before the mouth begins to close


def mouth_tracks(prosody: Prosody, style: Style, generator: np.random.Generator, frames: int) -> np.ndarray:
    """(T, len(TRACKS)) targets of the mouth after blending and style, before emotion and forced closures."""
    start, end, onset, targets, weights = _gestures(prosody, style, generator)
    time = np.arange(int(np.ceil(frames / FPS * RATE)) + 1) / RATE
    fine = np.empty((len(time), len(TRACKS)))
    middle, half = (start + end) / 2, (end - start) / 2 * onset
    delta = time[:, None] - middle[None, :]
    outside = np.maximum(np.abs(delta) - half[None, :], 0)  # (t, P) seconds from each gesture's core
    for g, (group, tracks) in enumerate(GROUPS.items()):
        before, after = (reach * style.undershoot for reach in REACH[group])
        dominance = np.exp(-outside / np.where(delta < 0, before, after)) * weights[None, :, g] + 1e-9
        columns = [TRACK[t] for t in tracks]
        blended = dominance @ targets[:, columns] / dominance.sum(axis=1, keepdims=True)
        fine[:, columns] = gaussian_filter1d(blended, SMOOTH[group] * RATE, axis=0, mode="nearest")
    at = (np.arange(frames) + 0.5) / FPS * RATE
    low = np.minimum(at.astype(int), len(time) - 2)
    part = (at - low)[:, None]
    tracks = fine[low] * (1 - part) + fine[low + 1] * part
    return _styled(tracks, prosody, style, generator)


def _gestures(prosody: Prosody, style: Style, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
    """One row per viseme: start, end (P,), core share (P,), targets (P, tracks) and weights (P, groups)."""
    rows: list[tuple[float, float, float]] = []
    targets: list[np.ndarray] = []
    weights: list[list[float]] = []
    jaw, closure = TRACK["jawOpen"], TRACK["closure"]
    opening = [i for i in range(len(TRACKS)) if i != closure]
    for phone, loudness in zip(prosody.segments, prosody.loudness, strict=True):
        entry = TARGETS[phone.label]
        cut = phone.start + entry.first * (phone.end - phone.start)
        spans = [(phone.start, cut), (cut, phone.end)][: len(entry.visemes)]
        effort = 1 + 0.22 * style.loudness_response * loudness
        spread = 0.10 * style.variability
        for viseme, (start, end) in zip(entry.visemes, spans, strict=True):
            row = np.zeros(len(TRACKS))
            for name, value in viseme.targets.items():
                row[TRACK[name]] = value
            factor = weight = 1.0
            core = 0.5
            if phone.label == SILENCE:
                length = end - start
                weight = float(np.clip((length - 0.06) / (PAUSE - 0.06), 0.04, 1.0))
                before = RELEASE if start > 0 else 0.0
                start, end = start + min(before, 0.35 * length), end - min(style.anticipation, 0.45 * length)
                core = 0.98
            elif phone.label in VOWELS:
                factor = effort * STRESS.get(phone.stress, 1.0) * np.exp(spread * generator.standard_normal())
            else:
                factor = 1 + 0.5 * (effort - 1)
                core = 0.6
            row[jaw] *= factor
            row[opening] *= np.exp(spread * generator.standard_normal(len(opening)))
            rows.append((start, end, core))
            targets.append(row)
            weights.append([own * weight for own in viseme.weights])
    start, end, core = np.array(rows).T
    return start, end, core, np.array(targets), np.array(weights)


def _styled(tracks: np.ndarray, prosody: Prosody, style: Style, generator: np.random.Generator) -> np.ndarray:
    """Style gains and slow drift of effort over the utterance."""
    frames = len(tracks)
    drift = 1 + 0.07 * style.variability * (
        smooth_noise(generator, frames, 0.35, FPS, 2) + 0.6 * generator.standard_normal(2)
    )
    drift = np.clip(drift, 0.75, 1.3)
    gain = np.ones((frames, len(TRACKS)))
    gain[:, TRACK["jawOpen"]] = style.jaw_gain * drift[:, 0]
    for name in GROUPS["rounding"]:
        gain[:, TRACK[name]] = style.rounding * drift[:, 1]
    for name in GROUPS["lips"]:
        gain[:, TRACK[name]] = style.lip_gain * drift[:, 1]
    gain[:, TRACK["mouthUpperUp"]] *= 0.4 + 1.2 * style.upper_lip
    gain[:, TRACK["mouthLowerDown"]] *= 1.6 - 1.2 * style.upper_lip
    for name in ("mouthPress", "mouthRollUpper", "cheekPuff"):
        gain[:, TRACK[name]] = style.closure_press
    return np.clip(tracks * gain, 0, 1)


def closures(prosody: Prosody, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the lips must meet, (T,) bool, and where they must be apart, (T,) bool, on the frame grid.

    A /p b m/ holds every frame whose middle lies in it, and at least the nearest one: a closure can be shorter than a
    frame and must still be visible.
    """
    shut, apart = np.zeros(frames, bool), np.zeros(frames, bool)
    middles = (np.arange(frames) + 0.5) / FPS
    for phone in prosody.segments:
        inside = (middles >= phone.start) & (middles < phone.end)
        if phone.label in VOWELS:
            apart |= inside
        if phone.label in BILABIAL:
            shut |= inside
            if not inside.any():
                shut[int(np.argmin(np.abs(middles - (phone.start + phone.end) / 2)))] = True
    return shut, apart & ~shut


def labiodentals(prosody: Prosody, frames: int) -> np.ndarray:
    """(T,) bool: the frames in which the lower lip must touch the upper teeth."""
    held = np.zeros(frames, bool)
    for phone in prosody.segments:
        if phone.label in LABIODENTAL:
            held[int(np.clip((phone.start + phone.end) / 2 * FPS, 0, frames - 1))] = True
    return held
