"""The head viewer on a page of its own in Chromium: for benchmarks and tests, without the app around it."""

import contextlib
import functools
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run",
    "--autoplay-policy=no-user-gesture-required", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--js-flags=--expose-gc", "--enable-precise-memory-info", "--mute-audio",
)  # fmt: skip
TIMEOUT = 300_000  # milliseconds: on a busy machine everything takes long
FILE = "/gradio_api/file="
TYPES = {".js": "text/javascript", ".wav": "audio/wav", ".mp4": "video/mp4", ".glb": "model/gltf-binary"}
PAGE = """<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Head</title>
<style>body {{ margin: 0; background: #16181d; }} {css}</style>
<div style="width: {width}px"><div id="td-head"><div>{markup}</div></div></div>{extra}
<script src="{script}"></script>
<script>
  var td = document.getElementById("td-head"), given = null, events = [], states = [];
  new MutationObserver((all) => all.forEach((one) => {{ if (one.oldValue !== null) states.push(one.oldValue); }}))
    .observe(td, {{ attributes: true, attributeFilter: ["data-state"], attributeOldValue: true }});
  const element = document.querySelector("#td-head > div");
  var show = TalkHead.mount(element, () => given, (fault) => events.push(fault));
  var give = (value) => {{ given = value; return show(); }};
</script>"""


class Page:
    """A page with the viewer: `page` is Playwright's, `requests` all addresses asked for, `sent` the bytes by name."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address)

    def give(self, value: dict[str, Any] | None) -> None:
        """A new value of the component, as from Python; returns once the viewer has taken it."""
        self.page.evaluate("value => give(value)", value)

    def wait(self, state: str) -> None:
        """Until `data-state` is or, since the last wait, has been this: a slow page may pass it between two looks."""
        self.page.wait_for_function(
            "state => { const at = [...states, td.dataset.state].lastIndexOf(state);"
            " if (at >= 0) states.splice(0, at); return at >= 0; }",
            arg=state,
        )

    def draw(self, seconds: float) -> None:
        """Show that moment, and draw it at once."""
        self.page.evaluate("seconds => { const h = td.talkHead; h.clock.seek(seconds); h.draw(); }", seconds)

    def image(self) -> Any:
        """(H, W, 3) uint8 of what the canvas shows."""
        import base64
        import io

        import numpy as np
        from PIL import Image

        text = self.page.evaluate("() => { td.talkHead.draw(); return td.talkHead.stage.canvas.toDataURL(); }")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(text.split(",")[1]))).convert("RGB"))

    @property
    def foreign(self) -> list[str]:
        """Addresses of other hosts that were asked for."""
        own = (self.address, "data:", "blob:", "about:")
        return [url for url in self.requests if not url.startswith(own)]


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's browser with OpenGL in software. RuntimeError in one sentence where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise RuntimeError("no Playwright: pip install playwright, which only tests and benchmarks need") from None
    if not Path(CHROMIUM).exists():
        raise RuntimeError(f"no browser at {CHROMIUM}: install the Debian package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def viewer_page(browser: Any, size: int = 512, *, extra: str = "", flat: bool = False, **how: Any) -> Iterator[Page]:
    """A page with one viewer of `size` pixels; `how` is component.markup's, `flat` a browser without WebGL."""
    from talkdemo.ui.style import STATIC
    from talkdemo.ui.viewer.component import markup
    from talkdemo.ui.viewer.script import build_script

    css = (STATIC / "viewer.css").read_text(encoding="utf-8")
    script = f"gradio_api/file={build_script()}"
    html = PAGE.format(css=css, width=size, markup=markup("td-head", **how), extra=extra, script=script)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, html.encode("utf-8")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(viewport={"width": size + 40, "height": size + 120})
    context.set_default_timeout(TIMEOUT)
    try:
        page = context.new_page()
        if flat:
            page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        yield Page(page, f"http://127.0.0.1:{server.server_port}/")
    finally:
        context.close()
        server.shutdown()
        server.server_close()


def cpu_seconds() -> float:
    """What all processes below this one, the browser's, have used of processors so far (Linux)."""
    used: dict[int, tuple[int, float]] = {}  # process → parent, seconds
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = stat.read_text().rpartition(")")[2].split()
            used[int(stat.parent.name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    ours, total = {os.getpid()}, 0.0
    while found := {process for process, (parent, _) in used.items() if parent in ours} - ours:
        ours |= found
        total += sum(used[process][1] for process in found)
    return total


def size_of(value: Any) -> int:
    """Bytes of a value on the wire."""
    return len(json.dumps(value, separators=(",", ":")))


class _Files(BaseHTTPRequestHandler):
    """The page, and files where gradio would serve them, with the ranges that a sound needs."""

    def __init__(self, html: bytes, *arguments: Any) -> None:
        self.html = html
        super().__init__(*arguments)

    def do_GET(self) -> None:
        place = unquote(urlsplit(self.path).path)
        path = Path(place.removeprefix(FILE))
        if place.startswith(FILE) and not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes() if place.startswith(FILE) else self.html
        first, last = 0, len(data) - 1
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            begin, _, end = wanted.removeprefix("bytes=").partition("-")
            first, last = int(begin or 0), min(int(end or last), last)
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", TYPES.get(path.suffix, "text/html"))
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(data[first : last + 1])

    def log_message(self, *_: Any) -> None:
        """Nothing."""
