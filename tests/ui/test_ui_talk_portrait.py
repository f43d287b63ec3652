"""The portrait under a talk: chosen, moved by the head's clock, filmed with the speech's sound, stopped; in a browser
with a stand-in for the speech model."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo.data.corpora import shared
from talkdemo.face.arkit import INDEX
from talkdemo.records import FPS, Motion, Speech
from talkdemo.ui import app as ui
from talkdemo.ui.parts.turns import MOTION, VIDEO
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.talk.job import GONE, Talk
from talkdemo.ui.talk.portrait import NO_PORTRAIT, TalkPortrait
from talkdemo.ui.viewer.take import write_sound


@pytest.fixture
def tab(expresser, stand_in, tmp_path: Path) -> TalkPortrait:
    return ui.build(
        {"diffusiontalker": stand_in}, ["maya"], [], Visits(tmp_path / "files"), expresser
    ).talk_tab.portrait


@pytest.fixture
def talk(tmp_path: Path) -> Callable[..., Talk]:
    """talk(frames) → a jaw that opens, and noise."""

    def make(frames: int = 6) -> Talk:
        coefficients = np.zeros((frames, 52), np.float32)
        coefficients[:, INDEX["jawOpen"]] = np.linspace(0, 1, frames)
        sound = np.random.default_rng(0).normal(0, 0.1, frames * 640 - 200).astype(np.float32)
        motion = Motion(coefficients, np.zeros((frames, 3), np.float32), FPS)
        return Talk(motion, write_sound(Speech(sound), tmp_path), {}, "talk")

    return make


def somebody(name: str = "me") -> SimpleNamespace:
    return SimpleNamespace(session_hash=name)


def asking(seconds: object) -> SimpleNamespace:
    return SimpleNamespace(_data={"seconds": seconds})


def test_the_face_of_a_moment(tab: TalkPortrait, talk) -> None:
    """A frame is shown from its beginning to its end; beyond the talk its last one stays."""
    portrait = tab.chosen("leo")[tab.portrait]
    made = [tab.image(talk(), portrait, seconds) for seconds in (0.04, 0.079, 0.08, 0.2, 99.0)]
    assert made[0].shape == portrait.image.shape
    assert (made[0] == made[1]).all() and (made[3] == made[4]).all() and (made[1] != made[2]).any()
    page = tab.sought(asking(0.04), talk(), portrait)
    assert page[tab.moment]["image"].startswith("data:image/jpeg;base64,") and page[tab.moment]["seconds"] == 0.04
    for nothing in ((asking(0.04), None, portrait), (asking(0.04), talk(), None), (asking("now"), talk(), portrait)):
        assert "image" not in tab.sought(*nothing)[tab.moment]


def test_the_chosen_portrait_beside_its_landmarks(tab: TalkPortrait) -> None:
    drawn = tab.chosen("elena")[tab.source]
    assert drawn.count("<figure>") == 2 and "<image" in drawn and "<path" in drawn


def test_a_film_with_sound(tab: TalkPortrait, talk, read_video) -> None:
    """Each visitor's film lies in a folder of their own; another film takes its place; all goes with the visit."""
    portrait = tab.chosen("leo")[tab.portrait]
    *_, page = tab.render(talk(), portrait, None, True, somebody())
    first = page[tab.folder]
    frames, sound = read_video(first / "portrait.mp4")
    assert len(frames) == 6 and frames.shape[1:] == portrait.image.shape
    assert sound is not None and abs(len(sound) / 16_000 - 6 / FPS) < 0.05 and np.abs(sound).max() > 0.05
    *_, page = tab.render(talk(), portrait, first, True, somebody())
    assert not first.exists() and len(list(tab.visits.jobs.iterdir())) == 1
    *_, other = tab.render(talk(), portrait, None, True, somebody("you"))
    tab.visits.leave("me")
    assert list(tab.visits.jobs.iterdir()) == [other[tab.folder]]


