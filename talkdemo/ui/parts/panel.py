"""The state of a job in, the HTML beneath the picture out: idle, progress, result with timings, stopped, failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from talkdemo.ui.parts import library
from talkdemo.ui.parts.job import WAITING, Report
from talkdemo.ui.reference import gallery as references
from talkdemo.ui.talk.job import Outcome

BROKEN = "Something went wrong on the server; please try again."
TITLES = {"decode": "Decode", "reference": "Style", "encode": "Encode", "sample": "Sample", "render": "Render"}
TIMED = (
    ("decode", "Decode the sound"),
    ("reference", "Find the style"),
    ("encode", "Encode the speech"),
    ("sample", "Sample the motion"),
    ("face", "Move the head"),
    ("render", "Draw the pictures"),
    ("mux", "Write the video"),
)


def idle(film: bool = False) -> str:
    """Before the first job; `film`: the stage shows one made earlier."""
    first = "This film was made here; its sound is off. " if film else ""
    return _note(f"{first}Record or upload some speech, or pick an example, then press <b>Generate</b>.")


def stopped() -> str:
    return _note("Stopped. Nothing was kept.")


def failed(sentence: str) -> str:
    return f'<div class="td-note td-error" role="alert">{escape(sentence[:1].upper() + sentence[1:])}</div>'


def progress(report: Report, stages: Sequence[str]) -> str:
    """A bar for each of the stages, with real percentages."""
    now = stages.index(report.stage) if report.stage in stages else -1
    bars = []
    for k, stage in enumerate(stages):
        share = 1.0 if k < now else report.fraction if k == now else 0.0
        percent = round(100 * min(max(share, 0.0), 1.0))
        state = "done" if percent == 100 else "now" if k == now else "later"
        bars.append(
            f'<div class="td-stage td-{state}" data-stage="{stage}"><span>{TITLES[stage]}</span><b>{percent} %</b>'
            f'<i><u style="width:{percent}%"></u></i></div>'
        )
    note = '<p class="td-wait">Waiting for its turn …</p>' if report.stage == WAITING else ""
    return f'<div class="td-progress" data-stages="{len(stages)}" role="status">{"".join(bars)}</div>{note}'


def bar(title: str, fraction: float) -> str:
    """One bar by itself, on the light side of the page."""
    percent = round(100 * min(max(fraction, 0.0), 1.0))
    return (
        f'<div class="td-reading" role="status"><span>{escape(title)}</span><b>{percent} %</b>'
        f'<i><u style="width:{percent}%"></u></i></div>'
    )


def result(outcome: Outcome) -> str:
    """What was made: a line of facts and where the time went."""
    summary, seconds = outcome.summary, outcome.speech.seconds
    facts = [
        ("Seed", str(summary["seed"])),
        ("Steps", _steps(summary)),
        ("Character", str(summary["character"])),
        ("Length", f"{seconds:.1f} s, {summary['frames']} frames"),
        *_manner(summary),
    ]
    chips = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return f'<dl class="td-facts">{chips}</dl>{matches(summary)}'


def matches(summary: Mapping[str, object]) -> str:
    """How well the voice fitted the closest identities, as bars; nothing when an identity was chosen."""
    found = summary.get("matches")
    if not isinstance(found, Mapping) or not found:
        return ""
    bars = "".join(
        f'<tr><th scope="row">{escape(library.title(str(name)))}</th><td class="num">{100 * share:.0f} %</td>'
        f'<td class="bar"><i style="width:{100 * share:.1f}%"></i></td><td>{escape(library.line(str(name)))}</td></tr>'
        for name, share in found.items()
    )
    return f'<table class="td-times td-matches"><caption>Whose voice this is like</caption>{bars}</table>'


def timings(outcome: Outcome) -> str:
    """Seconds per stage as a table with bars."""
    spent: Mapping[str, float] = outcome.summary["seconds"]  # type: ignore[assignment]
    longest = max([spent.get(stage, 0.0) for stage, _ in TIMED] + [1e-6])
    rows = "".join(
        f'<tr><th scope="row">{title}</th><td class="num">{spent[stage]:.2f} s</td>'
        f'<td class="bar"><i style="width:{100 * spent[stage] / longest:.1f}%"></i></td></tr>'
        for stage, title in TIMED
        if stage in spent
    )
    ratio = spent["total"] / max(outcome.speech.seconds, 1e-6)
    total = f'<tr class="sum"><th scope="row">Total</th><td class="num">{spent["total"]:.2f} s</td>'
    return (
        f'<table class="td-times"><caption>Where the time went</caption>{rows}{total}'
        f"<td>{ratio:.2f} s per second of speech</td></tr></table>"
    )


def _manner(summary: Mapping[str, object]) -> list[tuple[str, str]]:
    """Whose manner it is, as either model tells it."""
    if "reference" in summary:
        head = "moves" if summary.get("head", True) else "held still"
        return [("Head", head), ("In the manner of", references.named(summary["reference"]))]  # type: ignore[arg-type]
    fits = "mixed as the voice fits" if summary.get("matches") else ""
    identity = fits or library.named(summary["identity"])  # type: ignore[arg-type]
    return [("Emotion", str(summary["emotion"])), ("Identity", identity)]


def _steps(summary: Mapping[str, object]) -> str:
    """8 (distilled), or 8 (full model) where the pipeline says which."""
    kinds = {True: " (distilled)", False: " (full model)"}
    return f"{summary['steps']}{kinds.get(summary.get('distilled'), '')}"  # type: ignore[arg-type]


def _note(text: str) -> str:
    return f'<div class="td-note">{text}</div>'
