"""Opens the web app with its costly work on a Ray cluster (talkdemo[ray]): a local one, or that of --address.

N or LOW-HIGH replicas of each kind; between the two their number follows the load.
"""

import argparse

from talkdemo.cli.app import add_arguments as add_app
from talkdemo.cli.arguments import number


def low_high(text: str) -> tuple[int, int]:
    """An argparse type: 2 → (2, 2), 1-8 → (1, 8)."""
    low, _, high = text.partition("-")
    if not low.isdigit() or not (high or low).isdigit() or not 0 < int(low) <= int(high or low):
        raise argparse.ArgumentTypeError(f"{text!r} given; a number such as 2, or a range such as 1-8, is wanted")
    return int(low), int(high or low)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for kind, work in (("samplers", "motion"), ("artists", "rendered videos"), ("painters", "portraits")):
        parser.add_argument(f"--{kind}", type=low_high, default=(1, 1), metavar="N|LOW-HIGH", help=f"of {work} (1)")
    parser.add_argument("--cpus", type=number(0.1, 256), default=1.0, metavar="C", help="of one replica (1)")
    parser.add_argument("--gpus", type=number(0, 8), default=0.0, metavar="G", help="of one sampler or painter (0)")
    parser.add_argument("--address", metavar="HOST:PORT|auto", help="of a cluster; without, one of this machine")
    add_app(parser)


def run(arguments: argparse.Namespace) -> int:
    from importlib.util import find_spec

    if find_spec("ray") is None:
        raise ValueError("Ray is not installed; `pip install talkdemo[ray]` installs it")

    from talkdemo.pipeline import SpeechToFace
    from talkdemo.records import MODELS
    from talkdemo.serve import cluster
    from talkdemo.serve.twin import twin
    from talkdemo.ui import app
    from talkdemo.ui.express.tab import open_expresser
    from talkdemo.ui.parts import turns

    counts = {kind: getattr(arguments, f"{kind}s") for kind in cluster.KINDS}
    gpus = {"sampler": arguments.gpus, "artist": 0.0, "painter": arguments.gpus}
    replicas = {kind: cluster.Replicas(low, high, arguments.cpus, gpus[kind]) for kind, (low, high) in counts.items()}
    cluster.start(replicas, arguments.address)
    try:
        most = {kind: high for kind, (_, high) in counts.items()}
        turns.MOTION.places, turns.VIDEO.places = most["sampler"], max(most["artist"], most["painter"])
        turns.VIDEO.before = None  # videos have replicas of their own
        pipelines = {model: twin(cluster.Remote, SpeechToFace.load(model, "cpu")) for model in MODELS}
        expresser = open_expresser()
        remote = twin(cluster.RemoteExpresser, expresser) if expresser else None
        return app.serve(arguments.videos, pipelines, remote, arguments.metrics)
    finally:
        cluster.stop()
