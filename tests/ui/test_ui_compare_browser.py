"""The tab "Compare" in a real browser: both heads play in one player, every view and control, a blind vote, Stop."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from talkdemo.render import video

CHROMIUM = "/usr/bin/chromium"
CLIP = Path(__file__).parents[2] / "examples" / "speech" / "welcome.flac"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run",
)  # fmt: skip
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium (see packages-test.txt)"),
]
WAITING = 240_000  # milliseconds
SIZE = 96  # small pictures: what is drawn is another test's matter
SEARCH = "document.querySelector('#td-compare-player {}')"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with the shipped weights, drawing small heads."""
    from talkdemo.ui import app as ui
    from talkdemo.ui.compare import job as compare_job
    from talkdemo.ui.compare import tab as compare
    from talkdemo.ui.parts.visits import Visits

    with pytest.MonkeyPatch.context() as patch, socket.socket() as probe:
        for module in (compare, compare_job):
            patch.setattr(module, "SIZE", SIZE)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        app = ui.build(visits=Visits(tmp_path_factory.mktemp("files")))
        options = ui.launch_options(app.characters)
        _, url, _ = app.launch(**options, prevent_thread_lock=True, quiet=True, server_port=port)
        yield url
        app.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of real speech."""
    import soundfile

    path = tmp_path_factory.mktemp("speech") / "two.wav"
    samples, rate = soundfile.read(CLIP)
    soundfile.write(path, samples[: 2 * rate], rate, subtype="PCM_16")
    return path


@pytest.fixture
def page(address: str):
    """The tab on a page of 1280×1000 that remembers every request and every message of its console."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        context.set_default_timeout(WAITING)
        page = context.new_page()
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        page.get_by_role("tab", name="Compare").click()
        page.wait_for_selector("#td-compare-go")
        yield page
        assert not [url for url in page.requests if not url.startswith((address, "data:", "blob:", "about:"))]
        assert not page.complaints
        browser.close()


def choose(page, clip: Path, steps: int = 6) -> None:
    """Upload the clip, set both sides to the full model's `steps` and 2."""
    page.locator("#td-compare-speech").get_by_role("button", name="upload").click()
    page.set_input_files("#td-compare-speech input[type=file]", clip)
    page.wait_for_selector("#td-compare-speech button[aria-label='Play']")
    if not page.is_visible("#td-second-steps"):
        page.click("#td-second-model input")
        page.get_by_role("option", name="DiffusionTalker full model").click()
    for side, count in (("first", steps), ("second", 2)):
        page.fill(f"#td-{side}-steps input[type=number]", str(count))
        page.keyboard.press("Tab")


def play(page) -> None:
    """Wait until the film runs."""
    page.wait_for_function(f"{SEARCH.format('video')}?.currentTime > 0.3")


def canvas(page) -> np.ndarray:
    """(H, W, 4) what the player shows now."""
    script = """() => { const c = document.querySelector('#td-compare-player canvas');
        return [c.height, c.width, [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]; }"""
    height, width, pixels = page.evaluate(script)
    return np.array(pixels).reshape(height, width, 4)


def pause(page, at: float = 1.0) -> None:
    page.evaluate(f"(v => {{ v.pause(); v.currentTime = {at}; }})({SEARCH.format('video')})")
    page.wait_for_function(f"!{SEARCH.format('video')}.seeking")
    page.wait_for_timeout(200)


