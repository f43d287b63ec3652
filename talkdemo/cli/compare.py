"""Speech in; the same speech, seed and identity under two settings out: a table, a side by side mp4, JSON.

A step count for which a distilled student is installed is answered by the student, unless --full is given.
The table is Markdown on the standard output.
"""

from __future__ import annotations

import argparse
import time

from talkdemo.cli.animate import AUTO, WHO, blend, check_files, choose, choose_character, ending, even, whole
from talkdemo.records import MAX_SEED, MAX_STEPS, MIN_STEPS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", metavar="SPEECH", help="any sound or video file")
    steps = whole(MIN_STEPS, MAX_STEPS)
    parser.add_argument("--steps", type=steps, nargs=2, default=[512, 8], metavar="N", help="two step counts (512 8)")
    parser.add_argument("--full", action="store_true", help="the full model for both, whatever is installed")
    parser.add_argument("--identity", type=blend, default=AUTO, metavar="NAME|A:0.6,B:0.4|auto", help=WHO)
    parser.add_argument("--emotion", default="neutral", metavar="NAME|auto", help="auto: the voice decides (neutral)")
    parser.add_argument("--seed", type=whole(0, MAX_SEED), default=0, metavar="S", help="same seed, same motion (0)")
    parser.add_argument("--character", metavar="NAME", help="whose head is drawn (see talkdemo characters)")
    parser.add_argument("--size", type=even, default=512, metavar="PIXELS", help="side of each head's picture (512)")
    parser.add_argument("--out", type=ending(".mp4"), metavar="X.mp4", help="both heads side by side, with sound")
    parser.add_argument("--json", type=ending(".json"), metavar="X.json", help="all figures")
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is not a terminal")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.cli.progress import progress_line
    from talkdemo.export import summary

    check_files(argparse.Namespace(**vars(arguments), csv=None, npz=None, samples=1))
    character = choose_character(arguments.character) if arguments.out or arguments.character else None
    if arguments.out:
        from talkdemo.render import raster

        raster.check()  # better now than after minutes of sampling

    from talkdemo.audio.decode import decode
    from talkdemo.compare import Setting, check, compare, sample
    from talkdemo.compare_report import markdown, record
    from talkdemo.face.head import FaceModel
    from talkdemo.pipeline import SpeechToFace

    with progress_line(arguments.progress) as report:
        talker = SpeechToFace.load()
        first, second = (Setting.choose(steps, talker.students, arguments.full) for steps in arguments.steps)
        check((first, second), talker.students)
        for name in (arguments.identity,) if isinstance(arguments.identity, str) else arguments.identity:
            choose("identity", name, (AUTO, *talker.identities))
        choose("emotion", arguments.emotion, (AUTO, *talker.emotions))
        report("decode", 0.0)
        begin = time.perf_counter()
        speech = decode(arguments.speech)
        seconds = {"decode": time.perf_counter() - begin}
        chosen = {"identity": arguments.identity, "emotion": arguments.emotion, "seed": arguments.seed}
        takes = sample(talker, speech, (first, second), **chosen, progress=report)
        face = FaceModel.load()
        figures = compare(face, takes)
        if arguments.out:
            from talkdemo import compare_film

            look = {"character": character, "size": arguments.size, "progress": report}
            titles = (first.title, second.title)
            seconds |= compare_film.write(arguments.out, face, takes.motions, speech, titles, **look)
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

