"""Speech in; a talking head out as mp4, Live Link Face CSV, npz and JSON.

SPEECH is any sound or video file. Without --out only motion is made, which needs no graphics.
With --samples K the npz holds K motions; mp4 and CSV of the k-th get "-k" before their ending, from the second on.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from talkdemo.cli.arguments import (
    AUTO,
    blend,
    choose,
    choose_character,
    ending,
    even,
    numbered,
    references,
    share,
    whole,
)
from talkdemo.records import DEFAULT_STEPS, MAX_GUIDANCE, MAX_SAMPLES, MAX_SEED, MAX_STEPS, MIN_STEPS

MODELS = IDENTITIES, REFERENCES = ("diffusiontalker", "diffposetalk")
WHO = "manner of talking: a name of `talkdemo identities`, several with shares (a blend), or auto: the voice decides"
CLIP = (
    "clip whose manner of talking is followed: a name of `talkdemo references`, a video, Live Link Face CSV or npz, or "
    "several with shares (a blend); by diffposetalk"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", metavar="SPEECH", help="any sound or video file")
    model = f"{IDENTITIES} speaks as an identity, {REFERENCES} follows a clip (the latter where --reference is given)"
    parser.add_argument("--model", choices=MODELS, help=model)
    parser.add_argument("--identity", type=blend, metavar="NAME|A:0.6,B:0.4|auto", help=f"{WHO} (auto)")
    parser.add_argument("--emotion", metavar="NAME|auto", help="auto: the voice decides (neutral)")
    parser.add_argument("--reference", type=references, metavar="CLIP|A:0.6,B:0.4", help=f"{CLIP} (its first)")
    parser.add_argument("--no-head", action="store_true", help="hold the head still")
    steps = f"sampling steps, {MIN_STEPS} to {MAX_STEPS} ({DEFAULT_STEPS})"
    parser.add_argument("--steps", type=whole(MIN_STEPS, MAX_STEPS), default=DEFAULT_STEPS, metavar="N", help=steps)
    parser.add_argument("--full", action="store_true", help="the full model even where a distilled one does N steps")
    for name, meaning in (("audio", "the speech"), ("style", "identity and emotion, or the reference clip,")):
        weight = (
            f"how much {meaning} counts, 0 to {MAX_GUIDANCE:g}; other than 1 may cost 3 times the time (the model's)"
        )
        number = share(0, MAX_GUIDANCE)
        parser.add_argument(f"--guidance-{name}", type=number, metavar=name[0].upper(), help=weight)
    lips = "how far lips are made to meet on /p b m/ and part on vowels that are heard, 0 (as sampled) to 1 (1)"
    parser.add_argument("--contact", type=share(0, 1), default=1.0, metavar="C", help=lips)
    threshold = "clamp the samples at this quantile of theirs, 0.9 to 0.999: tames strong guidance, and blinks (none)"
    parser.add_argument("--dynamic-threshold", type=share(0.9, 0.999), metavar="Q", help=threshold)
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

    model = choose_model(arguments)
    check_files(arguments)
    character = choose_character(arguments.character) if arguments.out or arguments.character else None
    if arguments.out:
        from talkdemo.render import raster

        raster.check()  # better now than after minutes of sampling

    from talkdemo.audio.decode import decode
    from talkdemo.pipeline import SpeechToFace

    with progress_line(arguments.progress) as report:
        talker = SpeechToFace.load(model)
        for name in names(arguments.identity):
            choose("identity", name, (AUTO, *talker.identities))
        for name in names(arguments.emotion):
            choose("emotion", name, (AUTO, *talker.emotions))
        report("decode", 0.0)
        begin = time.perf_counter()
        speech = decode(arguments.speech)
        seconds = {"decode": time.perf_counter() - begin}
        motions = talker.animate(
            speech,
            identity=arguments.identity,
            emotion=arguments.emotion,
            reference=arguments.reference,
            head=not arguments.no_head,
            steps=arguments.steps,
            seed=arguments.seed,
            samples=arguments.samples,
            guidance=guidance(model, arguments.guidance_audio, arguments.guidance_style),
            distilled=False if arguments.full else None,
            contact=arguments.contact,
            threshold=arguments.dynamic_threshold,
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


def choose_model(arguments: argparse.Namespace) -> str:
    """The model that was asked for, or that takes what was given. Raises ValueError for what the model cannot take."""
    followed = arguments.reference is not None
    model = arguments.model or (REFERENCES if followed else IDENTITIES)
    if model == IDENTITIES and followed:
        raise ValueError(f"--reference given, which {model} does not follow; --model {REFERENCES} is wanted")
    for name in ("identity", "emotion"):
        if model == REFERENCES and getattr(arguments, name) is not None:
            beside = " beside --reference" if followed else ""
            raise ValueError(f"--{name} given{beside}, which {model} does not take; --reference alone is wanted")
    return model


def guidance(model: str, audio: float | None, style: float | None) -> object:
    """The weights given, those of the model for the others; None when none was given."""
    from talkdemo.diffusion.denoiser import Guidance
    from talkdemo.pipeline import DEFAULT_GUIDANCE

    if audio is None and style is None:
        return None
    own = DEFAULT_GUIDANCE[model]
    return Guidance(own.audio if audio is None else audio, own.style if style is None else style)


def names(given: str | dict[str, float] | None) -> list[str]:
    """The names of a choice: none, one, or those of a blend."""
    return [] if given is None else [given] if isinstance(given, str) else list(given)


def check_files(arguments: argparse.Namespace) -> None:
    """All that can be known about the files before any work is done."""
    from talkdemo.files import check_writable
    from talkdemo.reference import check

    speech = Path(arguments.speech)
    if not speech.exists():
        raise ValueError(f"{speech}: there is no such file; a sound or video file is wanted")
    if speech.is_dir():
        raise ValueError(f"{speech}: a folder was given; a sound or video file is wanted")
    clips = names(getattr(arguments, "reference", None))
    for clip in clips:
        check(clip)
    several = [path for given in (arguments.out, arguments.csv) for path in numbered(given, arguments.samples)]
    for path in (*several, *(path for path in (arguments.npz, arguments.json) if path)):
        check_writable(path)
        if path.resolve() == speech.resolve():
            raise ValueError(f"{path}: the speech itself was given as output; another name is wanted")
        if any(path.resolve() == Path(clip).resolve() for clip in clips):
            raise ValueError(f"{path}: the reference itself was given as output; another name is wanted")
