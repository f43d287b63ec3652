"""Benchmarks speed and memory: of all stages, or of those named."""

import argparse
import json

from talkdemo.cli.arguments import integer, number
from talkdemo.records import DEFAULT_STEPS, DIFFPOSETALK, MAX_STEPS, MIN_STEPS, MODELS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="face_model, render, video, viewer, page … (all)")
    parser.add_argument("--json", action="store_true", help="one JSON record a line")
    long = parser.add_argument_group("of the benchmark `long`")
    long.add_argument("--minutes", type=number(0.5, 60), default=10, help="of speech (10)")
    long.add_argument("--model", choices=MODELS, default=DIFFPOSETALK)
    long.add_argument("--steps", type=integer(MIN_STEPS, MAX_STEPS), default=DEFAULT_STEPS)


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.bench import stages

    long = {"minutes": arguments.minutes, "model": arguments.model, "steps": arguments.steps}
    for record in stages.run(arguments.names, long):
        if arguments.json:
            print(json.dumps(record, default=str), flush=True)
            continue
        print(record["what"])
        for name, value in record.items():
            if name != "what":
                print(f"    {name:<24} {value:.3g}" if isinstance(value, float) else f"    {name:<24} {value}")
    return 0
