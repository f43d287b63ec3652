"""What a talk gave, as HTML: facts, closest identities, where the time went."""

from collections.abc import Mapping
from html import escape
from typing import Any

from talkdemo.ui.parts import library, panel
from talkdemo.ui.parts.blend import in_words
from talkdemo.ui.reference import gallery as references
from talkdemo.ui.talk.job import Talk


def idle(example: bool = False) -> str:
    """Before the first job; `example`: the stage shows one."""
    shown = "An example speaks, muted. " if example else ""
    return panel.note(f"{shown}Record, upload or pick some speech, then press <b>Generate</b>.")


def example(talk: Talk) -> str:
    """Beside an example that was picked."""
    return panel.note("Made earlier at the default settings. <b>Generate</b> makes it anew at yours.") + facts(talk)


def facts(talk: Talk) -> str:
    """A line of facts, and the closest identities where the voice was matched."""
    summary = talk.summary
    pairs = (
        ("Seed", str(summary["seed"])),
        ("Steps", f"{summary['steps']} ({'distilled' if summary['distilled'] else 'full model'})"),
        ("Length", f"{talk.seconds:.1f} s, {len(talk.motion)} frames"),
        *_style(summary),
    )
    return panel.facts(pairs) + matches(summary)


def matches(summary: Mapping[str, Any]) -> str:
    """How well the voice matched the closest identities, as bars; nothing when an identity was chosen."""
    if not summary.get("matches"):
        return ""
    bars = "".join(
        f'<tr><th scope="row">{escape(library.title(name))}</th><td class="num">{100 * share:.0f} %</td>'
        f'<td class="bar"><i style="width:{100 * share:.1f}%"></i></td><td>{escape(library.line(name))}</td></tr>'
        for name, share in summary["matches"].items()
    )
    return f'<table class="td-times td-matches"><caption>Closest identities</caption>{bars}</table>'


def timings(talk: Talk) -> str:
    """Seconds per stage as a table with bars."""
    seconds: Mapping[str, float] = talk.summary["seconds"]
    longest = max(*(seconds.get(stage, 0.0) for stage in panel.STAGES), 1e-6)
    rows = "".join(
        f'<tr><th scope="row">{stage_title}</th><td class="num">{seconds[stage]:.2f} s</td>'
        f'<td class="bar"><i style="width:{100 * seconds[stage] / longest:.1f}%"></i></td></tr>'
        for stage, stage_title in panel.STAGES.items()
        if stage in seconds
    )
    ratio = seconds["total"] / talk.seconds
    total = f'<tr class="sum"><th scope="row">Total</th><td class="num">{seconds["total"]:.2f} s</td>'
    return (
        f'<table class="td-times"><caption>Timings</caption>{rows}{total}'
        f"<td>{ratio:.2f} s per second of speech</td></tr></table>"
    )


def _style(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The style, and what else the model was conditioned on."""
    if "reference" in summary:
        head = "moves" if summary["head"] else "still"
        return [("Head", head), ("Reference", in_words(summary["reference"], references.title))]
    matched = "matched to the voice" if summary.get("matches") else ""
    identity = matched or in_words(summary["identity"], library.title)
    return [("Emotion", str(summary["emotion"])), ("Identity", identity)]
