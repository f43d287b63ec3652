"""The command line, `talkdemo VERB …` or `python -m talkdemo VERB …`: one verb per file of talkdemo.cli.

Status 0: done. 2: one line on stderr says which file, what was given, what is wanted. 130: stopped by Ctrl-C.
"""

import importlib
import os
import signal
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import NoReturn

from talkdemo.records import Stopped

VERBS = {
    "app": "the web app",
    "serve": "the web app, its costly work on a Ray cluster",
    "animate": "speech → talking head: mp4, GLB, motion files (CSV, npz), JSON",
    "batch": "a folder of speech → motion files, on many machines if wanted",
    "compare": "one speech under two settings: table, side by side video",
    "identities": "talking identities: styles learnt from voices",
    "references": "reference clips whose style can be followed",
    "track": "a video of somebody talking → motion files; a photograph → 68 landmarks",
    "express": "a portrait with another expression; a portrait that talks",
    "characters": "whose head can be chosen; one as GLB",
    "models": "checkpoints installed: size, provenance, licence",
    "push": "a checkpoint → a model repository of the Hugging Face Hub",
    "pull": "a model repository of the Hub → a folder of checkpoints",
    "space": "the app → a Space of the Hub",
    "evaluate": "scores of models on test sets",
    "bench": "speed and memory of every stage",
    "train": "train one model: train RECIPE",
}


class OneLineParser(ArgumentParser):
    """Says what is wrong in one line, without the usage block."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (see {self.prog} --help)")


def parser() -> ArgumentParser:
    """The parser of all verbs; imports nothing heavy."""
    top = OneLineParser("talkdemo", description="Speech in, a talking 3D head out.")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, summary in VERBS.items():
        sub = verbs.add_parser(verb, help=summary)
        module = importlib.import_module(f"talkdemo.cli.{verb}")
        sub.description, sub.formatter_class = module.__doc__, RawDescriptionHelpFormatter
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return top


def run(argv: Sequence[str]) -> int:
    """Run one verb; errors are raised."""
    arguments = parser().parse_args(argv)
    return arguments.run(arguments) or 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; errors become one line on stderr and a status."""
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except (KeyboardInterrupt, Stopped):
        print("talkdemo: stopped", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that closing stdout does not complain
        return 0
    except (ValueError, OSError, RuntimeError) as error:
        if os.environ.get("TALKDEMO_TRACEBACK"):
            raise
        print(f"talkdemo: {_sentence(error)}", file=sys.stderr)
        return 2


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror or error}"
    return " ".join(str(error).split()) or type(error).__name__


def start() -> NoReturn:
    """The command `talkdemo`."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that unfinished files are removed
    sys.exit(main())


if __name__ == "__main__":
    start()
