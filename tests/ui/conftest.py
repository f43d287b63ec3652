"""What the app's tests share: a small gallery, a stand-in for the model that follows it, served apps, a browser.

Whoever looks at a page waits: `says` and Playwright's own waiting, never a look at what is there right now.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from talkdemo import reference as references
from talkdemo.export import gltf, livelink, npz
from talkdemo.face.arkit import INDEX, indices
from talkdemo.records import FPS, Motion, Reference, Request, Speech
from talkdemo.reference import open_reference
from talkdemo.ui.express.tab import ExpressTab
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.viewer import take

ROWS = (  # name, title, kind, jaw, smile
    ("calm", "Calm reader", "reference", 0.1, 0.0),
    ("loud", "Loud & proud", "reference", 0.9, 0.0),
    ("merry", "Merry", "reference", 0.4, 0.8),
    ("Ada", "Ada", "identity", 0.5, 0.1),
)


def mouthing(jaw: float, smile: float = 0.0, seconds: float = 3.0) -> Motion:
    """A jaw that opens twice a second, a steady smile, a head that sways."""
    times = np.arange(round(seconds * FPS)) / FPS
    coefficients = np.zeros((len(times), 52), np.float32)
    coefficients[:, INDEX["jawOpen"]] = jaw * (0.5 + 0.5 * np.sin(4 * np.pi * times))
    coefficients[:, indices("mouthSmile")] = smile
    coefficients[::40, indices("eyeBlink")] = 1
    head = np.zeros((len(times), 3), np.float32)
    head[:, 1] = 0.1 * np.sin(times)
    return Motion(coefficients, head, FPS)


@pytest.fixture
def small_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three performances and an identity in place of the shipped ones; no previews."""
    folder = tmp_path / "gallery"
    folder.mkdir()
    for name, _, _, jaw, smile in ROWS:
        npz.write(folder / f"{name}.npz", [mouthing(jaw, smile)])
    rows = [
        {"name": name, "title": title, "about": f"about {name}", "kind": kind, "emotion": "neutral"}
        for name, title, kind, *_ in ROWS
    ]
    (folder / references.INDEX_FILE).write_text(json.dumps(rows))
    monkeypatch.setattr(references, "FOLDER", folder)
    references.gallery.cache_clear()
    yield folder
    references.gallery.cache_clear()


@pytest.fixture
def no_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The viewer's characters by name alone, and GLBs that are none: making them takes seconds."""
    record = lambda name: {"name": name, "url": f"data:,{name}"}  # noqa: E731
    monkeypatch.setattr(take, "gallery", lambda: SimpleNamespace(record=record))
    monkeypatch.setattr(gltf, "write", lambda path, *_: Path(path).write_bytes(b"glTF"))


@pytest.fixture(name="tab")
def express_tab(expresser, tmp_path: Path) -> ExpressTab:
    """The tab Expression; files about another tab have a `tab` of their own."""
    made = ExpressTab(expresser, Visits(tmp_path))
    with gr.Blocks(), gr.Tab("Expression") as where:
        made.build(where)
    return made


@pytest.fixture
def follower(stand_in) -> Follower:
    return Follower(stand_in)


@pytest.fixture
def capture(tmp_path: Path) -> Callable[..., Path]:
    """capture(name, seconds, jaw) → path of a Live Link Face CSV of a talking face, where uploads would lie."""

    def write(name: str = "me", seconds: float = 3.0, jaw: float = 0.7) -> Path:
        path = tmp_path / "uploads" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        livelink.write(path, mouthing(jaw, seconds=seconds))
        return path

    return write


