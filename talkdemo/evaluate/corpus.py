"""The synthetic corpus in, the closure test on its own motion per voice out: `python -m talkdemo.evaluate.corpus`.

What the teacher does is the ceiling of everything trained on it: hits ≥ 99 %, false closures ≤ 2 % are wanted.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from talkdemo.data.corpora.table import CORPORA
from talkdemo.data.speech.voices import IDENTITY_VOICES, VOICES
from talkdemo.evaluate.gauge import Gauge
from talkdemo.evaluate.motion import LABELS
from talkdemo.evaluate.sets import even
from talkdemo.evaluate.systems import TRUTH_SEED, teach
from talkdemo.metrics.score import Sums, add, against_phones, means


@dataclass(frozen=True)
class VoiceRow:
    voice: str
    utterances: int
    bilabials: int
    metrics: dict[str, float]


def voice_row(voice: str, count: int, gauge: Gauge) -> tuple[VoiceRow, Sums]:
    """`count` utterances of one voice, evenly over what is on disk."""
    clips = even(list(CORPORA["synthetic"](voices=[voice])), count)
    totals: Sums = {}
    for clip in clips:
        add(totals, against_phones(gauge.take(teach(clip, TRUTH_SEED)), clip.phones, LABELS))
    return VoiceRow(voice, len(clips), int(totals.get("hits", (0, 0))[1]), means(totals)), totals


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=10, help="utterances of each voice")
    args = parser.parse_args(arguments)
    gauge, everything, rows = Gauge.load(), {}, []
    for voice in [*IDENTITY_VOICES, *(name for name in VOICES if name.startswith("heldout-"))]:
        row, totals = voice_row(voice, args.clips, gauge)
        add(everything, totals)
        if row.utterances:
            rows.append(row)
    rows.append(VoiceRow("all", sum(r.utterances for r in rows), int(everything["hits"][1]), means(everything)))
    print("| voice | utterances | /p b m/ | hits % | false % | V % | r(phones) | rounding % | f/v % | rest mm |")
    print("|---" * 10 + "|")
    for row in rows:
        shown = ("hits", "false", "vowel_hits", "r_phones", "rounding", "labiodental", "rest")
        cells = [f"{row.metrics[name]:.2f}" if name in row.metrics else "–" for name in shown]
        print(f"| {row.voice} | {row.utterances} | {row.bilabials} | " + " | ".join(cells) + " |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
