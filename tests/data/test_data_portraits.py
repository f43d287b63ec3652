"""Rendered portraits and the list of photographs: same seed same person, exact landmarks, held-out people, resuming."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from talkdemo.data.corpora import shared
from talkdemo.data.portraits import people as portraits_people
from talkdemo.data.portraits import photographs as faces
from talkdemo.data.portraits import store as portraits
from talkdemo.data.portraits.expressions import BLENDS, EXPRESSIONS, LARGEST_TURN, coefficients, perform
from talkdemo.face.arkit import INDEX, MIRROR, indices
from talkdemo.gcgan.frame import Frame
from talkdemo.train.gcgan import portrait_data

# Largest distance between exact and seen landmarks, mean of a group over the pictures, in outer eye distances.
GROUPS = {
    "outline": (range(17), 0.12), "brows": (range(17, 27), 0.10), "nose": (range(27, 36), 0.08),
    "eyes": (range(36, 48), 0.05), "lips": (range(48, 68), 0.06),
}  # fmt: skip


def generator(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_expressions_are_many_and_named_for_their_sides() -> None:
    assert len(EXPRESSIONS) >= 24
    assert next(iter(EXPRESSIONS)) == "neutral" and not coefficients("neutral").any()
    for left, right in (("wink_left", "wink_right"), ("smile_left", "smile_right"), ("jaw_left", "jaw_right")):
        np.testing.assert_array_equal(coefficients(left), coefficients(right)[list(MIRROR)])
    rows = np.stack([coefficients(name) for name in EXPRESSIONS])
    assert rows.min() >= 0 and rows.max() <= 1
    apart = np.linalg.norm(rows[:, None] - rows, axis=-1) + np.eye(len(rows)) * 9
    assert apart.min() > 0.3, "two names for one expression"
    with pytest.raises(ValueError, match="'grin' is not known; wanted is one of neutral, happy"):
        coefficients("grin")


def test_a_performance_stays_within_its_limits() -> None:
    played = perform(generator(1))
    assert played.names == (*EXPRESSIONS, *[""] * BLENDS)
    assert played.coefficients.shape == (len(played.names), 52) and played.head.shape == (len(played.names), 3)
    assert played.coefficients.min() >= 0 and played.coefficients.max() <= 1
    assert (np.abs(played.head) <= LARGEST_TURN + 1e-6).all()
    looks = [INDEX[name] for name in INDEX if name.startswith("eyeLook")]
    assert not np.delete(played.coefficients[0], looks).any(), "the neutral face only looks aside"
    shut = played.coefficients[played.names.index("wink_left"), indices("eyeBlink")]
    assert shut[0] > 0.8 and shut[1] < 0.1
    again = perform(generator(1))
    np.testing.assert_array_equal(again.coefficients, played.coefficients)
    assert (perform(generator(2)).coefficients != played.coefficients).any()


def test_a_sitter_depends_on_seed_and_number_alone() -> None:
    portraits_people.sitter(3)
    first, again = portraits_people.sitter(7), portraits_people.sitter(7)
    assert first.character == again.character and first.studio.key == again.studio.key
    np.testing.assert_array_equal(first.skin, again.skin)
    np.testing.assert_array_equal(first.studio.wall, again.studio.wall)
    for other in (portraits_people.sitter(8), portraits_people.sitter(7, seed=1)):
        assert other.character.shape != first.character.shape and (other.skin != first.skin).any()
    with pytest.raises(ValueError, match="person -1"):
        portraits_people.sitter(-1)


def test_sitters_differ_and_exposures_never_turn_round() -> None:
    people = [portraits_people.sitter(k) for k in range(24)]
    assert len({p.character.hair for p in people}) >= 4
    assert len({p.character.shape for p in people}) == len(people)
    for one in people:
        assert (np.diff(one.curve.astype(int), axis=0) >= 0).all()
        assert (
            abs(
                sum(w for n, w in one.character.shape if n.count("-") == 2 and n.split("-")[0] in ("male", "female"))
                - 1
            )
            < 1e-6
        )


def test_splits_share_nobody() -> None:
    counts = {split: sum(portraits.split_of(k) == split for k in range(portraits.PEOPLE)) for split in portraits.SPLITS}
    assert counts == {"train": 400, "test": 40, "val": 10}
    with pytest.raises(ValueError, match="person 450"):
        portraits.split_of(450)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with person 441, rendered."""
    pytest.importorskip("mediapipe")
    from talkdemo.render import raster

    try:
        raster.check()
    except RuntimeError as error:
        pytest.skip(str(error))
    root = shared.root()
    if "TALKDEMO_FACE_LANDMARKER" not in os.environ and (root is None or not (root / "face_landmarker.task").is_file()):
        pytest.skip("face_landmarker.task is not there (shared data absent)")
    folder = tmp_path_factory.mktemp("renders")
    with pytest.MonkeyPatch.context() as patch:
        if "TALKDEMO_FACE_LANDMARKER" not in os.environ:
            patch.setenv("TALKDEMO_FACE_LANDMARKER", str(root / "face_landmarker.task"))
        assert [one.view for one in portraits.render_people([441], folder)] == [0, 1, 2]
    return folder


@pytest.fixture(scope="module")
def person(rendered: Path) -> portraits.Portraits:
    return portraits.Portraits.load(rendered / "p441-0.npz")


