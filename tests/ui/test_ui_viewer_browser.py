"""The viewer in a real browser: it plays, waits for motion, falls back, compares, and its vertices are FaceModel's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from talkdemo.bench import viewer as bench
from talkdemo.bench.browser import chromium, viewer_page
from talkdemo.face.arkit import INDEX
from talkdemo.face.head import FaceModel
from talkdemo.records import Motion, Speech
from talkdemo.render import raster
from talkdemo.ui.viewer.take import Take, write_sound

pytestmark = pytest.mark.slow
SIZE = 256
TIME = "() => Number(td.dataset.time)"
CHART = (
    '<svg id="motion-chart" viewBox="0 0 100 10" width="200" height="20" data-left="0" data-width="1" data-seconds="2">'
    '<rect width="100" height="10" fill="#ccc"/><line class="playhead" x1="0" x2="0" y1="0" y2="10"/></svg>'
)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    try:
        raster.check()
        with chromium() as one:
            yield one
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a tone."""
    tone = 0.1 * np.sin(np.arange(32_000) * 0.2).astype(np.float32)
    return write_sound(Speech(tone, "tone"), tmp_path_factory.mktemp("sound"))


def test_it_plays_with_the_sound_and_waits_for_motion(browser, speech: Path) -> None:
    motion, one = bench.sample(50), Take(["maya"], 50, sound=speech)
    with viewer_page(browser, SIZE, extra=CHART, chart="motion-chart") as page:
        assert page.page.evaluate("[THREE.REVISION, typeof THREE.GLTFLoader]") == ["140", "function"]
        page.wait("empty")
        page.give(one.value())
        page.wait("loading")
        page.give(one.append(motion[:20]))
        page.wait("playing")
        page.wait("loading")  # at the end of what has arrived
        assert 0.7 < page.page.evaluate(TIME) < 1.5
        page.give(one.append(motion[20:]))
        page.give(one.finish())
        page.wait("playing")
        page.page.wait_for_function("td.dataset.state === 'paused'")
        assert page.page.evaluate(TIME) == pytest.approx(2, abs=0.05)
        page.page.click("#motion-chart", position={"x": 100, "y": 10})
        page.page.wait_for_function("Math.abs(Number(td.dataset.time) - 1) < 0.02")
        assert float(page.page.get_attribute("#motion-chart .playhead", "x1")) == pytest.approx(50, abs=1)
        page.page.focus(".td-hv-stage")
        page.page.keyboard.press("ArrowRight")
        page.page.wait_for_function("Math.abs(Number(td.dataset.time) - 1.04) < 0.02")
        page.page.select_option(".td-hv-speed", "0.25")
        page.page.keyboard.press("Tab")
        page.page.focus(".td-hv-stage")
        page.page.keyboard.press(" ")
        page.wait("playing")
        assert page.page.evaluate("document.querySelector('audio').playbackRate") == 0.25
        page.wait("paused")  # at the end
        page.page.click(".td-hv-play")
        page.wait("playing")
        assert not page.foreign and not page.complaints


def test_its_vertices_are_the_face_models(browser) -> None:
    with viewer_page(browser, SIZE) as page:
        assert bench.vertex_error(page, "amara") < 5e-5
        assert not page.complaints


def test_it_looks_like_the_renderer(browser) -> None:
    """Frame by frame, outside of a pixel along edges, where one smooths and the other does not."""
    coefficients = np.zeros((2, 52), np.float32)
    coefficients[1, [INDEX["jawOpen"], INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]] = 0.6
    motion = Motion(coefficients, np.array([[0, 0, 0], [0.1, 0.3, 0]], np.float32))
    face = FaceModel.load()
    renderer = raster.Renderer(face.drawable("maya"), SIZE)
    with viewer_page(browser, SIZE, controls="minimal") as page:
        page.give(Take.whole([("maya", motion)], play=False).value())
        page.wait("ready")
        for frame, vertices in enumerate(face.vertices(motion, "maya")):
            page.draw(frame / motion.fps)
            drawn, rendered = page.image().astype(int), renderer.image(vertices).astype(int)
            assert drawn.shape == rendered.shape
            apart = np.abs(drawn - rendered).max(axis=2)
            assert np.median(apart) <= 2 and np.percentile(apart, 90) < 12, np.percentile(apart, [50, 90, 99])


