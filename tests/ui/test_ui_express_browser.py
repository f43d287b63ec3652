"""The tab Expression in a real browser: a preset, dragged landmarks, undo, the strip, bad uploads, a narrow page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from talkdemo.data.corpora import shared
from talkdemo.gcgan.gallery import gallery, open_gallery
from talkdemo.ui import app as ui
from talkdemo.ui.parts import faces
from talkdemo.ui.parts.visits import Visits

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not gallery(), reason="no portraits in examples/faces")]


@pytest.fixture
def page(stand_in, expresser, tmp_path: Path, serving, browser, visiting, says) -> Iterator[object]:
    """A visitor who has opened the tab; `page.says(words)` waits for the panel."""
    app = ui.build({"diffusiontalker": stand_in}, ["ada"], [], Visits(tmp_path / "files"), expresser)
    with serving(app) as address, visiting(browser, address) as page:
        page.says = partial(says, page, "#td-express-panel")
        page.get_by_role("tab", name="Expression").click()
        page.says("Happy")
        page.wait_for_selector(".td-sweep button")
        yield page


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


def test_presets_points_and_handles(page, maya, phone) -> None:
    from playwright.sync_api import expect

    page.click("#td-express-preset label:has(input[value=neutral])")
    page.says("Neutral")
    page.locator("#td-express-editor").get_by_text("Reset").click()
    page.says("Original")
    assert np.abs(saved(page) - maya.landmarks).max() < 0.1
    drag(page, ".grip[aria-label^='Opening'] .mark", 5, 24)
    page.says("Your landmarks")
    opened = saved(page) - maya.landmarks
    assert opened[57, 1] > 10 and opened[62, 1] < 0 and np.abs(opened[:, 0]).max() < 1  # lower lip down, upper lip up
    assert np.abs(opened[[27, 36, 45]]).max() < 0.1
    page.locator(".td-sweep button").nth(6).click()
    page.says("150 %")
    expect(page.locator("#td-express-amount input[type=number]")).to_have_value("1.5")
    page.locator("#td-express-portrait .td-person").nth(1).click()
    page.wait_for_selector(".td-marks [data-do=undo][disabled]")  # another face: nothing to undo
    drag(page, ".dot[data-point='19'] .mark", 0, -20)
    page.wait_for_selector(".td-marks [data-do=undo]:not([disabled])")
    page.says("Your landmarks")
    page.click(".td-manifold .preset[data-name=aa] .mark")
    page.says("“aa”")
    expect(page.locator("#td-express-preset input[value=aa]")).to_be_checked()
    page.locator("#td-express-result .td-ba-frame").click(position={"x": 60, "y": 60})
    cut = "Number(document.querySelector('#td-express-result .td-ba-frame').dataset.cut)"
    page.wait_for_function(f"{cut} > 5 && {cut} < 50")
    phone(page)


def test_bad_uploads_keep_the_portrait(page, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(faces, "model_file", lambda: None)  # none is needed to see that these are no pictures
    page.locator("#td-express-portrait").get_by_role("tab", name="Upload").click()
    for name, content in (("note.txt", b"hello"), ("broken.png", b"\x89PNG\r\n\x1a\n")):
        (tmp_path / name).write_bytes(content)
        page.set_input_files("#td-express-portrait-upload input[type=file]", tmp_path / name)
        assert name not in page.says("This photograph")
        page.click("#td-express-map .preset[data-name=happy] .mark")
        page.says("Happy")


def test_photographs_without_one_face(page, tmp_path: Path, monkeypatch) -> None:
    """Needs MediaPipe's model."""
    root = shared.root()
    if root is None or not (root / "face_landmarker.task").is_file():
        pytest.skip("face_landmarker.task is not there (shared data absent)")
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(root / "face_landmarker.task"))
    people = [np.asarray(Image.open(path).convert("RGB")) for path in list(gallery().values())[:2]]
    page.locator("#td-express-portrait").get_by_role("tab", name="Upload").click()
    for picture, words in (
        (np.full((300, 300, 3), 128, np.uint8), "no face"), (np.concatenate(people, axis=1), "2 faces"),
        (people[1][:, ::-1], "Happy"),
    ):  # fmt: skip
        Image.fromarray(np.ascontiguousarray(picture)).save(tmp_path / "given.png")
        page.set_input_files("#td-express-portrait-upload input[type=file]", tmp_path / "given.png")
        page.says(words)


def test_a_turned_face_is_pulled_in_its_own_plane(page) -> None:
    """Both corners of the mouth go as far from the middle, seen from the front, though one lies farther away."""
    elena = open_gallery("elena")
    page.click("#td-express-portrait .td-person:has(input[value=elena])")
    page.wait_for_function("document.querySelectorAll('.td-marks .dot.hidden').length >= 3")
    page.locator("#td-express-editor").get_by_text("Reset").click()
    page.says("Original")
    drag(page, ".grip[aria-label^='Right corner'] .mark", -14, -6)
    page.says("Your landmarks")
    moved = elena.frame.flattened(saved(page), elena.front) - elena.front[:, :2]
    assert moved[48, 0] < -5 and np.allclose(moved[48] * (-1, 1), moved[54], atol=0.3)
    assert np.abs(moved[[27, 36, 45]]).max() < 0.1
    page.wait_for_selector("#td-express-trio figure:nth-child(3) img")
    for _ in range(5):  # the strip of a result before goes while that of the last one is drawn
        with page.expect_download() as caught:
            page.get_by_text("Strip (png)").click()
        if caught.value.failure() is None:
            break
    with Image.open(caught.value.path()) as image:
        assert image.format == "PNG" and image.width > 2.5 * image.height
    page.locator("#td-express-source").get_by_role("tab", name="Another face").click()
    page.click("#td-express-face .td-person:has(input[value=jonas])")
    page.says("As Jonas")
    page.wait_for_selector("#td-express-face-source svg image")
