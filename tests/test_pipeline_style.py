"""DiffPoseTalk from speech and a reference to motion: the shipped weights follow the reference, window by window."""

from pathlib import Path

import numpy as np
import pytest

from talkdemo.audio.decode import decode
from talkdemo.export import livelink, npz
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Guidance, Motion, Reference, Request, Speech

CLIPS = Path(__file__).parents[1] / "examples" / "speech"
NAMES = ("calm", "beaming", "big-nods", "stern", "sleepy", "startled", "one-sided", "round-lips")


@pytest.fixture(scope="module")
def model() -> SpeechToFace:
    return SpeechToFace.load("diffposetalk")


@pytest.fixture(scope="module")
def speech() -> Speech:
    return decode(CLIPS / "welcome.flac")


def test_the_stream_is_the_whole(model, speech):
    """Windows are yielded as they are done; end to end they are what animate returns."""
    long = Speech(np.concatenate([speech.samples] * 3))
    parts = list(model.stream(Request(long, reference="calm", steps=8, seed=3, samples=2)))
    whole = model.animate(Request(long, reference="calm", steps=8, seed=3, samples=2))
    assert len(parts) > 2 and {len(part) for part in parts} == {2}
    for k, motion in enumerate(whole):
        coefficients = np.concatenate([part[k].coefficients for part in parts])
        head = np.concatenate([part[k].head for part in parts])
        assert len(coefficients) == long.frames
        assert np.abs(coefficients - motion.coefficients).max() < 1e-4
        assert np.abs(head - motion.head).max() < 1e-4
    assert parts[0][0].meta["nfe"] < parts[-1][0].meta["nfe"] == whole[0].meta["nfe"]


def test_a_stream_begins_before_it_ends(model, speech):
    """The first window is there after the evaluations of one window."""
    done = []
    stream = model.stream(
        Request(Speech(np.concatenate([speech.samples] * 3)), steps=8),
        progress=lambda stage, share: done.append((stage, share)),
    )
    first = next(stream)
    assert len(first[0]) < 100 and max(share for stage, share in done if stage == "sample") < 0.5
    assert first[0].meta["reference"] == model.references[0]


def test_a_long_speech_is_encoded_as_it_is_sampled(model, speech, monkeypatch):
    """The first window is there when the first piece is encoded; together the pieces cover the whole."""
    long = Speech(np.concatenate([speech.samples] * 6))
    encoded, stream = [], model.encoder.stream

    def counted(*arguments):
        for piece in stream(*arguments):
            encoded.append(piece)
            yield piece

    monkeypatch.setattr(model.encoder, "stream", counted)
    windows = model.stream(Request(long, reference="calm", steps=2))
    next(windows)
    assert [len(piece) for piece in encoded] == [100]  # 4 s, what a window sees
    (last,) = list(windows)[-1]
    assert sum(map(len, encoded)) >= long.frames and set(last.meta["seconds"]) == {"reference", "encode", "sample"}


def test_the_motion_is_in_the_manner_of_its_reference(model, speech):
    """Among eight references the generated motion is nearest to its own, whatever is said."""
    styles = np.stack([model.style(name) for name in NAMES])
    assert np.allclose(np.linalg.norm(styles, axis=1), 1, atol=1e-5)
    found = []
    for name in NAMES:
        (motion,) = model.animate(Request(speech, reference=name, steps=8, seed=1))
        found.append(NAMES[int((styles @ model.style(Reference("made", motion))).argmax())])
    right = sum(a == b for a, b in zip(found, NAMES, strict=True))
    assert right >= 7, dict(zip(NAMES, found, strict=True))


def test_every_kind_of_reference(model, speech, tmp_path):
    """A name, our npz, a Live Link Face CSV and the record itself are one reference."""
    (motion,) = model.animate(Request(speech, reference="big-nods", steps=8))
    npz.write(tmp_path / "clip.npz", [motion])
    livelink.write(tmp_path / "clip.csv", motion)
    own = model.style(Reference("own", motion))
    assert np.allclose(model.style(tmp_path / "clip.npz"), own, atol=1e-4)
    assert float(model.style(tmp_path / "clip.csv") @ own) > 0.98
    (made,) = model.animate(Request(speech, reference=tmp_path / "clip.csv", steps=8))
    assert made.meta["reference"] == "clip.csv"


