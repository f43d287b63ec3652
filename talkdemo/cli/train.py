"""A recipe's name in, checkpoints out: `train RECIPE …` hands the rest of the line to talkdemo.train.RECIPE."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

RECIPES = Path(__file__).parents[1] / "train"


def recipes() -> list[str]:
    """Files of talkdemo/train that are recipes: those with a `main`."""
    return sorted(path.stem for path in RECIPES.glob("*.py") if "\ndef main(" in path.read_text(encoding="utf-8"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help=", ".join(recipes()) or "none is installed")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="what the recipe takes (RECIPE --help)")


def run(arguments: argparse.Namespace) -> int:
    if arguments.recipe not in recipes():
        raise ValueError(f"recipe {arguments.recipe!r} given; one of {', '.join(recipes()) or 'none'} is wanted")
    return importlib.import_module(f"talkdemo.train.{arguments.recipe}").main(arguments.rest) or 0
