"""The portrait under a talk: chosen, moved by the video's cursor, filmed with the speech's sound, stopped; in a browser
with a stand-in for the speech model."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo.data.corpora import shared
from talkdemo.face.arkit import INDEX
from talkdemo.records import FPS, Motion, Speech
from talkdemo.render import video
from talkdemo.ui import app as ui
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.talk.portrait import NO_PORTRAIT, NO_TALK, Talk, TalkPortrait

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
WAITING = 120_000  # milliseconds


@pytest.fixture
def tab(expresser, plain_decode, stand_in, tmp_path: Path) -> TalkPortrait:
    app = ui.build(stand_in, plain_decode, ["maya"], [], Visits(tmp_path), expresser)
    return app.talk_tab.portrait


def talk(frames: int = 6) -> Talk:
    coefficients = np.zeros((frames, 52), np.float32)
    coefficients[:, INDEX["jawOpen"]] = np.linspace(0, 1, frames)
    sound = np.random.default_rng(0).normal(0, 0.1, frames * 640 - 200).astype(np.float32)
    return Talk(Motion(coefficients, np.zeros((frames, 3), np.float32), FPS), Speech(sound))


def somebody(name: str = "me") -> SimpleNamespace:
    return SimpleNamespace(session_hash=name)


def asking(seconds: object) -> SimpleNamespace:
    return SimpleNamespace(_data={"seconds": seconds})


def test_the_face_of_a_moment(tab: TalkPortrait) -> None:
    """A frame is shown from its beginning to its end; beyond the talk its last one stays."""
    portrait = tab.chosen("leo")[tab.portrait]
    made = [tab.picture(talk(), portrait, seconds) for seconds in (0.04, 0.079, 0.08, 0.2, 99.0)]
    assert made[0].shape == portrait.picture.shape
    assert (made[0] == made[1]).all() and (made[3] == made[4]).all() and (made[1] != made[2]).any()
    page = tab.sought(asking(0.04), talk(), portrait)
    assert page[tab.moment]["picture"].startswith("data:image/jpeg;base64,") and page[tab.moment]["seconds"] == 0.04
    for nothing in ((asking(0.04), None, portrait), (asking(0.04), talk(), None), (asking("now"), talk(), portrait)):
        assert "picture" not in tab.sought(*nothing)[tab.moment]


def test_a_film_with_sound(tab: TalkPortrait) -> None:
    """Each visitor's film lies in a folder of their own; another film takes its place; all goes with the visit."""
    portrait = tab.chosen("leo")[tab.portrait]
    *_, page = tab.film(talk(), portrait, None, somebody())
    first = page[tab.folder]
    frames, sound = video.read(first / "portrait.mp4")
    assert len(frames) == 6 and frames.shape[1:] == portrait.picture.shape
    assert sound is not None and abs(len(sound) / 16_000 - 6 / FPS) < 0.05 and np.abs(sound).max() > 0.05
    *_, page = tab.film(talk(), portrait, first, somebody())
    assert not first.exists() and len(list(tab.visits.jobs.iterdir())) == 1
    *_, other = tab.film(talk(), portrait, None, somebody("you"))
    tab.leave(somebody())
    assert list(tab.visits.jobs.iterdir()) == [other[tab.folder]]


def test_stopped_and_nothing_to_film(tab: TalkPortrait) -> None:
    portrait = tab.chosen("leo")[tab.portrait]
    (page,) = tab.film(None, portrait, None, somebody())
    assert NO_TALK in page[tab.status].value
    (page,) = tab.film(talk(), None, None, somebody())
    assert NO_PORTRAIT in page[tab.status].value
    tab.pressed(somebody())
    for event in tab.film(talk(400), portrait, None, somebody()):
        if tab.cancel not in event:
            tab.stop(somebody())
    assert event[tab.make].interactive and tab.folder not in event
    assert not list(tab.visits.jobs.iterdir())


