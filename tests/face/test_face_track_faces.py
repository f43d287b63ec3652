"""Who is followed, with invented detections: the largest who stays; passers-by, losses and doubles."""

from __future__ import annotations

import numpy as np
import pytest

from talkdemo.face.track.faces import Crowd, Track
from talkdemo.face.track.landmarker import DetectedFace


def face(x: float, size: float, y: float = 200.0) -> DetectedFace:
    points = np.array([[x - size / 2, y - size / 2], [x + size / 2, y + size / 2]], np.float32)
    return DetectedFace(points, np.zeros(52, np.float32), np.eye(3))


def crowd(*looks: list[DetectedFace], every: float = 0.3) -> Crowd:
    people = Crowd()
    for i, faces in enumerate(looks):
        people.add(i * every, faces)
    return people


def middle(track: Track) -> float:
    return float(np.median([box.x for box in track.boxes]))


def test_one_face_that_wanders() -> None:
    person = crowd(*([face(100 + 20 * i, 100 + i)] for i in range(20))).person("a.mp4")
    assert len(person.times) == 20 and np.shape(person.coefficients) == (20, 52)
    assert np.shape(person.rotations) == (20, 3, 3)


def test_the_larger_of_two() -> None:
    person = crowd(*([face(100, 60), face(400, 120)] for _ in range(10))).person("a.mp4")
    assert middle(person) == 400 and len(person.times) == 10


def test_a_passer_by_does_not_take_over() -> None:
    """Larger than the person, and in front of them for a while."""
    looks = [[face(300, 100)] for _ in range(20)]
    for i in range(8, 13):
        looks[i] = [face(100 + 100 * (i - 8), 220)]
    person = crowd(*looks).person("a.mp4")
    assert middle(person) == 300 and len(person.times) == 15 and max(box.size for box in person.boxes) == 100


def test_lost_and_found_again() -> None:
    looks = [[face(300, 100)] if i < 6 or i > 14 else [] for i in range(24)]
    assert len(crowd(*looks).tracks) == 2
    assert len(crowd(*looks).person("a.mp4").times) == 15


def test_two_side_by_side_stay_two() -> None:
    looks = [[face(200 + 3 * i, 100), face(330 - 3 * i, 60)] for i in range(10)]
    people = crowd(*looks)
    assert len(people.tracks) == 2 and {len(track.times) for track in people.tracks} == {10}


def test_nobody_and_two_alike() -> None:
    with pytest.raises(ValueError, match=r"^a.mp4 shows no face in any of the 3 frames"):
        crowd([], [], []).person("a.mp4")
    with pytest.raises(ValueError, match=r"shows 2 faces of like size \(110 and 100 pixels\)"):
        crowd(*([face(100, 100), face(400, 110)] for _ in range(9))).person("a.mp4")


def portraits(*seeds: int) -> list[np.ndarray]:
    """(300, 400, 3) grey noise, the same for the same seed but for a little of its own."""
    rng = np.random.default_rng(99)
    faces = {seed: np.random.default_rng(seed).integers(0, 256, (6, 8, 1)) for seed in set(seeds)}
    shown = [np.kron(faces[seed], np.ones((50, 50, 3))) + rng.normal(0, 12, (300, 400, 1)) for seed in seeds]
    return [picture.clip(0, 255).astype(np.uint8) for picture in shown]


def test_another_face_at_the_same_place_is_another_person() -> None:
    def watched(*seeds: int) -> Track:
        people = Crowd()
        for i, picture in enumerate(portraits(*seeds)):
            people.add(0.3 * i, [face(200, 150, 150)], picture)
        return people.person("a.mp4")

    assert len(watched(*[1] * 12).times) == 12
    with pytest.raises(ValueError, match=r"two people one after the other \(0\.0 s, 1\.8 s\)"):
        watched(*[1] * 6, *[2] * 6)
    with pytest.raises(ValueError, match="two people one after the other"):
        watched(*[1] * 4, *[2] * 4, *[1] * 4, *[2] * 4)  # by turns
    main = watched(*[1] * 12, *[2] * 4)  # a passer-by
    assert len(main.times) == 12 and len(main.looks) == 12 and main.times[-1] == pytest.approx(3.3)