def test_both_heads_in_one_player(page, clip: Path, tmp_path: Path) -> None:
    choose(page, clip)
    page.click("#td-compare-go")
    page.wait_for_selector("[data-stage=render].td-now")
    play(page)
    assert page.inner_text(".td-ab-left") == "Full model, 6 steps"
    assert page.inner_text(".td-ab-right") == "Full model, 2 steps"
    assert "Network evaluations" in page.inner_text("#td-figures")

    pause(page)
    both = canvas(page)
    gap = round(SIZE / 56)
    assert both.shape == (SIZE, 2 * SIZE + gap, 4)
    left, right = both[:, : SIZE - 2, :3], both[:, SIZE + gap :, :3]
    assert left.std() > 10 and right.std() > 10
    page.get_by_role("button", name="Left", exact=True).click()
    page.wait_for_timeout(100)
    np.testing.assert_array_equal(canvas(page)[:, : SIZE - 2, :3], left)
    page.get_by_role("button", name="Wipe").click()
    page.wait_for_timeout(100)
    wiped = canvas(page)[..., :3]
    np.testing.assert_array_equal(wiped[:, :20], left[:, :20])
    np.testing.assert_array_equal(wiped[:, -20:], right[:, -20:])
    page.locator("#td-compare-player canvas").scroll_into_view_if_needed()
    box = page.locator("#td-compare-player canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    np.testing.assert_array_equal(canvas(page)[:, :60, :3], left[:, :60])

    time = f"{SEARCH.format('video')}.currentTime"
    page.focus("#td-compare-player .td-ab-stage")
    before = page.evaluate(time)
    page.keyboard.press("ArrowRight")
    assert abs(page.evaluate(time) - before - 0.04) < 1e-3
    page.keyboard.press("t")
    assert page.get_attribute("#td-compare-player .td-ab", "data-view") == "left"
    page.locator("#compare-chart").click(position={"x": 200, "y": 40})
    chart = page.locator("#compare-chart").bounding_box()
    share = (200 / chart["width"] - 72 / 640) / (560 / 640)
    assert abs(page.evaluate(time) - 2 * share) < 0.1
    page.wait_for_timeout(200)
    x = float(page.get_attribute("#compare-chart .playhead", "x1"))
    assert abs(x - 200 / chart["width"] * 640) < 12
    page.select_option(".td-ab-speed", "0.5")
    page.click(".td-ab-sound")
    page.click(".td-ab-play")
    state = page.evaluate(f"(v => [v.paused, v.muted, v.playbackRate])({SEARCH.format('video')})")
    assert state == [False, True, 0.5]
    with page.expect_download() as caught:
        page.get_by_text("Video (mp4)").last.click()
    assert caught.value.suggested_filename == "left-full-6-right-full-2.mp4"
    frames, samples = video.read(caught.value.path())
    assert frames.shape[0] == 50 and frames.shape[2] == 2 * SIZE and samples is not None
    page.set_viewport_size({"width": 400, "height": 860})
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    stage = page.locator("#td-compare-stage").bounding_box()
    for part in (".td-ab-stage", ".td-ab-bar", "#compare-chart", ".td-figures"):
        inner = page.locator(f"#td-compare-stage {part}").bounding_box()
        assert stage["x"] <= inner["x"] and inner["x"] + inner["width"] <= stage["x"] + stage["width"] + 1


def test_a_blind_vote(page, clip: Path) -> None:
    choose(page, clip)
    page.get_by_label("Blind test").check()
    page.click("#td-compare-go")
    play(page)
    page.wait_for_selector("#td-vote-left")
    assert (page.inner_text(".td-ab-left"), page.inner_text(".td-ab-right")) == ("Left", "Right")
    assert not page.is_visible("#compare-chart") and not page.is_visible("#td-figures")
    assert page.inner_text("#td-vote").startswith("Which one is the full model, 6 steps?")
    inside = page.inner_html("#td-compare-player") + page.inner_html("#td-compare-panel")
    fetched = [url for url in page.requests if url.endswith(".mp4") and "/previews/" not in url]
    assert fetched and all(url.endswith("side-by-side.mp4") for url in fetched)
    assert not any(word in inside for word in ("steps", "full-", "student"))
    page.click("#td-vote-right")
    page.wait_for_selector("#compare-chart")
    answer = page.inner_text("#td-answer")
    left, right = page.inner_text(".td-ab-left"), page.inner_text(".td-ab-right")
    assert {left, right} == {"Full model, 6 steps", "Full model, 2 steps"}
    assert ("Right." if right == "Full model, 6 steps" else "Not this time.") in answer
    assert "Your 1 vote so far" in answer and not page.is_visible("#td-vote")

    page.click("#td-compare-go")
    page.wait_for_selector("#td-vote-same")
    assert not page.is_visible("#compare-chart")
    page.click("#td-vote-same")
    page.wait_for_selector("#compare-chart")
    assert "Your 2 votes so far" in page.inner_text("#td-answer") and "1 without" in page.inner_text("#td-answer")


def test_stop(page, clip: Path) -> None:
    choose(page, clip, steps=512)
    page.click("#td-compare-go")
    page.wait_for_function("/[1-9]\\d? %/.test(document.querySelector('[data-stage=full-512]')?.innerText)")
    page.click("#td-compare-stop")
    page.wait_for_selector("#td-compare-panel >> text=Stopped")
    assert page.is_enabled("#td-compare-go") and not page.is_enabled("#td-compare-stop")


def test_compare_without_speech_says_so(page) -> None:
    page.click("#td-compare-go")
    page.wait_for_selector("#td-compare-panel >> text=There is no speech yet")
