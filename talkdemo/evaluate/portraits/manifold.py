"""Landmarks of people nobody trained on in, what their codes z_g are worth out: GC-GAN's claim, tested.

With the contrastive loss, the codes of one expression should lie together whoever makes it, and say nothing of whose
face it is; an expression should pass from face to face; and the way from one to another should be smooth. Beside the
model stands one whose geometry was trained without that loss, and plain landmarks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from talkdemo.data.portraits.expressions import EXPRESSIONS, coefficients
from talkdemo.data.portraits.people import sitter
from talkdemo.evaluate.portraits.people import LEAST_MOVED, NEUTRAL, Person
from talkdemo.face.head import FaceModel
from talkdemo.face.landmarks import vertex_numbers
from talkdemo.gcgan.crop import steady
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait
from talkdemo.metrics.portraits.landmark_error import MOUTH, displacement_share, landmark_error, moved
from talkdemo.metrics.portraits.separation import knn_accuracy, silhouette
from talkdemo.metrics.portraits.smoothness import bend, detour, rising

BASIC = (NEUTRAL, "happy", "sad", "angry", "surprised", "afraid", "disgusted")
NEIGHBOURS = 5
OTHERS = 3  # people from whom each takes over every expression
STEPS = 16
Codes = Callable[[np.ndarray], np.ndarray]  # (N, 68, 2) in any pixels → (N, D)


def plain(landmarks: np.ndarray) -> np.ndarray:
    """(N, 68, 2) → (N, 136): as they are, brought upright."""
    return steady(landmarks).reshape(len(landmarks), -1)


def codes_of(expresser: Expresser) -> Codes:
    return lambda landmarks: expresser.codes(landmarks).numpy()


def separation_lines(people: Sequence[Person], systems: Mapping[str, Codes]) -> list[str]:
    """Markdown: neighbours and silhouettes by expression and by person, named expressions only."""
    rows = [(k, e, name) for k, one in enumerate(people) for e, name in enumerate(one.expressions) if name]
    person, names = np.array([k for k, *_ in rows]), np.array([name for *_, name in rows])
    landmarks = np.stack([people[k].seen[e] for k, e, _ in rows])
    basic = np.isin(names, BASIC)
    kinds = len(set(names.tolist()))
    shown = [
        f"### Codes of {len(people)} held-out people: {kinds} expressions, as MediaPipe sees them",
        "",
        f"| codes | kNN, {kinds} expressions % | kNN, {len(set(names[basic].tolist()))} basic % | kNN, person % | "
        "silhouette by expression | basic | by person |",
        "|---" * 7 + "|",
    ]
    for title, codes in systems.items():
        z = codes(landmarks)
        cells = (
            f"{100 * knn_accuracy(z, names, NEIGHBOURS, person):.1f}",
            f"{100 * knn_accuracy(z[basic], names[basic], NEIGHBOURS, person[basic]):.1f}",
            f"{100 * knn_accuracy(z, person, NEIGHBOURS):.1f}",
            *(f"{silhouette(v, by):.3f}" for v, by in ((z, names), (z[basic], names[basic]), (z, person))),
        )
        shown.append(f"| {title} | {' | '.join(cells)} |")
    basic_kinds = max(1, len(set(names[basic].tolist())))
    chance = f"| chance | {100 / kinds:.1f} | {100 / basic_kinds:.1f} | {100 / len(people):.1f} | 0 | 0 | 0 |"
    return [*shown, chance, "", f"k = {NEIGHBOURS}; by expression, nobody is their own neighbour.", ""]


def drawn(people: Sequence[Person]) -> tuple[np.ndarray, tuple[str, ...]]:
    """(P, X, 68, 2) from the front, y down: the head model's own landmarks of rendered people making every named
    expression, all by the same coefficients; and the names."""
    model, names = FaceModel.load().subset(vertex_numbers()), tuple(EXPRESSIONS)
    faces = torch.from_numpy(np.stack([coefficients(name) for name in names]))
    found = []
    with torch.inference_mode():
        for one in people:
            points = model(faces, None, sitter(int(one.name.removeprefix("p"))).character).numpy()
            found.append(points[..., :2] * np.array([1000.0, -1000.0]))
    return np.stack(found).astype(np.float32), names


def transfer_lines(
    landmarks: np.ndarray, names: Sequence[str], systems: Mapping[str, Expresser], seed: int = 0
) -> list[str]:
    """Markdown: the expressions of others on each face against its own landmarks of the same coefficients."""
    rng = np.random.default_rng(seed)
    people = len(landmarks)
    if people < 2:
        raise ValueError("one person was given; at least two are wanted")
    rest = names.index(NEUTRAL)
    asked = [
        (a, int(b), e)
        for a in range(people)
        for b in rng.choice([k for k in range(people) if k != a], min(OTHERS, people - 1), replace=False)
        for e in range(len(names))
        if e != rest
    ]
    a, b, e = np.array(asked).T
    truth, other = steady(landmarks[a, e]), steady(landmarks[b, e])
    own, theirs = steady(landmarks[a, rest]), steady(landmarks[b, rest])
    made = {
        "own, unmoved": own,
        "copy the other's, brought upright": other,
        "own + the other's displacement from rest": own + other - theirs,
    }
    for title, expresser in systems.items():
        taken = [expresser.transfer(_bare(landmarks[i, rest]), landmarks[j, k]) for i, j, k in asked]
        made[title] = steady(np.stack(taken))
    shown = [
        f"### Transfer: expressions of {OTHERS} others on each of {people} held-out faces ({len(asked)} transfers)",
        "",
        "| way | landmark error % | 95th percentile | at the mouth % | displacement achieved % |",
        "|---" * 5 + "|",
    ]
    far = moved(own, truth) >= LEAST_MOVED
    for title, points in made.items():
        error, mouth = landmark_error(points, truth), landmark_error(points, truth, MOUTH)
        share = displacement_share(points, own, truth)[far]
        shown.append(
            f"| {title} | {100 * error.mean():.2f} | {100 * np.percentile(error, 95):.2f} | {100 * mouth.mean():.2f} | "
            f"{100 * share.mean():.1f} |"
        )
    note = "The head model's own landmarks, from the front. Only the second way knows the other's face at rest."
    return [*shown, "", note, ""]


def path_lines(landmarks: np.ndarray, names: Sequence[str], systems: Mapping[str, Expresser]) -> list[str]:
    """Markdown: from rest to every expression, in landmarks and along the manifold."""
    rest = names.index(NEUTRAL)
    amounts = np.linspace(0, 1, STEPS).tolist()
    ways = {"straight in landmarks": (next(iter(systems.values())), "landmarks")}
    ways |= {f"{title}, along the manifold": (expresser, "manifold") for title, expresser in systems.items()}
    shown = [
        f"### Interpolation in {STEPS} steps, from rest to every expression",
        "",
        "| way | length / straight line | steps that go on % | greatest second difference / step | farthest from the "
        "straight line % |",
        "|---" * 5 + "|",
    ]
    for title, (expresser, along) in ways.items():
        rows = []
        for face in landmarks:
            for e in range(len(names)):
                if e == rest:
                    continue
                path = expresser.path(_bare(face[rest]), face[e], amounts, along)
                straight = face[rest] + np.array(amounts)[:, None, None] * (face[e] - face[rest])
                shares = displacement_share(path, face[rest], face[e], slice(0, 68))
                away = landmark_error(path, straight).max()
                rows.append((detour(path), rising(shares), bend(path), away))
        length, on, bent, away = np.mean(rows, axis=0)
        shown.append(f"| {title} | {length:.3f} | {100 * on:.1f} | {bent:.3f} | {100 * away:.2f} |")
    return [*shown, ""]


def _bare(landmarks: np.ndarray) -> Portrait:
    """Landmarks without a picture: a transfer looks at nothing else."""
    return Portrait(np.zeros((1, 1, 3), np.uint8), landmarks)
