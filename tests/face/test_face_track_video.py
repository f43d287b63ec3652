"""Whole videos through the tracker: our own renders with known motion, and photographs that sway, come and go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from talkdemo.face.arkit import INDEX
from talkdemo.face.track import read as track_read
from talkdemo.face.track.video import Tracked, track
from talkdemo.records import Stopped

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("landmarker")]
LENGTH = 10  # frames of one action
ACTIONS = ("", "jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthPucker", "x", "y", "z")


@pytest.fixture(scope="module")
def known() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Coefficients (T, 52), head (T, 3) and pictures: one action after the other, each up and down again."""
    torch = pytest.importorskip("torch")
    from talkdemo.face.head import FaceModel
    from talkdemo.render import raster

    try:
        raster.check()
    except RuntimeError as error:
        pytest.skip(str(error))
    coefficients, head = np.zeros((LENGTH * len(ACTIONS), 52), np.float32), np.zeros((LENGTH * len(ACTIONS), 3))
    bump = np.sin(np.linspace(0, np.pi, LENGTH)) ** 2
    for i, action in enumerate(ACTIONS):
        part = slice(i * LENGTH, (i + 1) * LENGTH)
        if action in INDEX:
            coefficients[part, INDEX[action]] = bump
        elif action:
            head[part, "xyz".index(action)] = 0.25 * bump
    model = FaceModel.load()
    renderer = raster.Renderer(model.drawable("maya"), 320)
    vertices = model(torch.from_numpy(coefficients), torch.from_numpy(head).float(), "maya")
    pictures = list(renderer.frames(vertices.numpy()))
    renderer.close()
    return coefficients, head, pictures


