"""Lips on rendered video: the geometry of the gap, correlation with a real track, plain errors, MediaPipe on a jaw."""

import os

import numpy as np
import pytest

from talkdemo.data.corpora import shared
from talkdemo.evaluate import cache
from talkdemo.evaluate import rendered as er
from talkdemo.face import arkit
from talkdemo.face.track.landmarker import NAME, VARIABLE
from talkdemo.metrics.openness import openness
from talkdemo.metrics.score import means
from talkdemo.records import Clip, Motion, Phone, Speech
from talkdemo.render.raster import check


def test_gap_is_lips_over_eyes_in_pixels():
    points = np.zeros((478, 2))
    points[[13, 14, 33, 263]] = (50, 120), (50, 130), (25, 80), (75, 80)
    assert er.lip_gap(points) == pytest.approx(10 / 50)


def tracks(count: int, frames: int = 75) -> list[np.ndarray]:
    """Random smooth jaws and lips, as tracks (T, 52)."""
    made = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        track = np.zeros((frames, 52))
        for name in er.CHANNELS.values():
            track[:, arkit.INDEX[name]] = np.convolve(rng.random(frames + 8), np.ones(9) / 9, "valid")
        made.append(track)
    return made


def video(track: np.ndarray, frames: int | None = None, level: float = 0.0) -> er.LipTracks:
    jaw, pucker = (track[:frames, arkit.INDEX[name]] for name in er.CHANNELS.values())
    return er.LipTracks(jaw.copy(), 0.5 * jaw + level, pucker[::-1].copy())


def test_a_video_of_the_truth_follows_the_real_track_and_a_backward_one_does_not():
    real = tracks(12)
    found = [er.track_scores(video(track, 74), real, i) for i, track in enumerate(real)]  # a frame short is cut
    figures = {name: np.mean([one[name][0] for one in found]) for name in found[0]}
    assert figures["r_jaw"] == pytest.approx(1)
    assert abs(figures["r_pucker"]) < 0.4 and abs(figures["r_jaw_shuffled"]) < 0.4


def test_a_still_mouth_has_no_correlation_and_one_clip_no_control():
    real = tracks(1)
    still = er.LipTracks(np.zeros(75), np.zeros(75), np.zeros(75))
    assert er.track_scores(still, real, 0) == {}
    assert set(er.track_scores(video(real[0]), real, 0)) == {"r_jaw", "r_pucker"}


def test_figures_are_those_the_clips_allow():
    phones = (
        Phone(0, 1, "SIL"),
        Phone(1, 1.6, "AA"),
        Phone(1.6, 1.8, "B"),
        Phone(1.8, 2.6, "AA"),
        Phone(2.6, 3, "SIL"),
    )
    speech = Speech(np.zeros(48_000, np.float32))
    track = tracks(1)[0].astype(np.float32)
    spoken = Clip("a", "made", speech, "held-out", "Ada", phones=phones)
    gap = openness(phones, 75)
    motion, lips = Motion(track, track[:, :3]), er.LipTracks(gap, gap, gap)
    (scores,) = er.evaluate_rendered([spoken], [motion], lambda motion: lips)
    assert means(scores) == pytest.approx({"hits": 100, "false": 0, "vowel_hits": 0, "r_phones": 1}, abs=1e-3)
    two, _ = er.evaluate_rendered(
        [spoken] * 2, [Motion(track, track[:, :3])] * 2, lambda motion: er.LipTracks(gap, gap, gap)
    )
    assert two["r_phones_shuffled"][0] == pytest.approx(1, abs=1e-3)  # the other clip says the same here
    real = Clip("b", "made", speech, "held-out", "Ada", motion=motion)
    (scores,) = er.evaluate_rendered([real], [real.motion], lambda motion: video(track))
    assert set(scores) == {"r_jaw", "r_pucker"}


def test_a_motion_is_tracked_once(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "CACHE", tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "face.task"))
    (tmp_path / "face.task").write_bytes(b"task")
    lengths = []

    def track_frames(frames, fps):
        lengths.append(len(list(frames)))
        return video(tracks(1)[0])

    monkeypatch.setattr(er, "track_frames", track_frames)
    tracker = object.__new__(er.VideoTracker)
    tracker.character = "nobody"
    monkeypatch.setattr(er.VideoTracker, "frames", lambda self, motion: [None] * len(motion))
    motion = Motion(tracks(1)[0].astype(np.float32), np.zeros((75, 3), np.float32))
    first, again = tracker.track(motion), tracker.track(motion)
    assert lengths == [75] and np.array_equal(first.jaw, again.jaw)
    tracker.track(Motion(motion.coefficients, motion.head + 0.1))
    assert lengths == [75, 75]


@pytest.fixture
def landmarker(monkeypatch):
    pytest.importorskip("mediapipe")
    root = shared.root()
    if VARIABLE not in os.environ:
        if root is None or not (root / NAME).is_file():
            pytest.skip(f"no {NAME} on this machine")
        monkeypatch.setenv(VARIABLE, str(root / NAME))


@pytest.mark.slow
def test_mediapipe_sees_the_jaw_open_and_the_lips_pucker(landmarker):
    try:
        check()
    except RuntimeError as reason:
        pytest.skip(str(reason))
    jaw = np.repeat([0.0, 0.1, 0.2, 0.35, 0.5, 0.0], 2).astype(np.float32)
    coefficients = np.zeros((2 * len(jaw), 52), np.float32)
    coefficients[: len(jaw), arkit.INDEX["jawOpen"]] = jaw
    coefficients[len(jaw) :, arkit.INDEX["mouthPucker"]] = 1.5 * jaw
    motion = Motion(coefficients, np.zeros((len(coefficients), 3), np.float32))
    found = er.track_frames(er.VideoTracker().frames(motion))
    opened, puckered = slice(1, len(jaw), 2), slice(len(jaw) + 1, None, 2)
    assert np.corrcoef(found.gap[opened], jaw[1::2])[0, 1] > 0.95
    assert found.gap[len(jaw) - 1] < 0.15 * found.gap.max()
    assert np.corrcoef(found.jaw[opened], jaw[1::2])[0, 1] > 0.9
    assert np.corrcoef(found.pucker[puckered], jaw[1::2])[0, 1] > 0.8


@pytest.mark.slow
def test_frames_without_a_face_are_refused(landmarker):
    with pytest.raises(ValueError, match="finds a face in 0 %"):
        er.track_frames([np.full((128, 128, 3), 90, np.uint8)] * 3)
