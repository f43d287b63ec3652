"""Evaluates the motion of the synthetic corpus itself: the closure test per voice.

The articulation model is the ceiling of everything trained on it: hits ≥ 99 %, false closures ≤ 2 % are the targets.
"""

import argparse

from talkdemo.data.corpora.table import CORPORA
from talkdemo.evaluate.measurement import Measurer
from talkdemo.evaluate.performances import TRUTH_SEED, perform, phones
from talkdemo.evaluate.reporting import Column, Table
from talkdemo.evaluate.sets import VOICES_OF, even
from talkdemo.metrics.score import Sums, add, against_phones, means

FIGURES = {
    "hits": "hits %",
    "false": "false %",
    "vowel_hits": "V %",
    "r_phones": "r(phones)",
    "rounding": "rounding %",
    "labiodental": "f/v %",
    "rest": "rest mm",
}


def voice_scores(voice: str, count: int, measurer: Measurer) -> tuple[int, Sums]:
    """How many of `count` utterances of one voice, evenly over what is on disk, there are; their pooled scores."""
    clips = even(list(CORPORA["synthetic"](voices=[voice])), count)
    totals: Sums = {}
    for clip in clips:
        add(totals, against_phones(measurer.measure(perform(clip, TRUTH_SEED)), phones(clip)))
    return len(clips), totals


def run(args: argparse.Namespace) -> int:
    """Measure and print, voice by voice."""
    measurer = Measurer.load()
    voices = [*VOICES_OF["synthetic"], *VOICES_OF["voices"]]
    rows = [(voice, *voice_scores(voice, args.clips, measurer)) for voice in voices]
    everything: Sums = {}
    for _, _, totals in rows:
        add(everything, totals)
    rows.append(("all", sum(count for _, count, _ in rows), everything))
    columns = [Column("voice"), Column("utterances"), Column("/p b m/", ".0f")]
    columns += [Column(title, ".2f") for title in FIGURES.values()]
    cells = [
        [voice, count, totals.get("hits", (0, 0))[1], *map(means(totals).get, FIGURES)]
        for voice, count, totals in rows
        if count or voice == "all"
    ]
    print(Table(columns, cells))
    return 0
