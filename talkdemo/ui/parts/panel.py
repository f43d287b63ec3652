"""HTML about a job: notes, errors, progress bars, facts."""

import logging
from collections.abc import Iterable, Mapping
from html import escape

from talkdemo.ui.parts.job import WAITING, Report

BROKEN = "Something went wrong on the server; please try again."
TOO_MANY = "Too many visitors are waiting; please try again soon."
TURN = "Waiting for its turn …"
STAGES = {  # of records.STAGES
    "decode": "Decode",
    "reference": "Extract style",
    "encode": "Encode speech",
    "sample": "Sample",
    "face": "Pose head",
    "render": "Render",
    "mux": "Encode video",
}
log = logging.getLogger(__name__)


def note(text: str) -> str:
    """`text` is HTML."""
    return f'<div class="td-note">{text}</div>'


def stopped() -> str:
    return note("Stopped. Nothing was kept.")


def failed(sentence: str) -> str:
    return f'<div class="td-note td-error" role="alert">{escape(sentence[:1].upper() + sentence[1:])}</div>'


def warned(sentence: str) -> str:
    """Beside a result that is there all the same."""
    return f'<div class="td-note td-warned" role="status">{escape(sentence)}</div>'


def sentence(error: Exception) -> str:
    """What a visitor reads: the words of a ValueError; the cause of anything else goes to the log only."""
    if isinstance(error, ValueError):
        return str(error)
    log.error("a job failed", exc_info=error)
    return BROKEN


def progress(report: Report, stages: Mapping[str, str]) -> str:
    """A bar for each stage (name → title)."""
    names = list(stages)
    now = names.index(report.stage) if report.stage in names else -1
    fractions = [1.0 if k < now else report.fraction if k == now else 0.0 for k in range(len(names))]
    bars = "".join(
        f'<div class="td-stage td-{"done" if fraction >= 1 else "now" if k == now else "later"}" '
        f'data-stage="{escape(name)}">{_bar(stages[name], fraction)}</div>'
        for k, (name, fraction) in enumerate(zip(names, fractions, strict=True))
    )
    told = said(report)
    words = f'<p class="td-wait">{told}</p>' if told else ""
    return f'<div class="td-progress" style="--stages: {len(names)}" role="status">{bars}</div>{words}'


def said(report: Report) -> str:
    """The place in the queue and the seconds left, as far as they are known; nothing for the last two seconds."""
    left = "" if report.left is None or report.left < 2 else f"about {_duration(report.left)}"
    if report.stage != WAITING:
        return f"{left} left".capitalize() if left else ""
    if not report.before:
        return TURN
    return f"Waiting: {report.before} before you{left and ', '}{left}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def reading(title: str, report: Report) -> str:
    """One bar by itself."""
    title = said(report) if report.stage == WAITING else title
    return f'<div class="td-reading" role="status">{_bar(title, report.fraction)}</div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values in a row."""
    chips = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)
    return f'<dl class="td-facts">{chips}</dl>'


def _bar(title: str, fraction: float) -> str:
    percent = round(100 * min(max(fraction, 0.0), 1.0))
    return f'<span>{escape(title)}</span><b>{percent} %</b><i><u style="width:{percent}%"></u></i>'
