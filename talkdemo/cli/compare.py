"""Compares two settings of one speech: table, side-by-side mp4, JSON.

The two sides may differ in steps, model, identity or reference; what the --second options leave out is as on the first
side. A number of steps that a distilled student is made for is answered by the student, unless --full is given. The
table is printed as Markdown.
"""

import argparse
import time
from typing import Any

from talkdemo.cli.arguments import (
    AUTO,
    add_common,
    add_speech,
    add_style,
    blend,
    check_outputs,
    check_source,
    choose,
    choose_character,
    integer,
    names,
    output_path,
    references,
)
from talkdemo.records import DIFFPOSETALK, DIFFUSIONTALKER, MAX_STEPS, MIN_STEPS, MODELS

TAKES = {DIFFUSIONTALKER: "identity", DIFFPOSETALK: "reference"}  # model → the option it takes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_speech(parser)
    models = f"of {', '.join(MODELS)}"
    parser.add_argument(
        "--models", choices=MODELS, nargs=2, default=[DIFFUSIONTALKER] * 2, metavar="MODEL", help=models
    )
    steps = integer(MIN_STEPS, MAX_STEPS)
    parser.add_argument("--steps", type=steps, nargs=2, metavar="N", help="steps of each (512 8; 8 8 for two models)")
    parser.add_argument("--full", action="store_true", help="the full model on both sides, whatever is installed")
    add_style(parser)
    parser.add_argument("--second-identity", type=blend, metavar="…", help="of the second side, where it differs")
    parser.add_argument("--second-reference", type=references, metavar="…", help="of the second side, likewise")
    add_common(parser)
    parser.add_argument("--out", type=output_path(".mp4"), metavar="X.mp4", help="both heads side by side, with sound")
    parser.add_argument("--json", type=output_path(".json"), metavar="X.json", help="all figures")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.cli.terminal import progress_line
    from talkdemo.export import summary

    styles = both_styles(arguments)
    check_outputs((arguments.out, arguments.json), speech=[check_source(arguments.speech)])
    character = choose_character(arguments.character) if arguments.out or arguments.character else None
    if arguments.out:
        from talkdemo.render import raster

        raster.check()  # better now than after minutes of sampling

    from talkdemo.audio.decode import decode
    from talkdemo.compare.comparison import compare
    from talkdemo.compare.report import markdown, record
    from talkdemo.compare.settings import Setting, check, sample, titles
    from talkdemo.face.head import FaceModel
    from talkdemo.pipeline import SpeechToFace

    with progress_line(arguments.progress) as report:
        pipelines = {model: SpeechToFace.load(model) for model in dict.fromkeys(arguments.models)}
        steps = arguments.steps or ([8, 8] if len(pipelines) == 2 or styles[0] != styles[1] else [512, 8])
        first, second = (
            Setting.choose(count, pipelines[model].students, arguments.full, model, style)
            for count, model, style in zip(steps, arguments.models, styles, strict=True)
        )
        check((first, second), pipelines)
        check_names(arguments, pipelines, styles)
        report("decode", 0.0)
        begin = time.perf_counter()
        speech = decode(arguments.speech)
        seconds = {"decode": time.perf_counter() - begin}
        emotion = arguments.emotion or "neutral"
        takes = sample(pipelines, speech, (first, second), emotion=emotion, seed=arguments.seed, progress=report)
        face = FaceModel.load()
        comparison = compare(face, takes)
        if arguments.out:
            from talkdemo.film import pair

            view = {"character": character, "size": arguments.size, "progress": report}
            seconds |= pair.write(arguments.out, face, takes.motions, speech, titles(takes.settings), **view)
    figures = record(
        comparison,
        speech=str(arguments.speech),
        character=character,
        seconds={stage: round(value, 4) for stage, value in seconds.items()},
        files={"out": str(arguments.out)} if arguments.out else None,
    )
    if arguments.json:
        summary.write(arguments.json, figures)
    print(markdown(figures))
    return 0


def both_styles(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Identity or reference of each side, None for the model's own choice. Raises ValueError for a choice that neither
    model takes."""
    for model, option in (*TAKES.items(), (DIFFUSIONTALKER, "emotion")):
        for name in (option, f"second_{option}"):
            sides = arguments.models[1:] if name.startswith("second") else arguments.models
            if getattr(arguments, name, None) is not None and model not in sides:
                raise ValueError(f"--{name.replace('_', '-')} given, which only {model} takes; see --models")
    first, second = (getattr(arguments, TAKES[model]) for model in arguments.models)
    other = getattr(arguments, f"second_{TAKES[arguments.models[1]]}")
    return first, second if other is None else other


def check_names(arguments: argparse.Namespace, pipelines: dict, styles: tuple[Any, Any]) -> None:
    """Raises ValueError for names that are not known, before any work."""
    from talkdemo.reference import check

    for model, style in zip(arguments.models, styles, strict=True):
        for name in names(style):
            if model == DIFFUSIONTALKER:
                choose("identity", name, (AUTO, *pipelines[model].identities))
            else:
                check(name)
    for name in names(arguments.emotion):
        choose("emotion", name, pipelines[DIFFUSIONTALKER].emotions)
