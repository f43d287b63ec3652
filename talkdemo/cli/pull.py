"""Downloads the checkpoints of a model repository of the Hugging Face Hub into a folder, where every verb finds them.

The folder is --to, else $TALKDEMO_WEIGHTS. A broken download goes on where it broke.
"""

import argparse
import os
from pathlib import Path

from talkdemo.cli.arguments import repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("repository", type=repository, metavar="OWNER/NAME")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="($TALKDEMO_WEIGHTS)")
    parser.add_argument("--revision", metavar="COMMIT", help="a branch, tag or commit (main)")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.hub import models

    folder = arguments.to or os.environ.get("TALKDEMO_WEIGHTS")
    if not folder:
        raise ValueError("no folder given; --to FOLDER is wanted, or TALKDEMO_WEIGHTS in the environment")
    for path in models.pull(arguments.repository, Path(folder), arguments.revision):
        print(path)
    return 0