class Follower:
    """Stands in for SpeechToFace.load("diffposetalk"): its style is the mean jaw and smile, its jaw that of speech."""

    identities, emotions, students = (), (), (8,)
    references = tuple(name for name, *_ in ROWS)

    def __init__(self, plain) -> None:
        self.plain, self.requests = plain, []

    def check(self, request: Request) -> None:
        """Takes everything."""

    def evaluations(self, request: Request) -> int:
        return self.plain.evaluations(request)

    def style(self, reference: object) -> np.ndarray:
        motion = open_reference(reference).motion
        if len(motion) < FPS:
            raise ValueError(f"{len(motion)} frames given; at least {FPS} are wanted")
        jaw, smile = (
            motion.coefficients[:, INDEX["jawOpen"]].mean(),
            motion.coefficients[:, indices("mouthSmile")].mean(),
        )
        vector = np.array([jaw, smile, 0.2, 0.1])
        return vector / np.linalg.norm(vector)

    def stream(self, request: Request, **how: object) -> Iterator[list[Motion]]:
        yield self.animate(request, **how)

    def animate(self, request: Request, **how: object) -> list[Motion]:
        self.requests.append(request)
        (motion,) = self.plain.animate(request, **how)
        names = {one.name if isinstance(one, Reference) else one: share for one, share in request.reference}
        meta = {**motion.meta, "reference": next(iter(names)) if len(names) == 1 else names}
        meta["seconds"] = {"reference": 0.05, **motion.meta["seconds"]}
        return [Motion(motion.coefficients, motion.head, FPS, meta)]

    def video(self, motion: Motion, speech: Speech | None, path: Path, **how: object) -> dict[str, float]:
        return self.plain.video(motion, speech, path, **how)


CHROMIUM = "/usr/bin/chromium"
WELCOME = Path(__file__).parents[2] / "examples" / "speech" / "welcome.flac"
WAITING = 240_000  # milliseconds
SMALL = 96  # pixels of the heads of a comparison: what is rendered is another test's matter
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run",
)  # fmt: skip


@contextlib.contextmanager
def serving(app) -> Iterator[str]:
    """The app on a free port; its address."""
    from talkdemo.ui.app import launch_options

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = launch_options(app)
    _, address, _ = app.launch(**options, prevent_thread_lock=True, quiet=True, server_port=port)
    try:
        yield address
    finally:
        app.close()


@pytest.fixture(scope="session", name="serving")
def serving_fixture() -> Callable:
    return serving


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The app with the shipped weights, comparing small heads: `app`, `address`, `jobs` (where files of jobs lie)."""
    from talkdemo.ui import app as ui
    from talkdemo.ui.compare import job as compare_job
    from talkdemo.ui.parts.visits import Visits

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare_job, "SIZE", SMALL)
        visits = Visits(tmp_path_factory.mktemp("files"))
        app = ui.build(visits=visits)
        with serving(app) as address:
            yield SimpleNamespace(app=app, address=address, jobs=visits.jobs)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Chromium; its microphone hears the welcome. To be asked for after the app, which is launched outside of
    Playwright's event loop."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium (see packages-test.txt)")
    import soundfile
    from playwright.sync_api import sync_playwright

    heard = tmp_path_factory.mktemp("microphone") / "welcome.wav"
    soundfile.write(heard, *soundfile.read(WELCOME), subtype="PCM_16")
    with sync_playwright() as playwright:
        flags = [*FLAGS, f"--use-file-for-fake-audio-capture={heard}%noloop"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@contextlib.contextmanager
def visiting(browser, address: str, **options: object) -> Iterator[object]:
    """A visitor's page of 1280×1000; at its end the console holds no error, and nothing foreign was loaded."""
    options = {"viewport": {"width": 1280, "height": 1000}, "permissions": ["microphone"], **options}
    context = browser.new_context(**options)
    context.set_default_timeout(WAITING)
    page = context.new_page()
    page.requests, page.complaints = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#td-generate")
    yield page
    assert not page.complaints
    home = address.split("?")[0]
    assert not [url for url in page.requests if not url.startswith((home, "data:", "blob:", "about:"))]
    context.close()


@pytest.fixture(scope="session", name="visiting")
def visiting_fixture() -> Callable:
    return visiting


@pytest.fixture(scope="session")
def phone() -> Callable:
    """phone(page): the page on a telephone, where nothing is wider than the screen."""

    def narrow(page, width: int = 390) -> None:
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(f"document.documentElement.scrollWidth <= {width}")

    return narrow


@pytest.fixture(scope="session")
def says() -> Callable:
    """says(page, selector, words): waits until the element says so; all that it says."""

    def wait(page, selector: str, words: str) -> str:
        page.wait_for_function(
            "([selector, words]) => document.querySelector(selector)?.innerText.includes(words)", arg=[selector, words]
        )
        return page.inner_text(selector)

    return wait
