"""Lists the characters, whose heads can be drawn; or writes one as GLB, without a motion."""

import argparse
from pathlib import Path

from talkdemo.cli.arguments import choose_character
from talkdemo.cli.terminal import print_names
from talkdemo.files import check_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    glb = "write the character as GLB: mesh, textures, 52 morph targets, joints"
    parser.add_argument("--glb", nargs=2, metavar=("NAME", "X.glb"), help=glb)


def run(arguments: argparse.Namespace) -> int:
    if arguments.glb:
        return write_glb(*arguments.glb)
    from talkdemo.face.characters import CHARACTERS

    return print_names(dict.fromkeys(CHARACTERS, ""))


def write_glb(name: str, path: str) -> int:
    character = choose_character(name)
    if Path(path).suffix.lower() != ".glb":
        raise ValueError(f"{path!r} given; a name ending in .glb is wanted")
    check_writable(path)
    from talkdemo.export import gltf
    from talkdemo.face.head import FaceModel

    gltf.write(path, FaceModel.load(), character)
    return 0
