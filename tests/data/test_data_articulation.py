"""The articulation model: closures, rounding, rest, blinks, gaze, head, emotions, styles, reproducibility, speed."""

from __future__ import annotations

import time

import numpy as np
import pytest

from talkdemo.audio.phones import BILABIAL, PHONES, VOWELS
from talkdemo.data.articulation.emotions import EMOTIONS
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.data.articulation.model import articulate, opening
from talkdemo.data.articulation.styles import RANGES, Style, draw
from talkdemo.data.articulation.visemes import TARGETS, TRACKS
from talkdemo.data.speech.voices import IDENTITY_VOICES
from talkdemo.face.arkit import INDEX, indices
from talkdemo.metrics.blink import blinks
from talkdemo.metrics.phones import frames_of
from talkdemo.metrics.statistics import angular_speed
from talkdemo.records import FPS, Phone

SENTENCE = "SIL P IY T ER SIL B AA B M EH K S M AO1 R V EH R IY F AY1 N W UW1 SH UW1 Z AH P M AH M SIL"


def utterance(text: str = SENTENCE, length: float = 0.09, start: float = 0.0) -> tuple[Phone, ...]:
    """Phones one after the other; consonants a bit shorter than vowels, SIL 0.5 s."""
    out, now = [], start
    for label in text.split():
        base = label.rstrip("012")
        seconds = 0.5 if base == "SIL" else length * (1.3 if base in VOWELS else 0.8)
        out.append(Phone(now, now + seconds, base, int(label[-1]) if label[-1].isdigit() else 0))
        now += seconds
    return tuple(out)


def perform(phones, style=None, emotion="neutral", seed=0, frames=None):
    frames = frames or int(np.ceil(phones[-1].end * FPS))
    energy, pitch = np.ones(frames), np.full(frames, 120.0)
    return articulate(phones, energy, pitch, style or Style(), emotion, np.random.default_rng(seed), frames)


def shares(motion, phones) -> tuple[float, float]:
    """Closure test in coefficient space: hits on /p b m/ and closed vowel frames."""
    gap = opening(motion.coefficients)
    shut = gap < 0.15 * np.percentile(gap, 95)
    middles = (np.arange(len(gap)) + 0.5) / FPS
    hits = [shut[(middles >= p.start - 0.04) & (middles <= p.end + 0.04)].any() for p in phones if p.label in BILABIAL]
    return float(np.mean(hits)), float(shut[frames_of(phones, VOWELS, len(gap))].mean())


def test_shapes_ranges_and_types():
    motion = perform(utterance())
    assert motion.coefficients.shape == (len(motion), 52) and motion.head.shape == (len(motion), 3)
    assert motion.coefficients.dtype == np.float32 and motion.head.dtype == np.float32
    assert motion.coefficients.min() >= 0 and motion.coefficients.max() <= 1
    assert np.isfinite(motion.head).all() and np.abs(motion.head).max() < 0.5


def test_same_seed_same_performance_and_other_seed_another():
    phones = utterance()
    one, two, other = perform(phones, seed=1), perform(phones, seed=1), perform(phones, seed=2)
    np.testing.assert_array_equal(one.coefficients, two.coefficients)
    np.testing.assert_array_equal(one.head, two.head)
    assert np.abs(one.coefficients - other.coefficients).max() > 0.05


@pytest.mark.parametrize("length", [0.05, 0.09, 0.14])
@pytest.mark.parametrize("offset", [0.0, 0.013, 0.031])
def test_lips_meet_on_bilabials_and_part_on_vowels(length, offset):
    phones = utterance(length=length, start=offset)
    results = [
        shares(perform(phones, identity.style, emotion, seed), phones)
        for seed, identity in enumerate(IDENTITIES.values())
        for emotion in ("neutral", "happy", "surprised")
    ]
    hits, closed = np.mean(results, axis=0)
    assert hits >= 0.99
    assert closed <= 0.02


def test_a_bilabial_shorter_than_a_frame_is_seen():
    for start in np.arange(0.5, 0.6, 0.007):
        phones = (Phone(0.3, start, "AA", 1), Phone(start, start + 0.02, "P"), Phone(start + 0.02, 1.0, "AA", 1))
        motion = perform(phones, frames=40)
        gap = opening(motion.coefficients)
        near = slice(int((start - 0.04) * FPS), int((start + 0.06) * FPS) + 2)
        assert gap[near].min() < 0.05 * np.percentile(gap, 95)


