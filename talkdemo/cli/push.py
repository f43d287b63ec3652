"""Uploads a checkpoint to a model repository of the Hugging Face Hub, with a card made from its provenance and scores.

Log in once with `hf auth login`, or set HF_TOKEN.
"""

import argparse

from talkdemo.cli.arguments import repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a name of `talkdemo models`, or a file")
    parser.add_argument("repository", type=repository, metavar="OWNER/NAME")
    parser.add_argument("--private", action="store_true", help="a new repository is seen by its owner alone")
    parser.add_argument("--card", action="store_true", help="only print the card")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo import checkpoint
    from talkdemo.hub import card, models

    if arguments.card:
        print(card.card(checkpoint.find(arguments.checkpoint), arguments.repository))
    else:
        print(models.push(arguments.checkpoint, arguments.repository, arguments.private))
    return 0
