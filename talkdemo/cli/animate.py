"""Animates a head with speech: mp4, GLB, OBJ or PLY, Live Link Face CSV, npz and JSON, or all of them in one zip.

SPEECH is any sound or video file. Without --out and --zip only motion is made, which needs no graphics.
With --samples K the npz holds K motions; mp4, CSV and GLB of the k-th get "-k" before their ending, from the second on.
"""

import argparse
import json

from talkdemo.cli.arguments import (
    AUTO,
    add_common,
    add_speech,
    add_style,
    check_outputs,
    check_source,
    choose,
    choose_character,
    integer,
    names,
    number,
    output_path,
)
from talkdemo.files import numbered
from talkdemo.records import (
    DEFAULT_STEPS,
    DIFFPOSETALK,
    DIFFUSIONTALKER,
    MAX_GUIDANCE,
    MAX_SAMPLES,
    MAX_STEPS,
    MAX_THRESHOLD,
    MIN_STEPS,
    MIN_THRESHOLD,
    MODELS,
    SAMPLERS,
    Guidance,
    Outputs,
    Request,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_speech(parser)
    model = f"{DIFFUSIONTALKER} takes --identity, {DIFFPOSETALK} takes --reference (whichever fits the options)"
    parser.add_argument("--model", choices=MODELS, help=model)
    add_style(parser)
    parser.add_argument("--no-head", action="store_true", help="hold the head still")
    steps = f"sampling steps, {MIN_STEPS} to {MAX_STEPS} ({DEFAULT_STEPS})"
    parser.add_argument("--steps", type=integer(MIN_STEPS, MAX_STEPS), default=DEFAULT_STEPS, metavar="N", help=steps)
    parser.add_argument("--full", action="store_true", help="the full model even where a distilled one does N steps")
    sampler = f"{' or '.join(SAMPLERS)}; all but {SAMPLERS[0]}, the default, sample the full model"
    parser.add_argument("--sampler", choices=SAMPLERS, default=SAMPLERS[0], help=sampler)
    for name, meaning in (("audio", "the speech"), ("style", "the identity and emotion, or the reference")):
        guidance = f"guidance by {meaning}, 0 to {MAX_GUIDANCE:g}; other than 1 may take 3 times as long (1)"
        weight = number(0, MAX_GUIDANCE)
        parser.add_argument(f"--guidance-{name}", type=weight, default=1.0, metavar=name[0].upper(), help=guidance)
    contact = "how far the lips are brought together on /p b m/ and apart on vowels, 0 (as sampled) to 1 (1)"
    parser.add_argument("--contact", type=number(0, 1), default=1.0, metavar="C", help=contact)
    threshold = f"quantile of dynamic thresholding, {MIN_THRESHOLD} to {MAX_THRESHOLD}; tames strong guidance (none)"
    quantile = number(MIN_THRESHOLD, MAX_THRESHOLD)
    parser.add_argument("--dynamic-threshold", type=quantile, metavar="Q", help=threshold)
    samples = f"motions of one speech, at most {MAX_SAMPLES} (1)"
    parser.add_argument("--samples", type=integer(1, MAX_SAMPLES), default=1, metavar="K", help=samples)
    add_common(parser)
    rate = "frames per second of the CSV, such as 29.97 (25)"
    parser.add_argument("--fps", type=number(1, 240), default=25, metavar="F", help=rate)
    parser.add_argument("--out", type=output_path(".mp4"), metavar="X.mp4", help="video with sound")
    parser.add_argument("--csv", type=output_path(".csv"), metavar="X.csv", help="Live Link Face CSV")
    parser.add_argument("--glb", type=output_path(".glb"), metavar="X.glb", help="the character, animated (glTF 2.0)")
    parser.add_argument("--mesh", type=output_path(".obj", ".ply"), metavar="X.obj", help="one frame: OBJ or PLY")
    at = "the moment of --mesh, seconds (0)"
    parser.add_argument("--at", type=number(0, 3600), default=0.0, metavar="S", help=at)
    parser.add_argument("--wav", type=output_path(".wav"), metavar="X.wav", help="the speech, to lie beside the GLB")
    parser.add_argument("--npz", type=output_path(".npz"), metavar="X.npz", help="coefficients and head rotation")
    parser.add_argument("--json", type=output_path(".json"), metavar="X.json", help="settings and seconds per stage")
    everything = "mp4, GLB, CSV, npz, JSON, wav, and how to open them"
    parser.add_argument("--zip", type=output_path(".zip"), metavar="X.zip", help=everything)


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.cli.terminal import progress_line
    from talkdemo.reference import check

    model = choose_model(arguments)
    speech, clips = check_source(arguments.speech), names(arguments.reference)
    for clip in clips:
        check(clip)
    single = {kind: getattr(arguments, kind) for kind in ("npz", "json", "mesh", "wav", "zip")}
    several = {"video": arguments.out, "csv": arguments.csv, "glb": arguments.glb}
    outputs = Outputs(**several, **single, csv_fps=arguments.fps, mesh_at=arguments.at)
    paths = [path for option in several.values() for path in numbered(option, arguments.samples)]
    check_outputs((*paths, *single.values()), speech=[speech], reference=clips)
    drawn = arguments.out or arguments.glb or arguments.mesh or arguments.zip
    character = choose_character(arguments.character) if drawn or arguments.character else None
    if arguments.out or arguments.zip:
        from talkdemo.render import raster

        raster.check()  # better now than after minutes of sampling

    from talkdemo import pipeline

    with progress_line(arguments.progress) as report:
        speech_to_face = pipeline.SpeechToFace.load(model)
        for name in names(arguments.identity):
            choose("identity", name, (AUTO, *speech_to_face.identities))
        for name in names(arguments.emotion):
            choose("emotion", name, speech_to_face.emotions)
        request = Request(
            speech,
            model=model,
            identity=arguments.identity,
            emotion=arguments.emotion,
            reference=arguments.reference,
            head=not arguments.no_head,
            steps=arguments.steps,
            distilled=False if arguments.full else None,
            sampler=arguments.sampler,
            seed=arguments.seed,
            samples=arguments.samples,
            guidance=Guidance(arguments.guidance_audio, arguments.guidance_style),
            contact=arguments.contact,
            threshold=arguments.dynamic_threshold,
            character=character,
            size=arguments.size,
        )
        result = pipeline.run(speech_to_face, request, outputs, progress=report)
    print(json.dumps(result.summary, default=str))
    return 0


def choose_model(arguments: argparse.Namespace) -> str:
    """The model asked for, or the one that takes the options. Raises ValueError for what the model cannot take."""
    follows = arguments.reference is not None
    model = arguments.model or (DIFFPOSETALK if follows else DIFFUSIONTALKER)
    if model == DIFFUSIONTALKER and follows:
        raise ValueError(f"--reference given, which {model} does not follow; --model {DIFFPOSETALK} is wanted")
    for name in ("identity", "emotion"):
        if model == DIFFPOSETALK and getattr(arguments, name) is not None:
            beside = " beside --reference" if follows else ""
            raise ValueError(f"--{name} given{beside}, which {model} does not take; --reference alone is wanted")
    return model
