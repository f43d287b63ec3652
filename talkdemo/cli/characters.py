"""Lists the characters, whose heads can be drawn."""

from __future__ import annotations

import argparse

from talkdemo.cli.listing import print_names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.face.characters import CHARACTERS

    return print_names(dict.fromkeys(CHARACTERS, ""))
