"""The page in a real browser: a microphone fed real speech, an example, the head moves, the video follows, nothing
foreign is loaded."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from talkdemo.ui.parts import chart

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def test_the_app_starts_as_make_demo_starts_it(tmp_path: Path) -> None:
    """It answers, and leaves nothing behind when it is told to end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
    variables |= {"GRADIO_SERVER_PORT": str(port), "TMPDIR": str(tmp_path)}
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)
    try:
        begin = time.monotonic()
        while not listening(port):
            assert app.poll() is None and time.monotonic() - begin < 300, "the app did not start"
            time.sleep(0.1)
        assert "TalkDemo" in httpx.get(f"http://127.0.0.1:{port}", timeout=120).text
        assert len(list(tmp_path.glob("talkdemo-*"))) == 1
    finally:
        app.send_signal(signal.SIGTERM)
        app.wait(60)
    assert not list(tmp_path.glob("talkdemo-*"))


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def page(shipped, browser, visiting) -> Iterator[object]:
    with visiting(browser, shipped.address) as page:
        yield page


def shot(page, name: str) -> None:
    """A picture for a person to look at, under runs/screenshots."""
    folder = ROOT / "runs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


SPEAKS = """() => {
  const head = document.getElementById("td-head"), audio = head.querySelector("audio");
  const spoken = ["playing", "paused"].includes(head.dataset.state);  // a slow page may look when it is over
  return spoken && !audio.muted && Number(head.dataset.time) > 0.3;
}"""
VIDEO = "document.querySelector('#td-video video')"


def playing(page) -> float:
    """Waits until the head has spoken a little, with its chart: seconds of its sound."""
    page.wait_for_selector("#motion-chart")
    page.wait_for_function(SPEAKS)
    return page.evaluate("document.querySelector('#td-head audio').duration")


def pick_example(page, name: str = "Welcome") -> None:
    """Click an example and wait until its sound is there."""
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_selector("#td-speech button[aria-label='Play']")


TIMES = """
  const times = window.heads = {};
  const look = () => {
    for (const id of ["td-early", "td-head"]) {
      const time = Number(document.getElementById(id)?.dataset.time);
      if (time >= 0) (times[id] ??= []).push(time);
    }
    requestAnimationFrame(look);
  };
  look();
"""


def test_the_first_head_moves_before_the_page_is_built(shipped, browser) -> None:
    """And goes on in the page, at the same time of the same take."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.add_init_script(TIMES)
        held: list = []
        page.route("**/assets/index*.js", lambda route: held.append(route))
        page.goto(shipped.address, wait_until="commit")
        page.wait_for_function("Number(document.querySelector('#td-early[data-state=playing]')?.dataset.time) > 0.2")
        assert page.locator(".td-hv").count() == 1 and not page.locator("#td-head").count()
        for route in held:
            route.continue_()
        page.wait_for_selector("#td-head[data-state=playing]")
        page.wait_for_function("window.heads['td-head']?.length > 1")
        last, first = page.evaluate("[window.heads['td-early'].at(-1), window.heads['td-head'][0]]")
        seconds = page.evaluate("document.querySelector('#td-head audio').duration")
        assert (first - last) % seconds < 1.5  # it may have come to its end and begun anew meanwhile
        assert not page.locator("#td-early").count()
        page.click("#td-head .td-hv-play")
        page.wait_for_selector("#td-head[data-state=paused]")
    finally:
        context.close()


def test_example_to_video(page, says, phone) -> None:
    """An example's shipped talk at once; made anew; its video after it; its files."""
    page.wait_for_selector("#td-head[data-state=playing]")  # before anything is pressed
    fetched = page.evaluate("performance.getEntriesByType('resource').map(e => [e.name, e.initiatorType])")
    early = [kind for name, kind in fetched if re.search(r"viewer-\w+\.js|maya-\w+\.glb", name)]
    assert sorted(early) == ["link", "script"]  # once, before the page is built
    assert page.evaluate("document.querySelector('#td-head audio').muted") and not page.is_visible("#motion-chart")
    shot(page, "idle")
    pick_example(page)
    assert playing(page) > 5
    says(page, "#td-panel", "Made earlier at the default settings")
    shot(page, "example")
    page.click("#td-generate")
    page.wait_for_function("/^(?!.*Made earlier).*Seed/s.test(document.querySelector('#td-panel').innerText)")
    page.wait_for_selector("#td-generate:not([disabled])")
    playing(page)
    seed = int(re.search(r"Seed\s+(\d+)", page.inner_text("#td-panel")).group(1))  # type: ignore[union-attr]
    page.click("#td-advanced button")
    expect(page.locator("#td-seed input[type=number]")).to_have_value(str(seed))
    shares = [float(text.split(" ")[0]) for text in page.locator(".td-matches .num").all_inner_texts()]
    assert len(shares) == 5 and shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 102
    moved = f"Number(document.querySelector('#motion-chart .playhead').getAttribute('x1')) > {chart.LEFT + 1}"
    page.wait_for_function(moved)
    with page.expect_download() as caught:
        page.get_by_text("Live Link Face (CSV)").click()
    assert Path(caught.value.path()).read_text().startswith("Timecode,BlendShapeCount,EyeBlinkLeft")
    with page.expect_download() as caught:
        page.click("#td-save-glb")
    assert Path(caught.value.path()).read_bytes()[:4] == b"glTF"
    page.wait_for_function(f"{VIDEO}?.duration > 5")
    says(page, "#td-timings", "Encode video")
    assert page.evaluate(f"[{VIDEO}.videoWidth, {VIDEO}.videoHeight]") == [512, 512]
    shot(page, "result")
    phone(page)
    shot(page, "phone")


