"""Evaluates systems on test sets; without PROGRAM, their motion.

Results are Markdown on the standard output; what is not available on this machine is named on stderr and left out.
"""

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path

from talkdemo.cli.arguments import integer
from talkdemo.evaluate import names
from talkdemo.records import DIFFPOSETALK, DIFFUSIONTALKER, MAX_SEED

_positive = integer(1, 1_000_000)
MOTION = "motion"
STEPS, DPM_STEPS = (2, 4, 8, 16, 64, 512), (2, 4, 8, 16, 64)  # of the full model, by DDIM and by DPM-Solver++


def _motion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", nargs="+", metavar="SET", help=f"{', '.join(names.SETS)} (all but voices)")
    parser.add_argument("--systems", nargs="+", metavar="SYSTEM", help=names.ALL_SYSTEMS)
    parser.add_argument("--clips", type=_positive, default=24, metavar="N", help="clips of each set at most (24)")
    parser.add_argument("--rendered", type=int, default=0, metavar="N", help="also on rendered video of N clips (0)")
    parser.add_argument("--out", type=Path, default=names.RESULTS, metavar="X.json", help=f"({names.RESULTS})")
    replay = "run an evaluation again, without the cache, and say what differs"
    parser.add_argument("--replay", type=Path, metavar="X.json", help=replay)
    parser.add_argument("--show", type=Path, metavar="X.json", help="print the tables of an evaluation")
    _seeds(parser, 1)


def _steps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", choices=(DIFFUSIONTALKER, DIFFPOSETALK), default=DIFFUSIONTALKER)
    parser.add_argument("--full", type=int, nargs="*", default=list(STEPS), metavar="N", help="steps by DDIM")
    parser.add_argument("--dpm", type=int, nargs="*", default=list(DPM_STEPS), metavar="N", help="by DPM-Solver++(2M)")
    parser.add_argument("--students", type=int, nargs="*", metavar="N", help="steps of students (all installed)")
    parser.add_argument("--clips", type=_positive, default=16, metavar="N", help="clips of each set at most (16)")
    parser.add_argument("--rounds", type=_positive, default=3, metavar="N", help="of timing (3)")
    parser.add_argument("--out", type=Path, metavar="X.json", help="the file that the app plots, by default")
    _seeds(parser, 2)


def _style(parser: argparse.ArgumentParser) -> None:
    parts, systems = names.STYLE_PARTS, names.STYLE_SYSTEMS
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts, metavar="PART", help=", ".join(parts))
    parser.add_argument("--systems", nargs="+", default=systems, metavar="SYSTEM", help=names.FOLLOWING_SYSTEMS)
    parser.add_argument("--guidance", type=float, nargs="*", default=[1.0, 1.5, 2.0], help="weights on the style")
    parser.add_argument("--ablation", default="pose-full-8", metavar="SYSTEM", help="also without style; '' for none")
    parser.add_argument("--encoder", default="style-encoder", metavar="CHECKPOINT", help="style encoder that judges")
    parser.add_argument("--styles", type=integer(2, 64), default=64, metavar="N", help="held-out styles (64)")
    parser.add_argument("--few", type=_positive, default=8, help=f"styles for systems of {names.SLOW} steps or more")
    parser.add_argument("--seconds", type=float, default=12.0, help="of speech per generated motion (12)")
    parser.add_argument("--clips", type=_positive, default=56, help="heads whose beats are tested (56)")
    parser.add_argument("--out", type=Path, default=Path("runs/style.jsonl"), help="the rows (runs/style.jsonl)")
    _seed(parser)


def _portraits(parser: argparse.ArgumentParser) -> None:
    parts, sides = list(names.PORTRAIT_PARTS), names.PORTRAIT_SIDES
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts, metavar="PART", help=", ".join(parts))
    parser.add_argument("--model", default=names.GCGAN, metavar="CHECKPOINT", help="name or file")
    parser.add_argument("--plain", default="", metavar="CHECKPOINT", help="one trained without the contrastive loss")
    parser.add_argument("--data", type=Path, default=names.PORTRAITS, help="written by `train portrait_data`")
    parser.add_argument("--recogniser", default=names.RECOGNISER, help="from `train recogniser`; '' for none")
    parser.add_argument("--limit", type=_positive, metavar="N", help="people at most (all)")
    parser.add_argument("--pairs", type=_positive, default=600, help="of rendered images (600)")
    parser.add_argument("--side", type=int, choices=sides, default=sides[0], help="pixels of the measured crop")
    parser.add_argument("--sheet", type=Path, default=names.SHEET, help="contact sheet of rendered people")
    parser.add_argument("--file", type=Path, metavar="SCORES.md", help="also write the parts as its sections")
    _seed(parser)


