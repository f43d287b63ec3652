"""The blind vote: balanced sides, the truth after the vote, a CSV that holds every ballot."""

import csv
from collections import Counter
from types import SimpleNamespace

import pytest

from talkdemo.ui.compare import vote

TITLES = ("Full model, 512 steps", "Distilled, 8 steps")


def result(question: str, order: tuple[int, int] = (0, 1)) -> SimpleNamespace:
    """A comparison whose first setting is the slower one."""
    pair = SimpleNamespace(blind=question, titles=TITLES, seed=7, character="maya")
    titles = tuple(TITLES[side] for side in order)
    return SimpleNamespace(pair=pair, titles=titles, slower=0, speech=SimpleNamespace(seconds=3.14159))


def test_each_setting_stands_left_as_often_as_the_other():
    for _ in range(20):
        ballots: vote.Ballots = ()
        for count in range(1, 7):
            order = vote.order(TITLES, ballots)
            ballots = vote.cast(result(vote.NATURAL, order), "left", ballots)
            lefts = Counter(one.left for one in ballots)
            assert max(lefts.values()) == (count + 1) // 2
    assert {vote.order(TITLES, ()) for _ in range(60)} == {(0, 1), (1, 0)}  # chance decides which is first
    assert {vote.order(("a", "b"), ballots[:1]) for _ in range(60)} == {(0, 1), (1, 0)}  # another pair counts apart


def test_a_preference_has_no_right_answer():
    one = result(vote.NATURAL, (1, 0))
    assert "more natural" in vote.question(one) and "512" not in vote.question(one)
    ballots = vote.cast(one, "left", ())
    assert ballots[0].chosen == TITLES[1] and ballots[0].target == ""
    text = vote.answer(one, ballots)
    assert "You preferred the distilled, 8 steps." in text and "Left was the distilled, 8 steps" in text
    ballots = vote.cast(one, "right", vote.cast(one, vote.NO_DIFFERENCE, ballots))
    assert vote.summary(ballots) == (
        "Your 3 votes on this pair so far: 1 for the distilled, 8 steps, 1 for the full model, 512 steps, "
        "1 without a difference."
    )


@pytest.mark.parametrize(("order", "right"), [((0, 1), "left"), ((1, 0), "right")])
def test_which_is_which_is_right_or_wrong(order, right):
    one = result(vote.WHICH, order)
    assert "Which one is the <b>full model, 512 steps</b>" in vote.question(one)
    wrong = "left" if right == "right" else "right"
    ballots = vote.cast(one, right, ())
    assert "<b>Right.</b>" in vote.answer(one, ballots)
    ballots = vote.cast(one, wrong, ballots)
    assert "Not this time." in vote.answer(one, ballots) and "1 right, 1 wrong" in vote.summary(ballots)
    assert "No difference seen." in vote.answer(one, vote.cast(one, vote.NO_DIFFERENCE, ballots))
    for _ in range(4):
        ballots = vote.cast(one, right, ballots)
    assert "5 right, 1 wrong, 0 without a difference (chance alone: p = 0.22)" in vote.summary(ballots)
    other = vote.cast(result(vote.NATURAL), "left", ballots)
    assert "Your 1 vote on this pair" in vote.summary(other)  # another question counts apart


def test_the_csv_holds_every_ballot(tmp_path):
    ballots = vote.cast(result(vote.WHICH), "right", vote.cast(result(vote.NATURAL, (1, 0)), "left", ()))
    with vote.write(ballots, tmp_path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["question"] for row in rows] == ["natural", "which"]
    assert rows[0]["left"] == TITLES[1] == rows[0]["chosen"] and rows[1]["target"] == TITLES[0]
    assert rows[1]["vote"] == "right" and rows[1]["seconds"] == "3.14" and rows[1]["seed"] == "7"
    assert [path.name for path in tmp_path.iterdir()] == [vote.FILE]