def test_closing_is_mouth_close_under_an_open_jaw():
    motion = perform(utterance("SIL AA1 M AA1 SIL", 0.15))
    middle = int((0.5 + 0.195 + 0.06) * FPS)
    jaw, close = motion.coefficients[middle, INDEX["jawOpen"]], motion.coefficients[middle, INDEX["mouthClose"]]
    assert jaw > 0.03 and close == pytest.approx(jaw, abs=1e-3)


def test_lower_lip_meets_upper_teeth():
    phones = utterance("SIL AA1 F AA1 SIL", 0.13)
    motion = perform(phones)
    middle = int((phones[2].start + phones[2].end) / 2 * FPS)
    roll, jaw = motion.coefficients[:, INDEX["mouthRollLower"]], motion.coefficients[:, INDEX["jawOpen"]]
    assert roll[middle] > 0.3 and roll[middle] == pytest.approx(roll.max(), abs=0.12)
    assert jaw[middle] < 0.4 * jaw.max()


def test_rounding_comes_before_the_vowel():
    phones = utterance("SIL S T UW1 SIL", 0.12)
    rounded, spread = perform(phones), perform(utterance("SIL S T IY1 SIL", 0.12))
    t = int((phones[2].start + 0.5 * (phones[2].end - phones[2].start)) * FPS)  # inside /t/
    pucker = INDEX["mouthPucker"]
    assert rounded.coefficients[t, pucker] > spread.coefficients[t, pucker] + 0.12


def test_fast_speech_undershoots():
    slow, fast = utterance("SIL T AA1 T AA1 T AA1 T SIL", 0.20), utterance("SIL T AA1 T AA1 T AA1 T SIL", 0.05)
    jaw = INDEX["jawOpen"]
    peaks = [np.mean([perform(p, seed=s).coefficients[:, jaw].max() for s in range(8)]) for p in (slow, fast)]
    assert peaks[1] < 0.85 * peaks[0]


def test_mouth_rests_closed_opens_before_speech_and_closes_after():
    phones = utterance("AA1 T AA1", 0.15, start=2.0)
    gaps = np.mean([opening(perform(phones, seed=s, frames=125).coefficients) for s in range(10)], axis=0)
    peak = gaps.max()
    assert gaps[:40].max() < 0.05 * peak  # rest
    assert gaps[int(1.97 * FPS)] > 0.08 * peak  # parted before the sound
    assert gaps[int((phones[-1].end + 0.45) * FPS)] < 0.1 * peak  # closed again


def test_silence_is_closed_blinking_and_moving():
    motion = perform((Phone(0, 60, "SIL"),), frames=60 * FPS)
    assert opening(motion.coefficients).max() < 0.03
    assert 6 <= len(blinks(motion.coefficients[:, INDEX["eyeBlinkLeft"]], depth=0.3).times) <= 32
    assert np.degrees(motion.head).std(axis=0).max() > 0.1


def test_no_phones_at_all_is_silence():
    assert opening(perform((), frames=30).coefficients).max() < 0.03


def test_one_frame():
    assert perform((Phone(0, 0.04, "AA"),), frames=1).coefficients.shape == (1, 52)


def test_blinks_shut_fully_and_are_lopsided():
    motion = perform((Phone(0, 240, "SIL"),), frames=240 * FPS)
    lid = motion.coefficients[:, INDEX["eyeBlinkLeft"]]
    found = blinks(lid, depth=0.3)
    assert 10 < found.per_minute < 20
    assert 90 < found.median_duration < 160
    assert np.mean(found.peaks > 0.8) > 0.7
    shape = np.mean([lid[int(t * FPS) - 3 : int(t * FPS) + 6] for t in found.times[1:-1]], axis=0)
    assert shape[4:7].sum() > shape[:3].sum()  # slower to open than to close


def test_eyes_look_together_and_against_the_head():
    motion = perform(utterance(" ".join([SENTENCE] * 6)))
    left, right = motion.coefficients[:, INDEX["eyeLookOutLeft"]], motion.coefficients[:, INDEX["eyeLookInRight"]]
    np.testing.assert_allclose(left, right, atol=1e-6)
    turned = perform((Phone(0, 20, "SIL"),), Style(base_yaw=6.0, gaze_contact=0.97), frames=500)
    assert turned.head[:, 1].mean() > 0.05  # to the character's left …
    eyes = turned.coefficients.mean(axis=0)
    assert eyes[INDEX["eyeLookOutRight"]] > eyes[INDEX["eyeLookOutLeft"]]  # … and the eyes stay on the camera


