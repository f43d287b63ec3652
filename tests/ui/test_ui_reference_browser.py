"""DiffPoseTalk in a real browser with real weights: map, blend, upload, bad upload, two visitors side by side."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import pytest

from talkdemo.export import livelink
from talkdemo.reference import gallery

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not gallery(), reason="no gallery (talkdemo.build.performances)")]


@pytest.fixture
def visit(shipped, browser, visiting):
    """visit(): a visitor with DiffPoseTalk chosen."""

    @contextlib.contextmanager
    def enter():
        with visiting(browser, shipped.address) as page:
            page.click("#td-system label:has(input[value=diffposetalk])")
            page.wait_for_selector("#td-followed", state="visible")
            yield page

    return enter


def tab(page, name: str) -> None:
    page.locator("#td-sources").get_by_role("tab", name=name).click()


def generate(page) -> str:
    """Press the button; what the panel says once the head moves."""
    page.get_by_role("button", name="Child", exact=True).click()
    page.wait_for_selector("#td-speech button[aria-label='Play']")
    page.wait_for_function("document.querySelector('#td-panel').innerText.includes('Made earlier')")
    page.click("#td-generate")
    page.wait_for_function("/^(?!.*Made earlier).*Seed/s.test(document.querySelector('#td-panel').innerText)")
    page.wait_for_function("Number(document.querySelector('#td-head[data-state=playing]')?.dataset.time) > 0.2")
    return page.inner_text("#td-panel")


def capture(folder: Path, name: str) -> Path:
    """A Live Link Face CSV of one of the gallery."""
    path = folder / f"{name}.csv"
    livelink.write(path, gallery()[name].open().motion)
    return path


def test_a_reference_is_picked_on_the_map_and_blended(visit) -> None:
    names = list(gallery())
    with visit() as page:
        page.wait_for_selector("#td-identity", state="hidden")
        page.wait_for_selector("#td-guidance-style", state="visible")
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
        page.uncheck("#td-head-motion input")
        said = generate(page)
        first, second = gallery()[names[1]].title, gallery()[other].title
        assert f"{first} 75 %, {second} 25 %" in said and "still" in said


def test_a_card_moves_and_is_picked_by_keyboard(visit) -> None:
    """One small viewer, over the card that is pointed at, on the chosen character; gone when the pointer leaves."""
    first, second = [item.name for item in gallery().values() if item.kind == "reference"][:2]
    moving = "#td-preview[data-shown][data-state=playing]"
    with visit() as page:
        page.click("#td-character label:nth-of-type(2)")
        card = page.locator(f".td-ref:has(input[value='{second}'])")
        card.hover()
        page.wait_for_selector(moving)
        page.wait_for_function("Number(document.querySelector('#td-preview').dataset.time) > 0.2")
        assert page.locator(".td-hv canvas").count() <= 3  # of the stage, a comparison, the previews
        over, under = page.locator("#td-preview").bounding_box(), card.bounding_box()
        assert under["x"] - 80 < over["x"] < under["x"] + under["width"] and abs(
            over["y"] + over["height"] / 2 - under["y"] - under["height"] / 2) < 5  # fmt: skip
        page.mouse.move(5, 5)
        page.wait_for_selector("#td-preview", state="hidden")
        page.focus(f".td-ref input[value='{first}']")
        page.keyboard.press("ArrowDown")
        page.wait_for_selector(moving)
        page.wait_for_function(
            f"document.querySelector('#td-clip-card').innerText.includes('{gallery()[second].title}')"
        )


def kept(jobs: Path, ending: str = "") -> list[str]:
    """Visitors' clips that are there still. Folders may go while this looks, which os.walk does not mind."""
    names = [name for _, _, files in os.walk(jobs) for name in files]
    return [name for name in names if name.startswith("my-clip.") and name.endswith(ending)]


def test_two_visitors_clips_stay_apart(shipped, visit, says, phone, tmp_path: Path) -> None:
    """A bad file is told in words; each visitor's clip is followed by that visitor alone, and goes with them."""
    names = [item.name for item in gallery().values() if item.kind == "reference"]
    bad = tmp_path / "<img src=x>.mp4"
    bad.write_bytes(b"no video" * 100)
    with visit() as me, visit() as you:
        tab(me, "Upload")
        me.set_input_files("#td-upload input[type=file]", bad)
        me.wait_for_selector("#td-clip-status .td-error")
        assert "This clip" in me.inner_text("#td-clip-status") and "img" not in me.inner_text("#td-clip-status")
        me.set_input_files("#td-upload input[type=file]", capture(tmp_path, names[0]))
        me.wait_for_selector("#td-clip-card .td-known")
        me.wait_for_selector("#td-clip-status .td-error", state="hidden")
        mine = says(me, "#td-clip-card", "My clip")
        assert f"Closest styles: {gallery()[names[0]].title}" in mine
        tab(me, "Style map")
        me.wait_for_selector(".td-map .own .mark", state="visible")
        tab(you, "Style map")
        you.wait_for_selector(".td-map .td-point.chosen", state="visible")
        assert not you.is_visible(".td-map .own .mark") and "My clip" not in you.inner_text("#td-clip-card")
        tab(you, "Gallery")
        you.click(".td-ref:has(input[value=my-clip])")
        you.wait_for_selector("#td-upload", state="visible")
        you.wait_for_function("document.querySelector('#td-clip-card').innerText.includes('no clip of yours')")
        you.set_input_files("#td-upload input[type=file]", capture(tmp_path, names[-1]))
        you.wait_for_selector("#td-clip-card .td-known")
        assert "Reference\nMy clip" in generate(me)
        assert len(kept(shipped.jobs, ".npz")) == 2
        me.click("#td-forget")
        me.wait_for_function("!document.querySelector('#td-clip-card').innerText.includes('My clip')")
        assert len(kept(shipped.jobs, ".npz")) == 1
        phone(me)
    begin = time.monotonic()
    while kept(shipped.jobs):  # both have left
        assert time.monotonic() - begin < 60
        time.sleep(0.1)
