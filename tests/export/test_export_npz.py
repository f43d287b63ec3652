"""npz: round trips are exact, strangers are refused with one sentence, nothing half-written stays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from talkdemo.export import npz
from talkdemo.face.arkit import NAMES
from talkdemo.records import Motion


def motion(seed: int = 0, frames: int = 40) -> Motion:
    generator = np.random.default_rng(seed)
    meta = {"model": "diffusiontalker", "seed": np.int64(seed), "seconds": {"sample": np.float32(0.5)}}
    coefficients = generator.random((frames, 52)).astype(np.float32)
    return Motion(coefficients, generator.normal(0, 0.2, (frames, 3)).astype(np.float32), 25, meta)


def test_one_motion_comes_back_bit_for_bit(tmp_path: Path) -> None:
    npz.write(tmp_path / "a.npz", [motion()])
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive["coefficients"].shape == (40, 52) and archive["coefficients"].dtype == np.float32
        assert archive["names"].tolist() == list(NAMES)
        assert archive["head"].shape == (40, 3) and float(archive["fps"]) == 25
        assert json.loads(str(archive["meta"]))["model"] == "diffusiontalker"
    (back,) = npz.read(tmp_path / "a.npz")
    assert np.array_equal(back.coefficients, motion().coefficients) and np.array_equal(back.head, motion().head)
    assert back.meta["seed"] == 0 and back.meta["seconds"] == {"sample": 0.5}


def test_samples_add_a_leading_axis(tmp_path: Path) -> None:
    npz.write(tmp_path / "k.npz", [motion(1), motion(2), motion(3)])
    with np.load(tmp_path / "k.npz") as archive:
        assert archive["coefficients"].shape == (3, 40, 52) and archive["head"].shape == (3, 40, 3)
    back = npz.read(tmp_path / "k.npz")
    assert [m.meta["seed"] for m in back] == [1, 2, 3]
    assert np.array_equal(back[2].coefficients, motion(3).coefficients)


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    m, order = motion(), np.random.default_rng(0).permutation(52)
    np.savez(
        tmp_path / "p.npz", coefficients=m.coefficients[:, order], names=np.array(NAMES)[order], head=m.head, fps=25.0,
        meta="{}",
    )  # fmt: skip
    assert np.array_equal(npz.read(tmp_path / "p.npz")[0].coefficients, m.coefficients)


def test_motions_of_two_lengths_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one length"):
        npz.write(tmp_path / "a.npz", [motion(0, 40), motion(0, 41)])
    with pytest.raises(ValueError, match="at least one"):
        npz.write(tmp_path / "a.npz", [])
    with pytest.raises(ValueError, match="does not exist"):
        npz.write(tmp_path / "no" / "a.npz", [motion()])
    assert not list(tmp_path.iterdir())


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    npz.write(path, [motion(1)])

    def fail(stream: object, **arrays: object) -> None:
        stream.write(b"half")  # type: ignore[attr-defined]
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="disk full"):
        npz.write(path, [motion(2)])
    assert npz.read(path)[0].meta["seed"] == 1 and list(tmp_path.iterdir()) == [path]


def arrays(**changes: object) -> dict[str, object]:
    m = motion()
    given = {"coefficients": m.coefficients, "names": np.array(NAMES), "head": m.head, "fps": 25.0, "meta": "{}"}
    return given | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"coefficients": np.zeros((40, 51))}, "52"),
        ({"coefficients": np.zeros((0, 52)), "head": np.zeros((0, 3))}, "wanted"),
        ({"coefficients": np.full((40, 52), np.nan)}, "not finite"),
        ({"head": np.zeros((39, 3))}, "39"),
        ({"fps": 0.0}, "fps"),
        ({"names": np.array(["x"] * 52)}, "names"),
        ({"meta": "not json"}, "JSON"),
        ({"meta": "[]"}, "object"),
        ({"names": np.array([object()] * 52, dtype=object)}, "not a motion file"),
        ({"coefficients": np.full((40, 52), "x")}, "not numbers"),
        ({"head": np.zeros((40, 3), complex)}, "not numbers"),
        ({"fps": "25"}, "not numbers"),
        ({"fps": 1e-9}, "from 1 to 1000"),
        ({"head": np.full((40, 3), 1e300)}, "not finite"),
        ({"meta": "[" * 100_000}, "JSON"),
        (
            {"coefficients": np.zeros((2, 4, 52)), "head": np.zeros((2, 4, 3)), "meta": '{"samples": [1, 2]}'},
            "one object for each",
        ),
    ],
)
def test_wrong_contents_are_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    np.savez(tmp_path / "bad.npz", **arrays(**changes))
    with pytest.raises(ValueError, match=message) as caught:
        npz.read(tmp_path / "bad.npz")
    assert "bad.npz" in str(caught.value)


def test_strange_files_are_refused(tmp_path: Path) -> None:
    good = tmp_path / "good.npz"
    npz.write(good, [motion()])
    (tmp_path / "cut.npz").write_bytes(good.read_bytes()[:2000])
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty.npz").write_bytes(b"")
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "poor.npz", coefficients=np.zeros((1, 52)))
    for name in ("cut.npz", "text.npz", "empty.npz", "array.npy", "poor.npz"):
        with pytest.raises(ValueError, match="not a motion file"):
            npz.read(tmp_path / name)
    with pytest.raises(ValueError, match="a single array"):
        npz.read(tmp_path / "array.npy")
    with pytest.raises(FileNotFoundError):
        npz.read(tmp_path / "absent.npz")


def test_damaged_files_are_one_sentence(tmp_path: Path) -> None:
    """Flipped bits, a few kinds of damage to the archive's directory and its arrays' headers, holes and noise."""
    good, bad, generator = tmp_path / "good.npz", tmp_path / "bad.npz", np.random.default_rng(0)
    npz.write(good, [motion()])
    data = good.read_bytes()
    np.savez(good, **arrays())
    plain = good.read_bytes()
    directory = data.index(b"PK\x01\x02")
    damaged = [
        data[: directory + 10] + b"\x63" + data[directory + 11 :],  # an unknown compression method
        data[: directory + 8] + b"\x01" + data[directory + 9 :],  # marked as encrypted
        data[: directory + 6] + b"\xff" + data[directory + 7 :],  # of a future version of zip
        data[:200] + bytes(100) + data[300:],  # zlib
        plain.replace(b"(40, 52)", b"(40, 5((", 1),  # a header that is no Python
        plain.replace(b"NUMPY\x01\x00\x76\x00", b"NUMPY\x01\x00\x76\x40", 1),  # a header of 16 kB
        plain.replace(b"'<f4'", b"'<f9'", 1),
    ]
    assert data not in damaged and plain not in damaged
    for _ in range(600):
        changed = np.frombuffer(data if generator.random() < 0.5 else plain, np.uint8).copy()
        end = 600 if generator.random() < 0.5 else len(changed)
        places = generator.integers(1, end, 3) * generator.choice([-1, 1])
        changed[places] = generator.integers(0, 256, 3)
        damaged.append(changed.tobytes())
    refused = 0
    for content in damaged:
        bad.write_bytes(content)
        try:
            npz.read(bad)
        except ValueError as error:
            refused += 1
            assert type(error) is ValueError and str(bad) in str(error) and "\n" not in str(error)
    assert refused > 400


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "MAX_BYTES", 2**20)
    np.savez_compressed(tmp_path / "bomb.npz", **arrays(coefficients=np.zeros((40_000, 52))))
    with pytest.raises(ValueError, match="more than 1 MB"):
        npz.read(tmp_path / "bomb.npz")
