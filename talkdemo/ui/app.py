"""Nothing in, the web app out: one tab per file, one theme, no third-party host."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from talkdemo import files
from talkdemo.records import Speech
from talkdemo.ui.parts.visits import AGE, PERIOD, Visits, private_root

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
ROOT = private_root()  # before gradio reads where to put files

import gradio as gr  # noqa: E402

from talkdemo.ui import style  # noqa: E402
from talkdemo.ui.compare.tab import CompareTab  # noqa: E402
from talkdemo.ui.express.job import Expresses  # noqa: E402
from talkdemo.ui.express.tab import ExpressTab, open_expresser  # noqa: E402
from talkdemo.ui.parts import portraits  # noqa: E402
from talkdemo.ui.talk.job import IDENTITY, Talker  # noqa: E402
from talkdemo.ui.talk.tab import TalkTab  # noqa: E402

EXAMPLES = files.EXAMPLES / "speech"
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".webm")
MAX_WAITING = 8  # jobs in the queue; then "Queue is full"
MAX_UPLOAD = "120mb"  # ten minutes of stereo wav; the microphone of a browser gives mono wav
TITLE = "TalkDemo — speech in, a talking head out"
HEADER = """<header class="td-header"><h1>TalkDemo</h1>
<p>Say something: a diffusion model turns your voice into the movement of a 3D head. A portrait can take its
expression, or any other.</p></header>"""
FOOTER = """<footer class="td-footer">Open source under the Apache License 2.0. Your recordings and photographs stay on
this server, are seen by nobody else, and are deleted within the hour.</footer>"""


def build(
    talkers: Mapping[str, Talker] | Talker | None = None,
    decode: Callable[[Path, str], Speech] | None = None,
    characters: Sequence[str] | None = None,
    examples: Sequence[Path] | None = None,
    visits: Visits | None = None,
    expresser: Expresses | None = None,
) -> gr.Blocks:
    """The app; whatever is not given is the shipped one. `talkers` by the name of their model, in the order in which
    they are offered; one alone stands for the one that takes identities. With talkers of one's own, `expresser` is
    as it is given: without it the tab says that it is not installed."""
    if talkers is None or decode is None:
        from talkdemo import pipeline

        expresser = expresser or (open_expresser() if talkers is None else None)
        talkers = talkers or {model: pipeline.SpeechToFace.load(model) for model in pipeline.MODELS}
        decode = decode or pipeline.decode
    talkers = talkers if isinstance(talkers, Mapping) else {IDENTITY: talkers}
    if characters is None:
        from talkdemo.face.characters import CHARACTERS

        characters = list(CHARACTERS)
    visits = visits or Visits(ROOT)
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(PERIOD, AGE), fill_width=True) as app:
        gr.HTML(HEADER)
        with gr.Tab("Talk"):
            clips = example_clips() if examples is None else examples
            tab = TalkTab(talkers, decode, visits, characters, clips, expresser)
            tab.build()
        with gr.Tab("Compare"):
            beside = CompareTab(talkers, decode, visits, characters, tab.form.examples)
            beside.build()
        with gr.Tab("Expression") as expression:
            express = ExpressTab(expresser, visits)
            express.build(expression, tab.save_npz)
        gr.HTML(FOOTER)
        app.unload(tab.leave)
        app.unload(beside.leave)
        app.unload(express.leave)
    app.queue(max_size=MAX_WAITING)
    app.talk_tab, app.compare_tab, app.express_tab, app.characters = tab, beside, express, characters
    visits.keep_sweeping()
    return app


def launch_options(characters: Sequence[str]) -> dict[str, object]:
    """How the app is served; address and port come from GRADIO_SERVER_NAME and GRADIO_SERVER_PORT."""
    return {
        "theme": style.theme(),
        "css": style.css() + portraits.tile_css(characters),
        "head": style.head(),
        "footer_links": ["api"],
        "max_file_size": MAX_UPLOAD,
        "run_history": False,
        "share": False,
        "ssr_mode": False,
        "mcp_server": False,
        "enable_monitoring": False,
        "show_error": False,
    }


def example_clips() -> list[Path]:
    """The clips of examples/speech by name, the welcome first."""
    clips = [path for path in EXAMPLES.glob("*") if path.suffix in SOUNDS]
    return sorted(clips, key=lambda path: (path.stem != "welcome", path.name))


def main() -> int:
    """Open the app and serve until stopped. One sentence and status 2 when that cannot be."""
    from talkdemo.render import raster

    begin = time.perf_counter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the private folder goes with the process
    try:
        raster.check()
        app = build()
        _, address, _ = app.launch(**launch_options(app.characters), quiet=True, prevent_thread_lock=True)
    except (RuntimeError, ValueError, OSError) as error:  # no OpenGL, no weights, the port is taken
        print(f"talkdemo: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(f"TalkDemo is at {address} (ready after {time.perf_counter() - begin:.1f} s; Ctrl-C ends it)", flush=True)
    app.block_thread()
    return 0
