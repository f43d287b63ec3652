"""Evaluates talking identities: does a voice find its identity, and does motion carry the identity asked for?

1. *Matching.* Held-out utterances of every known voice (and of the real identities' hold-out) against the library.
2. *Motion.* Speech of one voice in the style of another identity, so that everything but the identity asked for points
   elsewhere. The generated motion is classified by style (metrics.style_classifier); the classifier is fitted to
   performances of **training** sentences by the articulation model, whose performances of the held-out sentences are
   the ceiling. Once with all features, once without the means, that is without the resting pose. Synthetic identities
   only: the real ones lack channels.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from talkdemo.condition.identity import IdentityLibrary
from talkdemo.data.speech.voices import IDENTITY_VOICES
from talkdemo.evaluate import cache
from talkdemo.evaluate.names import MODEL_SYSTEMS
from talkdemo.evaluate.performances import performances, session, style_of
from talkdemo.evaluate.reporting import PERCENT, Column, Table, note
from talkdemo.evaluate.sets import load_set, synthetic
from talkdemo.evaluate.systems import make_system, open_pipeline, parse_model
from talkdemo.metrics.style_classifier import DYNAMICS, StyleClassifier, style_features
from talkdemo.records import DIFFUSIONTALKER, Clip, Motion

OFFSETS = (5, 13, 20)  # identity k is generated from the speech of voices k + 5, k + 13, …
REAL = ("grid", "facegood")
ABLATION_STEPS = 32


@dataclass(frozen=True)
class Match:
    """What the library answers to one utterance: names, best first."""

    true: str
    ranked: tuple[str, ...]


# --- matching -------------------------------------------------------------------------------------------------------


def match(library: IdentityLibrary, clips: Sequence[Clip]) -> tuple[list[Match], list[Match]]:
    """Identities and emotions of every clip (IdentityLibrary.match, match_emotion)."""
    import torch

    from talkdemo.audio.voice import frames

    identities, emotions = [], []
    for clip in clips:
        voice = torch.from_numpy(frames(clip.speech))
        identities.append(Match(clip.identity, tuple(library.match(voice))))
        emotions.append(Match(clip.emotion, tuple(library.match_emotion(voice))))
    return identities, emotions


def top(matches: Sequence[Match], k: int) -> float:
    """Share of the matches whose truth is among the first k; nan without any."""
    return float(np.mean([m.true in m.ranked[:k] for m in matches])) if matches else float("nan")


def confused(matches: Sequence[Match]) -> str:
    """Wrong names and how often they are predicted, most frequent first."""
    wrong = Counter(m.ranked[0] for m in matches if m.ranked[0] != m.true)
    return ", ".join(f"{predicted} ×{count}" for predicted, count in wrong.most_common()) or "–"


def identity_table(matches: Sequence[Match], title: str = "") -> Table:
    """Accuracy in all and per identity, and the confusions."""
    rows = [["all", len(matches), top(matches, 1), top(matches, 3), "–"]]
    for name, mine in by_name(matches).items():
        rows.append([name, len(mine), top(mine, 1), top(mine, 3), confused(mine)])
    columns = [
        Column("identity"), Column("utterances"), PERCENT("top-1 %"), PERCENT("top-3 %"), Column("confused with")
    ]  # fmt: skip
    return Table(columns, rows, title)


def emotion_table(matches: Sequence[Match]) -> tuple[str, Table]:
    """Accuracy in all, in a sentence, and per emotion."""
    (most, count), *_ = Counter(m.true for m in matches).most_common(1)
    sentence = (
        f"Emotion: top-1 {100 * top(matches, 1):.1f} % of {len(matches)} synthetic utterances "
        f"(always {most!r} would reach {100 * count / len(matches):.1f} %)."
    )
    rows = [[name, len(mine), top(mine, 1), confused(mine)] for name, mine in by_name(matches).items()]
    columns = [Column("emotion"), Column("utterances"), PERCENT("top-1 %"), Column("confused with")]
    return sentence, Table(columns, rows)


def by_name(matches: Sequence[Match]) -> dict[str, list[Match]]:
    return {name: [m for m in matches if m.true == name] for name in dict.fromkeys(m.true for m in matches)}


def known_voices(utterances: int, identities: Sequence[str]) -> list[Clip]:
    """Held-out utterances of the synthetic identities, then of the real ones in the library that are here."""
    voices = [name for name in IDENTITY_VOICES if name in identities]
    clips = synthetic(voices, "held-out", utterances * len(voices))
    for name in REAL:
        try:
            clips += [clip for clip in load_set(name, 2 * utterances) if clip.identity in identities]
        except (ValueError, FileNotFoundError) as error:
            note(f"{name} left out: {error}")
    return clips


# --- motion ---------------------------------------------------------------------------------------------------------


def performed(speech: Clip, identities: Sequence[str], seed: int) -> Iterator[Motion]:
    """The articulation model's performance of one session in the style of each identity."""
    generators = (np.random.default_rng([seed, *f"{speech.name}/{name}".encode()]) for name in identities)
    draws = ((style_of(name), "neutral", draw) for name, draw in zip(identities, generators, strict=True))
    return performances(speech, draws)


