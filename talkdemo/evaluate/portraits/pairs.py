"""Evaluates edits of portraits on pairs of true images: GC-GAN beside two baselines.

Errors are those of landmarks that MediaPipe reads off the edited image against those it read off the true one, in outer
eye distances. The row "truth" is the true image read again at the crop's size: no system can be expected below it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from talkdemo.evaluate.portraits.identity import Gallery, still_mask
from talkdemo.evaluate.portraits.landmark_reader import Reader, Reading
from talkdemo.evaluate.portraits.people import Pair, Person
from talkdemo.evaluate.portraits.systems import COPY, WARP, System, copy, edited_crops, true_crops, warp_landmarks
from talkdemo.evaluate.reporting import PERCENT, Column, Scores, Table, mean, note
from talkdemo.face.arkit import indices
from talkdemo.metrics.portraits.landmarks import MOUTH, across, displacement_share, landmark_error
from talkdemo.metrics.portraits.recogniser import oval
from talkdemo.metrics.portraits.sharpness import gradient_energy
from talkdemo.metrics.portraits.ssim import ssim_map

TRUTH = "truth"
COLUMNS = {
    "found": PERCENT("faces found %"),
    "error": Column("landmark error %", ".2f", 100),
    "mouth": Column("at the mouth %", ".2f", 100),
    "share": PERCENT("displacement achieved %"),
    "expression": PERCENT("expression %"),
    "smile": Column("smile", ".2f"),
    "recognised": PERCENT("identity, recogniser %"),
    "similar": PERCENT("identity, SSIM %"),
    "ssim": Column("SSIM", ".3f"),
    "moving_ssim": Column("SSIM of mouth and eyes", ".3f"),
    "sharpness": Column("gradient energy in open mouths / truth", ".2f"),
    "l1": Column("L1", ".2f"),
}
SMILE = indices("mouthSmile")
OPEN = 0.08  # outer eye distances between the lips: from there a mouth is open
TARGETS: dict[str, dict[str, float]] = {  # of the model: errors at most, the rest at least
    "renders": {"error": 0.03, "share": 0.85, "recognised": 0.95},
    "photographs": {"error": 0.045, "share": 0.75, "recognised": 0.90},
}


def expression_found(reading: Reading, pairs: Sequence[Pair], coefficients: Mapping[int, np.ndarray]) -> np.ndarray:
    """(N,): 1 where, of all true images of the person, the target's is nearest in MediaPipe's coefficients, NaN where
    no face was found. coefficients: person → (E, 52) read off their true images."""
    right = np.full(len(pairs), np.nan)
    for k in np.flatnonzero(reading.found).tolist():
        away = np.linalg.norm(coefficients[pairs[k].person] - reading.coefficients[k], axis=1)
        right[k] = np.nanargmin(away) == pairs[k].target
    return right


def evaluate(
    people: Sequence[Person],
    pairs: Sequence[Pair],
    model: System,
    gallery: Gallery,
    reader: Reader,
    side: int,
    name: str,
) -> dict[str, Scores]:
    """Every system's scores: the truth, two baselines, the model, called `name`."""
    if not pairs:
        raise ValueError("no pair of images was found; people with two images each are wanted")
    coefficients = {k: reader(people[k].crops(side)).coefficients for k in sorted({pair.person for pair in pairs})}
    truth = true_crops(people, pairs, "target")
    start, goal = (np.stack([getattr(pair, name) for pair in pairs]) for name in ("start", "goal"))
    moves = np.array([pair.moves for pair in pairs])
    still = np.stack([still_mask(np.stack([p.start, p.goal]), truth.shape[1]) for p in pairs])
    moving = np.maximum(oval(truth.shape[1]).numpy() - still, 0) + 1e-9  # the boxes of eyes and mouth

    def scores(crops: np.ndarray) -> Scores:
        """(N, S, S, 3) edited crops against the true ones → every column, (N,) each; NaN where it does not apply."""
        reading = reader(crops)
        similarity = np.stack([ssim_map(a, b) for a, b in zip(crops, truth, strict=True)])
        return {
            "found": reading.found.astype(float),
            "error": landmark_error(reading.points, goal),
            "mouth": landmark_error(reading.points, goal, MOUTH),
            "share": np.where(moves, displacement_share(reading.points, start, goal), np.nan),
            "expression": expression_found(reading, pairs, coefficients),
            "smile": reading.coefficients[:, SMILE].mean(1),
            "recognised": gallery.by_recogniser(crops, pairs),
            "similar": gallery.by_ssim(crops, pairs),
            "ssim": similarity.mean((1, 2)),
            "moving_ssim": (similarity * moving).sum((1, 2)) / moving.sum((1, 2)),
            "sharpness": np.array([_sharpness(*row) for row in zip(crops, truth, goal, strict=True)]),
            "l1": np.abs(crops.astype(np.float32) - truth).mean((1, 2, 3)),
        }

    found = {TRUTH: scores(truth)}
    for title, system in ((COPY, copy), (WARP, warp_landmarks), (name, model)):
        found[title] = scores(edited_crops(system, people, pairs))
        note(f"{title} done")
    return found


def _sharpness(crop: np.ndarray, truth: np.ndarray, points: np.ndarray) -> float:
    """Gradient energy inside the mouth against the true one; NaN where it is not open."""
    lips = points[60:68]
    if np.linalg.norm(lips[2] - lips[6]) < OPEN * across(points):
        return float("nan")
    return gradient_energy(crop, lips) / max(gradient_energy(truth, lips), 1e-6)


def targets_table(found: Mapping[str, Scores], name: str, part: str) -> Table:
    """Targets of the model and what was reached; SSIM is to exceed both baselines'."""
    rows = []
    for figure, limit in TARGETS[part].items():
        column, value, at_most = COLUMNS[figure], mean(found[name][figure]), figure == "error"
        reached = "–" if np.isnan(value) else "yes" if (value <= limit if at_most else value >= limit) else "**no**"
        rows.append([column.title, f"{'≤' if at_most else '≥'} {column.factor * limit:g}", column.cell(value), reached])
    ssim = {system: mean(scores["ssim"]) for system, scores in found.items()}
    best = max(ssim[COPY], ssim[WARP])
    rows.append(["SSIM", f"> {best:.3f}", f"{ssim[name]:.3f}", "yes" if ssim[name] > best else "**no**"])
    return Table([Column(title) for title in ("figure", "target", "reached", "")], rows)


def expression_table(people: Sequence[Person], pairs: Sequence[Pair], found: Mapping[str, Scores], name: str) -> Table:
    """The model's scores by expression of the target."""
    expressions = np.array([people[pair.person].expressions[pair.target] or "(blend)" for pair in pairs])
    figures = ((name, "error"), (TRUTH, "error"), (name, "share"), (name, "ssim"), (WARP, "ssim"))
    rows = []
    for expression in dict.fromkeys(sorted(expressions)):
        mine = expressions == expression
        rows.append([str(expression), int(mine.sum()), *(mean(found[system][n][mine]) for system, n in figures)])
    floor, warp = Column("floor", ".2f", 100), Column("warp's", ".3f")
    shown = [COLUMNS["error"], floor, COLUMNS["share"], COLUMNS["ssim"], warp]
    return Table([Column("target"), Column("pairs"), *shown], rows)
