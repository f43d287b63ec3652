"""Lists the installed checkpoints: size, parameters, provenance and licence."""

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the whole header of each file, as JSON")
    parser.add_argument("--compress", nargs="+", default=[], metavar="NAME", help="rewrite in 8 bits, half the size")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo import checkpoint

    for name in arguments.compress:
        path = checkpoint.find(name)
        checkpoint.compress(path, path)
    found = [checkpoint.describe(path) for path in sorted(checkpoint.WEIGHTS.glob("*.safetensors"))]
    if arguments.json:
        print(json.dumps(found, indent=2, default=str))
        return 0
    if not found:
        raise ValueError(f"{checkpoint.WEIGHTS}: no checkpoint is installed; `make train` makes them")
    for card in found:
        size = f"{card['bytes'] / 1e6:.1f} MB, {card['parameters'] / 1e6:.2f} M parameters"
        print(f"{card['name']}  ({card['kind']}, {size})")
        for key, value in card["provenance"].items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            print(f"    {key}: {text}")
    return 0
