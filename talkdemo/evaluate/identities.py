"""Held-out speech in, two answers out: does a voice find its identity, and does motion carry the identity asked for?

    python -m talkdemo.evaluate.identities [--systems full-32 student-8] [--ablation CHECKPOINT …]

1. *Matching.* Held-out utterances of every known voice (and of the real identities' hold-out) against the library.
2. *Motion.* Speech of one voice, the manner of another: of everything but the identity that is asked for, the motion
   could only tell the wrong one. The generated motion is given to the nearest style (metrics.style_classifier), which
   was learned from the teacher's performances of **training** sentences; the teacher's own performances of the held-out
   sentences stand beside it as the ceiling. Once with all numbers of the manner, once without its means, that is
   without how the face is held. Synthetic identities only: the real ones lack channels.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from talkdemo.data.corpora.table import CORPORA
from talkdemo.data.speech.voices import IDENTITY_VOICES
from talkdemo.evaluate import cache
from talkdemo.evaluate.sets import load_set, synthetic
from talkdemo.evaluate.systems import PIPELINE, make_system, open_pipeline, parse_system
from talkdemo.metrics.style_classifier import DYNAMICS, StyleClassifier, style_features
from talkdemo.records import Clip, Motion

OFFSETS = (5, 13, 20)  # identity k is generated from the speech of voices k + 5, k + 13, …
REAL = ("grid", "facegood")
ABLATION_STEPS = 32


@dataclass(frozen=True)
class Match:
    """What the library said to one utterance: names, best first."""

    true: str
    ranked: tuple[str, ...]


# --- matching -------------------------------------------------------------------------------------------------------


def match(library, clips: Sequence[Clip]) -> tuple[list[Match], list[Match]]:
    """Identities and emotions of every clip (IdentityLibrary.match, match_emotion)."""
    import torch

    from talkdemo.audio.voice import frames

    who, mood = [], []
    for clip in clips:
        voice = torch.from_numpy(frames(clip.speech))
        who.append(Match(clip.identity, tuple(library.match(voice))))
        mood.append(Match(clip.emotion, tuple(library.match_emotion(voice))))
    return who, mood


def top(matches: Sequence[Match], k: int) -> float:
    """Share of the matches whose truth is among the first k; nan without any."""
    return float(np.mean([m.true in m.ranked[:k] for m in matches])) if matches else float("nan")


def confusions(matches: Sequence[Match]) -> list[tuple[str, str, int]]:
    """(true, taken for, how often), most frequent first; right answers left out."""
    wrong = Counter((m.true, m.ranked[0]) for m in matches if m.ranked[0] != m.true)
    return [(*pair, count) for pair, count in wrong.most_common()]


def matching_table(who: Sequence[Match], mood: Sequence[Match]) -> str:
    """Markdown: accuracy in all and per identity, then who was taken for whom, then emotions."""
    lines = ["| identity | utterances | top-1 % | top-3 % | taken for |", "|---|---|---|---|---|"]
    wrong = confusions(who)
    for name in ["all", *dict.fromkeys(m.true for m in who)]:
        mine = [m for m in who if name in ("all", m.true)]
        shares = f"{100 * top(mine, 1):.1f} | {100 * top(mine, 3):.1f}"
        lines.append(f"| {name} | {len(mine)} | {shares} | {_taken(wrong, name)} |")
    if mood:
        most = Counter(m.true for m in mood).most_common(1)[0]
        lines += [
            "",
            f"Emotion: top-1 {100 * top(mood, 1):.1f} % of {len(mood)} synthetic utterances "
            f"(always {most[0]!r} would reach {100 * most[1] / len(mood):.1f} %).",
            "",
            "| emotion | utterances | top-1 % | taken for |",
            "|---|---|---|---|",
        ]
        wrong = confusions(mood)
        for name in dict.fromkeys(m.true for m in mood):
            mine = [m for m in mood if m.true == name]
            lines.append(f"| {name} | {len(mine)} | {100 * top(mine, 1):.1f} | {_taken(wrong, name)} |")
    return "\n".join(lines)


def _taken(wrong: Sequence[tuple[str, str, int]], name: str) -> str:
    return ", ".join(f"{guess} ×{count}" for true, guess, count in wrong if true == name) or "–"


def known_voices(utterances: int, identities: Sequence[str]) -> list[Clip]:
    """Held-out utterances of the synthetic identities, then of the real ones in the library that are here."""
    voices = [name for name in IDENTITY_VOICES if name in identities]
    clips = synthetic(voices, "held-out", utterances * len(voices))
    for name in REAL:
        try:
            clips += [clip for clip in load_set(name, 2 * utterances) if clip.identity in identities]
        except (ValueError, FileNotFoundError) as error:
            print(f"evaluate_identities: {name} left out: {error}", file=sys.stderr)
    return clips


# --- motion ---------------------------------------------------------------------------------------------------------


def session(voice: str, split: str, seconds: float) -> Clip:
    """Utterances of one voice end to end, neutral, at least `seconds` long where there are as many.

    Raises ValueError when the voice is not on this machine.
    """
    from talkdemo.evaluate.teacher import monologue

    clips, length = [], 0.0
    for clip in CORPORA["synthetic"](voices=[voice], split=split):
        clips.append(clip)
        length += clip.speech.seconds
        if length >= seconds:
            break
    if not clips:
        raise ValueError(f"the corpus has no {split} utterance of {voice}; `make corpus` makes them")
    return replace(monologue(clips), name=f"{voice}/{split}", emotion="neutral")


def performances(speech: Clip, identities: Sequence[str], seed: int) -> Iterator[Motion]:
    """The teacher's performance of one session in the manner of each identity."""
    from talkdemo.audio.prosody import energy, pitch
    from talkdemo.data.articulation.identities import IDENTITIES
    from talkdemo.data.articulation.model import articulate

    level, hertz, frames = energy(speech.speech), pitch(speech.speech), speech.speech.frames
    for name in identities:
        generator = np.random.default_rng([seed, *f"{speech.name}/{name}".encode()])
        yield articulate(speech.phones, level, hertz, IDENTITIES[name].style, "neutral", generator, frames)


