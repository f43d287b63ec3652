"""Nothing in; the learned talking identities, one a line, out."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--emotions", action="store_true", help="list the emotions instead")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.pipeline import SpeechToFace

    talker = SpeechToFace.load()
    print("\n".join(talker.emotions if arguments.emotions else talker.identities))
    return 0
