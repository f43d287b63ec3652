"""Rings of vertices round the mouth and the eyes, and the displacements that close lips and lids.

The MakeHuman mesh is laid in rings round both openings, so a ring number and a column number name every vertex there.
All corrections of lips and lids are written on these grids and fade from ring to ring.
"""

from collections import defaultdict
from dataclasses import replace

import numpy as np

from talkdemo.build.head.source import Source
from talkdemo.face.arkit import NAMES

# Midline vertices of the upper lip from the groove under the nose to the back of the lip; each starts one ring.
LIP_START = (5342, 362, 455, 466, 467, 509, 468, 474, 520, 537, 554, 571, 588, 605)
CONTACT = 8  # the ring on which the lips touch
FUNNEL_NARROWS = 0.2  # share of the mouth's width
OVERLAP = 3e-4  # metres the lips press into one another at rest
LIP_FADE = (0.0, 0.03, 0.08, 0.16, 0.28, 0.45, 0.68, 0.9, 1.0, 0.9, 0.7, 0.45, 0.2, 0.05)
# Inner edge of the left lids: inner corner, upper lid, outer corner, lower lid.
LID_SEAM = (
    7796, 7795, 7794, 7798, 7793, 7792, 7791, 7774, 7773, 7775, 7776, 7777, 7778, 7779,
    7780, 7781, 7782, 11718, 7783, 7784, 7785, 7786, 7787, 7788, 7789, 11719, 7790, 7797,
)  # fmt: skip
UPPER_LID, LOWER_LID = range(1, 16), (16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 0)
LID_EDGE = 2  # ring on which the lids meet
LID_FADE = (1.0, 1.0, 1.0, 1.0, 0.9, 0.72, 0.5, 0.3, 0.15, 0.05)

# Under these the lips may part; under every other single action they stay shut.
PARTING = {
    "jawOpen", "mouthFunnel", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthClose", "tongueOut",
}  # fmt: skip


class Topology:
    """Neighbours of every vertex of the quad mesh and the walk straight on through a vertex of four."""

    def __init__(self, quads: np.ndarray) -> None:
        self.near: dict[int, set[int]] = defaultdict(set)
        self.touch: dict[int, set[int]] = defaultdict(set)
        for number, quad in enumerate(quads.tolist()):
            for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
                self.near[a].add(b)
                self.near[b].add(a)
                self.touch[a].add(number)

    def onward(self, before: int, at: int) -> int | None:
        if len(self.near[at]) != 4:
            return None
        shared = self.touch[before] & self.touch[at]
        ahead = [n for n in self.near[at] if n != before and not (self.touch[n] & shared)]
        return ahead[0] if len(ahead) == 1 else None


def lip_rings(source: Source, topology: Topology) -> np.ndarray:
    """(R, 20) left half rings: column 0 is the upper middle, 19 the lower middle; k and 19 - k face one another."""
    rings = []
    for start in LIP_START:
        ring = [start, next(n for n in topology.near[start] if source.rest[n, 0] > 5e-5)]
        while abs(source.rest[ring[-1], 0]) > 1e-6:
            onward = topology.onward(ring[-2], ring[-1])
            if onward is None:
                raise ValueError(f"the lip ring from vertex {start} ends at {ring[-1]}; a closed ring is wanted")
            ring.append(onward)
        rings.append(ring)
    return np.array(rings)


def lid_rings(source: Source, topology: Topology, cavity: set[int]) -> np.ndarray:
    """(10, 28) rings of the left lids, 0 at the seam inside, outward over the edge onto the lid's skin."""
    columns = []
    for seam in LID_SEAM:
        column = [seam, next(n for n in topology.near[seam] if n not in cavity and n not in LID_SEAM)]
        while len(column) < len(LID_FADE):
            column.append(topology.onward(column[-2], column[-1]) or column[-1])
        columns.append(column)
    return np.array(columns).T


