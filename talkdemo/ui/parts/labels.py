"""Places labels beside the points of a plot so that they cover neither points nor one another."""

from collections.abc import Sequence
from dataclasses import dataclass

LINE = 17.0  # height of a label
GAP = 7.0  # half the side of the square around a point that labels keep out of
CROWDED = 60.0  # square units that a label may share with others; one that would share more is hidden
WAYS = (  # from the point: x, y of the base line, anchor; the first is preferred
    (11, 5, "start"), (-11, 5, "end"), (0, -12, "middle"), (0, 21, "middle"),
    (8, -9, "start"), (-8, -9, "end"), (8, 18, "start"), (-8, 18, "end"),
    (11, -18, "start"), (-11, -18, "end"), (11, 29, "start"), (-11, 29, "end"),
)  # fmt: skip
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Label:
    """Where a label stands, from its point, and whether there is room to show it at all times."""

    x: float
    y: float
    anchor: str
    shown: bool


def place(
    spots: Sequence[tuple[float, float]],
    titles: Sequence[str],
    frame: tuple[float, float],
    letter: float = 7.4,
    later: Sequence[bool] | None = None,
    ways: Sequence[tuple[float, float, str]] = WAYS,
) -> list[Label]:
    """A label for each of the spots in a frame (width, height): where it covers least. `letter`: the width of one;
    `later`: whose labels give way to the others."""
    occupied: list[Box] = [(x - GAP, y - GAP, x + GAP, y + GAP) for x, y in spots]
    labels: dict[int, Label] = {}
    for k in sorted(range(len(spots)), key=lambda k: bool(later and later[k])):
        (x, y), width = spots[k], letter * len(titles[k])
        boxes = [box(x + dx, y + dy, width, anchor) for dx, dy, anchor in ways]
        cost = [sum(shared(one, other) for other in occupied) + 50 * outside(one, frame) for one in boxes]
        best = min(range(len(ways)), key=lambda way: cost[way] + way)
        shown = cost[best] < CROWDED
        if shown:
            occupied.append(boxes[best])
        labels[k] = Label(*ways[best], shown)
    return [labels[k] for k in range(len(spots))]


def box(x: float, y: float, width: float, anchor: str) -> Box:
    """What a label covers whose base line is at y."""
    left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
    return left, y - 0.75 * LINE, left + width, y + 0.25 * LINE


def shared(a: Box, b: Box) -> float:
    """Area of the overlap."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def outside(a: Box, frame: tuple[float, float], margin: float = 4.0) -> float:
    """By how much a box leaves the frame."""
    ends = (margin - a[0], margin - a[1], a[2] - frame[0] + margin, a[3] - frame[1] + margin)
    return sum(max(0.0, end) for end in ends)