def learn(seconds: float, names: Sequence[str] = IDENTITY_VOICES) -> tuple[StyleClassifier, StyleClassifier]:
    """The manner of every identity, from the teacher's performances of a training session of every voice: by all its
    numbers, and by its dynamics alone.

    What was measured is kept in evaluate_cache.CACHE.
    """
    vectors = []
    for voice in names:
        speech = session(voice, "train", seconds)
        made_of = [cache.code("data", "metrics"), speech.name, cache.array_hash(speech.speech.samples), list(names)]
        path = cache.CACHE / f"manner-{cache.key(*made_of)}.npz"
        found = cache.load_arrays(path)
        if found is None:
            found = {"vectors": np.stack([style_features(motion) for motion in performances(speech, names, 0)])}
            cache.save_arrays(path, found)
        vectors.append(found["vectors"])
    together, labels = np.concatenate(vectors), [*names] * len(names)
    return StyleClassifier.fit(together, labels), StyleClassifier.fit(together[:, DYNAMICS], labels)


def asked(sessions: Sequence[Clip], takes: int) -> list[Clip]:
    """Every identity on the speech of `takes` other voices: the sessions with the identity replaced."""
    names = [clip.identity for clip in sessions]
    return [
        replace(sessions[(k + offset) % len(names)], identity=name)
        for offset in OFFSETS[:takes]
        for k, name in enumerate(names)
    ]


def carried(vectors: np.ndarray, names: Sequence[str], manners: StyleClassifier) -> tuple[float, Counter]:
    """Share of takes (N, D) that are nearest to the manner they were asked for, and (asked, nearest) of the others."""
    nearest = [manners.nearest(vector) for vector in vectors]
    wrong = Counter((a, b) for a, b in zip(names, nearest, strict=True) if a != b)
    return float(np.mean([a == b for a, b in zip(names, nearest, strict=True)])), wrong