def test_a_bad_photograph_is_one_sentence(tab: TalkPortrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(tmp_path / "none.task"))
    photo = tmp_path / "<b>me.jpg"
    photo.write_bytes(b"nothing")
    page = tab.photographed(str(photo))
    said = page[tab.status].value
    assert "td-error" in said and "me.jpg" not in said and tab.portrait not in page and not photo.exists()


@pytest.mark.slow
def test_a_photograph(tab: TalkPortrait, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read, framed, and deleted."""
    pytest.importorskip("mediapipe")
    root = shared.root()
    if root is None or not (root / "face_landmarker.task").is_file():
        pytest.skip("face_landmarker.task and photographs are not there (shared data absent)")
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(root / "face_landmarker.task"))
    photo = tab.visits.root / "me.jpg"
    shutil.copy(sorted((root / "faces" / "neutral_front").glob("*.jpg"))[0], photo)
    page = tab.photographed(str(photo))
    portrait = page[tab.portrait]
    assert max(portrait.picture.shape) <= 512 and page[tab.make].interactive and not photo.exists()
    assert (tab.picture(talk(), portrait, 0.2) != portrait.picture).any()


def test_no_portrait_without_its_model(plain_decode, stand_in, tmp_path: Path) -> None:
    assert ui.build(stand_in, plain_decode, ["maya"], [], Visits(tmp_path)).talk_tab.portrait is None


@pytest.fixture
def page(expresser, plain_decode, stand_in, wav: Callable[..., Path], tmp_path: Path) -> Iterator[object]:
    """A visitor who has just generated a talk."""
    playwright = pytest.importorskip("playwright.sync_api")
    clips = [wav("hum", 3.0)]
    app = ui.build(stand_in, plain_decode, ["maya"], clips, Visits(tmp_path / "files"), expresser)
    _, address, _ = app.launch(**ui.launch_options(app.characters), prevent_thread_lock=True, quiet=True)
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.set_default_timeout(WAITING)
        page.complaints, page.jobs = [], app.talk_tab.visits.jobs
        page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#td-generate")
        page.get_by_role("button", name="Hum", exact=True).click()
        page.wait_for_selector("#td-speech button[aria-label='Play']")
        page.click("#td-generate")
        page.wait_for_function("document.querySelector('#td-video video')?.duration > 1")
        yield page
        browser.close()
    app.close()


@pytest.mark.slow
@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium (see packages-test.txt)")
def test_in_a_browser(page) -> None:
    page.evaluate("document.querySelector('#td-video video').pause()")
    page.click("#td-portrait > button")
    page.click("#td-talk-portrait-gallery .td-person:has(input[value=leo])")
    shown = "document.querySelector('.td-moment figcaption').textContent"
    page.wait_for_function(f"/^\\d+\\.\\d\\d s$/.test({shown})")
    picture = page.get_attribute(".td-moment img", "src")
    page.evaluate("document.querySelector('#td-video video').currentTime = 1.5")
    page.wait_for_function(f"{shown} === '1.50 s'")
    assert page.get_attribute(".td-moment img", "src") != picture
    page.click("#td-portrait-make")
    page.wait_for_selector("#td-portrait-stop", state="visible")
    page.wait_for_function("document.querySelector('#td-portrait-video video')?.currentTime > 0.2")
    film = "document.querySelector('#td-portrait-video video')"
    size = f"(v => [v.videoWidth, v.videoHeight, Math.round(v.duration)])({film})"
    assert page.evaluate(size) == [512, 512, 3] and not page.is_visible("#td-portrait-stop")
    with page.expect_download() as caught:
        page.click("#td-portrait-save")
    assert Path(caught.value.path()).stat().st_size > 5_000
    assert not page.complaints
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto("about:blank")
    for _ in range(100):
        if not list(page.jobs.iterdir()):
            break
        time.sleep(0.2)
    assert not list(page.jobs.iterdir())
