"""Systems that follow references in, how much of the reference's manner their motion has out.

Speech that no system was trained on, a reference of one of N held-out manners on other words in another voice: whose
manner is the generated motion in? Two judges: the style encoder (the nearest of the N references), which the systems
were trained to please, and metrics.style_classifier (the nearest of N styles, by statistics of all channels),
learned from the teacher's performances and never seen in training. `teacher` performs the same speech in the manner
asked for: the ceiling.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.evaluate.style.manners import Follower, performances, references, short, speeches
from talkdemo.metrics.retrieval import ranks, top
from talkdemo.metrics.style_classifier import DYNAMICS, StyleClassifier, style_features
from talkdemo.records import Clip, Motion, Reference

Embed = Callable[[Reference], np.ndarray]  # → (D,) of length 1
TARGETS, LEARNED = 6, 4  # speeches that are generated; speeches on which the judge learns a manner
REFERENCE_SECONDS = 12.0
CEILING = "teacher (ceiling)"


@dataclass(frozen=True)
class Material:
    """What the systems are asked: speech and reference of every one of N manners, and what they are judged by."""

    wanted: tuple[int, ...]  # numbers of the manners
    speech: tuple[Clip, ...]  # manner k is generated from speech k modulo their number
    reference: tuple[Reference, ...]
    own: tuple[Motion, ...]  # the teacher's performance of what is generated
    judges: Mapping[str, StyleClassifier]

    def said(self, k: int) -> Clip:
        return self.speech[k % len(self.speech)]


def prepare(count: int, seconds: float, seed: int = 0) -> Material:
    """Raises ValueError when the corpus is not on this machine, or is too small."""
    wanted = tuple(range(count))
    said = speeches(TARGETS + 1 + LEARNED, max(seconds, REFERENCE_SECONDS), strangers=True)
    targets, other, learned = said[:TARGETS], said[TARGETS], said[TARGETS + 1 :]
    played = [performances(speech, wanted, seed) for speech in targets]
    frames = [short(speech.speech, seconds).frames for speech in targets]
    own = [played[k % TARGETS][k] for k in wanted]
    own = [Motion(m.coefficients[:n], m.head[:n]) for m, n in ((own[k], frames[k % TARGETS]) for k in wanted)]
    vectors, names = [], []
    for speech in learned:
        for k, motion in zip(wanted, performances(speech, wanted, seed + 1), strict=True):
            vectors.append(style_features(motion))
            names.append(str(k))
    vectors = np.stack(vectors)
    judges = {"all": StyleClassifier.fit(vectors, names), "dynamics": StyleClassifier.fit(vectors[:, DYNAMICS], names)}
    return Material(wanted, tuple(targets), tuple(references(other, wanted, seed)), tuple(own), judges)


def followed(motions: Sequence[Motion], wanted: Sequence[int], gallery: np.ndarray, embed: Embed, judges) -> dict:
    """Motions, the manner asked for of each, the references' vectors (N, D): shares that are told, 0..1, and the mean
    cosine with their own reference and with the others'."""
    vectors = np.stack([embed(Reference("generated", motion)) for motion in motions])
    truth = np.asarray(wanted)
    places, cosines = ranks(vectors, gallery, truth), vectors @ gallery.T
    own = np.zeros(cosines.shape, bool)
    own[np.arange(len(truth)), truth] = True
    taken = [style_features(motion) for motion in motions]
    return {
        "motions": len(motions),
        "top1": top(places, 1),
        "top5": top(places, 5),
        "own": float(cosines[own].mean()),
        "others": float(cosines[~own].mean()),
        "judge": told(taken, truth, judges["all"]),
        "judge dynamics": told([vector[DYNAMICS] for vector in taken], truth, judges["dynamics"]),
    }


def told(vectors: Sequence[np.ndarray], truth: Sequence[int], judge: StyleClassifier) -> float:
    """Share of the takes that the judge says are in the manner asked for."""
    return float(np.mean([judge.nearest(vector) == str(k) for vector, k in zip(vectors, truth, strict=True)]))


def lines(
    systems: Sequence[tuple[Follower, int]], embed: Embed, count: int = 64, seconds: float = 12.0, seed: int = 0
) -> list[str]:
    """Markdown: the ceiling, then every system with how many of the manners (evenly over all) it is asked for."""
    material = prepare(count, seconds, seed)
    gallery = np.stack([embed(one) for one in material.reference])
    shown = [
        f"### Style of generated motion: {count} held-out manners, {seconds:g} s of unseen speech in "
        f"{len(material.speech)} voices (chance {100 / count:.1f} %)",
        "",
        "| system | motions | own reference is nearest % | among 5 % | cosine own | cosine others "
        "| judged by movement % | by dynamics alone % |",
        "|---" * 8 + "|",
    ]

    def line(title: str, motions: Sequence[Motion], wanted: Sequence[int]) -> str:
        row = followed(motions, wanted, gallery, embed, material.judges)
        shares = [f"{100 * row[name]:.1f}" for name in ("top1", "top5")]
        cosines = [f"{row[name]:.3f}" for name in ("own", "others")]
        judged = [f"{100 * row[name]:.1f}" for name in ("judge", "judge dynamics")]
        return "| " + " | ".join([title, str(row["motions"]), *shares, *cosines, *judged]) + " |"

    shown.append(line(CEILING, material.own, material.wanted))
    for system, asked in systems:
        wanted = [material.wanted[i] for i in np.linspace(0, count - 1, min(asked, count)).astype(int)]
        motions = [
            system.motions(short(material.said(k).speech, seconds), material.reference[k], seed)[0] for k in wanted
        ]
        shown.append(line(system.title, motions, wanted))
        print(f"evaluate_style: {system.title}: {len(motions)} motions", file=sys.stderr)
    return [*shown, ""]