def test_two_heads_share_clock_and_camera(browser) -> None:
    rest, open_mouth = np.zeros((5, 52), np.float32), np.zeros((5, 52), np.float32)
    open_mouth[:, INDEX["jawOpen"]] = 1
    still = np.zeros((5, 3), np.float32)
    value = Take.whole(
        [("maya", Motion(rest, still)), ("maya", Motion(open_mouth, still))], labels=["<b>", "b"]
    ).value()
    with viewer_page(browser, SIZE, heads=2) as page:
        page.give({**value, "play": False})
        page.wait("ready")
        assert page.page.inner_text(".td-hv-left") == "<b>"
        image = page.image().astype(int)
        half = image.shape[1] // 2
        left, right = image[:, : half - 1], image[:, half + 1 : 2 * half]
        rows = np.abs(left[:, : right.shape[1]] - right[:, : left.shape[1]]).max(axis=(1, 2))
        assert rows[: len(rows) // 4].max() < 40 < rows[len(rows) // 2 :].max()  # hair alike, mouths not
        page.page.click("[data-mode=over]")
        assert page.image().shape[:2] == (SIZE - 20, SIZE - 20)
        page.page.click("[data-mode=lips]")
        page.page.wait_for_function("/now \\d+\\.\\d mm/.test(document.querySelector('.td-hv-scale').innerText)")
        model = FaceModel.load()
        apart = [model.vertices(Motion(face[:1], still[:1]), "maya")[0] for face in (rest, open_mouth)]
        most = 1000 * np.linalg.norm(apart[1] - apart[0], axis=1)[model.masks["lips"].numpy()].max()
        assert f"now {most:.1f} mm" in page.page.inner_text(".td-hv-scale")
        page.page.wait_for_timeout(500)  # standing still, it is drawn with all pixels
        lips = page.image().astype(int)
        assert (lips[..., 0] - lips[..., 1] > 90).sum() > 20  # far apart: red


def test_what_cannot_be_drawn_is_told(browser, tmp_path: Path) -> None:
    value = Take.whole([("maya", bench.sample(5))], play=False).value()
    with viewer_page(browser, SIZE, flat=True) as page:  # no WebGL 2
        page.give(value)
        assert "no WebGL 2" in page.page.inner_text(".td-hv-note") and page.page.evaluate("td.dataset.fault") == "webgl"
        assert page.page.evaluate("events") == ["webgl"]
        page.give({**value, "video": "data:video/mp4;base64,"})
        assert page.page.locator("video").count() == 1
        page.wait("paused")
    with viewer_page(browser, SIZE) as page:
        lost = {**value["heads"][0]["character"], "url": f"gradio_api/file={tmp_path}/none.glb"}
        page.give({**value, "take": "x", "heads": [{**value["heads"][0], "character": lost}]})
        assert "could not be loaded" in page.page.inner_text(".td-hv-note")
        page.wait("empty")
        page.give(value)  # the next take is none the worse for it
        page.wait("ready")
        assert page.page.inner_text(".td-hv-note") == ""
        page.page.evaluate(
            "() => { window.lose = td.talkHead.stage.renderer.getContext().getExtension('WEBGL_lose_context');"
            " lose.loseContext(); }"
        )
        page.page.wait_for_function("td.dataset.fault === 'webgl'")
        before = page.page.evaluate("events.length")
        page.page.evaluate("lose.restoreContext()")
        page.page.wait_for_function("td.dataset.fault === ''")
        assert before == 2 and page.image().std() > 20


def test_results_leave_nothing_behind(browser) -> None:
    with viewer_page(browser, 128) as page:
        grown = bench.memory(page, ("maya", "tomas"), takes=6)
        assert grown["geometries_growth"] == grown["textures_growth"] == 0
        assert grown["heap_growth_mb"] < 3
