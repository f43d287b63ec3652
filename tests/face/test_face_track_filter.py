"""The tracker's signal part against known signals: rests grow still, blinks and closures stay, smiles are not taken."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from talkdemo.face.arkit import INDEX
from talkdemo.face.track import filter as track_filter
from talkdemo.face.track.video import mirror

BLINK = [0.25, 0.8, 0.9, 0.5, 0.2]  # 0.2 s
CLOSURE = [0.15, 0.02, 0.2]  # of lips that are 0.35 apart


def clip(sd: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(500, 3) of a rest, blinks and closures with noise of standard deviation `sd`; the truth; where the two are."""
    truth = np.tile([0.3, 0.0, 0.35], (500, 1))
    blinks, closures = np.arange(20, 490, 60), np.arange(25, 490, 50)
    for at in blinks:
        truth[at : at + 5, 1] = BLINK
    for at in closures:
        truth[at : at + 3, 2] = CLOSURE
    noisy = truth + np.random.default_rng(0).normal(0, sd, truth.shape)
    return noisy, truth, blinks + 2, closures + 1


@pytest.mark.parametrize("sd", [0.003, 0.005, 0.01])
def test_rest_grows_quiet_and_events_stay(sd: float) -> None:
    """Noise energy falls below a quarter; blink peaks and the depth of closures keep 90 % each, 97 % on average."""
    noisy, truth, blinks, closures = clip(sd)
    out = track_filter.quiet(noisy)
    assert np.var(noisy[:, 0] - truth[:, 0]) > 4 * np.var(out[:, 0] - truth[:, 0])
    peaks = out[blinks, 1] / 0.9
    depths = (0.35 - out[closures, 2]) / (0.35 - 0.02)
    for kept in (peaks, depths):
        assert kept.min() >= 0.9 and kept.mean() >= 0.97


def test_a_plain_mean_would_fail() -> None:
    """The test above can fail: the mean over the same 7 frames loses blinks and closures."""
    noisy, _, blinks, closures = clip(0.005)
    plain = np.apply_along_axis(lambda x: np.convolve(x, np.ones(7) / 7, "same"), 0, noisy)
    assert (plain[blinks, 1] / 0.9).max() < 0.9 and ((0.35 - plain[closures, 2]) / 0.33).max() < 0.9


def test_noise_is_measured_where_it_is_calm() -> None:
    rng = np.random.default_rng(1)
    still = rng.normal(0, 0.008, (400, 1))
    speaking = still.copy()
    speaking[100:] += 0.3 * np.abs(np.sin(np.arange(300) * 0.9))[:, None]
    assert track_filter.noise(still) == pytest.approx(0.008, rel=0.25)
    assert track_filter.noise(speaking) == pytest.approx(0.008, rel=0.25)
    assert track_filter.noise(np.zeros((400, 1))) == track_filter.MIN_NOISE


def test_levels_and_short_clips_pass_through() -> None:
    level = np.full((9, 52), 0.4)
    np.testing.assert_allclose(track_filter.quiet(level), level)
    for length in (1, 2, 3, 6):
        assert track_filter.quiet(np.full((length, 52), 0.2)).shape == (length, 52)
        turns = np.tile(np.eye(3), (length, 1, 1))
        np.testing.assert_allclose(track_filter.quiet_head(turns), turns, atol=1e-9)


def test_head_noise_falls_and_nods_stay() -> None:
    times = np.arange(250) / 25
    nod = 0.15 * np.sin(2 * np.pi * 1.5 * times)[:, None] * [1, 0, 0]
    noise = np.random.default_rng(0).normal(0, 0.004, nod.shape)
    out = Rotation.from_matrix(track_filter.quiet_head(Rotation.from_rotvec(nod + noise).as_matrix())).as_rotvec()
    assert np.var(out - nod) < 0.5 * np.var(noise)
    assert np.ptp(out[5:-5, 0]) > 0.97 * np.ptp(nod[:, 0])


def test_resampled_by_time() -> None:
    """A ramp seen at uneven times comes out even; gaps are filled without overshoot; ends are held."""
    times = np.array([0.1, 0.13, 0.17, 0.3, 0.33, 0.9, 1.0, 1.1])
    coefficients = np.tile(times[:, None] / 2, (1, 52))
    turns = Rotation.from_rotvec(times[:, None] * [0.0, 0.3, 0.0]).as_matrix()
    values, rotations = track_filter.resample(times, coefficients, turns, 31)
    within = np.clip(np.arange(31) / 25, 0.1, 1.1)
    np.testing.assert_allclose(values[:, 0], within / 2, atol=1e-6)
    np.testing.assert_allclose(Rotation.from_matrix(rotations).as_rotvec()[:, 1], 0.3 * within, atol=1e-6)
    step = np.where(times < 0.5, 0.2, 0.6)[:, None] * np.ones((1, 52))
    filled, _ = track_filter.resample(times, step, turns, 31)
    assert filled.min() >= 0.2 - 1e-9 and filled.max() <= 0.6 + 1e-9


def test_resting_brows_go_and_a_kept_smile_stays() -> None:
    brow, smile, jaw = INDEX["browDownLeft"], INDEX["mouthSmileLeft"], INDEX["jawOpen"]
    face = np.zeros((100, 52))
    face[:, brow], face[40:60, brow] = 0.3, 0.8
    face[:, smile] = 0.6
    face[::2, jaw] = 0.5
    offset = track_filter.neutral(face)
    out = track_filter.without_neutral(face, offset)
    assert offset[brow] == pytest.approx(0.3) and out[:30, brow].max() < 1e-9 and out[50, brow] > 0.7
    assert offset[smile] == track_filter.LIMIT["mouthSmile"] and out[:, smile].min() > 0.5
    assert offset[jaw] == 0 and out[:, jaw].max() == 0.5
    assert track_filter.without_neutral(np.ones((1, 52)), offset).min() == 1


def test_the_camera_goes_and_a_tilt_stays() -> None:
    rng = np.random.default_rng(0)
    own = rng.normal(0, 0.05, (200, 3))
    own -= np.median(own, axis=0)
    own[:, 2] += np.radians(5)
    low_camera = Rotation.from_euler("YXZ", [0.2, -0.3, 0.0])
    seen = (low_camera * Rotation.from_euler("YXZ", own)).as_matrix()
    camera = track_filter.camera(seen)
    left = Rotation.from_matrix(camera.T @ seen).as_euler("YXZ")
    np.testing.assert_allclose(np.median(left, axis=0), [0, 0, np.radians(5)], atol=0.012)


def test_mirror_twice_is_once() -> None:
    rng = np.random.default_rng(0)
    coefficients, head = rng.random((5, 52)), rng.normal(0, 0.2, (5, 3))
    there, turned = mirror(coefficients, head)
    assert (there[:, INDEX["eyeBlinkLeft"]] == coefficients[:, INDEX["eyeBlinkRight"]]).all()
    assert (there[:, INDEX["jawOpen"]] == coefficients[:, INDEX["jawOpen"]]).all()
    flip = np.diag([-1.0, 1, 1])  # R of a mirror image is F R F
    expected = Rotation.from_matrix(flip @ Rotation.from_rotvec(head).as_matrix() @ flip).as_rotvec()
    np.testing.assert_allclose(turned, expected, atol=1e-9)
    back, again = mirror(there, turned)
    assert (back == coefficients).all() and (again == head).all()
