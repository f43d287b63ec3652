"""The tab Expression and heads that are turned: handles in the face's plane, sources beside landmarks, the strip."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from talkdemo.face.arkit import INDEX
from talkdemo.gcgan import gaze
from talkdemo.gcgan.gallery import gallery, open_gallery
from talkdemo.records import FPS, Motion
from talkdemo.ui.express import trio
from talkdemo.ui.express.landmark_editor import axes, editing
from talkdemo.ui.express.tab import ExpressTab
from talkdemo.ui.parts.marked import marked, only_marks

ME = SimpleNamespace(session_hash="me")
pytestmark = pytest.mark.skipif(not gallery(), reason="no portraits in examples/faces")


def test_the_plane_of_a_face(tmp_path: Path) -> None:
    """From the front a step is a step; turned by 30° one across is cos 30° long, one down still one."""
    for name, across, down in (("maya", 1.0, 1.0), ("elena", np.cos(np.radians(30)), 1.0)):
        plane = axes(open_gallery(name))
        assert np.hypot(*plane["across"]) == pytest.approx(across, abs=0.04)
        assert np.hypot(*plane["down"]) == pytest.approx(down, abs=0.04)
        assert plane["eyes"] > 90
    elena = open_gallery("elena")
    value = editing(tmp_path / "a.jpg", (0, 0, 9, 9), elena, elena.landmarks)
    assert set(value["hidden"]) == set(np.flatnonzero(elena.frame.hidden)) and {14, 15, 16} <= set(value["hidden"])


def test_a_face_beside_its_landmarks() -> None:
    drawn = marked(open_gallery("elena"), "<Elena>")
    assert drawn.count("<figure>") == 2 and "<Elena>" not in drawn and "data:image/jpeg" in drawn
    seen, unseen = (drawn.split(f'class="{kind}" d="')[1].split('"')[0] for kind in ("seen", "unseen"))
    assert seen.count("M") + unseen.count("M") == 63 and unseen.count("M") >= 4  # the lines between 68 points
    bare = only_marks(open_gallery("maya").landmarks, "Your file")
    assert bare.count("<figure>") == 1 and "<image" not in bare and 'class="unseen" d=""' in bare


def test_another_face_is_shown(tab: ExpressTab, tmp_path: Path) -> None:
    page = tab.opened(ME, None, 1.0, "manifold")
    state = (page[tab.session], 1.0, "manifold")
    shown = tab.matched(ME, "elena", *state)
    assert ">Elena<" in shown[tab.form.source] and "<image" in shown[tab.form.source]
    assert shown[tab.session].target.values.shape == (68, 3)  # with the depths of a turned head
    path = tmp_path / "leo.json"
    path.write_text(json.dumps({"width": 512, "height": 512, "landmarks": open_gallery("leo").landmarks.tolist()}))
    shown = tab.imitated(ME, str(path), *state)
    assert ">Your file<" in shown[tab.form.source] and "<img" not in shown[tab.form.source]


def test_the_strip_of_three(tab: ExpressTab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Input, result and head in one PNG; of a motion's frame the head shows that frame, as strong as chosen."""
    asked = []

    def drawn(_: object, coefficients: np.ndarray):
        asked.append(coefficients)
        return open_gallery("leo")

    monkeypatch.setattr(trio.DrawnHead, "portrait", drawn)
    page = tab.opened(ME, None, 1.0, "manifold")
    shown = tab.trio.draw(page[tab.session], 1.0)
    assert shown[tab.form.trio].count("<figure>") == 3 and tab.form.moving not in shown
    path = Path(shown[tab.form.save_trio].value["path"])
    with Image.open(path) as image:
        assert image.format == "PNG" and image.width > 3 * trio.SIDE and image.height == trio.SIDE + trio.CAPTION
        middle = np.asarray(image)[: trio.SIDE, 2 * (trio.SIDE + trio.SIDE // 64) :]
    assert np.abs(middle.astype(int) - open_gallery("leo").image).mean() < 2 and asked[-1].shape == (52,)

    session = page[tab.session]
    aside = replace(session, points=gaze.at(session.points[:68], gaze.of(session.portrait.seen) + np.array([0.1, 0])))
    tab.trio.draw(aside, 0.5)  # the head looks aside with the portrait
    assert asked[-1][INDEX["eyeLookOutLeft"]] - asked[-2][INDEX["eyeLookOutLeft"]] == pytest.approx(
        0.05 / 0.2, rel=0.01
    )

    coefficients = np.zeros((3, 52), np.float32)
    coefficients[1, INDEX["jawOpen"]] = 0.8
    talk = SimpleNamespace(motion=Motion(coefficients, np.zeros((3, 3), np.float32), FPS))
    page = tab.latest(ME, talk, page[tab.session], 0.5, "manifold")
    shown = tab.trio.draw(page[tab.session], 0.5)
    assert asked[-2][INDEX["jawOpen"]] == pytest.approx(0.4) and asked[-1][INDEX["jawOpen"]] == pytest.approx(0.8)
    assert "Head at 0.04 s" in shown[tab.form.moving]
    tab.visits.leave("me")
    assert tab.form.save_trio not in tab.trio.draw(page[tab.session], 0.5)  # it went while it was drawn


def test_without_opengl_two_pictures_stay(tab: ExpressTab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("there is no OpenGL")

    monkeypatch.setattr(trio.DrawnHead, "portrait", fail)
    page = tab.opened(ME, None, 1.0, "manifold")
    assert tab.trio.draw(page[tab.session], 1.0)[tab.form.trio].count("<figure>") == 2
    assert tab.form.save_trio not in tab.trio.draw(None, 1.0)


@pytest.mark.slow
def test_the_head_is_drawn_with_its_landmarks() -> None:
    """A mouth that opens is drawn open where the landmarks are."""
    head, opened = trio.DrawnHead(), np.zeros(52, np.float32)
    opened[INDEX["jawOpen"]] = 1
    rest, wide = head.portrait(np.zeros(52, np.float32)), head.portrait(opened)
    assert rest.image.shape == (trio.SIDE, trio.SIDE, 3) and rest.landmarks.shape == (68, 2)
    assert wide.landmarks[66, 1] - wide.landmarks[62, 1] > 20 > rest.landmarks[66, 1] - rest.landmarks[62, 1]
    x, y = ((wide.landmarks[62] + wide.landmarks[66]) / 2).astype(int)
    assert wide.image[y, x].mean() < rest.image[y, x].mean() - 20  # the dark inside of a mouth


def test_what_is_covered_is_told_beside_the_result(tab: ExpressTab, monkeypatch: pytest.MonkeyPatch) -> None:
    from talkdemo.gcgan import covered

    page = tab.opened(ME, None, 1.0, "manifold")
    assert "td-warned" not in page[tab.form.panel]
    monkeypatch.setattr(covered, "warning", lambda _: "The mouth is covered.")
    page = tab.chosen(ME, "leo", page[tab.session], 1.0, "manifold")
    assert "The mouth is covered." in page[tab.form.panel] and tab.form.save_png in page
    page = tab.preset(ME, "aa", page[tab.session], 1.0, "manifold")
    assert "The mouth is covered." in page[tab.form.panel]  # as long as the portrait is shown
