"""A speech encoder in, a Markdown table of how well it hears phones out: `python -m talkdemo.evaluate.encoder`.

Nothing here was trained on: held-out sentences of known synthetic voices, synthetic voices never heard, a real reader
(ljspeech) and the real speakers that speechocean762 holds out. Half of those are children, but our copy of the corpus
does not say which: speakers are split at a median pitch of CHILD_PITCH, which is ours and only a stand-in (some women
are above it, some older children below).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from talkdemo.audio.encoder import ENCODER_RATE, SpeechEncoder
from talkdemo.audio.phones import BILABIAL, INDEX, PHONES, SILENCE, VOWELS
from talkdemo.audio.prosody import pitch
from talkdemo.data.corpora.table import CORPORA
from talkdemo.evaluate.sets import VOICES_OF, even, synthetic
from talkdemo.records import SAMPLE_RATE, Clip, Phone, Speech

MARGIN = 0.040  # seconds before and after a /p b m/ in which it may be heard
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


def frame_labels(phones: Sequence[Phone], frames: int) -> np.ndarray:
    """(T50,) index of the phone at the middle of each of `frames` 50 Hz frames; silence where there is none."""
    middles = (np.arange(frames) + 0.5) / ENCODER_RATE
    labels = np.full(frames, INDEX[SILENCE])
    for phone in phones:
        labels[(middles >= phone.start) & (middles < phone.end)] = INDEX[phone.label]
    return labels


@dataclass(frozen=True)
class Heard:
    """What an encoder makes of a clip."""

    posterior: np.ndarray  # (T50, 40) of the phones, in as many frames as lie wholly in the speech
    phones: tuple[str, ...]  # in order, without silence


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
        right += int((what.posterior.argmax(1) == frame_labels(clip.phones, len(what.posterior))).sum())
        total += len(what.posterior)
    return right / total if total else float("nan")


@dataclass(frozen=True)
class Contacts:
    """How often the sum of the posteriors of /p b m/ exceeds one half where it must, and where it must not."""

    hits: int = 0  # /p b m/ with such a frame within MARGIN
    bilabials: int = 0
    false: int = 0  # such frames in vowels
    vowel_frames: int = 0

    def __add__(self, other: Contacts) -> Contacts:
        mine = (self.hits, self.bilabials, self.false, self.vowel_frames)
        theirs = (other.hits, other.bilabials, other.false, other.vowel_frames)
        return Contacts(*(a + b for a, b in zip(mine, theirs, strict=True)))


def contacts(probability: np.ndarray, phones: Sequence[Phone]) -> Contacts:
    """Counts for one clip with phone posteriors (T50, 40)."""
    closed = probability[:, _columns(BILABIAL)].sum(1) > 0.5
    middles = (np.arange(len(closed)) + 0.5) / ENCODER_RATE
    lips = [p for p in phones if p.label in BILABIAL]
    hits = sum(bool(closed[(middles >= p.start - MARGIN) & (middles <= p.end + MARGIN)].any()) for p in lips)
    vowel = np.isin(frame_labels(phones, len(closed)), _columns(VOWELS))
    return Contacts(hits, len(lips), int((closed & vowel).sum()), int(vowel.sum()))


def _columns(labels: Collection[str]) -> list[int]:
    return sorted(INDEX[label] for label in labels)


def said(clip: Clip) -> list[str]:
    """The phones of a clip, in order, without stress and silence, from its transcript or else its timed phones."""
    labels = clip.transcript if clip.transcript is not None else [p.label for p in clip.phones or ()]
    return [label.rstrip("012") for label in labels if label != SILENCE]


def edits(wanted: Sequence[str], given: Sequence[str]) -> int:
    """Levenshtein distance: the fewest phones to insert, delete or replace."""
    row = list(range(len(given) + 1))
    for i, a in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(given, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def error_rate(clips: Sequence[Clip], heard: Sequence[Heard]) -> float:
    """Phone error rate: edits over phones said, pooled; nan without clips. May exceed 1."""
    wrong = sum(edits(said(clip), what.phones) for clip, what in zip(clips, heard, strict=True))
    total = sum(len(said(clip)) for clip in clips)
    return wrong / total if total else float("nan")


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


SETS: dict[str, tuple[str, Callable[[int], list[Clip]]]] = {
    "sentences": ("synthetic, known voices", lambda n: synthetic(VOICES_OF["synthetic"], "held-out", n)),
    "voices": ("synthetic, voices never heard", lambda n: synthetic(VOICES_OF["voices"], None, n)),
    "ljspeech": ("ljspeech, a real reader", lambda n: even(list(CORPORA["ljspeech"]()), n)),
    "speechocean762": ("speechocean762, held-out speakers", readers),
}


def rows(encoder: SpeechEncoder, name: str, count: int) -> list[Row]:
    """The figures that a set allows. Raises ValueError or FileNotFoundError where its corpus is not on this machine."""
    title, load = SETS[name]
    clips = load(count)
    if not clips:
        raise ValueError(f"{title}: no held-out clips on this machine")
    heard = [listen(encoder, clip.speech) for clip in clips]
    if clips[0].phones is None:
        hertz = median_pitch(clips)
        child = np.array([hertz[clip.identity] > CHILD_PITCH for clip in clips])
        parts = {
            "": np.ones_like(child),
            f", pitch ≤ {CHILD_PITCH:.0f} Hz (adults)": ~child,
            f", pitch > {CHILD_PITCH:.0f} Hz (children)": child,
        }
        return [_errors(title + part, *_those(which, clips, heard)) for part, which in parts.items()]
    found = [Row("frame phone accuracy", title, len(clips), _share(frame_accuracy(clips, heard)))]
    if name == "ljspeech":
        counts = (contacts(what.posterior, clip.phones) for clip, what in zip(clips, heard, strict=True))
        total = sum(counts, Contacts())
        for figure, count, of in (
            ("/p b m/ heard", total.hits, total.bilabials),
            ("vowel frames heard as /p b m/", total.false, total.vowel_frames),
        ):
            found.append(Row(figure, title, len(clips), f"{_share(count / max(1, of))} of {of}"))
    return [*found, _errors(title, clips, heard)]


def _those(which: np.ndarray, *lists: Sequence) -> list[list]:
    return [[item for item, wanted in zip(some, which, strict=True) if wanted] for some in lists]


def _errors(title: str, clips: Sequence[Clip], heard: Sequence[Heard]) -> Row:
    return Row("phone error rate", title, len(clips), _share(error_rate(clips, heard)))


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def table(found: Sequence[Row]) -> str:
    """Markdown."""
    lines = ["| figure | set | clips | value |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {r.figure} | {r.set} | {r.clips} | {r.value} |" for r in found)])


def run(args: argparse.Namespace) -> int:
    """What the command line does; sets that cannot be had are named on stderr and left out."""
    if args.clips < 1:
        raise ValueError(f"--clips {args.clips} given; at least 1 is wanted")
    encoder = SpeechEncoder.open(args.encoder)
    found: list[Row] = []
    for name in SETS:
        try:
            found += rows(encoder, name, args.clips)
        except (ValueError, FileNotFoundError) as error:
            print(f"evaluate_encoder: {name} left out: {error}", file=sys.stderr)
    threads, seconds = torch.get_num_threads(), encode_seconds(encoder)
    found.append(Row(f"{TIMED_SECONDS} s of speech → features", f"{threads} threads", TIMED_RUNS, f"{seconds:.3f} s"))
    millions = sum(p.numel() for p in encoder.parameters()) / 1e6
    how = "greedy CTC" if has_ctc(encoder) else "runs of the most likely phone"
    print(f"Speech encoder {Path(args.encoder).stem}: {millions:.2f} M parameters; phone error rate by {how}.\n")
    print(table(found))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="talkdemo.evaluate.encoder", description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default="audio-encoder", help="name or file of the weights")
    parser.add_argument("--clips", type=int, default=250, help="at most so many of each set")
    try:
        return run(parser.parse_args(arguments))
    except ValueError as error:
        print(f"evaluate_encoder: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
