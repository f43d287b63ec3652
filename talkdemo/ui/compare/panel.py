"""The state of a comparison in, the HTML around the player out: progress, facts, figures, the vote and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape

from talkdemo.compare.comparison import MODELS
from talkdemo.compare.report import closure_sentence, rows
from talkdemo.ui.compare.job import SIDES, Outcome
from talkdemo.ui.parts import library, portraits
from talkdemo.ui.parts.job import WAITING, Report
from talkdemo.ui.reference import gallery as references

SIDE_NAMES = ("first", "second")  # classes: the colours of the left and the right picture
NO_DIFFERENCE = "same"


@dataclass(frozen=True)
class Tally:
    """The votes of one visit."""

    right: int = 0
    wrong: int = 0
    same: int = 0

    def plus(self, outcome: Outcome, vote: str) -> Tally:
        """With one more vote: a side of SIDES or NO_DIFFERENCE."""
        if vote == NO_DIFFERENCE:
            return replace(self, same=self.same + 1)
        if guessed(outcome, vote):
            return replace(self, right=self.right + 1)
        return replace(self, wrong=self.wrong + 1)


def guessed(outcome: Outcome, vote: str) -> bool:
    """Whether the side voted for is the one that was asked for."""
    return vote == SIDES[outcome.order.index(outcome.slower)]


def idle() -> str:
    return _note("The same speech and seed, sampled in two ways. Pick some speech, press <b>Compare</b>.")


def progress(report: Report, stages: Mapping[str, str]) -> str:
    """One bar per stage (its key → its title), with real percentages."""
    names = list(stages)
    now = names.index(report.stage) if report.stage in names else -1
    bars = []
    for k, stage in enumerate(names):
        percent = round(100 * (1.0 if k < now else min(max(report.fraction, 0.0), 1.0) if k == now else 0.0))
        state = "done" if percent == 100 else "now" if k == now else "later"
        bars.append(
            f'<div class="td-stage td-{state}" data-stage="{escape(stage)}"><span>{escape(stages[stage])}</span>'
            f'<b>{percent} %</b><i><u style="width:{percent}%"></u></i></div>'
        )
    note = '<p class="td-wait">Waiting for its turn …</p>' if report.stage == WAITING else ""
    return f'<div class="td-progress" role="status">{"".join(bars)}</div>{note}'


def facts(outcome: Outcome) -> str:
    """What both sides share, and what is told of each in the order in which they were chosen: nothing that tells which
    of them stands left."""
    choice, runs = outcome.choice, outcome.record["runs"]
    manners = dict.fromkeys(_manner(run, outcome.record.get("matches")) for run in runs)
    moods = dict.fromkeys(str(run["emotion"]) for run in runs if run.get("emotion"))
    shown = (
        ("Seed", str(choice.seed)),
        *((kind, manner) for kind, manner in manners),
        *(("Emotion", mood) for mood in moods),
        ("Character", choice.character),
        ("Length", f"{outcome.speech.seconds:.1f} s, {outcome.record['frames']} frames"),
    )
    return '<dl class="td-facts">' + "".join(f"<div><dt>{a}</dt><dd>{escape(b)}</dd></div>" for a, b in shown) + "</dl>"


def _manner(run: Mapping[str, object], matches: Mapping[str, float] | None) -> tuple[str, str]:
    """Whose manner a run is in: which kind of choice that was, and the choice in words."""
    if run.get("reference"):
        return "Reference", references.named(run["reference"])  # type: ignore[arg-type]
    if matches and run["identity"] == "auto":
        return "Identity", f"as the voice fits ({library.title(next(iter(matches)))} most)"
    return "Identity", library.named(run["identity"])  # type: ignore[arg-type]


def figures(outcome: Outcome) -> str:
    """Three headlines and the table; the columns stand as the pictures do."""
    made = outcome.record
    apart, other, met = made["lip_distance_mm"], made.get("lip_distance_other_seed_mm"), made["closures"]
    times = made["speed_up"] if outcome.slower == 0 else 1 / max(made["speed_up"], 1e-9)
    quicker = outcome.choice.titles[1 - outcome.slower]
    scale = f"two seeds of one model: {other['mean']:.2f} mm" if other else "mean of the farthest lip vertex"
    agreement = "–" if met["agreement"] is None else f"{100 * met['agreement']:.0f} %"
    cards = (
        (f"{times:.1f} ×" if times < 10 else f"{times:.0f} ×", "as fast", f"{quicker}: speech to motion"),
        (f"{apart['mean']:.2f} mm", "between the lips", scale),
        (agreement, "of lip closures shared", closure_sentence(made).split(": ")[1].split(" (")[0].rstrip(".")),
    )
    shown = "".join(f"<div><b>{a}</b><span>{b}</span><small>{escape(c)}</small></div>" for a, b, c in cards)
    heads = "".join(
        f'<th scope="col" class="{name}"><i></i>{escape(title)}</th>'
        for name, title in zip(SIDE_NAMES, outcome.titles, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(name[0].upper() + name[1:])}</th><td>{escape(pair[outcome.order[0]])}</td>'
        f"<td>{escape(pair[outcome.order[1]])}</td></tr>"
        for name, *pair in rows(made)
    )
    r = made.get("opening_correlation")
    track = " · ".join(f"{apart[name]:.2f}" for name in ("mean", "p95", "max"))
    both = (
        ("Lips apart: mean, 95th percentile, largest", f"{track} mm"),
        ("Correlation of the two mouths' openings", "–" if r is None else f"{r:.3f}"),
    )
    body += "".join(f'<tr><th scope="row">{name}</th><td colspan="2">{value}</td></tr>' for name, value in both)
    note = (
        "Lips apart: the lip vertex that is farthest from its counterpart in each frame, on the default head, held "
        "still. A closure is a stretch in which the inner lips come closer than 15 % of the clip's wide opening."
    )
    return (
        f'<div class="td-cards">{shown}</div><table class="td-figures"><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table><p class='td-small'>{note}</p>"
    )


def question(outcome: Outcome) -> str:
    """What a blind visitor is asked."""
    wanted = _within(outcome.choice.titles[outcome.slower])
    return f'<div class="td-question">Which one is the <b>{escape(wanted)}</b>?</div>'


def answer(outcome: Outcome, vote: str, tally: Tally) -> str:
    """The truth after the vote, and how this visit has gone so far."""
    left, right = map(_within, outcome.titles)
    verdict = "Right." if guessed(outcome, vote) else "Not this time."
    if vote == NO_DIFFERENCE:
        verdict = "No difference seen."
    told = f"<b>{verdict}</b> Left was the {escape(left)}, right the {escape(right)}."
    votes = tally.right + tally.wrong + tally.same
    counted = f"{tally.right} right, {tally.wrong} wrong, {tally.same} without a difference"
    plural = "s" if votes != 1 else ""
    return f'<div class="td-note td-answer">{told}<br><span>Your {votes} vote{plural} so far: {counted}.</span></div>'


def poster(name: str) -> str:
    """What the stage shows before there is a film: the character twice."""
    uri = portraits.data_uri(name)
    if uri is None:
        return '<div class="td-poster td-twins td-empty"></div>'
    picture = f'<img src="{uri}" alt="{escape(name)}, waiting to speak">'
    return f'<div class="td-poster td-twins">{picture}{picture}</div>'


def _within(title: str) -> str:
    """A title within a sentence: the names of the models keep their capitals."""
    return title if title.startswith(tuple(MODELS.values())) else title[0].lower() + title[1:]


def _note(text: str) -> str:
    return f'<div class="td-note">{text}</div>'