def _identities(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--systems", nargs="*", default=["full-32", "student-8"], help=names.MODEL_SYSTEMS)
    parser.add_argument("--ablation", nargs="*", default=[], metavar="CHECKPOINT", help="also evaluated, at 32 steps")
    parser.add_argument("--utterances", type=_positive, default=12, help="of each voice, for matching (12)")
    parser.add_argument("--motions", type=integer(1, 3), default=2, help="of each identity (2)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of speech per motion (20)")
    _seed(parser)


def _encoder(parser: argparse.ArgumentParser) -> None:
    sets = names.ENCODER_SETS
    parser.add_argument("--encoder", nargs="+", default=["audio-encoder"], metavar="CHECKPOINT", help="names or files")
    parser.add_argument("--clips", type=_positive, default=250, metavar="N", help="clips of each set at most (250)")
    parser.add_argument("--sets", nargs="+", choices=sets, default=sets, metavar="SET", help=", ".join(sets))


def _music(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=20.0, help="of music of each kind (20)")
    parser.add_argument("--clips", type=_positive, default=8, metavar="N", help="clips of ljspeech (8)")
    parser.add_argument("--steps", type=_positive, default=8, metavar="N", help="sampling steps (8)")
    _seed(parser)


def _corpus(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clips", type=_positive, default=10, metavar="N", help="utterances of each voice (10)")


def _articulation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--per-voice", type=_positive, default=12, metavar="N", help="utterances of each identity (12)")
    parser.add_argument("--grid", type=_positive, metavar="N", help="clips of GRID (all)")


def _scores(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("titles", nargs="*", metavar="TITLE", help="of the sections to renew")
    parser.add_argument("--starting", default="", metavar="WORDS", help="all sections whose title starts so")
    parser.add_argument("--list", action="store_true", help="print the titles and their commands")
    parser.add_argument("--file", type=Path, default=names.SCORES)


def _seeds(parser: argparse.ArgumentParser, count: int) -> None:
    parser.add_argument("--seeds", type=_positive, default=count, metavar="K", help=f"motions of each clip ({count})")
    _seed(parser)


def _seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=integer(0, MAX_SEED), default=0)


# program → module of talkdemo.evaluate, what it measures, its arguments
PROGRAMS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    MOTION: ("motion", "errors, closures, synchrony … of motion (the default)", _motion),
    "steps": ("steps", "quality and time against sampling steps", _steps),
    "style": ("style.report", "style encoder, style of generated motion, head motion, diversity", _style),
    "identities": ("identities", "matching of voices, identity of generated motion", _identities),
    "portraits": ("portraits.report", "GC-GAN: landmark error, identity, SSIM, manifold, speed", _portraits),
    "encoder": ("encoder", "phones that speech encoders recognise, side by side", _encoder),
    "articulation": ("articulation", "motion of the articulation model beside real people's", _articulation),
    "music": ("music", "music alone and under speech, with and without the voice activity gate", _music),
    "corpus": ("corpus", "closures of the synthetic corpus, per voice", _corpus),
    "scores": ("scores", "run the commands of scores.md again", _scores),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _motion(parser)
    programs = parser.add_subparsers(dest="program", metavar="PROGRAM", title="programs")
    for name, (_, summary, arguments) in PROGRAMS.items():
        arguments(programs.add_parser(name, help=summary, description=f"Evaluates {summary}."))
    parser.set_defaults(program=MOTION)


def run(args: argparse.Namespace) -> int:
    module = importlib.import_module(f"talkdemo.evaluate.{PROGRAMS[args.program][0]}")
    return module.run(args)
