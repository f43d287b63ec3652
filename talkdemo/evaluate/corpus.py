"""Evaluates the motion of the synthetic corpus itself: the closure test per voice.

The articulation model is the ceiling of everything trained on it: hits ≥ 99 %, false closures ≤ 2 % are the targets.
"""

import argparse

from talkdemo.data.corpora.table import CORPORA
from talkdemo.evaluate.measurement import Measurer
from talkdemo.evaluate.performances import TRUTH_SEED, perform, phones
from talkdemo.evaluate.reporting import Column, Table
from talkdemo.evaluate.results import metric_column
from talkdemo.evaluate.sets import VOICES_OF, even
from talkdemo.metrics.score import Sums, against_phones, scores

FIGURES = ("hits", "false", "vowel_hits", "r_phones", "rounding", "labiodental", "rest")


def voice_scores(voice: str, count: int, measurer: Measurer) -> list[Sums]:
    """The scores of `count` utterances of one voice, evenly over what is on disk."""
    clips = even(list(CORPORA["synthetic"](voices=[voice])), count)
    return [against_phones(measurer.measure(perform(clip, TRUTH_SEED)), phones(clip)) for clip in clips]


def run(args: argparse.Namespace) -> int:
    """Measure and print, voice by voice."""
    measurer = Measurer.load()
    found = {
        voice: voice_scores(voice, args.clips, measurer) for voice in (*VOICES_OF["synthetic"], *VOICES_OF["voices"])
    }
    found["all"] = [clip for clips in found.values() for clip in clips]
    columns = [Column("voice"), Column("utterances"), Column("/p b m/", ".0f"), *map(metric_column, FIGURES)]
    cells = []
    for voice, clips in found.items():
        known = {name: score.estimate() for name, score in scores(clips).items()}
        phones_counted = sum(clip.get("hits", (0, 0))[1] for clip in clips)
        cells.append([voice, len(clips), phones_counted, *map(known.get, FIGURES)])
    print(Table(columns, [line for line in cells if line[1] or line[0] == "all"]))
    return 0
