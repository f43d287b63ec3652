"""Opens the web app on http://127.0.0.1:7860 (GRADIO_SERVER_NAME and GRADIO_SERVER_PORT change that)."""

import argparse

from talkdemo.cli.arguments import integer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    videos = (
        "when the video of a new talk is drawn without being asked for, unless its visitor switched it off: while "
        "nobody waits (quiet, the default), always, or never (request)"
    )
    parser.add_argument("--videos", default="quiet", metavar="quiet|always|request", help=videos)
    port = "also serve Prometheus metrics, on this port of this machine: jobs, seconds by stage, queue"
    parser.add_argument("--metrics", type=integer(1, 65535), metavar="PORT", help=port)


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.serve import zero

    lent = zero.pipelines()  # before torch is imported
    from talkdemo.ui import app
    from talkdemo.ui.express.tab import open_expresser

    return app.serve(arguments.videos, lent, open_expresser() if lent else None, arguments.metrics)
