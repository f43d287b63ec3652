"""The teacher: reading its weights' format, labels at 100 Hz, a head that learns, soft labels that come back."""

import struct

import numpy as np
import pytest

from talkdemo.audio.phones import INDEX, PHONES
from talkdemo.records import Phone
from talkdemo.train.speech import teacher
from talkdemo.train.speech.align import starts_differ
from talkdemo.train.speech.spelling import parts
from talkdemo.train.speech.whisper import WIDTH, read_variables, slaney_filters

PHONES_SAID = (Phone(0.0, 0.1, "SIL"), Phone(0.1, 0.2, "M"), Phone(0.2, 0.4, "AA", 1))


def test_variables_are_read_back():
    def text(name: str) -> bytes:
        return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"

    array = np.arange(6, dtype=np.float16).reshape(2, 3)
    data = struct.pack("<I", 6) + text("Spec") + struct.pack("<II", 3, 1) + text("encoder/a")
    data += struct.pack("<BIIBI", 2, 2, 3, 4, 12) + array.tobytes()
    assert np.array_equal(read_variables(data)["encoder/a"], array)


def test_filters_have_unit_area():
    filters = slaney_filters()
    assert filters.shape == (201, 80) and (filters[:, 40:].sum(0) * 40).numpy() == pytest.approx(np.ones(40), rel=0.1)


def test_labels_leave_out_the_borders():
    labels = teacher.labels_at(PHONES_SAID, 40)
    assert set(labels[:9]) == {INDEX["SIL"]} and set(labels[11:19]) == {INDEX["M"]} and labels[39] == INDEX["AA"]
    assert labels[9] == labels[10] == labels[19] == labels[20] == -1
    assert (teacher.labels_at(PHONES_SAID, 40, edge=0) >= 0).all()


def test_a_head_learns_and_its_posteriors_come_back(tmp_path):
    rng = np.random.default_rng(0)
    code = rng.normal(size=(len(PHONES), 2 * WIDTH))
    names, features, labels = ["a", "b"], {}, {}
    for name in names:
        said = np.repeat(rng.integers(0, 4, 30), 5)
        features[name] = code[said].astype(np.float16)
        labels[name] = np.repeat(said, 2)
    head = teacher.train_head(features, labels, dict.fromkeys(names, 1.0), 25)
    soft = teacher.posteriors(head, features["a"])
    assert soft.shape == (300, 40) and (soft.argmax(1) == labels["a"]).mean() > 0.9
    teacher.store({"a": soft, "b": soft[:10]}, tmp_path / "soft" / "x.npz")
    back = teacher.stored(tmp_path / "soft" / "x.npz")
    assert list(back) == names and np.allclose(back["a"], soft, atol=1e-3) and len(back["b"]) == 10


def test_alignments_are_compared_phone_by_phone():
    later = [Phone(p.start + 0.03, p.end + 0.03, p.label) for p in PHONES_SAID]
    assert starts_differ(later, PHONES_SAID) == [("M", pytest.approx(0.03)), ("AA", pytest.approx(0.03))]
    assert starts_differ(later[:2], PHONES_SAID) == []


def test_a_transcript_falls_into_words():
    assert parts(("SIL", "AY1", "SIL", "AE1", "M", "SIL")) == [["AY1"], ["AE1", "M"]]
