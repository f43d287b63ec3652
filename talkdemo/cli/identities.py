"""Lists the talking identities and their styles."""

import argparse

from talkdemo.cli.terminal import print_names
from talkdemo.files import IDENTITY_LIBRARY as FOLDER


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--emotions", action="store_true", help="list the emotions instead")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.metrics import style_summary
    from talkdemo.pipeline import SpeechToFace

    pipeline = SpeechToFace.load()
    if arguments.emotions:
        return print_names(dict.fromkeys(pipeline.emotions, ""))
    path = FOLDER / style_summary.FILE
    library = style_summary.read(path) if path.is_file() else {}
    return print_names({name: library[name].line if name in library else "" for name in pipeline.identities})