def test_accents_nod_down():
    phones = utterance("SIL T AH T AA1 T AH T AH T AH SIL", 0.12)
    accent = next(p for p in phones if p.stress == 1)
    style = Style(nod_gain=3.0, nod_share=1.0, head_amplitude=0.2)
    pitch = np.mean([perform(phones, style, seed=s).head[:, 0] for s in range(30)], axis=0)
    at = int((accent.start + accent.end) / 2 * FPS) + 1
    assert pitch[at] > pitch[at - 12 : at - 5].mean() + np.radians(0.8)


def test_head_moves_without_shaking():
    motion = perform(utterance(" ".join([SENTENCE] * 8)))
    speed = angular_speed(motion.head)
    assert 1.0 < speed.mean() < 8.0
    spectrum = np.abs(np.fft.rfft(motion.head - motion.head.mean(axis=0), axis=0)) ** 2
    hertz = np.fft.rfftfreq(len(motion), 1 / FPS)
    assert spectrum[hertz > 5].sum() < 0.01 * spectrum.sum()


def test_emotions_show_and_unknown_ones_are_named():
    phones = utterance()
    marks = {"happy": "mouthSmile", "sad": "mouthFrown", "angry": "browDown", "surprised": "browOuterUp",
             "afraid": "mouthStretch", "disgusted": "noseSneer"}  # fmt: skip
    mean = {
        e: np.mean([perform(phones, emotion=e, seed=seed).coefficients.mean(axis=0) for seed in range(4)], axis=0)
        for e in EMOTIONS
    }
    for emotion, channel in marks.items():
        values = {e: mean[e][indices(channel)].mean() for e in EMOTIONS}
        assert values[emotion] > values["neutral"] + 0.1
        assert values[emotion] >= 0.8 * max(values.values())
    with pytest.raises(ValueError, match="bored"):
        perform(phones, emotion="bored")


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="XX"):
        perform((Phone(0, 1, "XX"),))
    with pytest.raises(ValueError, match="overlap"):
        perform((Phone(0, 1, "AA"), Phone(0.2, 0.5, "B")))
    with pytest.raises(ValueError, match="energy"):
        articulate((), np.ones(3), np.zeros(50), Style(), "neutral", np.random.default_rng(0), 50)
    with pytest.raises(ValueError, match="frames"):
        articulate((), np.ones(0), np.zeros(0), Style(), "neutral", np.random.default_rng(0), 0)


def test_every_phone_has_targets_on_known_channels():
    assert set(TARGETS) == set(PHONES)
    assert all(indices(track) for track in TRACKS if track != "closure")
    for entry in TARGETS.values():
        for viseme in entry.visemes:
            assert set(viseme.targets) <= set(TRACKS) and all(0 <= v <= 1 for v in viseme.targets.values())


def test_identities_are_fixed_spread_and_tell_apart():
    assert tuple(IDENTITIES) == IDENTITY_VOICES
    assert all(IDENTITIES[name].name == name for name in IDENTITIES)
    for name, (low, high) in RANGES.items():
        values = [getattr(identity.style, name) for identity in IDENTITIES.values()]
        assert min(values) < low + 0.15 * (high - low) and max(values) > high - 0.15 * (high - low)
    phones = utterance(" ".join([SENTENCE] * 4))

    def signature(style, seed):
        motion = perform(phones, style, seed=seed)
        return np.concatenate([motion.coefficients.mean(0), motion.coefficients.std(0), 3 * motion.head.mean(0)])

    gallery = np.array([signature(i.style, 100 + k) for k, i in enumerate(IDENTITIES.values())])
    probes = np.array([signature(i.style, 200 + k) for k, i in enumerate(IDENTITIES.values())])
    nearest = np.linalg.norm(probes[:, None] - gallery[None], axis=-1).argmin(axis=1)
    assert (nearest == np.arange(len(gallery))).mean() > 0.8


def test_draw_is_a_latin_hypercube():
    styles = draw(10, np.random.default_rng(0))
    for name, (low, high) in RANGES.items():
        places = sorted((getattr(s, name) - low) / (high - low) * 10 for s in styles)
        assert all(i - 0.01 <= place <= i + 1.01 for i, place in enumerate(places))
    with pytest.raises(ValueError):
        draw(0, np.random.default_rng(0))


def test_a_hundred_times_real_time():
    """By the quickest of several runs in processor time, so that a busy machine does not matter."""
    phones = utterance(" ".join([SENTENCE] * 6))
    spent = []
    for seed in range(5):
        begin = time.thread_time()
        perform(phones, seed=seed)
        spent.append(time.thread_time() - begin)
    assert phones[-1].end / min(spent) > 100
