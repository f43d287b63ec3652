"""Evaluates the style of generated motion: how much of the reference's style a system's motion has.

Speech that no system was trained on, a reference in one of N held-out styles on other words in another voice: in whose
style is the generated motion? Two classifiers: the style encoder (the nearest of the N references), which the systems
were trained to please, and metrics.style_classifier (the nearest of N styles, by statistics of all channels), fitted to
performances of the articulation model and never seen in training. The articulation model's performance of the same
speech in the style asked for is the ceiling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.evaluate.reporting import PERCENT, Column, Figures, Table, note
from talkdemo.evaluate.style.encoder import Embed
from talkdemo.evaluate.style.material import beginning, performed, references, speeches
from talkdemo.evaluate.style.systems import StyleSystem
from talkdemo.metrics.retrieval import ranks, top
from talkdemo.metrics.style_classifier import DYNAMICS, StyleClassifier, style_features
from talkdemo.records import Clip, Motion, Reference

TARGETS, TRAINING = 6, 4  # speeches that are generated; speeches that the classifiers are fitted to
REFERENCE_SECONDS = 12.0


@dataclass(frozen=True)
class Task:
    """Speech and reference for every one of N styles, and the classifiers."""

    speech: tuple[Clip, ...]  # style k is generated from speech k modulo TARGETS
    references: tuple[Reference, ...]
    ceiling: tuple[Motion, ...]  # the articulation model's performance of what is generated
    classifiers: Mapping[str, StyleClassifier]


def prepare(count: int, seconds: float, seed: int = 0) -> Task:
    """The task for `count` styles. Raises ValueError when the corpus is not on this machine, or is too small."""
    styles = range(count)
    spoken = speeches(TARGETS + 1 + TRAINING, max(seconds, REFERENCE_SECONDS), unseen_first=True)
    targets, other, training = spoken[:TARGETS], spoken[TARGETS], spoken[TARGETS + 1 :]
    motions = [performed(speech, styles, seed) for speech in targets]
    frames = [beginning(speech.speech, seconds).frames for speech in targets]
    ceiling = [motions[k % TARGETS][k][: frames[k % TARGETS]] for k in styles]
    features = [style_features(motion) for speech in training for motion in performed(speech, styles, seed + 1)]
    vectors, names = np.stack(features), [str(k) for _ in training for k in styles]
    classifiers = {
        "all": StyleClassifier.fit(vectors, names),
        "dynamics": StyleClassifier.fit(vectors[:, DYNAMICS], names),
    }
    return Task(tuple(targets), tuple(references(other, styles, seed)), tuple(ceiling), classifiers)


def scores(motions: Sequence[Motion], styles: Sequence[int], gallery: np.ndarray, embed: Embed, task: Task) -> Figures:
    """Of motions, the styles asked for and the references' vectors (N, D): shares 0..1, mean cosines with their own
    reference and with the others'."""
    vectors = np.stack([embed(Reference("generated", motion)) for motion in motions])
    truth = np.asarray(styles)
    places, cosines = ranks(vectors, gallery, truth), vectors @ gallery.T
    own = np.zeros(cosines.shape, bool)
    own[np.arange(len(truth)), truth] = True
    features = [style_features(motion) for motion in motions]
    return {
        Column("motions"): len(motions),
        PERCENT("own reference is nearest %"): top(places, 1),
        PERCENT("among 5 %"): top(places, 5),
        Column("cosine own", ".3f"): float(cosines[own].mean()),
        Column("cosine others", ".3f"): float(cosines[~own].mean()),
        PERCENT("by movement %"): accuracy(features, styles, task.classifiers["all"]),
        PERCENT("by dynamics alone %"): accuracy(
            [vector[DYNAMICS] for vector in features], styles, task.classifiers["dynamics"]
        ),
    }


def accuracy(features: Sequence[np.ndarray], styles: Sequence[int], classifier: StyleClassifier) -> float:
    """Share of motions that are classified as the style asked for."""
    return float(np.mean([classifier.nearest(one) == str(k) for one, k in zip(features, styles, strict=True)]))


def evaluate(
    systems: Sequence[tuple[StyleSystem, int]], embed: Embed, count: int = 64, seconds: float = 12.0, seed: int = 0
) -> list[Table]:
    """The ceiling, then every system on its number of styles, evenly over all."""
    task = prepare(count, seconds, seed)
    gallery = np.stack([embed(reference) for reference in task.references])
    rows = [(["articulation (ceiling)"], scores(task.ceiling, range(count), gallery, embed, task))]
    for system, number in systems:
        styles = np.linspace(0, count - 1, min(number, count)).astype(int).tolist()
        speech = [beginning(task.speech[k % TARGETS].speech, seconds) for k in styles]
        motions = [system.motions(x, task.references[k], seed)[0] for x, k in zip(speech, styles, strict=True)]
        rows.append(([system.title], scores(motions, styles, gallery, embed, task)))
        note(f"{system.title}: {len(motions)} motions")
    title = (
        f"Style of generated motion: {count} held-out styles, {seconds:g} s of unseen speech in {len(task.speech)} "
        f"voices (chance {100 / count:.1f} %)"
    )
    return [Table.of(["system"], rows, title)]