def test_a_blend_lies_between_its_references(model, speech):
    mix = {"beaming": 1.0, "stern": 1.0}
    (motion,) = model.animate(Request(speech, reference=mix, steps=8))
    assert motion.meta["reference"] == {"beaming": 0.5, "stern": 0.5}
    one, other = model.style("beaming"), model.style("stern")
    middle = model.style(list(mix.items()))
    assert float(middle @ one) == pytest.approx(float(middle @ other), abs=1e-5)
    made = model.style(Reference("made", motion))
    assert min(float(made @ one), float(made @ other)) > float(one @ other)


def test_the_head_can_be_held_still(model, speech):
    turned, still = (
        model.animate(Request(speech, reference="big-nods", head=head, seed=2))[0] for head in (True, False)
    )
    assert np.abs(turned.head).max() > 0.02 and not still.head.any()
    assert np.array_equal(turned.coefficients, still.coefficients)
    assert still.meta["head"] is False


def test_guidance_by_the_style_exaggerates_it(model, speech):
    """The student has guidance folded in: the weights still do something, and cost nothing."""
    plain, strong = (
        model.animate(Request(speech, reference="beaming", guidance=Guidance(1.0, style), seed=4))[0]
        for style in (1.0, 2.0)
    )
    assert plain.meta["nfe"] == strong.meta["nfe"]
    assert not np.allclose(plain.coefficients, strong.coefficients, atol=1e-2)


def test_a_threshold_bounds_the_motion(model, speech):
    free, bound = (model.animate(Request(speech, reference="startled", threshold=q, seed=5))[0] for q in (None, 0.9))
    assert bound.meta["threshold"] == 0.9 and "threshold" not in free.meta
    assert bound.coefficients.max() <= free.coefficients.max() + 0.05
    assert not np.allclose(free.coefficients, bound.coefficients, atol=1e-2)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"identity": "Ada"}, "an identity was given to diffposetalk; a reference clip"),
        ({"emotion": "happy"}, "an emotion was given to diffposetalk"),
        ({"reference": "nobody"}, "'nobody'"),
        ({"reference": Path("nowhere.mp4")}, "nowhere.mp4"),
        ({"reference": {"calm": 0.0}}, "weights 0 were given"),
        ({"reference": Reference("short", Motion(np.zeros((10, 52)), np.zeros((10, 3))))}, "0.4 s of motion"),
        ({"guidance": Guidance(1.0, 9.0)}, "style guidance 9"),
        ({"threshold": 0.5}, "threshold 0.5.*0.9 to 0.999"),
    ],
)
def test_wrong_choices_are_refused(model, speech, wrong, words):
    with pytest.raises(ValueError, match=words):
        model.animate(Request(speech, **wrong))


def test_the_models_do_not_take_each_other_s_choices(speech):
    with pytest.raises(ValueError, match="a reference clip was given to diffusiontalker; an identity"):
        SpeechToFace.load().animate(Request(speech, reference="calm"))
    with pytest.raises(ValueError, match="diffusiontalker follows no reference"):
        SpeechToFace.load().style("calm")


def test_windows_leave_no_seam(model):
    """Acceleration where windows meet (every 88 frames) is hardly larger than elsewhere, for face and head."""
    samples = np.concatenate([decode(path).samples for path in sorted(CLIPS.glob("*.flac"))] * 2)
    motion = model.animate(Request(Speech(samples), reference="friendly", steps=8))[0]
    for track, most in ((motion.coefficients, 1.25), (motion.head, 1.6)):  # smoothed heads hardly accelerate elsewhere
        acceleration = np.abs(np.diff(track, n=2, axis=0)).mean(1)
        borders = range(88, len(acceleration) - 70, 88)
        assert len(borders) > 20

        def mean_peak(offset: int, a=acceleration, at=borders) -> float:
            return float(np.mean([a[border + offset - 2 : border + offset + 5].max() for border in at]))

        assert mean_peak(0) < most * np.mean([mean_peak(offset) for offset in (20, 40, 60)])