def test_microphone_to_head(page) -> None:
    page.click("#td-speech .record-button")
    page.wait_for_timeout(3500)  # the visitor speaks
    page.click("#td-speech .stop-button")
    page.wait_for_selector("#td-speech button[aria-label='Play']")
    page.click("#td-character label:nth-of-type(2)")
    page.click("#td-generate")
    assert 1.5 < playing(page) < 60
    heights = [float(pair.split(",")[1]) for pair in page.get_attribute("#motion-chart .mouth", "points").split()]
    assert max(heights) - min(heights) > 5  # the mouth moved: the microphone was heard
    shot(page, "microphone")


def test_stop(page, says) -> None:
    pick_example(page, "Pauses")  # the longest: a slow page still finds it being sampled
    page.fill("#td-steps input[type=number]", "512")
    page.keyboard.press("Tab")
    page.click("#td-generate")
    page.wait_for_function("/[1-9]\\d? %/.test(document.querySelector('[data-stage=sample]')?.innerText)")
    page.click("#td-stop")
    says(page, "#td-panel", "Stopped")
    expect(page.locator("#td-generate")).to_be_enabled()
    expect(page.locator("#td-stop")).to_be_disabled()
    page.wait_for_timeout(1000)  # nothing comes after it
    assert "Stopped" in page.inner_text("#td-panel") and not page.is_visible("#motion-chart")


def test_an_identity_is_picked_and_blended(page, says) -> None:
    """Every tile has its words and its own picture; the chosen two and their shares reach the model."""
    names = [name for name in page.locator("#td-identity input").evaluate_all("all => all.map(i => i.value)")]
    assert names[0] == "auto" and len(names) > 20 and not page.is_visible("#td-blend")
    pictures = page.evaluate(
        "[...document.querySelectorAll('#td-identity label')].map(l => getComputedStyle(l, '::before').maskImage)"
    )
    assert len(set(pictures)) == len(names)
    lines = page.locator("#td-identity label span").all_inner_texts()
    assert all("\n" in line for line in lines)
    page.click("#td-identity label:has(input[value=Mei])")
    says(page, "#td-card", "Mei")
    says(page, "#td-card", lines[names.index("Mei")].split("\n")[1])
    page.get_by_label("Blend with").click()
    page.get_by_role("option", name="Zola", exact=True).click()
    says(page, "#td-card", "Zola")
    page.fill("#td-blend-share input[type=number]", "0.25")
    page.keyboard.press("Tab")
    says(page, "#td-card", "75 %")
    shot(page, "blend")
    pick_example(page, "Child")
    page.click("#td-generate")
    playing(page)
    says(page, "#td-panel", "Mei 75 %, Zola 25 %")
    assert not page.is_visible(".td-matches")


def test_generate_without_speech_says_so(page, says) -> None:
    page.click("#td-generate")
    says(page, "#td-panel", "There is no speech yet")
