"""The page in a real browser: a microphone fed real speech, an example, the video plays, nothing foreign is loaded."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from talkdemo.ui.parts import chart

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
CLIP = ROOT / "examples" / "speech" / "welcome.flac"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium (see packages-test.txt)"),
]
WAITING = 240_000  # milliseconds


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The app as `make demo` starts it, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)
    try:
        begin = time.monotonic()
        while not listening(port):
            assert app.poll() is None and time.monotonic() - begin < 120, "the app did not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        app.terminate()
        app.wait(60)


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def page(address: str, tmp_path: Path):
    """A page of 1280×1000 that remembers every request and every message of its console."""
    playwright = pytest.importorskip("playwright.sync_api")
    clip = as_wav(CLIP, tmp_path / "microphone.wav")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, f"--use-file-for-fake-audio-capture={clip}%noloop"]
        )
        context = browser.new_context(viewport={"width": 1280, "height": 1000}, permissions=["microphone"])
        context.set_default_timeout(WAITING)
        page = context.new_page()
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#td-generate")
        yield page
        browser.close()


def as_wav(clip: Path, path: Path) -> Path:
    """What Chromium's fake microphone can read."""
    import soundfile

    soundfile.write(path, *soundfile.read(clip), subtype="PCM_16")
    return path


def shot(page, name: str) -> None:
    """A picture for a person to look at, under runs/screenshots."""
    folder = ROOT / "runs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def film(page) -> dict[str, float]:
    """What the player says of the video; waits until it has played a little."""
    page.wait_for_selector("#motion-chart", timeout=WAITING)
    page.wait_for_function("document.querySelector('#td-video video')?.currentTime > 0.3", timeout=WAITING)
    return page.evaluate(
        "(v => ({duration: v.duration, width: v.videoWidth, height: v.videoHeight, error: v.error ? 1 : 0}))"
        "(document.querySelector('#td-video video'))"
    )


def pick_example(page) -> None:
    """Click the first example and wait until its sound is there."""
    page.get_by_role("button", name=CLIP.stem.capitalize(), exact=True).click()
    page.wait_for_selector("#td-speech button[aria-label='Play']")


def outside(page, address: str) -> list[str]:
    return [url for url in page.requests if not url.startswith((address, "data:", "blob:", "about:"))]


def test_example_to_video(page, address: str) -> None:
    shot(page, "idle")
    pick_example(page)
    shot(page, "chosen")
    page.click("#td-generate")
    page.wait_for_function("document.querySelector('#td-panel').innerText.includes('Sample')", timeout=WAITING)
    shot(page, "working")
    played = film(page)
    assert played["width"] == played["height"] == 512 and not played["error"] and played["duration"] > 1
    facts = page.inner_text("#td-panel")
    seed = int(re.search(r"Seed\s+(\d+)", facts).group(1))  # type: ignore[union-attr]
    page.click("#td-advanced button")
    assert int(page.input_value("#td-seed input[type=number]")) == seed
    assert "Draw the pictures" in page.inner_text("#td-timings")
    shares = [float(text.split(" ")[0]) for text in page.locator(".td-matches .num").all_inner_texts()]
    assert len(shares) == 5 and shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 102
    moved = f"Number(document.querySelector('#motion-chart .playhead').getAttribute('x1')) > {chart.LEFT + 1}"
    page.wait_for_function(moved)
    with page.expect_download() as caught:
        page.get_by_text("Live Link Face (CSV)").click()
    assert Path(caught.value.path()).read_text().startswith("Timecode,BlendShapeCount,EyeBlinkLeft")
    shot(page, "result")
    page.set_viewport_size({"width": 400, "height": 860})
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    shot(page, "phone")
    assert not outside(page, address) and not page.complaints


def test_microphone_to_video(page, address: str) -> None:
    page.click("#td-speech .record-button")
    page.wait_for_timeout(3500)
    page.click("#td-speech .stop-button")
    page.wait_for_selector("#td-speech button[aria-label='Play']")
    page.click("#td-character label:nth-of-type(2)")
    page.click("#td-generate")
    played = film(page)
    assert 1.5 < played["duration"] < 60 and not played["error"]
    heights = [float(pair.split(",")[1]) for pair in page.get_attribute("#motion-chart .mouth", "points").split()]
    assert max(heights) - min(heights) > 5  # the mouth moved: the microphone was heard
    shot(page, "microphone")
    assert not outside(page, address) and not page.complaints


