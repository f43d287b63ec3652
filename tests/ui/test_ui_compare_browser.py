"""The tab "Compare" in a real browser: both heads play in one view, in every mode, a blind vote, Stop."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

CLIP = Path(__file__).parents[2] / "examples" / "speech" / "welcome.flac"
SIZE = 96  # pixels of a head, see `shipped`
HEAD = "#td-compare-head"
AT = f"document.querySelector('{HEAD}')"
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
    """Upload the clip, set both sides to the full model's `steps` and 3, of which there is no student."""
    page.locator("#td-compare-speech").get_by_role("button", name="upload").click()
    page.set_input_files("#td-compare-speech input[type=file]", clip)
    page.wait_for_selector("#td-compare-speech button[aria-label='Play']")
    for side, count in (("first", steps), ("second", 3)):
        page.fill(f"#td-{side}-steps input[type=number]", str(count))
        page.keyboard.press("Tab")


def plays(page) -> None:
    """Wait until the heads move."""
    page.wait_for_selector(f"{HEAD}[data-state=playing][data-heads='2']")
    page.wait_for_function(f"Number({AT}.dataset.time) > 0.3")


def picture(page) -> np.ndarray:
    """(H, W, 3) what the stage shows."""
    from PIL import Image

    image = Image.open(io.BytesIO(page.locator(f"{HEAD} .td-hv-stage").screenshot()))
    return np.asarray(image.convert("RGB"), np.float32)


def test_both_heads_in_one_view(page, clip: Path, says, phone, read_video) -> None:
    choose(page, clip)
    page.click("#td-compare-go")
    plays(page)
    names = page.locator(f"{HEAD} .td-hv-name").all_inner_texts()
    assert names == ["Full model, 6 steps", "Full model, 3 steps"]
    says(page, "#td-figures", "Network evaluations")

    page.focus(f"{HEAD} .td-hv-stage")
    page.keyboard.press(" ")
    page.wait_for_selector(f"{HEAD}[data-state=paused]")
    page.locator("#compare-chart").click(position={"x": 200, "y": 40})
    chart = page.locator("#compare-chart").bounding_box()
    share = (200 / chart["width"] - 72 / 640) / (560 / 640)
    page.wait_for_function(f"Math.abs(Number({AT}.dataset.time) - {2 * share}) < 0.1")
    playhead = "Number(document.querySelector('#compare-chart .playhead').getAttribute('x1'))"
    page.wait_for_function(f"Math.abs({playhead} - {200 / chart['width'] * 640}) < 12")
    beside = picture(page)
    half = beside.shape[1] // 2
    assert beside[:, : half - 2].std() > 10 and beside[:, half + 2 :].std() > 10
    page.get_by_role("button", name="Laid over").click()
    page.fill(f"{HEAD} .td-hv-cut", "0.9")
    over = picture(page)
    assert over.shape[1] < beside.shape[1] or over.shape[0] > beside.shape[0]
    page.get_by_role("button", name="Lip distance").click()
    says(page, f"{HEAD} .td-hv-scale", "mm")
    lips = picture(page)
    red, green, blue = np.moveaxis(lips, -1, 0)
    vivid = np.maximum.reduce([blue - red, green - red, red - np.maximum(green, blue)]) > 60
    assert vivid.sum() > 50  # the lips are coloured

    page.click("#td-pair-film-make")
    page.wait_for_selector("#td-pair-film-save", state="visible")
    with page.expect_download() as caught:
        page.click("#td-pair-film-save")
    assert caught.value.suggested_filename == "left-full-6-right-full-3.mp4"
    frames, samples = read_video(caught.value.path())
    assert frames.shape[0] == 50 and frames.shape[2] == 2 * SIZE and samples is not None
    phone(page)
    stage = page.locator("#td-compare-stage").bounding_box()
    for part in (".td-hv-stage", ".td-hv-bar", "#compare-chart", ".td-figures"):
        inner = page.locator(f"#td-compare-stage {part}").bounding_box()
        assert stage["x"] <= inner["x"] and inner["x"] + inner["width"] <= stage["x"] + stage["width"] + 1


def test_a_blind_vote(page, clip: Path, says) -> None:
    choose(page, clip)
    page.click("#td-blind-question input")
    page.get_by_role("option", name="Which is which?").click()
    page.click("#td-compare-go")
    plays(page)
    page.wait_for_selector("#td-vote-left")
    names = page.locator(f"{HEAD} .td-hv-name")
    assert names.all_inner_texts() == ["Left", "Right"]
    assert not page.is_visible("#compare-chart") and not page.is_visible("#td-figures")
    question = (
        "One is the full model, 6 steps, the other the full model, 3 steps. Which one is the full model, 6 steps?"
    )
    assert page.inner_text("#td-vote").startswith(question)
    inside = page.inner_html("#td-compare-head") + page.inner_html("#td-compare-panel")
    assert not any(word in inside for word in ("full-", "student", "6 steps"))
    page.click("#td-vote-right")
    page.wait_for_selector("#compare-chart")
    answer = says(page, "#td-answer", "Your 1 vote on this pair so far")
    says(page, f"{HEAD} .td-hv-left", "steps")
    left, right = names.all_inner_texts()
    assert {left, right} == {"Full model, 6 steps", "Full model, 3 steps"}
    assert ("Right." if right == "Full model, 6 steps" else "Not this time.") in answer
    page.wait_for_selector("#td-vote", state="hidden")


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
