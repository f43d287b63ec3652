"""The shipped weights from speech to motion and video: what a visitor relies on."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from talkdemo.audio.decode import decode
from talkdemo.face.arkit import INDEX, indices
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import AUTO, SAMPLE_RATE, Guidance, Motion, Request, Speech, Stopped

CLIPS = Path(__file__).parents[1] / "examples" / "speech"


@pytest.fixture(scope="module")
def model() -> SpeechToFace:
    return SpeechToFace.load()


@pytest.fixture(scope="module")
def speech() -> Speech:
    return decode(CLIPS / "lips.flac")


@pytest.fixture(scope="module")
def motion(model, speech) -> Motion:
    return model.animate(Request(speech, identity="Ada", steps=16, seed=1))[0]


def gap(model: SpeechToFace, motion: Motion) -> np.ndarray:
    """(T,) millimetres between the middles of the inner lips."""
    upper, lower = (int(i) for i in model.face.inner_lip_middle)
    still = Motion(motion.coefficients, np.zeros_like(motion.head))
    points = model.face.vertices(still)[:, [upper, lower]]
    return 1000 * np.linalg.norm(points[:, 0] - points[:, 1], axis=-1)


def test_motion_covers_the_speech_and_says_how_it_was_made(motion, speech):
    assert motion.coefficients.shape == (speech.frames, 52) and motion.head.shape == (speech.frames, 3)
    assert motion.coefficients.dtype == np.float32 and np.isfinite(motion.coefficients).all()
    assert motion.coefficients.min() >= 0 and motion.coefficients.max() <= 1
    meta = motion.meta
    assert (meta["model"], meta["steps"], meta["seed"], meta["identity"]) == ("diffusiontalker", 16, 1, "Ada")
    assert meta["nfe"] % 16 == 0 and set(meta["seconds"]) == {"encode", "sample"}


def test_the_mouth_moves_with_speech_and_the_head_lives(model, motion):
    opening = gap(model, motion)
    assert np.percentile(opening, 95) > 4  # mm
    assert np.degrees(np.linalg.norm(np.diff(motion.head, axis=0), axis=1)).mean() * 25 > 0.5  # degrees a second


def test_lips_meet_again_and_again_in_peter_s_puppy(model, motion):
    opening = gap(model, motion)
    closed = opening < 0.15 * np.percentile(opening, 95)
    closures = int((np.diff(closed.astype(int)) == 1).sum())
    assert closures >= 8  # some twenty /p b m/ in the sentence


def test_same_seed_same_motion_and_samples_count_up(model, speech, motion):
    again, other = model.animate(Request(speech, identity="Ada", steps=16, seed=1, samples=2))
    assert np.allclose(again.coefficients, motion.coefficients, atol=1e-4)
    alone = model.animate(Request(speech, identity="Ada", steps=16, seed=2))[0]
    assert other.meta["seed"] == 2 and np.allclose(other.coefficients, alone.coefficients, atol=1e-4)
    assert not np.allclose(other.coefficients, again.coefficients, atol=1e-2)


def test_identities_and_emotions_look_different(model, speech, motion):
    happy = model.animate(Request(speech, identity="Ada", emotion="happy", steps=16, seed=1))[0]
    smile = indices("mouthSmile")
    assert happy.coefficients[:, smile].mean() > motion.coefficients[:, smile].mean() + 0.1
    bruno = model.animate(Request(speech, identity="Bruno", steps=16, seed=1))[0]
    assert np.abs(bruno.coefficients - motion.coefficients).mean() > 0.01


def test_auto_matches_the_voice_it_knows(model):
    motion = model.animate(Request(decode(CLIPS / "welcome.flac"), identity=AUTO))[0]  # spoken by Ada's voice
    assert next(iter(motion.meta["matches"])) == "Ada"


def test_the_student_answers_at_its_steps_unless_the_full_model_is_wanted(model, speech):
    assert 8 in model.students
    student = model.animate(Request(speech, identity="Ada", seed=1))[0]
    full = model.animate(Request(speech, identity="Ada", seed=1, steps=8, distilled=False))[0]
    assert (student.meta["checkpoint"], student.meta["distilled"]) == ("diffusiontalker-8", True)
    assert (full.meta["checkpoint"], full.meta["distilled"]) == ("diffusiontalker", False)
    assert student.meta["nfe"] == full.meta["nfe"] and not np.allclose(student.coefficients, full.coefficients)
    dpm = model.animate(Request(speech, identity="Ada", seed=1, sampler="dpm++"))[0]
    assert (dpm.meta["checkpoint"], dpm.meta["sampler"]) == ("diffusiontalker", "dpm++")
    assert dpm.meta["nfe"] == full.meta["nfe"] and not np.allclose(dpm.coefficients, full.coefficients, atol=1e-3)
    guided = model.animate(Request(speech, identity="Ada", seed=1, guidance=Guidance(2.0, 1.0)))[0]
    assert guided.meta["nfe"] == student.meta["nfe"]  # guidance is folded into the student
    assert not np.allclose(guided.coefficients, student.coefficients, atol=1e-3)
    costly = model.animate(Request(speech, identity="Ada", steps=3, guidance=Guidance(2.0, 1.0)))[0]
    assert costly.meta["nfe"] == full.meta["nfe"] // 8 * 3 * 3  # three steps of three evaluations a window


def test_contact_brings_lips_together_where_they_nearly_meet(model, speech):
    raw, made = (model.animate(Request(speech, identity="Ada", seed=1, contact=amount))[0] for amount in (0.0, 1.0))
    before, after = gap(model, raw), gap(model, made)
    closed = [int((g < 0.15 * np.percentile(g, 95)).sum()) for g in (before, after)]
    assert closed[1] > closed[0]
    assert np.abs(after - before).mean() < 1.0  # mm: little is moved
    upper = indices("browInnerUp", "eyeBlink")
    assert np.array_equal(raw.coefficients[:, upper], made.coefficients[:, upper])


def test_a_blend_lies_between_its_two_identities(model, speech):
    def made(identity):
        return model.animate(Request(speech, identity=identity, seed=1))[0]

    blend = made({"Ada": 1, "Bruno": 1})
    assert blend.meta["identity"] == {"Ada": 1, "Bruno": 1}
    distance = {name: np.abs(blend.coefficients - made(name).coefficients).mean() for name in ("Ada", "Bruno")}
    apart = np.abs(made("Ada").coefficients - made("Bruno").coefficients).mean()
    assert 0 < max(distance.values()) < 1.2 * apart


def test_silence_gives_a_closed_blinking_face(model):
    motion = model.animate(Request(Speech(np.zeros(20 * SAMPLE_RATE, np.float32)), identity="Ada", steps=16))[0]
    assert np.percentile(gap(model, motion), 95) < 1.0  # mm
    blink = motion.coefficients[:, INDEX["eyeBlinkLeft"]]
    blinks = int((np.diff((blink > 0.5).astype(int)) == 1).sum())
    assert 2 <= blinks <= 14  # in 20 s


def test_windows_leave_no_seam(model):
    """Acceleration where windows meet (every 88 frames) is no larger than elsewhere; without the cross-fade 1.4 ×."""
    samples = np.concatenate([decode(path).samples for path in sorted(CLIPS.glob("*.flac"))] * 2)
    motion = model.animate(Request(Speech(samples), identity="Ada", steps=8))[0]
    acceleration = np.abs(np.diff(np.c_[motion.coefficients, 3 * motion.head], n=2, axis=0)).mean(1)

    def peak(frame: int) -> float:
        return float(acceleration[frame - 2 : frame + 5].max())

    borders = range(88, len(acceleration) - 70, 88)
    assert len(borders) > 20
    elsewhere = np.mean([peak(border + offset) for border in borders for offset in (20, 40, 60)])
    at_borders = np.mean([peak(border) for border in borders])
    print(f"acceleration at {len(borders)} borders: {at_borders / elsewhere:.2f} of elsewhere")
    assert at_borders < 1.25 * elsewhere


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"steps": 1}, "1 steps"),
        ({"steps": 513}, "513 steps.*512"),
        ({"samples": 17}, "17 samples"),
        ({"seed": -1}, "seed -1"),
        ({"identity": "Nobody"}, "'Nobody'.*Ada"),
        ({"emotion": "bored"}, "'bored'.*neutral"),
        ({"identity": {"Ada": 0.5, "Nobody": 0.5}}, "'Nobody'.*Ada"),
        ({"identity": {"Ada": -1.0, "Bruno": 2.0}}, "weight -1"),
        ({"guidance": Guidance(9.0, 1.0)}, "audio guidance 9.*0 to 4"),
        ({"guidance": Guidance(1.0, -1.0)}, "style guidance -1.*0 to 4"),
        ({"contact": 1.5}, "contact 1.5"),
        ({"steps": 7, "distilled": True}, "no student of 7 steps"),
        ({"sampler": "euler"}, r"no sampler 'euler'; known are ddim, dpm\+\+"),
        ({"sampler": "dpm++", "distilled": True}, r"dpm\+\+ was asked for; the students were distilled for ddim"),
    ],
)
def test_wrong_choices_are_refused_before_any_work(model, speech, wrong, words):
    with pytest.raises(ValueError, match=words):
        model.animate(Request(speech, **wrong), progress=lambda *_: pytest.fail("work was begun"))


def test_unknown_model():
    with pytest.raises(ValueError, match="no model 'x'"):
        SpeechToFace.load("x")


def test_progress_runs_through_the_stages_and_stop_stops(model, speech):
    seen = []
    model.animate(Request(speech, identity="Ada"), progress=lambda stage, share: seen.append((stage, share)))
    assert [stage for stage, share in seen if share == 0.0] == ["encode", "sample"]
    shares = [share for stage, share in seen if stage == "sample"]
    assert shares == sorted(shares) and shares[-1] == 1.0

    stop = threading.Event()

    def after_a_while(stage: str, share: float) -> None:
        if stage == "sample" and share > 0.3:
            stop.set()

    with pytest.raises(Stopped):
        model.animate(Request(speech, identity="Ada"), progress=after_a_while, stop=stop)


@pytest.mark.slow
def test_video_has_picture_and_sound_of_the_same_length(model, tmp_path, read_video):
    speech = Speech(decode(CLIPS / "welcome.flac").samples[: 2 * SAMPLE_RATE])
    motion = model.animate(Request(speech, identity="Ada"))[0]
    path = tmp_path / "talk.mp4"
    seconds = model.video(motion, speech, path, size=256)
    assert set(seconds) == {"face", "render", "mux"}
    frames, samples = read_video(path)
    assert len(frames) == 50 and frames[0].shape[:2] == (256, 256)
    assert abs(len(samples) / len(speech.samples) - 1) < 0.03 or abs(len(samples) / 48_000 - 2) < 0.06
    assert [p.name for p in tmp_path.iterdir()] == ["talk.mp4"]


def test_stopping_the_video_leaves_nothing_behind(model, motion, speech, tmp_path):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        model.video(motion, speech, tmp_path / "x.mp4", size=64, stop=stop)
    assert list(tmp_path.iterdir()) == []


def test_no_gradient_is_kept_and_the_caller_s_mode_stays(model, speech):
    talker = model.talker
    features = torch.from_numpy(model.encoder.features(speech, talker.padded_frames(speech.frames)))
    who, mood = talker.library.weights({"Ada": 1.0}), talker.library.emotion_weights({"neutral": 1.0})
    windows = talker.sample([features], speech.frames, (who, mood), 2, [0])
    assert torch.is_grad_enabled()
    for coefficients, head in windows:
        assert torch.is_grad_enabled() and not coefficients.requires_grad and not head.requires_grad


def test_the_shortest_speech_is_given_its_frames(model):
    samples = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE // 5).astype(np.float32)
    motion = model.animate(Request(Speech(samples), identity=AUTO, steps=2))[0]
    assert motion.coefficients.shape == (5, 52)
    assert np.isfinite(motion.coefficients).all() and np.isfinite(motion.head).all()


@pytest.mark.parametrize("count", [0, 1, 3000])
def test_speech_that_is_too_short_is_refused(model, count):
    with pytest.raises(ValueError, match=r"click holds 0\.\d+ s.*at least 0\.2 s"):
        model.animate(Request(Speech(np.zeros(count, np.float32), "click")))


def test_two_visitors_at_once_get_what_each_would_get_alone(model, speech):
    choices = [("Ada", 1), ("Bruno", 2)]

    def visit(choice: tuple[str, int]) -> np.ndarray:
        return model.animate(Request(speech, identity=choice[0], seed=choice[1], steps=4))[0].coefficients

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(visit, choices))
    for choice, made in zip(choices, together, strict=True):
        assert np.allclose(made, visit(choice), atol=1e-4)