def test_stop(page, address: str) -> None:
    pick_example(page)
    page.click("#td-advanced button")
    page.wait_for_selector("#td-sampling")
    page.get_by_label("full model").check()
    page.fill("#td-steps input[type=number]", "512")
    page.keyboard.press("Tab")
    page.click("#td-generate")
    sampling = "/[1-9]\\d? %/.test(document.querySelector('[data-stage=sample]')?.innerText)"
    page.wait_for_function(sampling, timeout=WAITING)
    page.click("#td-stop")
    page.wait_for_selector("text=Stopped")
    assert page.is_enabled("#td-generate") and not page.is_enabled("#td-stop")
    page.wait_for_timeout(1000)
    assert "Stopped" in page.inner_text("#td-panel") and not page.is_visible("#motion-chart")
    assert not page.complaints


def test_a_film_runs_before_anything_is_made(page, address: str) -> None:
    page.wait_for_function("document.querySelector('.td-poster video')?.currentTime > 0.3")
    assert page.evaluate("document.querySelector('.td-poster video').muted")
    page.click("#td-character label:nth-of-type(2)")
    page.wait_for_selector(".td-poster img")
    assert not outside(page, address) and not page.complaints


def test_an_identity_is_picked_and_blended(page, address: str) -> None:
    """Every tile has its words and its own picture; the chosen two and their shares reach the model."""
    names = [name for name in page.locator("#td-identity input").evaluate_all("all => all.map(i => i.value)")]
    assert names[0] == "auto" and len(names) > 20 and not page.is_visible("#td-blend")
    pictures = page.evaluate(
        "[...document.querySelectorAll('#td-identity label')].map(l => getComputedStyle(l, '::before').backgroundImage)"
    )
    assert len(set(pictures)) == len(names)
    for picture in (pictures[1], pictures[-1]):
        answer = page.request.get(picture.removeprefix('url("').removesuffix('")'))
        assert answer.headers["content-type"] == "image/webp"
    lines = page.locator("#td-identity label span").all_inner_texts()
    assert all("\n" in line for line in lines)
    page.click("#td-identity label:has(input[value=Mei])")
    page.wait_for_selector("#td-card .td-sheet[data-name=Mei]")
    assert lines[names.index("Mei")].split("\n")[1] in page.inner_text("#td-card") and page.is_visible("#td-blend")
    page.get_by_label("Blend with").click()
    page.get_by_role("option", name="Zola", exact=True).click()
    page.wait_for_selector("#td-card .td-sheet[data-name=Zola]")
    page.fill("#td-share input[type=number]", "0.25")
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('#td-card').innerText.includes('75 %')")
    shot(page, "blend")
    page.get_by_role("button", name="Child", exact=True).click()
    page.wait_for_selector("#td-speech button[aria-label='Play']")
    page.click("#td-generate")
    film(page)
    assert "Mei 75 %, Zola 25 %" in page.inner_text("#td-panel") and not page.is_visible(".td-matches")
    assert not outside(page, address) and not page.complaints


def test_a_visitor_who_likes_it_dark_is_served(page, address: str) -> None:
    """The page stays light, and stays alive."""
    context = page.context.browser.new_context(color_scheme="dark", viewport={"width": 1280, "height": 900})
    dark = context.new_page()
    dark.set_default_timeout(WAITING)
    dark.goto(address)
    dark.wait_for_selector("#td-generate")
    dark.wait_for_function("!document.body.classList.contains('dark')")
    shot(dark, "dark")
    dark.click("#td-identity label:nth-of-type(3)")
    dark.wait_for_selector("#td-card .td-sheet")


def test_generate_without_speech_says_so(page) -> None:
    page.click("#td-generate")
    page.wait_for_selector("text=There is no speech yet")
