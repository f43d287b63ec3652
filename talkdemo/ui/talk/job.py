"""Answers one press of Generate with files in a private folder. No gradio here."""

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from talkdemo.pipeline import SpeechToFace, run
from talkdemo.records import DIFFPOSETALK, DIFFUSIONTALKER, Outputs, Progress, Reference, Request, Result
from talkdemo.ui.parts.panel import STAGES
from talkdemo.ui.reference import own_clip
from talkdemo.ui.reference.own_clip import OWN

SHOWN = {  # the stages of each model that have a progress bar
    DIFFUSIONTALKER: ("decode", "encode", "sample", "render"),
    DIFFPOSETALK: ("decode", "reference", "encode", "sample", "render"),
}
CALLED = "This file"  # what messages call the speech: they repeat neither the visitor's file name nor our folders


def stages(model: str | None) -> dict[str, str]:
    """Name → title, in the order in which they are reported."""
    return {name: STAGES[name] for name in SHOWN[model or DIFFUSIONTALKER]}


def talk(
    pipelines: Mapping[str, SpeechToFace],
    request: Request,
    folder: Path,
    report: Progress,
    stop: threading.Event,
) -> Result:
    """ValueError in one sentence for a request that cannot be answered, Stopped when `stop` is set."""
    model = request.model or DIFFUSIONTALKER
    report = forward(SHOWN[model], report)
    begin = time.perf_counter()
    request = opened(replace(request, name=CALLED), report, stop)
    reading = time.perf_counter() - begin
    name = f"talk-{style_name(request)}-{request.seed}".lower()
    outputs = Outputs(folder / f"{name}.mp4", folder / f"{name}.csv", folder / f"{name}.npz")
    result = run(pipelines[model], request, outputs, progress=report, stop=stop)
    summary = {key: value for key, value in result.summary.items() if key not in ("files", "speech")}
    seconds = dict(summary["seconds"])
    if "reference" in seconds:
        seconds = {**seconds, "reference": seconds["reference"] + reading, "total": seconds["total"] + reading}
    return replace(result, summary={**summary, "seconds": seconds})


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
