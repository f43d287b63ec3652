"""Speech in; a talking head out as mp4, Live Link Face CSV, npz and JSON.

SPEECH is any sound or video file. Without --out only motion is made, which needs no graphics.
With --samples K the npz holds K motions; mp4 and CSV of the k-th get "-k" before their ending, from the second on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from talkdemo.records import DEFAULT_STEPS, MAX_GUIDANCE, MAX_SAMPLES, MAX_SEED, MAX_STEPS, MIN_STEPS

MODELS = ("diffusiontalker",)
AUTO = "auto"
WHO = "manner of talking: a name of `talkdemo identities`, several with shares (a blend), or auto: the voice decides"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", metavar="SPEECH", help="any sound or video file")
    parser.add_argument("--model", default="diffusiontalker", choices=MODELS)
    parser.add_argument("--identity", type=blend, default=AUTO, metavar="NAME|A:0.6,B:0.4|auto", help=WHO)
    parser.add_argument("--emotion", default="neutral", metavar="NAME|auto", help="auto: the voice decides (neutral)")
    steps = f"sampling steps, {MIN_STEPS} to {MAX_STEPS} ({DEFAULT_STEPS})"
    parser.add_argument("--steps", type=whole(MIN_STEPS, MAX_STEPS), default=DEFAULT_STEPS, metavar="N", help=steps)
    parser.add_argument("--full", action="store_true", help="the full model even where a distilled one does N steps")
    for name, meaning in (("audio", "the speech"), ("style", "identity and emotion")):
        weight = f"how much {meaning} counts, 0 to {MAX_GUIDANCE:g}; 1 is plain, others cost up to 3 times the time (1)"
        number = share(0, MAX_GUIDANCE)
        parser.add_argument(f"--guidance-{name}", type=number, default=1.0, metavar=name[0].upper(), help=weight)
    lips = "how far lips are made to meet on /p b m/ and part on vowels that are heard, 0 (as sampled) to 1 (1)"
    parser.add_argument("--contact", type=share(0, 1), default=1.0, metavar="C", help=lips)
    parser.add_argument("--seed", type=whole(0, MAX_SEED), default=0, metavar="S", help="same seed, same motion (0)")
    samples = f"motions of one speech, at most {MAX_SAMPLES} (1)"
    parser.add_argument("--samples", type=whole(1, MAX_SAMPLES), default=1, metavar="K", help=samples)
    parser.add_argument("--character", metavar="NAME", help="whose head is drawn (see talkdemo characters)")
    parser.add_argument("--size", type=even, default=512, metavar="PIXELS", help="side of the picture (512)")
    parser.add_argument("--fps", type=whole(1, 240), default=25, metavar="F", help="frames per second of the CSV (25)")
    parser.add_argument("--out", type=ending(".mp4"), metavar="X.mp4", help="video with sound")
    parser.add_argument("--csv", type=ending(".csv"), metavar="X.csv", help="Live Link Face CSV")
    parser.add_argument("--npz", type=ending(".npz"), metavar="X.npz", help="coefficients and head rotation")
    parser.add_argument("--json", type=ending(".json"), metavar="X.json", help="what was done and how long it took")
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is not a terminal")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.cli.progress import progress_line
    from talkdemo.export import livelink, npz, summary

    check_files(arguments)
    character = choose_character(arguments.character) if arguments.out or arguments.character else None
    if arguments.out:
        from talkdemo.render import raster

        raster.check()  # better now than after minutes of sampling

    from talkdemo.audio.decode import decode
    from talkdemo.diffusion.denoiser import Guidance
    from talkdemo.pipeline import SpeechToFace

    with progress_line(arguments.progress) as report:
        talker = SpeechToFace.load(arguments.model)
        for name in (arguments.identity,) if isinstance(arguments.identity, str) else arguments.identity:
            choose("identity", name, (AUTO, *talker.identities))
        choose("emotion", arguments.emotion, (AUTO, *talker.emotions))
        report("decode", 0.0)
        begin = time.perf_counter()
        speech = decode(arguments.speech)
        seconds = {"decode": time.perf_counter() - begin}
        motions = talker.animate(
            speech,
            identity=arguments.identity,
            emotion=arguments.emotion,
            steps=arguments.steps,
            seed=arguments.seed,
            samples=arguments.samples,
            guidance=Guidance(arguments.guidance_audio, arguments.guidance_style),
            distilled=False if arguments.full else None,
            contact=arguments.contact,
            progress=report,
        )
        for path, motion in zip(numbered(arguments.out, len(motions)), motions, strict=False):
            spent = talker.video(motion, speech, path, character=character, size=arguments.size, progress=report)
            seconds |= {stage: seconds.get(stage, 0.0) + value for stage, value in spent.items()}
    for path, motion in zip(numbered(arguments.csv, len(motions)), motions, strict=False):
        livelink.write(path, motion, fps=arguments.fps)
    if arguments.npz:
        npz.write(arguments.npz, motions)
    written = {name: str(getattr(arguments, name)) for name in ("out", "csv", "npz") if getattr(arguments, name)}
    made = summary.summarise(motions, seconds, speech=str(arguments.speech), character=character, files=written)
    if arguments.json:
        summary.write(arguments.json, made)
    print(json.dumps(made, default=str))
    return 0


def check_files(arguments: argparse.Namespace) -> None:
    """All that can be known about the files before any work is done."""
    from talkdemo.export.atomic import check_writable

    speech = Path(arguments.speech)
    if not speech.exists():
        raise ValueError(f"{speech}: there is no such file; a sound or video file is wanted")
    if speech.is_dir():
        raise ValueError(f"{speech}: a folder was given; a sound or video file is wanted")
    several = [path for given in (arguments.out, arguments.csv) for path in numbered(given, arguments.samples)]
    for path in (*several, *(path for path in (arguments.npz, arguments.json) if path)):
        check_writable(path)
        if path.resolve() == speech.resolve():
            raise ValueError(f"{path}: the speech itself was given as output; another name is wanted")


def choose(what: str, given: str, wanted: Iterable[str]) -> str:
    """`given`, when it is one of `wanted`; else ValueError with the nearest name and the list."""
    import difflib

    wanted = list(wanted)
    if given in wanted:
        return given
    near = difflib.get_close_matches(given, wanted, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"{what} {given!r} given; {hint}one of {', '.join(wanted)} is wanted")


def choose_character(name: str | None) -> str:
    from talkdemo.face.characters import CHARACTERS

    return next(iter(CHARACTERS)) if name is None else choose("character", name, CHARACTERS)


def numbered(path: Path | None, count: int) -> list[Path]:
    """x.mp4, x-2.mp4, x-3.mp4 …; nothing when no path was asked for."""
    if path is None:
        return []
    return [path, *(path.with_name(f"{path.stem}-{k}{path.suffix}") for k in range(2, count + 1))]


def whole(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: a whole number from low to high."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} given; a whole number from {low} to {high} is wanted")
        return int(text)

    return parse


def share(low: float, high: float) -> Callable[[str], float]:
    """An argparse type: a number from low to high."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} given; a number from {low:g} to {high:g} is wanted")
        return value

    return parse


