"""Names of benchmarks in (all when none is given); speeds and ratios measured within one run out."""

from __future__ import annotations

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="*", metavar="NAME", help="which ones; all by default")
    parser.add_argument("--json", action="store_true", help="one JSON record a line")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.bench import stages as bench

    for record in bench.run(arguments.what):
        if arguments.json:
            print(json.dumps(record, default=str), flush=True)
            continue
        print(record["what"])
        for name, value in record.items():
            if name != "what":
                print(f"    {name:<24} {value:.3g}" if isinstance(value, float) else f"    {name:<24} {value}")
    return 0
