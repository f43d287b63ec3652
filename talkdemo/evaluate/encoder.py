"""Evaluates speech encoders side by side as Markdown: `evaluate encoder --encoder A B`.

Nothing here was trained on: a real reader (ljspeech), held-out sentences of real voices in three languages, a speaker
held out whole (times by `train align`; ljspeech's are published), held-out synthetic sentences and voices, and
the speakers that speechocean762 holds out. Half of those are children, but our copy of the corpus does not say which:
speakers are split at a median pitch of CHILD_PITCH, which is ours and only a stand-in.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from talkdemo.audio.encoder import ENCODER_RATE, SpeechEncoder
from talkdemo.audio.phones import BILABIAL, PHONES, SILENCE, VOWELS
from talkdemo.audio.prosody import pitch
from talkdemo.data.corpora.table import CORPORA
from talkdemo.data.speech import aligned
from talkdemo.evaluate.hearing import (
    MARGIN,
    Heard,
    columns,
    crossings,
    false_reports,
    false_runs,
    frame_labels,
    pairs,
    recall,
)
from talkdemo.evaluate.reporting import Column, Table, note
from talkdemo.evaluate.sets import VOICES_OF, even, synthetic
from talkdemo.records import SAMPLE_RATE, Clip, Speech

CHILD_PITCH = 240.0  # Hz
SPEAKERS = 125  # that speechocean762 holds out
TIMED_SECONDS, TIMED_RUNS = 10, 5


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    figure: str
    set: str
    clips: int
    value: str


def has_ctc(encoder: SpeechEncoder) -> bool:
    return getattr(encoder, "to_ctc", None) is not None


def listen(encoder: SpeechEncoder, speech: Speech) -> Heard:
    """Phones by the CTC head where there is one, else the runs of the most likely phone (a phone said twice is one)."""
    frames = max(1, len(speech.samples) * ENCODER_RATE // SAMPLE_RATE)
    posterior = encoder.phonetic(speech.samples, speech.frames)[0].cpu().numpy()[:frames]
    if has_ctc(encoder):
        phones = encoder.transcribe(speech.samples)
    else:
        phones = [PHONES[i] for i, _ in groupby(posterior.argmax(1))]
    return Heard(posterior, tuple(label for label in phones if label != SILENCE))


def frame_accuracy(clips: Sequence[Clip], heard: Sequence[Heard]) -> float:
    """Share of frames whose most likely phone is the right one, silence included; nan without clips."""
    right = total = 0
    for clip, what in zip(clips, heard, strict=True):
        right += int((what.posterior.argmax(1) == frame_labels(clip.phones or (), len(what.posterior))).sum())
        total += len(what.posterior)
    return right / total if total else float("nan")


def said(clip: Clip) -> list[str]:
    """The phones of a clip, in order, without stress and silence, from its transcript or else its timed phones."""
    labels = clip.transcript if clip.transcript is not None else [p.label for p in clip.phones or ()]
    return [label.rstrip("012") for label in labels if label != SILENCE]


def median_pitch(clips: Iterable[Clip]) -> dict[str, float]:
    """Identity → median over its voiced frames, Hz; 0 where nothing is voiced."""
    tracks = defaultdict(list)
    for clip in clips:
        tracks[clip.identity].append(pitch(clip.speech))
    voiced = {name: np.concatenate(parts) for name, parts in tracks.items()}
    return {name: float(np.median(hertz[hertz > 0])) if (hertz > 0).any() else 0.0 for name, hertz in voiced.items()}


def encode_seconds(encoder: SpeechEncoder) -> float:
    """Median time of TIMED_RUNS for all features of TIMED_SECONDS of sound, after one run to warm up."""
    noise = np.random.default_rng(0).standard_normal(TIMED_SECONDS * SAMPLE_RATE).astype(np.float32) * 0.1
    spent = []
    for _ in range(TIMED_RUNS + 1):
        start = time.perf_counter()
        encoder.features(Speech(noise))
        spent.append(time.perf_counter() - start)
    return float(np.median(spent[1:]))


def readers(count: int) -> list[Clip]:
    """At most `count` held-out clips of speechocean762, as many of each speaker, kept as they are read."""
    by_speaker: dict[str, list[Clip]] = defaultdict(list)
    for clip in CORPORA["speechocean762"](split="held-out"):
        if len(by_speaker[clip.identity]) < -(-count // SPEAKERS):
            by_speaker[clip.identity].append(clip)
    return even([clip for clips in by_speaker.values() for clip in clips], count)


def timed(corpus: str, split: str | None) -> Callable[[int], list[Clip]]:
    return lambda count: even(list(aligned.clips(corpus, split)), count)


SETS: dict[str, tuple[str, Callable[[int], list[Clip]]]] = {
    "ljspeech": ("ljspeech, a reader never trained on", lambda n: even(list(CORPORA["ljspeech"]()), n)),
    "kathleen": ("kathleen, held-out sentences", timed("voices-kathleen", "held-out")),
    "kerstin": ("kerstin (German), held-out sentences", timed("voices-kerstin", "held-out")),
    "nathalie": ("nathalie (Dutch), held-out sentences", timed("voices-nathalie", "held-out")),
    "flemishguy": ("flemishguy (Dutch), held out whole", timed("voices-flemishguy", None)),
    "grid": ("GRID s1, held-out clips", timed("grid_s1", "held-out")),
    "sentences": ("synthetic, known voices", lambda n: synthetic(VOICES_OF["synthetic"], "held-out", n)),
    "voices": ("synthetic, voices never heard", lambda n: synthetic(VOICES_OF["voices"], None, n)),
    "speechocean762": ("speechocean762, held-out speakers", readers),
}


def rows(encoder: SpeechEncoder, clips: Sequence[Clip], title: str) -> list[Row]:
    """The figures that clips allow: those of order alone, and where phones have times those of time too."""
    heard = [listen(encoder, clip.speech) for clip in clips]
    count = len(clips)
    matched = [pairs(said(clip), what.phones) for clip, what in zip(clips, heard, strict=True)]
    reported, false = false_reports([pair for one in matched for pair in one])
    found = []
    if clips[0].phones is not None:
        phones = [clip.phones or () for clip in clips]
        posteriors = [what.posterior for what in heard]
        lips, apart = recall(phones, posteriors), recall(phones, posteriors, apart=MARGIN)
        lag = [t for some, posterior in zip(phones, posteriors, strict=True) for t in crossings(some, posterior)]
        closed = [p[:, columns(BILABIAL)].sum(1) for p in posteriors]
        marks = [frame_labels(some, len(p)) for some, p in zip(phones, posteriors, strict=True)]
        vowel = np.concatenate([c[np.isin(m, columns(VOWELS))] > 0.5 for c, m in zip(closed, marks, strict=True)])
        runs = [false_runs(some, posterior) for some, posterior in zip(phones, posteriors, strict=True)]
        heard_runs, false_of_runs = (sum(numbers) for numbers in zip(*runs, strict=True))
        found = [
            Row("frame phone accuracy", title, count, _share(frame_accuracy(clips, heard))),
            Row("/p b m/ heard at 2 % false on vowel frames", title, count, f"{_share(lips.within)} of {lips.count}"),
            Row("the same, vowels > 40 ms from one", title, count, f"{_share(apart.within)}, > {apart.threshold:.3f}"),
            Row("frames of /p b m/ heard at 2 % false", title, count, _share(lips.frames)),
            Row("threshold for 2 % false", title, count, f"{lips.threshold:.3f}"),
            Row("vowel frames heard as /p b m/ (> 0.5)", title, count, f"{_share(vowel.mean())} of {len(vowel)}"),
            Row("false among the stretches of /p b m/ (> 0.5)", title, count,
                f"{_share(false_of_runs / max(1, heard_runs))} of {heard_runs}"),
            Row("lag at phone boundaries, median", title, count, f"{1000 * np.median(lag) if lag else np.nan:.0f} ms"),
        ]  # fmt: skip
    wrong = [pair for one in matched for pair in one if pair[0] != pair[1]]
    total = sum(said is not None for one in matched for said, _ in one)
    return [
        *found,
        Row("false among the /p b m/ decoded", title, count, f"{_share(false / max(1, reported))} of {reported}"),
        Row("phone error rate", title, count, _share(len(wrong) / max(1, total))),
    ]


def by_age(encoder: SpeechEncoder, clips: Sequence[Clip], title: str) -> list[Row]:
    """`rows` of all clips, and the phone error rate of low and of high voices apart."""
    hertz = median_pitch(clips)
    found = rows(encoder, clips, title)
    for high, name in ((False, f"pitch ≤ {CHILD_PITCH:.0f} Hz (adults)"), (True, "the others (children)")):
        part = [clip for clip in clips if (hertz[clip.identity] > CHILD_PITCH) == high]
        if part:
            found += rows(encoder, part, f"{title}, {name}")[-1:]
    return found


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def table(names: Sequence[str], found: Sequence[Sequence[Row]]) -> Table:
    """A line a figure, a column an encoder."""
    lines = [
        [row[0].figure, row[0].set, str(row[0].clips), *(one.value for one in row)] for row in zip(*found, strict=True)
    ]
    return Table([Column(title) for title in ("figure", "set", "clips", *names)], lines)


def run(args: argparse.Namespace) -> int:
    """What the command line does; sets that cannot be had are named on stderr and left out."""
    encoders = [SpeechEncoder.open(name) for name in args.encoder]
    found: list[list[Row]] = [[] for _ in encoders]
    for name in args.sets:
        title, load = SETS[name]
        try:
            clips = load(args.clips)
            if not clips:
                raise ValueError(f"{title}: no held-out clips on this machine")
        except (ValueError, FileNotFoundError) as error:
            note(f"{name} left out: {error}")
            continue
        for encoder, lines in zip(encoders, found, strict=True):
            lines += (by_age if name == "speechocean762" else rows)(encoder, clips, title)
    threads = f"{torch.get_num_threads()} threads"
    for encoder, name, lines in zip(encoders, args.encoder, found, strict=True):
        seconds = encode_seconds(encoder)
        lines.append(Row(f"{TIMED_SECONDS} s of speech → features", threads, TIMED_RUNS, f"{seconds:.3f} s"))
        millions = sum(p.numel() for p in encoder.parameters()) / 1e6
        how = "greedy CTC" if has_ctc(encoder) else "runs of the most likely phone"
        print(f"Speech encoder {Path(name).stem}: {millions:.2f} M parameters; phones decoded by {how}.\n")
    print(table([Path(name).stem for name in args.encoder], found))
    return 0
