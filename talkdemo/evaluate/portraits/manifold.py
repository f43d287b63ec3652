"""Evaluates GC-GAN's expression codes z_g on landmarks of held-out people.

With the contrastive loss, the codes of one expression should lie together whoever makes it, and say nothing of whose
face it is; an expression should transfer from face to face; and interpolation should be smooth. The model is compared
with one whose geometry was trained without that loss, and with plain landmarks.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from talkdemo.data.portraits.expressions import EXPRESSIONS, coefficients
from talkdemo.data.portraits.people import sitter
from talkdemo.evaluate.portraits.people import MIN_MOVED, NEUTRAL, Person
from talkdemo.evaluate.reporting import PERCENT, Column, Table
from talkdemo.face.head import FaceModel
from talkdemo.face.landmarks import vertex_numbers
from talkdemo.gcgan.crop import steady
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.frame import frontal
from talkdemo.gcgan.portrait import Portrait
from talkdemo.metrics.interval import Estimate, weighted
from talkdemo.metrics.portraits.landmarks import (
    MOUTH,
    bend,
    detour,
    displacement_share,
    landmark_error,
    moved,
    rising,
)
from talkdemo.metrics.portraits.separation import knn_right, silhouette

BASIC = (NEUTRAL, "happy", "sad", "angry", "surprised", "afraid", "disgusted")
NEIGHBOURS = 5
OTHERS = 3  # people whose expressions each face takes over
STEPS = 16
INTERVALS = "95 % intervals over people."
Codes = Callable[[np.ndarray], np.ndarray]  # (N, 68, 2 or 3) in any pixels → (N, D)


def plain(landmarks: np.ndarray) -> np.ndarray:
    """(N, 68, 2 or 3) → (N, 136): the landmarks themselves, from the front."""
    return steady(np.stack([frontal(points) for points in landmarks])).reshape(len(landmarks), -1)


def codes_of(expresser: Expresser) -> Codes:
    return lambda landmarks: expresser.codes(landmarks).numpy()


def separation(people: Sequence[Person], systems: Mapping[str, Codes]) -> Table:
    """Neighbours and silhouettes by expression and by person, named expressions only."""
    named = [(k, e, name) for k, one in enumerate(people) for e, name in enumerate(one.expressions) if name]
    person, names = np.array([k for k, *_ in named]), np.array([name for *_, name in named])
    landmarks = np.stack([people[k].portrait(e).points for k, e, _ in named])
    basic = np.isin(names, BASIC)
    kinds, basic_kinds = len(np.unique(names)), max(1, len(np.unique(names[basic])))
    rows: list[list[str | float | Estimate]] = []
    for title, codes in systems.items():
        z = codes(landmarks)
        rows.append([
            title,
            by_person(knn_right(z, names, NEIGHBOURS, person), person),
            by_person(knn_right(z[basic], names[basic], NEIGHBOURS, person[basic]), person[basic]),
            by_person(knn_right(z, person, NEIGHBOURS), person),
            *(silhouette(v, by) for v, by in ((z, names), (z[basic], names[basic]), (z, person))),
        ])  # fmt: skip
    rows.append(["chance", 1 / kinds, 1 / basic_kinds, 1 / len(people), "0", "0", "0"])
    columns = [
        Column("codes"), PERCENT(f"kNN, {kinds} expressions %"), PERCENT(f"kNN, {basic_kinds} basic %"),
        PERCENT("kNN, person %"), Column("silhouette by expression", ".3f"), Column("basic", ".3f"),
        Column("by person", ".3f"),
    ]  # fmt: skip
    title = f"Codes of {len(people)} held-out people: {kinds} expressions, as read by MediaPipe"
    return Table(columns, rows, title, f"k = {NEIGHBOURS}; by expression, neighbours are other people. {INTERVALS}")


def by_person(values: np.ndarray, person: np.ndarray) -> Estimate:
    """The mean of (N,) values, its 95 % interval over people (N,), each with all that is known of them."""
    known, (_, rows) = np.isfinite(values), np.unique(person, return_inverse=True)
    return weighted(np.bincount(rows, np.where(known, values, 0)), np.bincount(rows, known)).estimate()


def poses(views: Sequence[Sequence[Person]], systems: Mapping[str, Codes]) -> Table:
    """What codes say of which way a head looks: neighbours among all views of all people, each view its own label."""
    labelled = [(one, e, view) for view, people in enumerate(views) for one in people for e in range(len(one.images))]
    view, person = np.array([v for *_, v in labelled]), np.array([one.name for one, *_ in labelled])
    landmarks = np.stack([one.portrait(e).points for one, e, _ in labelled])
    least = min(np.bincount(view))  # the same number of each
    rows = np.concatenate([np.flatnonzero(view == v)[:: max(1, int((view == v).sum() // least))] for v in set(view)])
    found = [
        [title, by_person(knn_right(codes(landmarks[rows]), view[rows], NEIGHBOURS, person[rows]), person[rows])]
        for title, codes in systems.items()
    ]
    columns = [Column("codes"), PERCENT(f"kNN, {len(views)} poses %")]
    title = f"Which way {len(views[0])} held-out people look, out of their codes: chance is {100 / len(views):.0f} %"
    return Table(columns, found, title, f"k = {NEIGHBOURS}; neighbours are other people. {INTERVALS}")


def synthetic_landmarks(people: Sequence[Person]) -> tuple[np.ndarray, tuple[str, ...]]:
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


def transfer(landmarks: np.ndarray, names: Sequence[str], systems: Mapping[str, Expresser], seed: int = 0) -> Table:
    """The expressions of others on each face against its own landmarks of the same coefficients."""
    rng = np.random.default_rng(seed)
    people = len(landmarks)
    if people < 2:
        raise ValueError("one person was given; at least two are wanted")
    rest = names.index(NEUTRAL)
    transfers = [
        (a, int(b), e)
        for a in range(people)
        for b in rng.choice([k for k in range(people) if k != a], min(OTHERS, people - 1), replace=False)
        for e in range(len(names))
        if e != rest
    ]
    a, b, e = np.array(transfers).T
    truth, other = steady(landmarks[a, e]), steady(landmarks[b, e])
    own, others = steady(landmarks[a, rest]), steady(landmarks[b, rest])
    results = {
        "own, unmoved": own,
        "copy the other's, brought upright": other,
        "own + the other's displacement from rest": own + other - others,
    }
    for title, expresser in systems.items():
        points = [expresser.transfer(_bare(landmarks[i, rest]), landmarks[j, k]) for i, j, k in transfers]
        results[title] = steady(np.stack(points))
    rows, far = [], moved(own, truth) >= MIN_MOVED
    for title, points in results.items():
        error, mouth = landmark_error(points, truth), landmark_error(points, truth, MOUTH)
        share = np.where(far, displacement_share(points, own, truth), np.nan)
        means = (by_person(values, a) for values in (error, mouth, share))
        rows.append([title, float(np.percentile(error, 95)), *means])
    columns = [
        Column("method"), Column("95th percentile of the landmark error %", ".2f", 100),
        Column("mean %", ".2f", 100), Column("at the mouth %", ".2f", 100), PERCENT("displacement achieved %"),
    ]  # fmt: skip
    title = f"Transfer: expressions of {OTHERS} others on each of {people} held-out faces ({len(transfers)} transfers)"
    note = "The head model's own landmarks, from the front. Only the third method knows the other's face at rest."
    note = f"{note} {INTERVALS}"
    return Table(columns, rows, title, note)


def interpolation(landmarks: np.ndarray, names: Sequence[str], systems: Mapping[str, Expresser]) -> Table:
    """From rest to every expression, in landmarks and along the manifold."""
    rest = names.index(NEUTRAL)
    amounts = np.linspace(0, 1, STEPS).tolist()
    methods = {"straight in landmarks": (next(iter(systems.values())), "landmarks")}
    methods |= {f"{title}, along the manifold": (expresser, "manifold") for title, expresser in systems.items()}
    rows = []
    for title, (expresser, along) in methods.items():
        figures = []
        for face in landmarks:
            for e in range(len(names)):
                if e == rest:
                    continue
                path = expresser.path(_bare(face[rest]), face[e], amounts, along)
                straight = face[rest] + np.array(amounts)[:, None, None] * (face[e] - face[rest])
                shares = displacement_share(path, face[rest], face[e], slice(0, 68))
                away = landmark_error(path, straight).max()
                figures.append((detour(path), rising(shares), bend(path), away))
        rows.append([title, *np.mean(figures, axis=0).tolist()])
    columns = [
        Column("method"), Column("length / straight line", ".3f"), PERCENT("steps that go on %"),
        Column("greatest second difference / step", ".3f"), Column("farthest from the straight line %", ".2f", 100),
    ]  # fmt: skip
    return Table(columns, rows, f"Interpolation in {STEPS} steps, from rest to every expression")


def _bare(landmarks: np.ndarray) -> Portrait:
    """Landmarks without an image, which a transfer does not use."""
    return Portrait(np.zeros((1, 1, 3), np.uint8), landmarks)
