"""Builds and serves the web app: one tab per folder, one theme, no third-party host."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from talkdemo import files
from talkdemo.face.characters import CHARACTERS
from talkdemo.gcgan.edit import Expresser
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import DIFFPOSETALK, MODELS
from talkdemo.ui.parts.visits import AGE, PERIOD, Visits, private_root

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
ROOT = private_root()  # before gradio reads where to put files

import gradio as gr  # noqa: E402
import gradio.mcp  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from talkdemo.ui import style  # noqa: E402
from talkdemo.ui.compare.api import Endpoint as CompareEndpoint  # noqa: E402
from talkdemo.ui.compare.tab import CompareTab  # noqa: E402
from talkdemo.ui.express.tab import MISSING, ExpressTab, open_expresser  # noqa: E402
from talkdemo.ui.parts import library, metrics, panel, portraits  # noqa: E402
from talkdemo.ui.parts.catalogue import Catalogue  # noqa: E402
from talkdemo.ui.parts.kept import Kept  # noqa: E402
from talkdemo.ui.parts.options import PLAIN, QUICK  # noqa: E402
from talkdemo.ui.reference.api import Endpoint as TrackEndpoint  # noqa: E402
from talkdemo.ui.talk.tab import TalkTab  # noqa: E402
from talkdemo.ui.talk.video import QUIET  # noqa: E402
from talkdemo.ui.viewer.answers import Early, Lasting  # noqa: E402
from talkdemo.ui.viewer.component import early_viewer  # noqa: E402
from talkdemo.ui.viewer.gallery import gallery  # noqa: E402

EXAMPLES = files.EXAMPLES / "speech"
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".webm")
MAX_WAITING = 40  # events in gradio's own queue, beyond the 64 jobs that wait for their turn; then "Queue is full"
THREADS = 80  # of handlers: every job that waits holds one now and then
MAX_UPLOAD = "120mb"  # ten minutes of stereo wav; the microphone of a browser gives mono wav
TITLE = "TalkDemo — a talking 3D head from speech"
HEADER = """<header class="td-header"><h1>TalkDemo</h1>
<p>A diffusion model turns your speech into the motion of a 3D head. A portrait can take its expression, or any
other.</p></header>"""
FOOTER = """<footer class="td-footer">Open source under the Apache License 2.0. Your recordings and photographs stay on
this server, are seen by nobody else, and are deleted within the hour.</footer>"""


class App(gr.Blocks):
    """The page, and its tabs for tests."""

    talk_tab: TalkTab
    compare_tab: CompareTab
    express_tab: ExpressTab
    characters: Sequence[str]


def build(
    pipelines: Mapping[str, SpeechToFace] | None = None,
    characters: Sequence[str] | None = None,
    examples: Sequence[Path] | None = None,
    visits: Visits | None = None,
    expresser: Expresser | None = None,
    videos: str = QUIET,
) -> App:
    """The app; what is None is the shipped one. `pipelines` by model, in the order in which they are offered. With
    pipelines of one's own and no `expresser`, the tab Expression says that it is not installed. `videos`: one of
    talk.video.POLICIES."""
    if pipelines is None:
        pipelines = {model: SpeechToFace.load(model) for model in MODELS}
        expresser = expresser or open_expresser()
    pipelines = {model: one for model, one in pipelines.items() if model != DIFFPOSETALK or one.references}
    characters = list(CHARACTERS) if characters is None else characters
    examples = example_clips() if examples is None else examples
    visits = visits or Visits(ROOT)
    gradio.mcp.DEFAULT_TEMP_DIR = str(visits.jobs)  # what agents send inline lies where the sweeper comes by
    with App(title=TITLE, analytics_enabled=False, delete_cache=(PERIOD, AGE), fill_width=True) as app:
        gr.HTML(HEADER)
        with gr.Tab("Talk"):
            app.talk_tab = TalkTab(pipelines, visits, characters, examples, expresser, videos)
            app.talk_tab.build()
        with gr.Tab("Compare"):
            CompareEndpoint(pipelines, visits, characters).build()  # before the tab takes its name
            app.compare_tab = CompareTab(pipelines, visits, characters, examples)
            app.compare_tab.build()
        with gr.Tab("Expression") as tab:
            if expresser is None:
                gr.HTML(panel.note(MISSING), elem_classes="td-express-missing", **PLAIN)
            else:
                app.express_tab = ExpressTab(expresser, visits)
                app.express_tab.build(tab, app.talk_tab.talk)
        gr.HTML(FOOTER)
        TrackEndpoint(visits).build()
        Catalogue(pipelines, characters, expresser).build()

        def leave(request: gr.Request) -> None:
            visits.leave(str(request.session_hash))
            # gradio keeps a copy of the page's settings for each of 10,000 sessions: 0.7 MB that nobody comes back to
            app.app.state_holder.session_data.pop(str(request.session_hash), None)

        app.unload(leave)
        form = app.talk_tab.form
        app.load(form.restore, None, form.restored, **QUICK)
    app.queue(max_size=MAX_WAITING)
    app.characters = characters
    visits.keep_sweeping()
    return app


def launch_options(app: App) -> dict[str, Any]:
    """How it is served; address and port come from GRADIO_SERVER_NAME and GRADIO_SERVER_PORT."""
    return {
        "theme": style.theme(),
        "css": "\n".join((style.css(), library.css(), portraits.tile_css(app.characters))),
        "head": style.head(),
        "footer_links": ["api"],
        "max_file_size": MAX_UPLOAD,
        "app_kwargs": {
            "middleware": [
                Middleware(Lasting, folder=str(gallery().folder)),
                Middleware(Kept, folder="assets"),
                Middleware(Early, head=early_viewer(app.talk_tab.head)),
            ]
        },
        "max_threads": THREADS,
        "run_history": False,
        "share": False,
        "ssr_mode": False,
        "mcp_server": True,
        "enable_monitoring": False,
        "show_error": False,
        "_frontend": False,  # else gradio looks at the page once it serves, and ends the app if that takes 3 s
    }


def example_clips() -> list[Path]:
    """The clips of examples/speech by name, the welcome first."""
    clips = [path for path in EXAMPLES.glob("*") if path.suffix in SOUNDS]
    return sorted(clips, key=lambda path: (path.stem != "welcome", path.name))


def serve(
    videos: str = QUIET,
    pipelines: Mapping[str, SpeechToFace] | None = None,
    expresser: Expresser | None = None,
    metrics_port: int | None = None,
) -> int:
    """Open the app and serve until stopped; `videos`, `pipelines` and `expresser` as `build` takes them. Raises
    RuntimeError, ValueError or OSError when that cannot be: no OpenGL, no weights, a port is taken."""
    from talkdemo.render import raster

    begin = time.perf_counter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the private folder goes with the process
    tempfile.tempdir = str(ROOT)  # whatever else is made on the way goes with it, too
    raster.check()
    app = build(pipelines=pipelines, expresser=expresser, videos=videos)
    if metrics_port:
        metrics.serve(metrics_port)
    _, address, _ = app.launch(**launch_options(app), quiet=True, prevent_thread_lock=True)
    print(f"TalkDemo is at {address} (ready after {time.perf_counter() - begin:.1f} s; Ctrl-C ends it)", flush=True)
    app.talk_tab.form.paces.start()
    gallery().prepare(app.characters)
    app.block_thread()
    return 0
