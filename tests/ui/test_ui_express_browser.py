"""The tab Expression in a real browser: a preset, dragged landmarks, undo, the strip, bad uploads, a narrow page."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.gallery import gallery
from talkdemo.ui import app as ui
from talkdemo.ui.express import job as express_job
from talkdemo.ui.parts.visits import Visits

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
WAITING = 120_000  # milliseconds
PANEL = "document.querySelector('#td-express-panel').innerText"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium (see packages-test.txt)"),
    pytest.mark.skipif(not gallery(), reason="no portraits in examples/faces"),
]


@pytest.fixture
def page(stand_in, plain_decode, gcgan_file: Path, tmp_path: Path) -> Iterator[object]:
    """A visitor who has opened the tab; `complaints` of the console are kept."""
    playwright = pytest.importorskip("playwright.sync_api")
    model = Expresser.load(str(gcgan_file))
    app = ui.build(stand_in, plain_decode, ["ada"], [], Visits(tmp_path / "files"), model)
    _, address, _ = app.launch(**ui.launch_options(app.characters), prevent_thread_lock=True, quiet=True)
    with contextlib.ExitStack() as stack:
        stack.callback(app.close)
        p = stack.enter_context(playwright.sync_playwright())
        browser = p.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        context.set_default_timeout(WAITING)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        page.get_by_role("tab", name="Expression").click()
        says(page, "Happy")
        page.wait_for_selector(".td-sweep button")
        yield page
        assert not page.complaints
        browser.close()


def says(page, words: str) -> str:
    """Wait until the panel says so; all that it says."""
    page.wait_for_function(f"(words) => {PANEL}.includes(words)", arg=words)
    return page.inner_text("#td-express-panel")


def drag(page, selector: str, dx: float, dy: float) -> None:
    """Pull what is drawn there by so many pixels."""
    page.locator("#td-express-editor").scroll_into_view_if_needed()
    x, y = page.evaluate(
        "(s) => { const box = document.querySelector(s).getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; }",
        selector,
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()


def saved(page) -> np.ndarray:
    """(68, 2) as the button saves them."""
    with page.expect_download() as caught:
        page.get_by_text("Landmarks (json)").click()
    return np.array(json.loads(Path(caught.value.path()).read_text())["landmarks"])


def test_presets_points_and_handles(page, maya) -> None:
    page.click("#td-express-preset label:has(input[value=neutral])")
    says(page, "Neutral")
    editor = page.locator("#td-express-editor")
    editor.get_by_text("Reset").click()
    says(page, "As it is")
    assert np.abs(saved(page) - maya.landmarks).max() < 0.1
    drag(page, ".grip[aria-label^='Opening'] .mark", 5, 24)
    says(page, "Your landmarks")
    opened = saved(page) - maya.landmarks
    assert opened[57, 1] > 10 and opened[62, 1] < 0 and np.abs(opened[:, 0]).max() < 1  # lower lip down, upper lip up
    assert np.abs(opened[[27, 36, 45]]).max() < 0.1
    page.locator(".td-sweep button").nth(6).click()
    says(page, "150 %")
    assert page.input_value("#td-express-amount input[type=number]") == "1.5"
    page.locator("#td-express-portrait .td-person").nth(1).click()
    page.wait_for_function(
        "document.querySelector('.td-marks [data-do=undo]').disabled"
    )  # another face: nothing to undo
    drag(page, ".dot[data-point='19'] .mark", 0, -20)
    page.wait_for_function("!document.querySelector('.td-marks [data-do=undo]').disabled")
    assert says(page, "Your landmarks")
    page.click(".td-manifold .preset[data-name=aa] .mark")
    says(page, "“aa”")
    assert page.is_checked("#td-express-preset input[value=aa]")
    page.locator("#td-express-result .td-ba-frame").click(position={"x": 60, "y": 60})
    assert 5 < float(page.get_attribute("#td-express-result .td-ba-frame", "data-cut")) < 50
    page.set_viewport_size({"width": 400, "height": 860})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_bad_uploads_keep_the_portrait(page, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(express_job, "model_file", lambda: None)  # none is needed to see that these are no pictures
    page.locator("#td-express-portrait").get_by_role("tab", name="Upload").click()
    for name, content in (("note.txt", b"hello"), ("broken.png", b"\x89PNG\r\n\x1a\n")):
        (tmp_path / name).write_bytes(content)
        page.set_input_files("#td-express-portrait-upload input[type=file]", tmp_path / name)
        assert name not in says(page, "This photograph")
        page.click("#td-express-map .preset[data-name=happy] .mark")
        says(page, "Happy")


def test_photographs_without_one_face(page, tmp_path: Path) -> None:
    """Needs MediaPipe's model."""
    try:
        express_job.model_file()
    except ValueError as error:
        pytest.skip(str(error))
    people = [np.asarray(Image.open(path).convert("RGB")) for path in list(gallery().values())[:2]]
    page.locator("#td-express-portrait").get_by_role("tab", name="Upload").click()
    for picture, words in (
        (np.full((300, 300, 3), 128, np.uint8), "no face"), (np.concatenate(people, axis=1), "2 faces"),
        (people[1][:, ::-1], "Happy"),
    ):  # fmt: skip
        Image.fromarray(np.ascontiguousarray(picture)).save(tmp_path / "given.png")
        page.set_input_files("#td-express-portrait-upload input[type=file]", tmp_path / "given.png")
        says(page, words)
