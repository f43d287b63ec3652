"""The vertices of the 68 iBUG landmarks (300-W order, 0 at the right ear)."""

import numpy as np

from talkdemo.build.head.rings import CONTACT
from talkdemo.build.head.source import Source

# Character's right half on the template, millimetres from the skull base; the left half is its mirror.
JAW = ((-72, 30, 15), (-72, 14, 18), (-70, -3, 24), (-67, -18, 36), (-61, -33, 48), (-52, -47, 60), (-41, -60, 70),
       (-24, -71, 84), (0, -77, 94))  # fmt: skip
BROW = ((-57, 53), (-48, 57.5), (-38, 59), (-26, 58), (-14, 54))  # x, y; depth is the skin's
BRIDGE = ((0, 38), (0, 27), (0, 15), (0, 3.5))
NOSTRIL = ((-12, -5.5), (-6.5, -8), (0, -9.2))
OUTER_LIP, LID_EDGE = 3, 2  # rings: the border of the red, and the edge of the lids
# Left eye's columns on the lid rings, inner corner first: inner, upper ×2, outer, lower ×2.
EYE = (0, 6, 9, 16, 20, 23)
# Columns of a lip's half ring from the corner to the middle: upper lip, lower lip.
OUTER_COLUMNS, INNER_COLUMNS = ((9, 5, 2, 0), (9, 3, 1, 0)), ((9, 2, 0), (9, 2, 0))


def landmark_vertices(source: Source, skin: np.ndarray, lips: np.ndarray, lids: np.ndarray) -> np.ndarray:
    """skin: source vertices on the outside of the head → (68,) source vertices."""
    points = source.rest[skin] * 1000

    def nearest(target: tuple[float, ...]) -> int:
        if len(target) == 2:  # seen from the front: the foremost of the closest
            close = np.linalg.norm(points[:, :2] - target, axis=1)
            rank = np.argsort(close)[:12]
            rank = rank[close[rank] < close[rank[0]] + 1.2]
            return int(skin[rank[np.argmax(points[rank, 2])]])
        return int(skin[np.argmin(np.linalg.norm(points - target, axis=1))])

    def other(vertex: int) -> int:
        return int(source.mirror[vertex])

    jaw = [nearest(p) for p in JAW]
    brow = [nearest(p) for p in BROW]
    nostril = [nearest(p) for p in NOSTRIL]
    left_eye = [int(lids[LID_EDGE, c]) for c in EYE]
    inner, up1, up2, outer, low1, low2 = (other(v) for v in left_eye)
    right_eye = [outer, up2, up1, inner, low2, low1]

    def lip_loop(ring: np.ndarray, columns: tuple[tuple[int, ...], tuple[int, ...]]) -> list[int]:
        """Right corner, upper lip to the left corner, lower lip back."""
        left_up = [int(ring[c]) for c in columns[0]]  # corner … middle
        left_low = [int(ring[19 - c]) for c in columns[1]]
        upper = [*(other(v) for v in left_up), *left_up[-2::-1]]
        lower = [*left_low[1:], *(other(v) for v in left_low[-2:0:-1])]
        return upper + lower

    return np.array([
        *jaw, *(other(v) for v in jaw[-2::-1]),
        *brow, *(other(v) for v in brow[::-1]),
        *(nearest(p) for p in BRIDGE),
        *nostril, *(other(v) for v in nostril[-2::-1]),
        *right_eye, *left_eye,
        *lip_loop(lips[OUTER_LIP], OUTER_COLUMNS), *lip_loop(lips[CONTACT], INNER_COLUMNS),
    ])  # fmt: skip
