"""DiffPoseTalk in a real browser with real weights: map, blend, upload, bad upload, two visitors side by side."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from talkdemo.export import livelink
from talkdemo.reference import gallery
from talkdemo.ui import app as ui
from talkdemo.ui.parts.visits import Visits

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
)
WAITING = 240_000  # milliseconds
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium (see packages-test.txt)"),
    pytest.mark.skipif(not gallery(), reason="no gallery (talkdemo.build.references)"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory):
    app = ui.build(visits=Visits(tmp_path_factory.mktemp("files")))
    _, address, _ = app.launch(**ui.launch_options(app.characters), prevent_thread_lock=True, quiet=True)
    yield address, app.talk_tab
    app.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        yield p.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))


@contextlib.contextmanager
def visit(browser, address: str):
    """A visitor of their own, with DiffPoseTalk chosen; `complaints` of the console are kept."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(WAITING)
    page = context.new_page()
    page.complaints, page.requests = [], []
    page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(address)
    page.wait_for_selector("#td-generate")
    page.click("#td-system label:has(input[value=diffposetalk])")
    page.wait_for_selector("#td-followed", state="visible")
    yield page
    context.close()


def tab(page, name: str) -> None:
    page.locator("#td-sources").get_by_role("tab", name=name).click()


def generate(page) -> str:
    """Press the button; what the panel says once the video plays."""
    page.get_by_role("button", name="Child", exact=True).click()
    page.wait_for_selector("#td-speech button[aria-label='Play']")
    page.click("#td-generate")
    page.wait_for_selector("#motion-chart")
    page.wait_for_function("document.querySelector('#td-video video')?.currentTime > 0.2")
    return page.inner_text("#td-panel")


def capture(folder: Path, name: str) -> Path:
    """A Live Link Face CSV of one of the gallery."""
    path = folder / f"{name}.csv"
    livelink.write(path, gallery()[name].open().motion)
    return path


def test_a_reference_is_picked_on_the_map_and_blended(served, browser) -> None:
    address, _ = served
    names = list(gallery())
    with visit(browser, address) as page:
        assert not page.is_visible("#td-identity") and page.is_visible("#td-guidance-style")
        tab(page, "Style map")
        assert page.locator(".td-map .td-point:not(.own)").count() == len(names)
        page.click(f".td-point[data-name='{names[1]}'] .mark")
        page.wait_for_selector(f".td-point.chosen[data-name='{names[1]}']")
        page.keyboard.press("Tab")
        page.focus(f".td-point[data-name='{names[1]}']")
        page.keyboard.press("ArrowRight")
        other = page.evaluate("document.activeElement.dataset.name")
        assert other in names and other != names[1]
        page.click(".td-map-pick button[data-pick=second]")
        page.focus(f".td-point[data-name='{other}']")
        page.keyboard.press("Enter")
        page.wait_for_function("getComputedStyle(document.querySelector('.td-map .between')).display !== 'none'")
        page.fill("#td-clip-share input[type=number]", "0.25")
        page.keyboard.press("Tab")
        page.wait_for_function("document.querySelector('#td-clip-card').innerText.includes('75 %')")
        page.uncheck("#td-head input")
        said = generate(page)
        first, second = gallery()[names[1]].title, gallery()[other].title
        assert f"{first} 75 %, {second} 25 %" in said and "held still" in said
        assert not page.complaints and not [u for u in page.requests if not u.startswith((address, "data:", "blob:"))]


def test_a_card_plays_and_is_picked_by_keyboard(served, browser) -> None:
    filmed = [item.name for item in gallery().values() if item.preview and item.preview.suffix == ".mp4"]
    if len(filmed) < 2:
        pytest.skip("the gallery has no films")
    with visit(browser, served[0]) as page:
        page.hover(f".td-ref:has(input[value='{filmed[1]}'])")
        page.wait_for_function(
            f"document.querySelector(\".td-ref:has(input[value='{filmed[1]}']) video\").currentTime > 0.2"
        )
        page.focus(f".td-ref input[value='{filmed[0]}']")
        page.keyboard.press("ArrowDown")
        page.wait_for_function(
            f"document.querySelector('#td-clip-card').innerText.includes('{gallery()[filmed[1]].title}')"
        )
        page.wait_for_function("document.querySelector('#td-clip-card video').currentTime > 0.2")


def test_two_visitors_clips_stay_apart(served, browser, tmp_path: Path) -> None:
    """A bad file is told in words; each visitor's clip is followed by that visitor alone, and goes with them."""
    address, talk_tab = served
    names = [item.name for item in gallery().values() if item.kind == "reference"]
    bad = tmp_path / "<img src=x>.mp4"
    bad.write_bytes(b"no video" * 100)
    with visit(browser, address) as me, visit(browser, address) as you:
        tab(me, "Upload")
        me.set_input_files("#td-upload input[type=file]", bad)
        me.wait_for_selector("#td-clip-status .td-error")
        assert "This clip" in me.inner_text("#td-clip-status") and "img" not in me.inner_text("#td-clip-status")
        me.set_input_files("#td-upload input[type=file]", capture(tmp_path, names[0]))
        me.wait_for_selector("#td-clip-card .td-known")
        assert not me.is_visible("#td-clip-status .td-error")
        mine = me.inner_text("#td-clip-card")
        assert "My clip" in mine and f"most like {gallery()[names[0]].title}" in mine
        tab(me, "Style map")
        assert me.is_visible(".td-map .own .mark")
        tab(you, "Style map")
        assert not you.is_visible(".td-map .own .mark") and "My clip" not in you.inner_text("#td-clip-card")
        tab(you, "Gallery")
        you.click(".td-ref:has(input[value=my-clip])")
        you.wait_for_selector("#td-upload", state="visible")
        you.wait_for_function("document.querySelector('#td-clip-card').innerText.includes('no clip of yours')")
        you.set_input_files("#td-upload input[type=file]", capture(tmp_path, names[-1]))
        you.wait_for_selector("#td-clip-card .td-known")
        assert "In the manner of\nMy clip" in generate(me)
        folders = list(talk_tab.visits.jobs.glob("*/my-clip.npz"))
        assert len(folders) == 2
        me.click("#td-forget")
        me.wait_for_function("!document.querySelector('#td-clip-card').innerText.includes('My clip')")
        assert len(list(talk_tab.visits.jobs.glob("*/my-clip.npz"))) == 1
        assert not me.complaints and not you.complaints
        me.set_viewport_size({"width": 390, "height": 844})
        me.wait_for_timeout(500)
        assert me.evaluate("document.documentElement.scrollWidth") <= 390
    for _ in range(100):
        if not list(talk_tab.visits.jobs.iterdir()):
            break
        time.sleep(0.2)
    assert not list(talk_tab.visits.jobs.iterdir())
