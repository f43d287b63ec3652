"""Puts the app on a Hugging Face Space: creates or updates OWNER/NAME by one commit, with what the app needs alone.

Log in once with `hf auth login`, or set HF_TOKEN. When an upload breaks, the same command goes on from there.
"""

import argparse
import os

from talkdemo.cli.arguments import repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from talkdemo.hub.space import HARDWARE

    parser.add_argument("repository", type=repository, metavar="OWNER/NAME")
    hardware = f"{' or '.join(HARDWARE)} (as it is; a new Space gets {HARDWARE[0]})"
    parser.add_argument("--hardware", choices=HARDWARE, help=hardware)
    parser.add_argument("--private", action="store_true", help="seen by its owner alone")
    secret = "names of environment variables that become secrets of the Space"
    parser.add_argument("--secret", nargs="+", default=[], metavar="NAME", help=secret)
    parser.add_argument("--dry-run", action="store_true", help="only list the files and their sizes")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.hub import space

    missing = [name for name in arguments.secret if name not in os.environ]
    if missing:
        raise ValueError(f"--secret {' '.join(missing)} given; environment variables that are set are wanted")
    if arguments.dry_run:
        sizes = {name: space.size(content) for name, content in space.files(arguments.hardware).items()}
        for name, size in sizes.items():
            print(f"{size:>10,}  {name}")
        print(f"{len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB")
        return 0
    secrets = {name: os.environ[name] for name in arguments.secret}
    print(space.publish(arguments.repository, arguments.hardware, arguments.private, secrets))
    return 0
