"""Lists the shipped reference clips, whose style DiffPoseTalk follows."""

import argparse

from talkdemo.cli.terminal import print_names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.reference import gallery

    return print_names({item.name: item.about for item in gallery().values()})
