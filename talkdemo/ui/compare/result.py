"""HTML around the heads of a comparison: facts and figures."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from talkdemo.compare.report import closure_sentence, rows
from talkdemo.records import AUTO
from talkdemo.ui.compare.chart import SIDES as SIDE_CLASSES
from talkdemo.ui.compare.job import PairResult
from talkdemo.ui.parts import library, panel, portraits
from talkdemo.ui.parts.blend import in_words
from talkdemo.ui.parts.names import title
from talkdemo.ui.reference import gallery as references

IDLE = "The same speech and seed under two settings. Choose some speech, then press <b>Compare</b>."


def facts(result: PairResult) -> str:
    """What both sides share, and the styles in the order in which they were chosen: nothing that says which setting
    stands left."""
    pair, runs = result.pair, result.record["runs"]
    styles = dict.fromkeys(_style(run, result.record.get("matches")) for run in runs)
    emotions = dict.fromkeys(str(run["emotion"]) for run in runs if run.get("emotion"))
    return panel.facts(
        (
            ("Seed", str(pair.seed)),
            *styles,
            *(("Emotion", emotion) for emotion in emotions),
            ("Character", title(pair.character)),
            ("Length", f"{result.speech.seconds:.1f} s, {result.record['frames']} frames"),
        )
    )


def _style(run: Mapping[str, Any], matches: Mapping[str, float] | None) -> tuple[str, str]:
    """Which kind of choice the style of a run was, and the choice in words."""
    if run.get("reference"):
        return "Reference", in_words(run["reference"], references.title)
    if matches and run["identity"] == AUTO:
        return "Identity", f"matched to the voice (closest: {library.title(next(iter(matches)))})"
    return "Identity", in_words(run["identity"], library.title)


def figures(result: PairResult) -> str:
    """Three headlines and the table; the columns stand as the heads do."""
    record = result.record
    distance, other, closures = record["lip_distance_mm"], record.get("lip_distance_other_seed_mm"), record["closures"]
    times = record["speed_up"] if result.slower == 0 else 1 / max(record["speed_up"], 1e-9)
    quicker = result.pair.titles[1 - result.slower]
    scale = f"two seeds of one model: {other['mean']:.2f} mm" if other else "mean of the farthest lip vertex"
    agreement = "–" if closures["agreement"] is None else f"{100 * closures['agreement']:.0f} %"
    cards = (
        (f"{times:.1f} ×" if times < 10 else f"{times:.0f} ×", "as fast", f"{quicker}: speech to motion"),
        (f"{distance['mean']:.2f} mm", "between the lips", scale),
        (agreement, "of lip closures shared", closure_sentence(record).split(": ")[1].split(" (")[0].rstrip(".")),
    )
    headlines = "".join(f"<div><b>{a}</b><span>{b}</span><small>{escape(c)}</small></div>" for a, b, c in cards)
    heads = "".join(
        f'<th scope="col" class="{name}"><i></i>{escape(side)}</th>'
        for name, side in zip(SIDE_CLASSES, result.titles, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(name[0].upper() + name[1:])}</th><td>{escape(pair[result.order[0]])}</td>'
        f"<td>{escape(pair[result.order[1]])}</td></tr>"
        for name, *pair in rows(record)
    )
    r = record.get("opening_correlation")
    track = " · ".join(f"{distance[name]:.2f}" for name in ("mean", "p95", "max"))
    both = (
        ("Lip distance: mean, 95th percentile, maximum", f"{track} mm"),
        ("Correlation of the mouth openings", "–" if r is None else f"{r:.3f}"),
    )
    body += "".join(f'<tr><th scope="row">{name}</th><td colspan="2">{value}</td></tr>' for name, value in both)
    note = (
        "Lip distance: between the two positions of the lip vertex that differs most in each frame, on the default "
        "head, held still. Closure: a stretch in which the inner lips come closer than 15 % of the clip's wide opening."
    )
    return (
        f'<div class="td-cards">{headlines}</div><table class="td-figures"><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table><p class='td-small'>{note}</p>"
    )


def poster(name: str) -> str:
    """What the stage shows before there is a video: the character twice."""
    return portraits.still(name, " td-twins", 2) or '<div class="td-poster td-twins td-empty"></div>'
