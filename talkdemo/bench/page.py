"""Benchmarks the app as a visitor has it: seconds from a press to a head that moves, bytes, the server's CPU, a crowd.

The app runs in a process of its own; one visitor comes in Chromium with OpenGL in software, a crowd over plain HTTP
(bench/crowd.py). All of it shares the machine, so that seconds are those of a server and a browser together.
"""

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import soundfile

from talkdemo.bench.browser import chromium
from talkdemo.bench.crowd import Press, crowd
from talkdemo.bench.long import rounded, spoken
from talkdemo.records import SAMPLE_RATE

VISITS = 5  # by somebody new each, after the first one of a server and a browser that both just started
VISITORS, THEIR_SECONDS = 20, 6.0  # at once, and of speech each
STARTING, WAITING = 300, 600  # seconds of patience
GENERATE = "#td-generate"
EXAMPLE = "German"  # not the one that plays when the page opens
LENGTHS = {"6_s": 6.0, "10_s": 10.0, "long": None}  # of speech; None: as many minutes as are asked for
# Presses a button; ends when the head plays another sound than before and its time advances: milliseconds.
MOVES = """button => new Promise(done => {
  const head = document.getElementById("td-head"), audio = head.querySelector("audio");
  const before = audio.currentSrc, begin = performance.now();
  let first = null;
  const look = () => {
    if (audio.currentSrc !== before && head.dataset.state === "playing") {
      const time = Number(head.dataset.time);
      if (first !== null && time > first) return done(performance.now() - begin);
      if (first === null) first = time;
    }
    requestAnimationFrame(look);
  };
  button.click();
  look();
})"""
ALIVE = """() => {
  const head = document.getElementById("td-early") || document.getElementById("td-head");
  return head && head.dataset.state === "playing" && Number(head.dataset.time) > 0.05;
}"""


def measure_if_possible(minutes: float = 10.0, visitors: int = VISITORS) -> dict[str, object]:
    """`measure`, or one sentence that says why not."""
    try:
        return measure(minutes, visitors)
    except RuntimeError as error:
        return {"not_measured": str(error)}


def measure(minutes: float = 10.0, visitors: int = VISITORS) -> dict[str, object]:
    """The figures. RuntimeError, in one sentence, without a browser or an app."""
    figures: dict[str, Any] = {"load_before": rounded(os.getloadavg()[0])}
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, app() as (address, server):
        clips = {name: write(Path(folder), name, seconds or 60 * minutes) for name, seconds in LENGTHS.items()}
        Press(address).answer(clips["6_s"])  # what only a first run costs
        foreign: set[str] = set()
        seconds = []
        for _ in range(1 + VISITS):
            with visitor(browser, address, foreign) as page:
                seconds.append(page.seconds)
        figures["page_to_moving_first_s"] = rounded(seconds[0])
        figures["page_to_moving_s"] = rounded(statistics.median(seconds[1:]))
        with visitor(browser, address, foreign) as page:
            example, generate = page.page.get_by_role("button", name=EXAMPLE, exact=True), page.page.locator(GENERATE)
            figures["example_to_moving_s"] = rounded(moves(example))
            for name, clip in clips.items():
                speak(page.page, clip)
                figures[f"generate_to_moving_{name}"] = rounded(moves(generate))
                stop(page.page)
            figures["character_bytes"] = page.character_bytes
        used = cpu_seconds(server.pid)
        with visitor(browser, address, foreign) as page:
            speak(page.page, clips["6_s"])
            moves(page.page.locator(GENERATE))
            page.page.wait_for_selector(f"{GENERATE}:not([disabled])")
        figures["cpu_s_a_visit"] = rounded(cpu_seconds(server.pid) - used)
        figures["stream_bytes_10_s"] = Press(address).answer(clips["10_s"]).bytes
        figures |= crowd(address, write(Path(folder), "crowd", THEIR_SECONDS), visitors)
        figures["third_party_requests"] = len(foreign)
    return figures


@contextlib.contextmanager
def app(code: str | None = None, **more: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """The app on a free port: its address and its process. `code`: what runs instead of the verb; `more` environment
    variables."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
    variables |= {"GRADIO_SERVER_PORT": str(port), **more}
    address = f"http://127.0.0.1:{port}/"
    command = [sys.executable, *(["-c", code] if code else ["-m", "talkdemo", "app"])]
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL) as server:
        try:
            end = time.monotonic() + STARTING
            while not answers(address):
                if server.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the app did not start within {STARTING} s")
                time.sleep(0.2)
            yield address, server
        finally:
            server.terminate()


def answers(address: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(address, timeout=30).status_code == 200
    return False


class Visitor:
    """A page that was opened, and how long it took until the first head moved."""

    def __init__(self, page: Any, address: str, foreign: set[str]) -> None:
        self.page, self.character_bytes, self.foreign = page, 0, foreign
        self.own = (address, "data:", "blob:", "about:")
        page.on("request", self._asked)
        page.on("response", self._received)
        begin = time.perf_counter()
        page.goto(address, wait_until="commit")  # the head is waited for, not what else a page loads
        page.wait_for_function(ALIVE, polling=20)
        self.seconds = time.perf_counter() - begin

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(self.own):
            self.foreign.add(request.url)

    def _received(self, response: Any) -> None:
        if response.url.endswith(".glb"):
            self.character_bytes = int(response.headers.get("content-length", 0))


@contextlib.contextmanager
def visitor(browser: Any, address: str, foreign: set[str]) -> Iterator[Visitor]:
    """Somebody who was never here before, and who wants no video."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(1000 * WAITING)
    try:
        one = Visitor(context.new_page(), address, foreign)
        one.page.uncheck("#td-film-wanted input")
        yield one
    finally:
        context.close()


def speak(page: Any, clip: Path) -> None:
    """Uploads a clip in place of the one that is there."""
    for name in ("Clear", "Upload file"):
        button = page.locator(f"#td-speech button[aria-label='{name}']")
        if button.count():
            button.first.click()
    page.set_input_files("#td-speech input[type=file]", clip)
    page.wait_for_selector("#td-speech button[aria-label='Play']")


def moves(button: Any) -> float:
    """Presses a button; seconds until the head moves."""
    return button.first.evaluate(MOVES) / 1000


def stop(page: Any) -> None:
    """What is still being sampled is no longer wanted."""
    page.locator("#td-stop").evaluate("button => button.click()")  # at once: it may have come to its end meanwhile
    page.wait_for_selector(f"{GENERATE}:not([disabled])")


def write(folder: Path, name: str, seconds: float) -> Path:
    """So much speech as a wav."""
    path = folder / f"{name}.wav"
    soundfile.write(path, spoken(seconds / 60).samples, SAMPLE_RATE, subtype="PCM_16")
    return path


def cpu_seconds(pid: int) -> float:
    """Of all threads of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
