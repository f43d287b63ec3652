"""The tab "Compare" in a real browser: both heads play in one player, every view and control, a blind vote, Stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

CLIP = Path(__file__).parents[2] / "examples" / "speech" / "welcome.flac"
SIZE = 96  # pixels of a head, see `shipped`
SEARCH = "document.querySelector('#td-compare-player {}')"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of real speech."""
    import soundfile

    path = tmp_path_factory.mktemp("speech") / "two.wav"
    samples, rate = soundfile.read(CLIP)
    soundfile.write(path, samples[: 2 * rate], rate, subtype="PCM_16")
    return path


@pytest.fixture
def page(shipped, browser, visiting) -> Iterator[object]:
    """The tab on a page of 1280×1000."""
    with visiting(browser, shipped.address) as page:
        page.get_by_role("tab", name="Compare").click()
        page.wait_for_selector("#td-compare-go")
        yield page


def choose(page, clip: Path, steps: int = 6) -> None:
    """Upload the clip, set both sides to the full model's `steps` and 2."""
    page.locator("#td-compare-speech").get_by_role("button", name="upload").click()
    page.set_input_files("#td-compare-speech input[type=file]", clip)
    page.wait_for_selector("#td-compare-speech button[aria-label='Play']")
    for side, count in (("first", steps), ("second", 2)):
        page.fill(f"#td-{side}-steps input[type=number]", str(count))
        page.keyboard.press("Tab")


def play(page) -> None:
    """Wait until the video runs."""
    page.wait_for_function(f"{SEARCH.format('video')}?.currentTime > 0.3")


def shows(page, wanted: np.ndarray, rows: slice, columns: slice) -> None:
    """Wait until that part of the player shows (h, w, 3)."""
    for _ in range(200):
        if np.array_equal(canvas(page)[rows, columns, :3], wanted):
            return
        page.wait_for_timeout(50)
    np.testing.assert_array_equal(canvas(page)[rows, columns, :3], wanted)


def canvas(page) -> np.ndarray:
    """(H, W, 4) what the player shows now."""
    script = """() => { const c = document.querySelector('#td-compare-player canvas');
        return [c.height, c.width, [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]; }"""
    height, width, pixels = page.evaluate(script)
    return np.array(pixels).reshape(height, width, 4)


def pause(page, at: float = 1.0) -> np.ndarray:
    """Hold the video there; what the player shows once it no longer changes."""
    page.evaluate(f"(v => {{ v.pause(); v.currentTime = {at}; }})({SEARCH.format('video')})")
    page.wait_for_function(f"(v => !v.seeking && v.paused)({SEARCH.format('video')})")
    before, now = None, canvas(page)
    while before is None or not np.array_equal(before, now):
        page.wait_for_timeout(200)
        before, now = now, canvas(page)
    return now


def test_both_heads_in_one_player(page, clip: Path, says, phone, read_video) -> None:
    choose(page, clip)
    page.click("#td-compare-go")
    page.wait_for_selector("[data-stage=render].td-now")
    play(page)
    says(page, ".td-ab-left", "Full model, 6 steps")
    says(page, ".td-ab-right", "Full model, 2 steps")
    says(page, "#td-figures", "Network evaluations")

    both = pause(page)
    gap = round(SIZE / 56)
    assert both.shape == (SIZE, 2 * SIZE + gap, 4)
    left, right = both[:, : SIZE - 2, :3], both[:, SIZE + gap :, :3]
    assert left.std() > 10 and right.std() > 10
    whole = slice(None)
    page.get_by_role("button", name="Left", exact=True).click()
    shows(page, left, whole, slice(0, SIZE - 2))
    page.get_by_role("button", name="Wipe").click()
    shows(page, left[:, :20], whole, slice(0, 20))
    shows(page, right[:, -20:], whole, slice(-20, None))
    page.locator("#td-compare-player canvas").scroll_into_view_if_needed()
    box = page.locator("#td-compare-player canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    shows(page, left[:, :60], whole, slice(0, 60))

    time = f"{SEARCH.format('video')}.currentTime"
    page.focus("#td-compare-player .td-ab-stage")
    before = page.evaluate(time)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"Math.abs({time} - {before} - 0.04) < 1e-3")
    page.keyboard.press("t")
    expect(page.locator("#td-compare-player .td-ab")).to_have_attribute("data-view", "left")
    page.locator("#compare-chart").click(position={"x": 200, "y": 40})
    chart = page.locator("#compare-chart").bounding_box()
    share = (200 / chart["width"] - 72 / 640) / (560 / 640)
    page.wait_for_function(f"Math.abs({time} - {2 * share}) < 0.1")
    playhead = "Number(document.querySelector('#compare-chart .playhead').getAttribute('x1'))"
    page.wait_for_function(f"Math.abs({playhead} - {200 / chart['width'] * 640}) < 12")
    page.select_option(".td-ab-speed", "0.5")
    page.click(".td-ab-sound")
    page.click(".td-ab-play")
    page.wait_for_function(f"(v => !v.paused && v.muted && v.playbackRate === 0.5)({SEARCH.format('video')})")
    with page.expect_download() as caught:
        page.get_by_text("Video (mp4)").last.click()
    assert caught.value.suggested_filename == "left-full-6-right-full-2.mp4"
    frames, samples = read_video(caught.value.path())
    assert frames.shape[0] == 50 and frames.shape[2] == 2 * SIZE and samples is not None
    phone(page)
    stage = page.locator("#td-compare-stage").bounding_box()
    for part in (".td-ab-stage", ".td-ab-bar", "#compare-chart", ".td-figures"):
        inner = page.locator(f"#td-compare-stage {part}").bounding_box()
        assert stage["x"] <= inner["x"] and inner["x"] + inner["width"] <= stage["x"] + stage["width"] + 1


def test_a_blind_vote(page, clip: Path, says) -> None:
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
    answer = says(page, "#td-answer", "Your 1 vote so far")
    says(page, ".td-ab-left", "steps")
    left, right = page.inner_text(".td-ab-left"), page.inner_text(".td-ab-right")
    assert {left, right} == {"Full model, 6 steps", "Full model, 2 steps"}
    assert ("Right." if right == "Full model, 6 steps" else "Not this time.") in answer
    page.wait_for_selector("#td-vote", state="hidden")

    page.click("#td-compare-go")
    page.wait_for_selector("#td-vote-same")
    page.wait_for_selector("#compare-chart", state="hidden")
    page.click("#td-vote-same")
    page.wait_for_selector("#compare-chart")
    assert "1 without" in says(page, "#td-answer", "Your 2 votes so far")


def test_stop(page, clip: Path, says) -> None:
    choose(page, clip, steps=512)
    page.click("#td-compare-go")
    page.wait_for_function("/[1-9]\\d? %/.test(document.querySelector('[data-stage=full-512]')?.innerText)")
    page.click("#td-compare-stop")
    says(page, "#td-compare-panel", "Stopped")
    expect(page.locator("#td-compare-go")).to_be_enabled()
    expect(page.locator("#td-compare-stop")).to_be_disabled()


def test_compare_without_speech_says_so(page, says) -> None:
    page.click("#td-compare-go")
    says(page, "#td-compare-panel", "There is no speech yet")
