"""Evaluates portraits that look aside: pose, outline and identity are kept, landmarks reached, grey stays grey.

Held-out rendered people from the front and at two yaws. Landmarks are those that the face does not hide, errors in
outer eye distances as seen from the front; MediaPipe reads them and the pose off the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.evaluate.portraits.identity import Gallery
from talkdemo.evaluate.portraits.landmark_reader import Reader
from talkdemo.evaluate.portraits.people import Pair, Person, pair
from talkdemo.evaluate.reporting import PERCENT, Column, Table, note
from talkdemo.face.arkit import indices
from talkdemo.gcgan.crop import EYES
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.frame import Frame, lifted
from talkdemo.metrics.portraits.sharpness import chroma

SIDE = 256  # pixels of the crops in which all is measured
SHUT = {"blink": ("eyeBlinkLeft", "eyeBlinkRight"), "wink_left": ("eyeBlinkLeft",), "wink_right": ("eyeBlinkRight",)}
CLOSED = 0.5  # of a blink as MediaPipe reads it
MOUTH = slice(48, 68)


@dataclass(frozen=True)
class View:
    """What was measured of all people from one side; a row for every result."""

    errors: np.ndarray  # landmark error against the true image
    widths: np.ndarray  # of the outline, result over input
    turns: np.ndarray  # (N, 3) degrees: yaw, pitch, roll that changed
    closed: np.ndarray  # bool: lids that should be closed are
    shut: np.ndarray  # bool: those of the true images are
    lost: int  # faces that were not found in results


def measured(people: Sequence[Person], expresser: Expresser, reader: Reader) -> View:
    """Every preset of everybody; and from the neutral image to every other one."""
    errors, widths, turns, closed, shut, lost = [], [], [], [], [], 0
    for one in people:
        portrait, crop = one.portrait(one.neutral), one.crop(one.neutral, SIDE)
        frame = portrait.frame
        presets = np.stack([expresser.preset(portrait, name) for name in expresser.presets])
        others = [e for e in range(len(one.images)) if e != one.neutral]
        images = expresser.express_all(portrait, [*presets, *one.seen[others]])
        reading = reader(np.stack([crop.take(portrait.image), *(crop.take(image) for image in images)]))
        if not reading.found[0]:
            lost += 1
            continue
        before = solid(reading.points[0], reading.depths[0])
        own, front = Frame.of(before), Frame.of(before).front(before)
        for k, name in enumerate(expresser.presets, 1):
            if not reading.found[k]:
                lost += 1
                continue
            after = solid(reading.points[k], reading.depths[k])
            there = Frame.of(after)
            turns.append((there.angles - own.angles + 180) % 360 - 180)
            widths.append(np.ptp(there.front(after)[:17, 0]) / np.ptp(front[:17, 0]))
            if name in SHUT:
                closed += (reading.coefficients[k, indices(*SHUT[name])] > CLOSED).tolist()
        for name, rows in SHUT.items():
            if (e := one.row(name)) is not None:
                read = reader(crop.take(one.images[e])[None]).coefficients[0]
                shut += (read[indices(*rows)] > CLOSED).tolist()
        visible = ~frame.hidden
        for e, points in zip(others, reading.points[1 + len(presets) :], strict=True):
            away = np.linalg.norm(points - crop.into(one.landmarks[e]), axis=1)[visible].mean() / (EYES * SIDE)
            errors.append(away)
            lost += int(np.isnan(away))
    return View(np.array(errors), np.array(widths), np.array(turns), np.array(closed), np.array(shut), lost)


def solid(points: np.ndarray, depths: np.ndarray) -> np.ndarray:
    return lifted(points, depths)


def poses_table(
    views: Sequence[Sequence[Person]], expresser: Expresser, reader: Reader, recogniser: Gallery | None
) -> Table:
    """A row for each of the views."""
    rows: list[list[str | float]] = []
    for people in views:
        yaw = float(np.mean([abs(one.portrait(one.neutral).frame.angles[0]) for one in people]))
        found = measured(people, expresser, reader)
        turned = np.nanpercentile(np.abs(found.turns), 95, axis=0)
        narrow, wide = np.nanpercentile(found.widths, (2.5, 97.5))
        same = float("nan") if recogniser is None else identity(people, expresser, recogniser)
        rows.append([
            f"{yaw:.0f}°", float(np.nanmean(found.errors)), f"{narrow:.2f} – {wide:.2f}",
            f"{turned[0]:.1f} {turned[1]:.1f} {turned[2]:.1f}", float(found.closed.mean()), float(found.shut.mean()),
            same, found.lost,
        ])  # fmt: skip
        note(f"yaw {yaw:.0f}° done")
    columns = [
        Column("mean yaw"), Column("landmark error %", ".2f", 100), Column("outline width, result / input (95 %)"),
        Column("yaw, pitch, roll changed: 95th percentile °"), PERCENT("closed eyes read as closed %"),
        PERCENT("in true images %"), PERCENT("identity, recogniser %"), Column("faces lost", "d"),
    ]  # fmt: skip
    title = f"All {len(expresser.presets)} presets of {len(views[0])} held-out rendered people, from each side"
    return Table(columns, rows, title)


def identity(people: Sequence[Person], expresser: Expresser, gallery: Gallery) -> float:
    """Share of the presets' results that are recognised as the person, among the frontal images of everybody."""
    names = [one.name for one in gallery.people]
    crops, asked = [], []
    for one in people:
        portrait = one.portrait(one.neutral)
        targets = [
            expresser.preset(portrait, name) for name in expresser.presets[:: max(1, len(expresser.presets) // 6)]
        ]
        crop = one.crop(one.neutral, SIDE)
        for image in expresser.express_all(portrait, targets):
            crops.append(crop.take(image))
            asked.append(_nobodys(gallery, names.index(one.name)))
    return float(gallery.by_recogniser(np.stack(crops), asked).mean())


def _nobodys(gallery: Gallery, person: int) -> Pair:
    """A pair of one image twice, which is left out of the person's mean."""
    row = gallery.people[person].neutral
    return pair(gallery.people, person, row, row, SIDE)


def grey_table(people: Sequence[Person], expresser: Expresser) -> Table:
    """Chroma that presets add to photographs made grey, in and around the mouth."""
    import cv2

    added = []
    for one in people:
        portrait, crop = one.portrait(one.neutral), one.crop(one.neutral, SIDE)
        light = cv2.cvtColor(portrait.image, cv2.COLOR_RGB2GRAY)
        portrait = portrait.within(np.repeat(light[..., None], 3, axis=2), 1.0, np.zeros(2))
        targets = [expresser.preset(portrait, name) for name in expresser.presets]
        for image, target in zip(expresser.express_all(portrait, targets), targets, strict=True):
            inside = np.zeros((SIDE, SIDE), np.uint8)
            cv2.fillPoly(inside, [cv2.convexHull(np.rint(crop.into(target)[MOUTH]).astype(np.int32))], 1)
            added.append(chroma(crop.take(image), inside))
    rows: list[list[str | float]] = [
        ["mean", float(np.mean(added))],
        ["95th percentile", float(np.percentile(added, 95))],
    ]
    columns = [Column("all presets"), Column("chroma added at the mouth (Lab)", ".2f")]
    return Table(columns, rows, f"{len(people)} held-out photographs made grey")