def round_opening(source: Source, rings: np.ndarray) -> Source:
    """The source's open jaw and funnel draw the lower lip to a point in the middle; make the opening a rounded one."""
    upper, lower = rings[:, :10], rings[:, :9:-1]  # column 0 is the middle, 9 the corner
    fade = np.array([0.35, 0.6, 0.8, *[1.0] * 8, 0.9, 0.7, 0.4])[:, None, None]
    actions = dict(source.actions)
    for name, lips, size in (("jawOpen", (lower,), 1.0), ("mouthFunnel", (lower, upper), 0.88)):
        delta = actions[name].copy()
        for lip in lips:
            contact, place = actions[name][lip[CONTACT]], source.rest[lip[CONTACT], 0]
            share = np.clip(place / place.max(), 0, 1)
            share[np.argmax(place) :] = 1.0
            change = np.zeros_like(contact)
            if name == "jawOpen":
                bow = (1 - share**2.5) ** 0.6
                target = contact[-1] + (contact[0] - contact[-1]) * bow[:, None]
                change[:, 1:] = (target - contact)[:, 1:]
            else:
                bow = (1 - share**2) ** 0.75
                corner = contact[-1, 1] * 0.5
                change[:, 1] = corner + (contact[0, 1] * size - corner) * bow - contact[:, 1]
                change[:, 0] = np.minimum(-FUNNEL_NARROWS * place - contact[:, 0], 0.0)
            for side, flip in ((lip, 1.0), (source.mirror[lip], np.array([-1.0, 1.0, 1.0]))):
                delta[side] = actions[name][side] + fade * change * flip  # the middle is its own mirror
        if name == "jawOpen":  # what the jaw now takes further away, mouthClose brings back
            actions["mouthClose"] = actions["mouthClose"] - (delta - actions[name])
        actions[name] = delta
    return replace(source, actions=actions)


def meet_lips(source: Source, rings: np.ndarray) -> Source:
    """Make the lips touch on the contact ring: at rest, in every head shape, under all that should not part them, and
    under jawOpen = mouthClose at any common value."""
    upper, lower = rings[:, :10], rings[:, :9:-1]  # (R, 10): column k of the upper lip faces column k of the lower
    fade = np.array(LIP_FADE)[:, None, None]

    def closed(field: np.ndarray, amount: np.ndarray) -> np.ndarray:
        """Add `amount` (10, 3) to the upper contact ring and take it from the lower, fading over rings; mirror."""
        out = field.copy()
        out[upper] += fade * amount
        out[lower] -= fade * amount
        flip = np.array([-1.0, 1.0, 1.0])
        on_left = np.concatenate([upper.ravel(), lower.ravel()])
        middle = np.abs(source.rest[on_left, 0]) < 1e-6
        out[source.mirror[on_left[~middle]]] = field[source.mirror[on_left[~middle]]] + flip * (
            out[on_left[~middle]] - field[on_left[~middle]]
        )
        return out

    def gap(field: np.ndarray) -> np.ndarray:
        return field[upper[CONTACT]] - field[lower[CONTACT]]  # (10, 3)

    rest = closed(source.rest, (np.array([0.0, -OVERLAP, 0.0]) - gap(source.rest)) / 2)
    identities = {name: closed(delta, -gap(delta) / 2) for name, delta in source.identities.items()}
    actions = dict(source.actions)
    for name in NAMES:
        if name not in PARTING:
            slide = np.array([0.0, 1.0, 0.0]) if name.startswith("jaw") else np.array([1.0, 1.0, 0.0])
            actions[name] = _both_sides(source, actions[name], upper, lower, fade, slide)
    both = actions["jawOpen"] + actions["mouthClose"]
    actions["mouthClose"] = actions["mouthClose"] + closed(both, -gap(both) / 2) - both
    return replace(source, rest=rest, identities=identities, actions=actions)


def _both_sides(source: Source, delta: np.ndarray, upper: np.ndarray, lower: np.ndarray, fade, held) -> np.ndarray:
    """Take the gap along the axes `held` (3,) from the contact ring on the left, then on the right by the mirror."""
    out = delta.copy()
    for side in (np.arange(len(source.rest)), source.mirror):
        u, low = side[upper], side[lower]
        middle = (np.abs(source.rest[u[CONTACT], 0]) < 1e-6)[None, :, None]
        if side is source.mirror:
            fade = np.where(middle, 0.0, fade)  # the middle column was closed with the left side
        amount = -(delta[u[CONTACT]] - delta[low[CONTACT]]) / 2 * held
        out[u] += fade * amount
        out[low] -= fade * amount
    return out