def blend(text: str) -> str | dict[str, float]:
    """An argparse type: a name as it stands, "Ada:0.6,Bruno:0.4" → {"Ada": 0.6, "Bruno": 0.4}."""
    if not set(":,") & set(text):
        return text
    wanted = "names with shares above 0, as in Ada:0.6,Bruno:0.4, are wanted"
    mix: dict[str, float] = {}
    for part in text.split(","):
        name, colon, number = (piece.strip() for piece in part.partition(":"))
        try:
            weight = share(0, 1e6)(number)
        except argparse.ArgumentTypeError:
            weight = 0.0
        if not (name and colon and weight > 0):
            raise argparse.ArgumentTypeError(f"{text!r} given ({part.strip()!r} is unclear); {wanted}")
        if name in mix or name == AUTO:
            reason = "cannot be part of a blend" if name == AUTO else "stands there twice"
            raise argparse.ArgumentTypeError(f"{text!r} given ({name!r} {reason}); {wanted}")
        mix[name] = weight
    return mix


def even(text: str) -> int:
    """An argparse type: the side of a picture."""
    if not text.isascii() or not text.isdigit() or int(text) % 2 or not 64 <= int(text) <= 2048:
        raise argparse.ArgumentTypeError(f"{text!r} given; an even number from 64 to 2048 is wanted")
    return int(text)


def ending(suffix: str) -> Callable[[str], Path]:
    """An argparse type: a path that ends as its contents will be."""

    def parse(text: str) -> Path:
        if Path(text).suffix.lower() != suffix:
            raise argparse.ArgumentTypeError(f"{text!r} given; a name ending in {suffix} is wanted")
        return Path(text)

    return parse
