"""Evaluates the articulation model: statistics of its motion beside those of real people.

Every row names the real corpora it is compared with.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np

from talkdemo.audio.phones import VOWELS
from talkdemo.audio.prosody import energy
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.data.corpora import facegood, grid, live_link, ljspeech
from talkdemo.data.corpora.table import CORPORA
from talkdemo.evaluate.performances import concatenate, motion, performances, style_of
from talkdemo.evaluate.reporting import Column, Table
from talkdemo.metrics import statistics as s
from talkdemo.metrics.phones import frames_of, speech_frames
from talkdemo.records import Clip, Motion

# statistic → the corpora it is compared with (their mean); grid_s1 blinks are cued by its 3 s trials and do not count
COMPARED: dict[str, tuple[str, ...]] = {
    s.JAW_PEAK: ("grid_s1", "facegood"),
    s.JAW_MEAN: ("grid_s1", "facegood"),
    s.JAW_SPEED: ("grid_s1", "facegood"),
    s.JAW_VOWELS: ("grid_s1",),
    s.ROUNDING: ("grid_s1", "facegood"),
    s.SMILE: ("grid_s1", "facegood"),
    s.LOWER_LIP: ("facegood",),
    s.UPPER_LIP: ("facegood",),
    s.BLINK_RATE: ("live_link_face",),
    s.BLINK_LENGTH: ("live_link_face",),
    s.BLINK_INTERVAL: ("live_link_face",),
    s.GAZE: ("live_link_face", "grid_s1"),
    s.HEAD_SPEED: ("grid_s1",),
    s.HEAD_PEAK: ("grid_s1",),
    s.NOD: ("grid_s1",),
}
LOUD = 0.4  # energy from which a clip without phones counts as speech


def tracks(clip: Clip, motion: Motion, with_head: bool = True) -> s.Tracks:
    """A motion of a clip; without phones, speech is where the sound is loud."""
    frames, vowels = len(motion), None
    if clip.phones is not None:
        speech = speech_frames(clip.phones, frames)
        vowels = frames_of(clip.phones, VOWELS, frames)
    else:
        loudness = energy(clip.speech)
        speech = np.pad(loudness, (0, max(0, frames - len(loudness))))[:frames] > LOUD
    return s.Tracks(motion.coefficients, motion.head if with_head else None, speech, vowels)


def recorded(limit: int | None = None) -> dict[str, list[s.Tracks]]:
    """The real corpora by name; FileNotFoundError where the data is absent."""
    captures = [motion(clip) for clip in live_link.clips()]
    return {
        "grid_s1": [tracks(clip, motion(clip)) for clip in grid.clips(limit)],
        "live_link_face": [s.Tracks(one.coefficients, None, np.zeros(len(one), bool), None) for one in captures],
        "facegood": [tracks(clip, motion(clip), with_head=False) for clip in facegood.clips()],
    }


def spoken_clips(per_voice: int) -> list[Clip]:
    """Synthetic speech of every talking identity; where it is absent, LJSpeech stands in for each voice."""
    found = [clip for name in IDENTITIES for clip in islice(CORPORA["synthetic"](voices=[name]), per_voice)]
    if found:
        return found
    reader = list(ljspeech.clips())[:per_voice]
    return [Clip(c.name, c.corpus, c.speech, c.split, name, phones=c.phones) for name in IDENTITIES for c in reader]


def performed(clips: Iterable[Clip], seed: int = 0) -> Iterator[s.Tracks]:
    """A neutral performance of every clip in the style of its identity."""
    for number, clip in enumerate(clips):
        draw = style_of(clip.identity), "neutral", np.random.default_rng([seed, number])
        yield tracks(clip, next(performances(clip, [draw])))


def table(real: Mapping[str, Mapping[str, float]], model: Mapping[str, float]) -> Table:
    """Real columns, the articulation model, and its ratio to the mean of the corpora named in the last column."""
    nan = float("nan")
    columns = [Column("statistic"), *(Column(name, ".3g") for name in [*real, "articulation"])]
    columns += [Column("ratio", ".2f"), Column("against")]
    rows = []
    for name, corpora in COMPARED.items():
        reference = float(np.nanmean([real[corpus].get(name, nan) for corpus in corpora]))
        values = [figures.get(name) for figures in real.values()]
        value = model.get(name, nan)
        rows.append([name, *values, value, value / reference, ", ".join(corpora)])
    return Table(columns, rows)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    real = {name: s.statistics(clips) for name, clips in recorded(args.grid).items()}
    clips = spoken_clips(args.per_voice)
    names = dict.fromkeys(clip.identity for clip in clips)
    long = [concatenate([clip for clip in clips if clip.identity == name]) for name in names]
    print(table(real, s.statistics(list(performed(long)))))
    print(f"\narticulation: {len(clips)} utterances ({clips[0].corpus}), {len(names)} identities")
    return 0