def fit_classifiers(seconds: float, names: Sequence[str] = IDENTITY_VOICES) -> tuple[StyleClassifier, StyleClassifier]:
    """Classifiers of the identities' styles, by all features and by dynamics alone, from performances of a training
    session of every voice; the features are cached."""
    vectors = []
    for voice in names:
        speech = session(voice, "train", seconds)

        def compute(speech: Clip = speech) -> dict[str, np.ndarray]:
            return {"vectors": np.stack([style_features(motion) for motion in performed(speech, names, 0)])}

        parts = [cache.code("data", "metrics"), speech.name, cache.array_hash(speech.speech.samples), list(names)]
        vectors.append(cache.cached("style-features", parts, compute)["vectors"])
    features, labels = np.concatenate(vectors), [*names] * len(names)
    return StyleClassifier.fit(features, labels), StyleClassifier.fit(features[:, DYNAMICS], labels)


def crossed(sessions: Sequence[Clip], motions: int) -> list[Clip]:
    """Every identity on the speech of `motions` other voices: the sessions with the identity replaced."""
    names = [clip.identity for clip in sessions]
    return [
        replace(sessions[(k + offset) % len(names)], identity=name)
        for offset in OFFSETS[:motions]
        for k, name in enumerate(names)
    ]


def classified(vectors: np.ndarray, names: Sequence[str], classifier: StyleClassifier) -> tuple[float, Counter]:
    """Share of features (N, D) whose nearest style is that of `names`, and (name, nearest) of the others."""
    nearest = [classifier.nearest(vector) for vector in vectors]
    wrong = Counter((a, b) for a, b in zip(names, nearest, strict=True) if a != b)
    return float(np.mean([a == b for a, b in zip(names, nearest, strict=True)])), wrong


def motion_table(systems: Sequence[str], motions: int, seconds: float, seed: int = 0) -> Table:
    """The ceiling, then every system."""
    classifier, dynamics = fit_classifiers(seconds)
    clips = crossed([session(voice, "held-out", seconds) for voice in IDENTITY_VOICES], motions)
    names = [clip.identity for clip in clips]

    def row(title: str, motions: Sequence[Motion]) -> list[str | float]:
        vectors = np.stack([style_features(motion) for motion in motions])
        share, wrong = classified(vectors, names, classifier)
        by_dynamics, _ = classified(vectors[:, DYNAMICS], names, dynamics)
        others = ", ".join(f"{a} → {b}{f' ×{n}' if n > 1 else ''}" for (a, b), n in wrong.most_common())
        return [title, len(motions), share, by_dynamics, others or "–"]

    rows = [row("articulation (ceiling)", [next(performed(clip, [clip.identity], 1 + seed)) for clip in clips])]
    for name in systems:
        try:
            system = make_system(name, clips)
        except (ValueError, FileNotFoundError) as error:
            note(f"{name} left out: {error}")
            continue
        rows.append(row(name, [system(clip, seed) for clip in clips]))
        note(f"{name}: {len(clips)} motions")
    columns = [
        Column("system"), Column("motions"), PERCENT("nearest style is that of the identity, %"),
        PERCENT("by dynamics alone, %"), Column("others"),
    ]  # fmt: skip
    title = (
        f"Motion → identity: {seconds:g} s of another voice's held-out sentences, {len(IDENTITY_VOICES)} "
        f"identities (chance {100 / len(IDENTITY_VOICES):.1f} %)"
    )
    return Table(columns, rows, title)


def run(args: argparse.Namespace) -> int:
    """Evaluate and print, section by section."""
    for name in args.systems:
        parse_model(name, MODEL_SYSTEMS)
    for name in [DIFFUSIONTALKER, *args.ablation]:
        library = open_pipeline(name).talker.library
        assert isinstance(library, IdentityLibrary)
        clips = known_voices(args.utterances, library.config.identities)
        if not clips:
            raise ValueError("no held-out utterance is on this machine; `make corpus` makes them")
        identities, emotions = match(library, clips)
        count = len(library.config.identities)
        print(identity_table(identities, f"Voice → identity: {name} ({count} identities)"), end="\n\n")
        emotions = [m for m, clip in zip(emotions, clips, strict=True) if clip.corpus == "synthetic"]
        if emotions:
            print(*emotion_table(emotions), sep="\n\n", end="\n\n", flush=True)
    systems = [*args.systems, *(f"{name}@{ABLATION_STEPS}" for name in args.ablation)]
    print(motion_table(systems, args.motions, args.seconds, args.seed))
    return 0