def test_pictures_lie_in_one_canonical_crop(person: portraits.Portraits) -> None:
    count = len(EXPRESSIONS) + BLENDS
    assert person.pictures.shape == (count, portraits.STORED, portraits.STORED, 3) and person.pictures.dtype == np.uint8
    assert person.exact.shape == (count, 68, 2) and person.seen.shape == (count, 68, 3)
    assert person.split == "val" and person.names[0] == "neutral" and np.isfinite(person.seen[0]).all()
    own = portraits.stored_crop(person.seen[0])
    np.testing.assert_allclose(own.matrix, [[1, 0, 0], [0, 1, 0]], atol=2e-3)  # it is already there
    differing = np.abs(person.pictures[1:].astype(int) - person.pictures[0]).mean((1, 2, 3))
    assert differing.min() > 0.3


def test_exact_landmarks_are_where_mediapipe_sees_them(person: portraits.Portraits) -> None:
    there = np.isfinite(person.seen[:, 0, 0])
    assert there.mean() > 0.9
    eyes = np.linalg.norm(person.exact[:, 36] - person.exact[:, 45], axis=-1)
    error = np.linalg.norm(person.seen[..., :2] - person.exact, axis=-1) / eyes[:, None]
    for name, (rows, most) in GROUPS.items():
        assert error[there][:, list(rows)].mean() < most, name


def test_the_other_views_look_aside(rendered: Path) -> None:
    """By what is asked for, and the sitter's own camera."""
    for view, yaw in ((1, 30), (2, 45)):
        aside = portraits.Portraits.load(rendered / f"p441-{view}.npz")
        found = [abs(Frame.of(points).angles[0]) for points in aside.seen if np.isfinite(points).all()]
        assert len(found) >= 10 and abs(np.median(found) - yaw) < 10 and aside.names[0] == "neutral"


def test_exact_landmarks_follow_the_named_expressions(person: portraits.Portraits) -> None:
    at = {name: person.exact[i] for i, name in enumerate(person.names) if name}
    gap = {name: points[66, 1] - points[62, 1] for name, points in at.items()}
    assert gap["jaw_open"] > gap["aa"] > gap["neutral"] + 1
    width = {name: points[54, 0] - points[48, 0] for name, points in at.items()}
    assert width["kiss"] < width["neutral"] < width["happy"]
    lids = {name: (points[[41, 40]] - points[[37, 38]])[:, 1].mean() for name, points in at.items()}  # the right eye
    assert lids["wink_right"] < 0.4 * lids["neutral"] < lids["wink_left"]
    brows = {name: (points[[36, 45]] - points[[19, 24]])[:, 1].mean() for name, points in at.items()}  # over the eyes
    assert brows["frown"] < brows["neutral"] < brows["brows_up"]


def test_rendering_resumes_and_leaves_what_is_there(rendered: Path) -> None:
    before = (rendered / "p441-0.npz").stat().st_mtime_ns
    assert list(portraits.render_people([441], rendered)) == []
    assert (rendered / "p441-0.npz").stat().st_mtime_ns == before
    assert not list(rendered.glob("*.part*"))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "p000.npz", pictures=np.zeros(3))
    with pytest.raises(ValueError, match="lacks coefficients, exact"):
        portraits.Portraits.load(tmp_path / "p000.npz")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A collection of empty files, named like the photographs."""
    for corpus, count in (("neutral_front", 10), ("smiling_front", 10), ("canada", 5)):
        (tmp_path / corpus).mkdir()
        for i in range(count):
            end = {"neutral_front": "_03", "smiling_front": "_08"}.get(corpus, "f")
            (tmp_path / corpus / f"{i:03d}{end}.jpg").touch()
    return tmp_path


def test_one_file_number_is_one_person_and_a_fifth_is_held_out(album: Path) -> None:
    found = faces.photos(album)
    assert len(found) == 25 and found == faces.photos(album)
    splits = {person: {p.split for p in found if p.person == person} for person in {p.person for p in found}}
    assert all(len(split) == 1 for split in splits.values())
    assert {p.expression for p in found if p.person == "london-003"} == {"neutral", "smiling"}
    held_out = {(p.corpus, p.person) for p in found if p.split == "test"}
    assert [sum(corpus == c for c, _ in held_out) for corpus in ("london", "canada")] == [2, 1]


def test_no_photographs_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no photographs; wanted: neutral_front"):
        faces.photos(tmp_path)


def test_photographs_are_cropped_and_blank_ones_named(
    tmp_path: Path, person: portraits.Portraits, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    if "TALKDEMO_FACE_LANDMARKER" not in os.environ:
        monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(shared.root() / "face_landmarker.task"))
    for folder, picture in (
        ("neutral_front/001_03", person.pictures[0]),
        ("canada/002f", np.zeros((160, 160, 3), np.uint8)),
    ):
        (tmp_path / folder).parent.mkdir()
        Image.fromarray(picture).resize((512, 512)).save(tmp_path / f"{folder}.jpg")
    assert portrait_data.make_photos(tmp_path / "out", tmp_path) == ["002f.jpg"]
    with np.load(tmp_path / "out" / "photos.npz") as file:
        assert file["pictures"].shape == (1, 320, 320, 3) and file["person"].tolist() == ["london-001"]
        np.testing.assert_allclose(file["seen"][0], person.seen[0], atol=2.5)


@pytest.mark.parametrize("words", [["--people", "451"], ["--first", "9", "--people", "9"], ["--processes", "0"]])
def test_impossible_orders_are_refused(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="asked for"):
        portrait_data.main(["renders", "--out", str(tmp_path), *words])