def r(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def agree(tracked: Tracked, coefficients: np.ndarray, head: np.ndarray) -> None:
    """Every action comes back on its own channel, and on its own side; turns about every axis with their sign."""
    got = tracked.motion.coefficients
    assert got.shape == coefficients.shape and tracked.motion.fps == 25 and tracked.seen == 1
    for action in ACTIONS:
        if action in INDEX:
            assert r(got[:, INDEX[action]], coefficients[:, INDEX[action]]) > 0.85, action
    for one, other in (("eyeBlinkLeft", "eyeBlinkRight"), ("eyeBlinkRight", "eyeBlinkLeft")):
        at = int(coefficients[:, INDEX[one]].argmax())
        assert got[at, INDEX[one]] > 0.35 > 2 * got[at, INDEX[other]]
    for axis in range(3):
        assert r(tracked.motion.head[:, axis], head[:, axis]) > 0.9
        slope = np.polyfit(head[:, axis], tracked.motion.head[:, axis], 1)[0]
        assert 0.7 < slope < 1.2, (axis, slope)


def test_known_motion_comes_back(known, film: Callable[..., Path], tmp_path: Path) -> None:
    coefficients, head, pictures = known
    fractions: list[float] = []
    tracked = track(film(tmp_path / "known.mp4", pictures), progress=lambda stage, fraction: fractions.append(fraction))
    agree(tracked, coefficients, head)
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert tracked.mask.shape == (55,) and tracked.mask[52:].all() and not tracked.mask[INDEX["tongueOut"]]
    assert tracked.reference.name == "known.mp4" and len(tracked.reference.motion) == len(coefficients)


def test_a_mirrored_film_is_turned_back(known, film, tmp_path: Path) -> None:
    coefficients, head, pictures = known
    tracked = track(film(tmp_path / "selfie.mp4", [picture[:, ::-1] for picture in pictures]), mirrored=True)
    agree(tracked, coefficients, head)


@pytest.mark.parametrize(
    ("stored", "matrix"),
    [
        (lambda picture: np.rot90(picture), (0, 1, -1, 0)),  # a quarter turn clockwise
        (lambda picture: picture[:, ::-1], (-1, 0, 0, 1)),  # a front camera's mirror image
        (lambda picture: picture.swapaxes(0, 1), (0, 1, 1, 0)),  # a quarter turn of it
    ],
    ids=["turned", "mirrored", "turned mirror"],
)
def test_a_film_is_tracked_as_its_header_says_it_is_shown(known, film, tmp_path: Path, stored, matrix) -> None:
    coefficients, head, pictures = known
    tracked = track(film(tmp_path / "phone.mp4", map(stored, pictures), matrix=matrix))
    agree(tracked, coefficients, head)


def test_webcam_recording(known, film, tmp_path: Path) -> None:
    """webm with uneven times at about 18 frames per second: events stand where they were in time."""
    coefficients, _, pictures = known
    rng = np.random.default_rng(0)
    times = np.sort(rng.choice(len(pictures) * 4, int(len(pictures) * 0.72), replace=False)) / 100
    times[0] = 0.0
    shown = [pictures[int(t * 25)] for t in times]
    tracked = track(film(tmp_path / "webcam.webm", shown, codec="libvpx", times=times))
    got = tracked.motion.coefficients[: len(coefficients)]
    assert abs(len(tracked.motion) - len(pictures)) <= 3
    for action in ("jawOpen", "mouthPucker"):
        assert r(got[:, INDEX[action]], coefficients[: len(got), INDEX[action]]) > 0.8


def sway(scene: Callable, *people: tuple[Path, float, float], frames: int = 38) -> list[np.ndarray]:
    return [scene(i / 25, *people) for i in range(frames)]


def test_gaps_are_filled(film, scene, photos, tmp_path: Path) -> None:
    pictures = sway(scene, (photos[0], 0.5, 1.0), frames=50)
    for i in range(20, 29):
        pictures[i] = np.full_like(pictures[i], 128)
    tracked = track(film(tmp_path / "gap.mp4", pictures))
    assert len(tracked.motion) == 50 and 0.75 < tracked.seen < 0.9
    assert (tracked.confidence[21:28] == 0).all() and (tracked.confidence[[2, 15, 40]] > 0.9).all()
    assert np.abs(np.diff(tracked.motion.head, axis=0)).max() < 0.03
    assert np.isfinite(tracked.motion.coefficients).all()


def test_a_still_face_is_still(film, scene, photos, tmp_path: Path) -> None:
    """A photograph that sways: nothing moves but the noise, and the rest is at rest."""
    motion = track(film(tmp_path / "still.mp4", sway(scene, (photos[0], 0.5, 1.0)))).motion
    jitter = np.diff(motion.coefficients, axis=0).std(0)
    assert jitter.mean() < 0.004 and jitter[INDEX["jawOpen"]] < 0.002 and jitter[INDEX["eyeBlinkLeft"]] < 0.01
    assert np.abs(motion.coefficients[0] - motion.coefficients[5]).max() < 0.1  # no settling in
    assert np.median(motion.coefficients[:, INDEX["browDownLeft"]]) < 0.05
    assert np.abs(np.median(motion.head, axis=0)[:2]).max() < 0.01


def test_the_large_face_among_two(film, scene, photos, tmp_path: Path) -> None:
    """Alone, or with somebody smaller at their side: the same motion."""
    alone = track(film(tmp_path / "one.mp4", sway(scene, (photos[0], 0.3, 0.9))))
    both = track(film(tmp_path / "two.mp4", sway(scene, (photos[0], 0.3, 0.9), (photos[7], 0.8, 0.5))))
    assert both.seen == 1
    np.testing.assert_allclose(both.offset[:52], alone.offset[:52], atol=0.12)
    np.testing.assert_allclose(both.motion.head, alone.motion.head, atol=0.03)


def test_a_passer_by(film, scene, photos, tmp_path: Path) -> None:
    pictures = sway(scene, (photos[0], 0.3, 0.7), frames=50)
    for i in range(20, 33):
        pictures[i] = scene(i / 25, (photos[0], 0.3, 0.7), (photos[7], 1.0 - 0.02 * (i - 20), 1.1))
    tracked = track(film(tmp_path / "street.mp4", pictures))
    assert tracked.seen > 0.9
    assert np.abs(np.diff(tracked.motion.head, axis=0)).max() < 0.05


def test_stopped(film, scene, photos, tmp_path: Path) -> None:
    path = film(tmp_path / "long.mp4", sway(scene, (photos[0], 0.5, 1.0)))
    stop = threading.Event()
    calls = 0

    def progress(stage: str, share: float) -> None:
        nonlocal calls
        calls += 1
        if share > 0.4:
            stop.set()

    with pytest.raises(Stopped):
        track(path, progress=progress, stop=stop)
    assert calls < 30 and list(tmp_path.iterdir()) == [path]


def refused(path: Path) -> str:
    with pytest.raises(ValueError) as caught:
        track(path)
    assert "\n" not in str(caught.value) and str(path.parent) not in str(caught.value)
    return str(caught.value)


def test_faces_that_cannot_be_followed(film, scene, photos, tmp_path: Path) -> None:
    two = sway(scene, (photos[0], 0.25, 0.7), (photos[7], 0.75, 0.7))
    assert "2 faces of like size" in refused(film(tmp_path / "two.mp4", two))
    blank = [np.full_like(two[0], 90)] * 30
    assert "shows no face in any of the" in refused(film(tmp_path / "wall.mp4", blank))
    half = [scene(i / 25, (photos[0], 0.5, 1.0)) if i % 30 < 14 else blank[0] for i in range(60)]
    assert "wanted: at least 60 %" in refused(film(tmp_path / "half.mp4", half))


def test_films_that_cannot_be_read(film, wav: Callable[..., Path], tmp_path: Path, monkeypatch) -> None:
    from PIL import Image

    blank = [np.full((64, 64, 3), 90, np.uint8)] * 60
    whole = film(tmp_path / "whole.mp4", blank)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    Image.new("RGB", (64, 64)).save(tmp_path / "photo.png")
    assert "lasts 0.48 s; wanted: at least 1 s" in refused(film(tmp_path / "short.mp4", blank[:12]))
    assert "5.0 frames per second; wanted: at least 8" in refused(film(tmp_path / "slow.mp4", blank[:10], fps=5))
    assert "no video stream" in refused(wav())
    assert "0 bytes" in refused(tmp_path / "empty.mp4")
    assert "damaged" in refused(tmp_path / "noise.mp4") and "damaged" in refused(tmp_path / "cut.mp4")
    assert "is a folder" in refused(tmp_path) and "does not exist" in refused(tmp_path / "no.mp4")
    assert "cannot be read" in refused(tmp_path / "photo.png")
    monkeypatch.setattr(track_read, "LONGEST", 1.2)  # in this process, where it is read now
    with pytest.raises(ValueError, match="lasts 0:02 min; wanted: at most 0:01 min"):  # as its header says
        next(track_read.parts(str(whole), "whole.mp4", 0))
    monkeypatch.setattr(track_read._File, "_declared", lambda self: None)
    with pytest.raises(ValueError, match="lasts longer than 0:01 min"):  # as it turns out
        list(track_read.parts(str(whole), "whole.mp4", 0))


def test_thirty_minutes_are_refused_before_they_are_decoded(film, tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", [np.zeros((64, 64, 3), np.uint8)] * 20, times=np.linspace(0, 1800, 20))
    with pytest.raises(ValueError, match=r"lasts 3.*wanted: at most 10:00 min"):
        next(track_read.parts(str(path), "film.mp4", 0))


def test_two_people_one_after_the_other_are_two(film, scene, photos, tmp_path: Path) -> None:
    """At the same place, without a moment between them; the same person with another face is one."""
    one = sway(scene, (photos[0], 0.5, 0.9), frames=50)
    with pytest.raises(ValueError, match=r"two\.mp4 shows two people one after the other \(0\.0 s, 2\.\d s\)"):
        track(film(tmp_path / "two.mp4", [*one, *sway(scene, (photos[7], 0.5, 0.9), frames=50)]))
    smiling = photos[0].parent.parent / "smiling_front" / photos[0].name.replace("_03", "_08")
    if smiling.is_file():
        track(film(tmp_path / "one.mp4", [*one, *sway(scene, (smiling, 0.5, 0.9), frames=50)]))