def test_its_frames_are_shown_while_it_is_made(tab: TalkPortrait, talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures with growing seconds and the bar between them, then the film; the head turns, or keeps still."""
    monkeypatch.setattr("talkdemo.ui.talk.portrait.SHOWN", 0.0)
    portrait, said = tab.chosen("leo")[tab.portrait], talk()
    said.motion.head[:] = (0.0, 0.12, 0.0)
    last = []
    for turns in (True, False):
        pages = list(tab.render(said, portrait, None, turns, somebody()))
        moments = [page[tab.moment] for page in pages if tab.moment in page]
        assert [moment["seconds"] for moment in moments] == [k / FPS for k in range(6)]
        assert all(moment["image"].startswith("data:image/jpeg;base64,") for moment in moments)
        assert tab.folder in pages[-1]
        last.append(moments[-1]["image"])
    assert last[0] != last[1]


def test_it_waits_for_motion_and_says_so(tab: TalkPortrait, talk) -> None:
    """A talk that is being sampled goes first; no frame is made before it is done."""
    portrait, stop, pages = tab.chosen("leo")[tab.portrait], threading.Event(), []
    with MOTION.job(stop, lambda *_: None):
        film = tab.render(talk(), portrait, None, True, somebody())
        for _ in range(2):
            pages.append(next(film))
        assert VIDEO.waiting == 1 and not any(tab.moment in page or tab.folder in page for page in pages)
        assert all(tab.panel in page for page in pages)
    assert tab.folder in list(film)[-1]
    assert not VIDEO.busy


def test_stopped_and_nothing_to_film(tab: TalkPortrait, talk) -> None:
    portrait = tab.chosen("leo")[tab.portrait]
    (page,) = tab.render(None, portrait, None, True, somebody())
    assert GONE in page[tab.panel]
    (page,) = tab.render(talk(), None, None, True, somebody())
    assert NO_PORTRAIT in page[tab.panel]
    tab.pressed(somebody())
    for event in tab.render(talk(400), portrait, None, True, somebody()):
        if tab.cancel not in event:
            tab.stop(somebody())
    assert event[tab.start].interactive and tab.folder not in event and "Stopped" in event[tab.panel]
    assert not list(tab.visits.jobs.iterdir())


def test_a_bad_photograph_is_one_sentence(tab: TalkPortrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(tmp_path / "none.task"))
    photo = tab.visits.root / "<b>me.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"nothing")
    page = tab.photographed(str(photo))
    said = page[tab.panel]
    assert "td-error" in said and "me.jpg" not in said and tab.portrait not in page and not photo.exists()


@pytest.mark.slow
def test_a_photograph(tab: TalkPortrait, talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read, framed, and deleted."""
    root = shared.root()
    if root is None or not (root / "face_landmarker.task").is_file():
        pytest.skip("face_landmarker.task and photographs are not there (shared data absent)")
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(root / "face_landmarker.task"))
    photo = tab.visits.root / "me.jpg"
    photo.parent.mkdir()
    shutil.copy(sorted((root / "faces" / "neutral_front").glob("*.jpg"))[0], photo)
    page = tab.photographed(str(photo))
    portrait = page[tab.portrait]
    assert max(portrait.image.shape) <= 512 and page[tab.start].interactive and not photo.exists()
    assert (tab.image(talk(), portrait, 0.2) != portrait.image).any()


def test_no_portrait_without_its_model(stand_in, tmp_path: Path) -> None:
    assert ui.build({"diffusiontalker": stand_in}, ["maya"], [], Visits(tmp_path)).talk_tab.portrait is None


@pytest.mark.slow
def test_in_a_browser(
    expresser, stand_in, wav: Callable[..., Path], tmp_path: Path, serving, browser, visiting, phone
) -> None:
    app = ui.build({"diffusiontalker": stand_in}, ["maya"], [wav("hum", 3.0)], Visits(tmp_path / "files"), expresser)
    jobs = app.talk_tab.visits.jobs
    with serving(app) as address:
        with visiting(browser, address) as page:
            page.get_by_role("button", name="Hum", exact=True).click()
            page.wait_for_selector("#td-speech button[aria-label='Play']")
            page.click("#td-generate")
            page.wait_for_selector("#td-head[data-state=playing]")
            page.evaluate("document.querySelector('#td-head audio').pause()")
            page.click("#td-portrait > button")
            page.click("#td-talk-portrait-gallery .td-person:has(input[value=leo])")
            seconds = "document.querySelector('.td-moment figcaption').textContent"
            page.wait_for_function(f"/^\\d+\\.\\d\\d s$/.test({seconds})")
            page.evaluate("document.querySelector('#td-head audio').currentTime = 2")  # the stand-in blinks there
            page.wait_for_function(f"{seconds} === '2.00 s'")
            image = page.get_attribute(".td-moment img", "src")
            page.evaluate("document.querySelector('#td-head audio').currentTime = 1.5")
            page.wait_for_function(f"{seconds} === '1.50 s'")
            assert page.get_attribute(".td-moment img", "src") != image
            page.click("#td-portrait-make")
            page.wait_for_selector("#td-portrait-stop:not([disabled])")
            page.wait_for_function("document.querySelector('#td-portrait-video video')?.currentTime > 0.2")
            video = "document.querySelector('#td-portrait-video video')"
            size = f"(v => [v.videoWidth, v.videoHeight, Math.round(v.duration)])({video})"
            assert page.evaluate(size) == [512, 512, 3]
            page.wait_for_selector("#td-portrait-stop[disabled]")
            with page.expect_download() as caught:
                page.click("#td-portrait-save")
            assert Path(caught.value.path()).stat().st_size > 5_000
            phone(page)
        begin = time.monotonic()
        while list(jobs.iterdir()):  # the visitor has left
            assert time.monotonic() - begin < 60
            time.sleep(0.1)
