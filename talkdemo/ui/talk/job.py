"""Answers one press of Generate window by window, and makes a talk's files when they are asked for."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from talkdemo.export import bundle, gltf, summary
from talkdemo.face.head import FaceModel
from talkdemo.pipeline import SpeechToFace, decode, run
from talkdemo.records import (
    DIFFPOSETALK,
    DIFFUSIONTALKER,
    Clock,
    Motion,
    Outputs,
    Progress,
    Reference,
    Request,
    Speech,
)
from talkdemo.ui.parts.job import Reporter
from talkdemo.ui.parts.panel import STAGES
from talkdemo.ui.reference import own_clip
from talkdemo.ui.reference.own_clip import OWN
from talkdemo.ui.viewer.take import Take, write_sound

SHOWN = {  # the stages of each model that have a progress bar
    DIFFUSIONTALKER: ("decode", "encode", "sample"),
    DIFFPOSETALK: ("decode", "reference", "encode", "sample"),
}
CALLED = "This file"  # what messages call the speech: they repeat neither the visitor's file name nor our folders
KINDS = ("glb", "csv", "npz", "json", "zip")  # of files that are made when they are asked for
GONE = "The talk has been deleted, as everything is within the hour: please generate it again."


@dataclass(frozen=True)
class Opening:
    """What is known before anything is sampled."""

    frames: int
    sound: Path


@dataclass(frozen=True)
class Talk:
    """A talk as the page holds it: its motion, and where its sound lies. Pictures are drawn from it when wanted."""

    motion: Motion
    sound: Path  # what the browser plays
    summary: Mapping[str, Any]  # of export.summary, without files
    name: str  # of its files
    video: Path | None = None  # once it was drawn
    example: bool = False  # shipped, nobody's own

    @property
    def seconds(self) -> float:
        """Of its motion."""
        return len(self.motion) / self.motion.fps

    def speech(self) -> Speech:
        """ValueError in one sentence once the sound was deleted."""
        if not self.sound.is_file():
            raise ValueError(GONE)
        return decode(self.sound, CALLED)


def stages(model: str | None) -> dict[str, str]:
    """Name → title, in the order in which they are reported."""
    return {name: STAGES[name] for name in SHOWN[model or DIFFUSIONTALKER]}


def talk(
    pipelines: Mapping[str, SpeechToFace],
    request: Request,
    folder: Path,
    report: Reporter,
    stop: threading.Event,
) -> Talk:
    """Reports pieces: an Opening, then the Motion of every window as soon as it is sampled.

    ValueError in one sentence for a request that cannot be answered, Stopped when `stop` is set.
    """
    model = request.model or DIFFUSIONTALKER
    ahead = forward(SHOWN[model], report)
    begin = time.perf_counter()
    pipelines[model].check(request)
    request = opened(request, ahead, stop)
    spent = {"reference": time.perf_counter() - begin}
    clock = Clock(ahead, stop)
    with clock.stage("decode"):
        speech = decode(Path(str(request.speech)), CALLED, stop)
    sound = write_sound(speech, folder)
    report.piece(Opening(speech.frames, sound), rest=False)
    request = replace(request, speech=speech, name=CALLED)
    result = run(pipelines[model], request, progress=ahead, stop=stop, on_window=lambda k: report.piece(k[0]))
    if len(result.motion) != speech.frames:
        raise ValueError(f"the motion has {len(result.motion)} frames; the sound lasts {speech.frames}")
    seconds = {**result.summary["seconds"], **clock.seconds}
    if "reference" in seconds:
        seconds["reference"] += spent["reference"]
    seconds["total"] = sum(seconds[stage] for stage in STAGES if stage in seconds)
    told = {key: value for key, value in result.summary.items() if key not in ("files", "speech")}
    name = f"talk-{style_name(request)}-{request.seed}".lower()
    return Talk(result.motion, sound, {**told, "seconds": seconds}, name)


def on_stage(talk: Talk, character: str, **how: Any) -> dict[str, Any]:
    """The viewer's value for a talk that is there; `how` is Take's."""
    return Take.whole([(character, talk.motion)], sound=talk.sound, video=talk.video, **how).value()


def draw(
    pipeline: SpeechToFace, talk: Talk, character: str, folder: Path, report: Progress, stop: threading.Event
) -> Talk:
    """With its video. Raises ValueError once the sound was deleted, Stopped."""
    path = folder / f"{talk.name}.mp4"
    spent = pipeline.video(talk.motion, talk.speech(), path, character=character, progress=report, stop=stop)
    return replace(talk, video=path, summary={**talk.summary, "seconds": {**talk.summary["seconds"], **spent}})


def write(kind: str, face: FaceModel, talk: Talk, character: str, folder: Path) -> Path:
    """One of KINDS, of this talk by this character. The zip holds the video only where it was drawn."""
    path = folder / f"{talk.name}.{kind}"
    wanted: dict[str, Any] = {kind: path, "video": talk.video if kind == "zip" else None}
    outputs = Outputs(**wanted)
    described = {**talk.summary, "character": character}
    with bundle.complete(outputs, [talk.motion]) as files:
        if files.glb:
            gltf.write(files.glb, face, character, talk.motion)
        bundle.write_motions(files, [talk.motion], talk.speech())
        if files.json:
            summary.write(files.json, described)
    return path


def opened(request: Request, report: Progress, stop: threading.Event) -> Request:
    """With what a visitor's own files hold in place of the files."""
    if not isinstance(request.reference, list):
        return request

    def read(source: Reference | Path | str) -> Reference | str:
        if not isinstance(source, Path):
            return source
        return own_clip.read(source, lambda _, fraction: report("reference", own_clip.TRACKING * fraction), stop)

    return replace(request, reference=[(read(source), weight) for source, weight in request.reference])


def style_name(request: Request) -> str:
    """For the names of files: identities or references."""
    if isinstance(request.reference, list):
        return "-".join(source if isinstance(source, str) else OWN for source, _ in request.reference)
    identity = request.identity or ""
    return identity if isinstance(identity, str) else "-".join(identity)


def forward(order: tuple[str, ...], report: Progress) -> Progress:
    """`report` that never goes back: a visitor's clip is read before the speech is decoded."""
    furthest = 0, 0.0

    def ahead(stage: str, fraction: float) -> None:
        nonlocal furthest
        now = (order.index(stage) if stage in order else furthest[0]), fraction
        if now >= furthest:
            furthest = now
            report(stage, fraction)

    return ahead
