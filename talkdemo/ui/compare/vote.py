"""The blind vote of a comparison: which of two heads looks more natural, or which one is which.

A visitor's ballots live in the session and nowhere else; they leave it as a CSV that the visitor downloads. Sides are
balanced: of the votes on one pair of settings, as many have the one left as the other, and chance decides which first.
"""

import csv
import io
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from talkdemo.files import replacing
from talkdemo.records import MODEL_TITLES
from talkdemo.ui.compare.job import SIDES, PairResult

NATURAL, WHICH = QUESTIONS = ("natural", "which")  # preference; identification of a known setting
OFF = "off"
CHOICES = (("Off", OFF), ("Which looks more natural?", NATURAL), ("Which is which?", WHICH))
NO_DIFFERENCE = "same"
FILE = "votes.csv"


@dataclass(frozen=True)
class Ballot:
    """One vote, as a line of the CSV."""

    time: str  # UTC
    question: str  # of QUESTIONS
    left: str  # title of the setting that stood left
    right: str
    target: str  # the setting that was asked for; "" of a preference
    vote: str  # of SIDES, or NO_DIFFERENCE
    chosen: str  # title of the setting voted for; "" without a difference
    seed: int
    character: str
    seconds: float  # of speech


Ballots = tuple[Ballot, ...]


def order(settings: Sequence[str], ballots: Ballots) -> tuple[int, int]:
    """Which of two settings, by title, stands left and which right: the one that stood left less often in the votes on
    this pair, at a tie by chance."""
    lefts = [one.left for one in ballots if {one.left, one.right} == set(settings)]
    counts = [lefts.count(title) for title in settings]
    left = secrets.randbelow(2) if counts[0] == counts[1] else int(counts[1] < counts[0])
    return left, 1 - left


def cast(result: PairResult, vote: str, ballots: Ballots) -> Ballots:
    """With one more vote: a side of SIDES or NO_DIFFERENCE."""
    left, right = result.titles
    question = result.pair.blind
    return (
        *ballots,
        Ballot(
            datetime.now(UTC).isoformat(timespec="seconds"),
            question,
            left,
            right,
            result.pair.titles[result.slower] if question == WHICH else "",
            vote,
            "" if vote == NO_DIFFERENCE else result.titles[SIDES.index(vote)],
            result.pair.seed,
            result.pair.character,
            round(result.speech.seconds, 2),
        ),
    )


def write(ballots: Ballots, folder: Path) -> Path:
    """All of them as a CSV in the visitor's folder."""
    text = io.StringIO()
    table = csv.DictWriter(text, [field.name for field in fields(Ballot)])
    table.writeheader()
    table.writerows(asdict(one) for one in ballots)
    path = folder / FILE
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


def question(result: PairResult) -> str:
    """What a blind visitor is asked."""
    text = "Which one looks <b>more natural</b>?"
    if result.pair.blind == WHICH:
        one, other = (_within(result.pair.titles[k]) for k in (result.slower, 1 - result.slower))
        text = f"One is the {escape(one)}, the other the {escape(other)}. Which one is the <b>{escape(one)}</b>?"
    return f'<div class="td-question">{text}</div>'


def answer(result: PairResult, ballots: Ballots) -> str:
    """The truth after the vote, and the votes of this visit on this question and this pair."""
    last = ballots[-1]
    left, right = map(_within, result.titles)
    if last.vote == NO_DIFFERENCE:
        verdict = "No difference seen."
    elif last.question == NATURAL:
        verdict = f"You preferred the {escape(_within(last.chosen))}."
    else:
        verdict = "Right." if last.chosen == last.target else "Not this time."
    return (
        f'<div class="td-note td-answer"><b>{verdict}</b> Left was the {escape(left)}, right the {escape(right)}.<br>'
        f"<span>{escape(summary(ballots))}</span></div>"
    )


def summary(ballots: Ballots) -> str:
    """One sentence: the visit's votes on the last one's question and pair, and how likely chance is to part them so."""
    last = ballots[-1]
    mine = [one for one in ballots if one.question == last.question and _pair(one) == _pair(last)]
    if last.question == NATURAL:
        counts = {title: sum(one.chosen == title for one in mine) for title in sorted(_pair(last))}
        told = [f"{count} for the {_within(title)}" for title, count in counts.items()]
    else:
        right = sum(one.chosen == one.target for one in mine)
        counts = {"right": right, "wrong": sum(bool(one.chosen) for one in mine) - right}
        told = [f"{count} {name}" for name, count in counts.items()]
    same = sum(one.vote == NO_DIFFERENCE for one in mine)
    votes = f"Your {len(mine)} vote{'s' if len(mine) != 1 else ''} on this pair so far"
    return f"{votes}: {', '.join(told)}, {same} without a difference{_chance(list(counts.values()))}."


def _pair(ballot: Ballot) -> frozenset[str]:
    return frozenset((ballot.left, ballot.right))


def _chance(counts: Sequence[int]) -> str:
    """Two-sided binomial test of an even chance; nothing before there are votes on both or enough on one."""
    from scipy.stats import binomtest

    if sum(counts) < 5:  # fewer cannot differ from chance
        return ""
    return f" (chance alone: p = {binomtest(counts[0], sum(counts)).pvalue:.2g})"


def _within(text: str) -> str:
    """A title within a sentence: the names of the models keep their capitals."""
    return text if text.startswith(tuple(MODEL_TITLES.values())) else text[0].lower() + text[1:]