def motion_rows(systems: Sequence[str], takes: int, seconds: float, seed: int = 0) -> list[str]:
    """Lines of the Markdown table: the teacher (ceiling), then every system."""
    manners, dynamics = learn(seconds)
    clips = asked([session(voice, "held-out", seconds) for voice in IDENTITY_VOICES], takes)
    names = [clip.identity for clip in clips]

    def line(title: str, motions: Sequence[Motion]) -> str:
        vectors = np.stack([style_features(motion) for motion in motions])
        share, wrong = carried(vectors, names, manners)
        moving, _ = carried(vectors[:, DYNAMICS], names, dynamics)
        shown = ", ".join(f"{a} → {b}{f' ×{n}' if n > 1 else ''}" for (a, b), n in wrong.most_common())
        return f"| {title} | {len(motions)} | {100 * share:.1f} | {100 * moving:.1f} | {shown or '–'} |"

    lines = [line("teacher (ceiling)", [next(performances(clip, [clip.identity], 1 + seed)) for clip in clips])]
    for name in systems:
        try:
            system = make_system(name, clips, lambda: None)
        except (ValueError, FileNotFoundError) as error:
            print(f"evaluate_identities: {name} left out: {error}", file=sys.stderr)
            continue
        lines.append(line(name, [system(clip, seed) for clip in clips]))
        print(f"evaluate_identities: {name}: {len(clips)} motions", file=sys.stderr)
    head = "| system | motions | nearest manner is the one asked for, % | by dynamics alone, % | others |"
    return [head, "|---" * 5 + "|", *lines]


def report(args: argparse.Namespace) -> Iterator[str]:
    """The Markdown, piece by piece."""
    checkpoints = [PIPELINE, *args.ablation]
    for name in checkpoints:
        library = open_pipeline(name).talker.library
        clips = known_voices(args.utterances, library.config.identities)
        if not clips:
            raise ValueError("no held-out utterance is on this machine; `make corpus` makes them")
        who, mood = match(library, clips)
        mood = [m for m, clip in zip(mood, clips, strict=True) if clip.corpus == "synthetic"]
        count = len(library.config.identities)
        yield f"### Voice → identity: {name} ({count} identities)\n\n{matching_table(who, mood)}\n"
    systems = [*args.systems, *(f"{name}@{ABLATION_STEPS}" for name in args.ablation)]
    rows = motion_rows(systems, args.takes, args.seconds, args.seed)
    yield (
        f"### Motion → identity: {args.seconds:g} s of another voice's held-out sentences, {len(IDENTITY_VOICES)} "
        f"identities (chance {100 / len(IDENTITY_VOICES):.1f} %)\n\n" + "\n".join(rows) + "\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="talkdemo.evaluate.identities", description=__doc__.splitlines()[0])
    parser.add_argument("--systems", nargs="*", default=["full-32", "student-8"], help="whose motion is judged")
    parser.add_argument("--ablation", nargs="*", default=[], metavar="CHECKPOINT", help="judged as well, at 32 steps")
    parser.add_argument("--utterances", type=int, default=12, help="of each voice, for matching")
    parser.add_argument("--takes", type=int, choices=range(1, len(OFFSETS) + 1), default=2, help="motions per identity")
    parser.add_argument("--seconds", type=float, default=20.0, help="of speech behind each motion")
    parser.add_argument("--seed", type=int, default=0)
    try:
        args = parser.parse_args(arguments)
        for name in args.systems:
            if parse_system(name) is None:
                raise ValueError(f"got system {name!r}; wanted full-STEPS, student-STEPS, regressor or NAME@STEPS")
        for part in report(args):
            print(part, flush=True)
    except (ValueError, FileNotFoundError) as error:
        print(f"evaluate_identities: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
