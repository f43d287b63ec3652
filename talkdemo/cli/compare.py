"""Speech in; the same speech and seed under two settings out: a table, a side by side mp4, JSON.

The two sides may differ in steps, in the model, and in whose manner they talk: what the --second options do not say is
as on the first side. A step count for which a distilled student is installed is answered by the student, unless --full
is given. The table is Markdown on the standard output.
"""

from __future__ import annotations

import argparse
import time

from talkdemo.cli.animate import CLIP, IDENTITIES, MODELS, REFERENCES, WHO, check_files, names
from talkdemo.cli.arguments import AUTO, blend, choose, choose_character, ending, even, references, whole
from talkdemo.records import MAX_SEED, MAX_STEPS, MIN_STEPS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", metavar="SPEECH", help="any sound or video file")
    parser.add_argument(
        "--models", choices=MODELS, nargs=2, default=[IDENTITIES] * 2, metavar="MODEL", help=f"of {', '.join(MODELS)}"
    )
    steps = whole(MIN_STEPS, MAX_STEPS)
    parser.add_argument("--steps", type=steps, nargs=2, metavar="N", help="two step counts (512 8; 8 8 for two models)")
    parser.add_argument("--full", action="store_true", help="the full model for both, whatever is installed")
    parser.add_argument("--identity", type=blend, metavar="NAME|A:0.6,B:0.4|auto", help=f"{WHO} (auto)")
    parser.add_argument("--second-identity", type=blend, metavar="…", help="of the second side, where it is another")
    parser.add_argument("--reference", type=references, metavar="CLIP|A:0.6,B:0.4", help=f"{CLIP} (its first)")
    parser.add_argument("--second-reference", type=references, metavar="…", help="of the second side, likewise")
    parser.add_argument("--emotion", metavar="NAME|auto", help="auto: the voice decides (neutral)")
    parser.add_argument("--seed", type=whole(0, MAX_SEED), default=0, metavar="S", help="same seed, same motion (0)")
    parser.add_argument("--character", metavar="NAME", help="whose head is drawn (see talkdemo characters)")
    parser.add_argument("--size", type=even, default=512, metavar="PIXELS", help="side of each head's picture (512)")
    parser.add_argument("--out", type=ending(".mp4"), metavar="X.mp4", help="both heads side by side, with sound")
    parser.add_argument("--json", type=ending(".json"), metavar="X.json", help="all figures")
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is not a terminal")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.cli.progress import progress_line
    from talkdemo.export import summary

    who = whose(arguments)
    check_files(argparse.Namespace(**{**vars(arguments), "reference": None}, csv=None, npz=None, samples=1))
    character = choose_character(arguments.character) if arguments.out or arguments.character else None
    if arguments.out:
        from talkdemo.render import raster

        raster.check()  # better now than after minutes of sampling

    from talkdemo.audio.decode import decode
    from talkdemo.compare.comparison import Setting, check, compare, sample, titles
    from talkdemo.compare.report import markdown, record
    from talkdemo.face.head import FaceModel
    from talkdemo.pipeline import SpeechToFace

    with progress_line(arguments.progress) as report:
        talkers = {model: SpeechToFace.load(model) for model in dict.fromkeys(arguments.models)}
        steps = arguments.steps or ([8, 8] if len(talkers) == 2 or who[0] != who[1] else [512, 8])
        first, second = (
            Setting.choose(count, talkers[model].students, arguments.full, model, one)
            for count, model, one in zip(steps, arguments.models, who, strict=True)
        )
        check((first, second), talkers)
        look_up(arguments, talkers, who)
        report("decode", 0.0)
        begin = time.perf_counter()
        speech = decode(arguments.speech)
        seconds = {"decode": time.perf_counter() - begin}
        chosen = {"emotion": arguments.emotion or "neutral", "seed": arguments.seed}
        takes = sample(talkers, speech, (first, second), **chosen, progress=report)
        face = FaceModel.load()
        figures = compare(face, takes)
        if arguments.out:
            from talkdemo.film import pair as compare_film

            look = {"character": character, "size": arguments.size, "progress": report}
            seconds |= compare_film.write(arguments.out, face, takes.motions, speech, titles(takes.settings), **look)
    made = record(
        figures,
        speech=str(arguments.speech),
        character=character,
        seconds={stage: round(value, 4) for stage, value in seconds.items()},
        files={"out": str(arguments.out)} if arguments.out else None,
    )
    if arguments.json:
        summary.write(arguments.json, made)
    print(markdown(made))
    return 0


def whose(arguments: argparse.Namespace) -> tuple[object, object]:
    """Identity or reference of each side, None for the model's own choice. Raises ValueError for a choice that neither
    model takes."""
    taken = {IDENTITIES: "identity", REFERENCES: "reference"}
    for model, option in (*taken.items(), (IDENTITIES, "emotion")):
        for given in (option, f"second_{option}"):
            sides = arguments.models[1:] if given.startswith("second") else arguments.models
            if getattr(arguments, given, None) is not None and model not in sides:
                raise ValueError(f"--{given.replace('_', '-')} given, which only {model} takes; see --models")
    both = []
    for side, model in enumerate(arguments.models):
        own, second = getattr(arguments, taken[model]), getattr(arguments, f"second_{taken[model]}")
        both.append(second if side == 1 and second is not None else own)
    return both[0], both[1]


def look_up(arguments: argparse.Namespace, talkers: dict, who: tuple[object, object]) -> None:
    """ValueError for names that are not known, before any work."""
    from talkdemo.reference import check

    for model, one in zip(arguments.models, who, strict=True):
        for name in names(one):
            if model == IDENTITIES:
                choose("identity", name, (AUTO, *talkers[model].identities))
            else:
                check(name)
    for name in names(arguments.emotion):
        choose("emotion", name, (AUTO, *talkers[IDENTITIES].emotions))
