"""Trains one of the models: `train RECIPE …` passes the rest of the line to the recipe in talkdemo.train."""

import argparse
import importlib

RECIPES = {  # name → module of talkdemo.train
    "align": "speech.align",
    "encoder": "speech.encoder",
    "talker_data": "talker.data",
    "diffusiontalker": "talker.diffusiontalker",
    "style": "talker.style",
    "diffposetalk": "talker.diffposetalk",
    "distill": "distill.recipe",
    "transfer": "distill.transfer",
    "portrait_data": "gcgan.portrait_data",
    "gcgan_geometry": "gcgan.geometry",
    "gcgan_reader": "gcgan.reader",
    "gcgan_gaze": "gcgan.gaze",
    "gcgan_part_reader": "gcgan.part_reader",
    "gcgan": "gcgan.recipe",
    "gcgan_details": "gcgan.details",
    "covered": "gcgan.covered",
    "recogniser": "gcgan.recogniser",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="arguments of the recipe (RECIPE --help)")


def run(arguments: argparse.Namespace) -> int:
    if arguments.recipe not in RECIPES:
        raise ValueError(f"recipe {arguments.recipe!r} given; one of {', '.join(RECIPES)} is wanted")
    return importlib.import_module(f"talkdemo.train.{RECIPES[arguments.recipe]}").main(arguments.rest) or 0
